#!/bin/sh
# make.sh - make html: the documents as a set of pages.
#
#   MANDOC=mandoc AWK=awk make.sh FOLDER FILE…
#
# A FILE is a table of routes (.c), a text or a manual page; the set has them in this order.
#
# SPDX-License-Identifier: BSD-2-Clause
set -eu
here=$(dirname "$0")
folder=$1
shift
[ -n "${MANDOC:-}" ] || {
    echo 'make html needs mandoc: install it and run configure again' >&2
    exit 1
}
rm -rf "$folder" "$folder.tmp"
mkdir -p "$folder.tmp"
for file; do
    shift
    case $file in
    *.[1-8])
        part=$folder.tmp/$(basename "$file").part
        "$MANDOC" -T html -I os=restmq-fcgi -O fragment,man=%N.%S.html "$file" >"$part"
        file=$part
        ;;
    esac
    set -- "$@" "$file"
done
${AWK:-awk} -v out="$folder.tmp" -f "$here/anchors.awk" -f "$here/pages.awk" "$@"
rm "$folder.tmp"/*.part
cp "$here/style.css" "$folder.tmp"
mv "$folder.tmp" "$folder"
