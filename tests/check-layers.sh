#!/bin/sh
# check-layers.sh - does every #include stay within its layer?  (TAP; needs srcdir.)
#
# A new folder or library takes a row here.
#
# SPDX-License-Identifier: BSD-2-Clause
set -eu
cd "${srcdir:-$(dirname "$0")/..}"

# Whose files: which folders' headers they may include.
layers='
base      base
http      base http
broker    base broker
handlers  base http broker handlers
fcgi      base http broker handlers fcgi
ws        base http broker ws
tests     base http broker handlers fcgi ws tests
'

# How the names of a library's headers begin: the folders that may include them.
libraries='
ini.h     base
hiredis   broker ws tests
openssl   broker http ws tests
crypt.h   http tests
json      broker handlers ws tests
fcgi      fcgi tests
ev.h      ws tests
cmocka    tests
'

folders=$(echo "$layers" | awk 'NF { print $1 }')
# shellcheck disable=SC2016,SC2086 # awk's own $; folders are words
includes=$(find $folders -name '*.[ch]' ! -name '.*' | sort | xargs awk '
    /^[ \t]*#[ \t]*include/ {
        target = $0
        sub(/^[ \t]*#[ \t]*include[ \t]*/, "", target)
        print FILENAME ":" FNR, substr(target, 1, 1), header_name(target)
    }
    function header_name(text) { # the name between the quotes or brackets
        sub(/^["<]/, "", text)
        sub(/[">].*/, "", text)
        return text
    }')

number=0
# report NAME COMPLAINTS: one line of TAP, with the complaints before it
report() {
    number=$((number + 1))
    if [ -z "$2" ]; then
        echo "ok $number - $1"
    else
        echo "$2" | sed 's/^/# /'
        echo "not ok $number - $1"
        failed=1
    fi
}

failed=0
echo "1..$(printf '%s%s' "$layers" "$libraries" | awk 'NF { n++ } END { print n + 1 }')"

# Every "…" is ours and written from the top; nothing of ours stands in <…>.
report 'headers of ours are written from the top' "$(
    echo "$includes" | while read -r place kind name; do
        case $kind$name in
        '"config.h') ;; # configure wrote it
        '"'*..*) echo "$place: $name must be written from the top" ;;
        '"'*/*) [ -f "$name" ] || echo "$place: there is no $name" ;;
        '"'*) echo "$place: $name must be written from the top" ;;
        '<'*) if [ -f "$name" ]; then echo "$place: $name must stand in quotes"; fi ;;
        *) echo "$place: no header at all" ;;
        esac
    done
)"

while read -r folder allowed; do
    [ -n "$folder" ] || continue
    report "$folder/ includes only what is below it" "$(
        echo "$includes" | awk -v folder="$folder" -v allowed=" $allowed " '
            index($1, folder "/") == 1 && $2 == "\"" && $3 ~ "/" {
                layer = $3
                sub("/.*", "", layer)
                if (!index(allowed, " " layer " "))
                    print $1 ": " folder "/ must not include " $3
            }'
    )"
done <<EOF
$layers
EOF

while read -r start allowed; do
    [ -n "$start" ] || continue
    report "only $allowed may include $start" "$(
        echo "$includes" | awk -v start="$start" -v allowed=" $allowed " '
            $2 == "<" && index($3, start) == 1 {
                folder = $1
                sub("/.*", "", folder)
                if (!index(allowed, " " folder " "))
                    print $1 ": " folder "/ must not include " $3
            }'
    )"
done <<EOF
$libraries
EOF
exit $failed
