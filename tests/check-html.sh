#!/bin/sh
# check-html.sh - is what `make html` makes a sound set of pages, with an anchor for what the tables have?
# (TAP; needs srcdir, MANDOC and PYTHON.)
#
# SPDX-License-Identifier: BSD-2-Clause
set -eu
top=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd)
if [ -z "${MANDOC:-}" ] || ! command -v "${PYTHON:-python3}" >/dev/null; then
    echo '1..0 # SKIP mandoc or python3 is missing'
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$top"
sh docs/html/make.sh "$work/html" handlers/routes.c ws/role/routes.c docs/*.txt docs/*.[1-8]
"${PYTHON:-python3}" -B tests/html_pages.py "$work/html"
