#!/bin/sh
# check-format.sh - is every C file as clang-format would have it?  (TAP; needs srcdir.)
#
# Versions differ in what they do; 14 is the one that counts.  To mend:
#     clang-format-14 -i FILE…
#
# SPDX-License-Identifier: BSD-2-Clause
set -eu
cd "${srcdir:-$(dirname "$0")/..}"
clang_format=${CLANG_FORMAT:-clang-format-14}

if ! "$clang_format" --version 2>/dev/null | grep -q 'version 14\.'; then
    echo '1..0 # SKIP there is no clang-format 14'
    exit 0
fi
echo 1..1
if complaints=$(find base http redis broker protocol handlers fcgi admin ws tests -name '*.[ch]' ! -path 'broker/scripts.[ch]' |
    sort | xargs "$clang_format" --dry-run -Werror 2>&1); then
    echo 'ok 1 - C files are formatted'
else
    echo "$complaints" | sed 's/^/# /'
    echo 'not ok 1 - C files are formatted'
    exit 1
fi
