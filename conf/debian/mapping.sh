#!/bin/sh
# mapping.sh - what a web server of Debian needs of a sample of ours.
#
#   mapping.sh SAMPLE PART
#
# Prints the comment SAMPLE.PART, if there is one, and the lines of conf/SAMPLE.conf that stand between
# "---- PART" and "---- end", further left by as much as the first of them.
#
# SPDX-License-Identifier: BSD-2-Clause
set -eu
[ ! -e "debian/$1.$2" ] || cat "debian/$1.$2"
awk -v part="$2" '
    /^ *# ---- end/ { inside = 0 }
    inside && (NF || lines) {
        if (!lines++) { match($0, /^ */); left = RLENGTH }
        if (!NF) { blank = "\n"; next }
        print blank substr($0, left + 1)
        blank = ""
    }
    $0 ~ "^ *# ---- " part { inside = 1 }
    END { exit !lines }' "conf/$1.conf"
