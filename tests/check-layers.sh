#!/bin/sh
# check-layers.sh - does every #include stay within its layer, has each name one meaning, is each file short?
# (TAP; needs srcdir.)
#
# A new folder or library takes a row here.
#
# SPDX-License-Identifier: BSD-2-Clause
set -eu
cd "${srcdir:-$(dirname "$0")/..}"
# shellcheck source=tests/tap.sh
. tests/tap.sh

# A folder: the folders whose headers its files may include.  A folder stands for those in it that have no row
# of their own; where it is allowed, so are all of those in it.
layers='
base      base
http      base http
redis     base redis
broker    base redis broker
protocol  base http redis broker protocol
web       base web
handlers  base http redis broker protocol web handlers
fcgi      base http redis broker protocol handlers fcgi
cli       base cli
admin     base http redis broker protocol ws/codec cli admin
ws/codec  base http ws/codec
ws/net    base http ws/codec ws/net
ws/redis  base redis broker ws/net ws/redis
ws/feed   base http redis broker protocol ws/codec ws/net ws/redis ws/feed
ws/role   base http redis broker protocol handlers ws/codec ws/net ws/redis ws/feed ws/role
ws        base http redis broker protocol handlers ws
tests     base http redis broker protocol handlers fcgi cli admin ws tests
'

# Headers of what waits for I/O, and the folders that may include them: who is run on a loop, too, may not.
waiting='
redis/link.h  redis fcgi admin tests
'

# How the names of a library's headers begin: the folders that may include them.
libraries='
ini.h     base
hiredis   redis broker admin ws/redis tests
openssl   base redis broker http cli ws tests
crypt.h   http tests
json      base broker protocol handlers cli admin ws tests
fcgi      fcgi tests
ev.h      ws tests
zlib      ws/codec tests
curl      cli tests
cmocka    tests
'

# Names of files that two folders have, for the same thing: a thing of the broker and what is said about it over
# HTTP, on a command line or as a handler; what every program has.
shared='
browse command handshake health main policy pool presence queue routes take verbs
'

most_lines=450

rows=$(echo "$layers" | awk 'NF { print $1 }')
folders=$(echo "$rows" | sed 's|/.*||' | sort -u)
product=$(echo "$folders" | grep -v '^tests$')
# shellcheck disable=SC2016,SC2086 # awk's own $; folders are words
includes=$(find $folders -name '*.[ch]' ! -name '.*' | sort | xargs awk -v rows="$rows" '
    BEGIN { count = split(rows, row) }
    /^[ \t]*#[ \t]*include/ {
        target = $0
        sub(/^[ \t]*#[ \t]*include[ \t]*/, "", target)
        name = header_name(target)
        print FILENAME ":" FNR, substr(target, 1, 1), name, row_of(FILENAME), row_of(name)
    }
    function row_of(path, i, best) { # the longest that it lies below
        for (i = 1; i <= count; i++)
            if (index(path, row[i] "/") == 1 && length(row[i]) > length(best))
                best = row[i]
        return best ? best : "-"
    }
    function header_name(text) { # the name between the quotes or brackets
        sub(/^["<]/, "", text)
        sub(/[">].*/, "", text)
        return text
    }')

echo "1..$(printf '%s%s%s' "$layers" "$waiting" "$libraries" | awk 'NF { n++ } END { print n + 5 }')"

# Whether a folder is one of those in a list, or lies in one.
# shellcheck disable=SC2016 # awk's own $
is_allowed='function is_allowed(folder, list, i, n, word) {
    n = split(list, word)
    for (i = 1; i <= n; i++)
        if (folder == word[i] || index(folder, word[i] "/") == 1)
            return 1
    return 0
}'

# Every "…" is ours and written from the top; nothing of ours stands in <…>.
report 'headers of ours are written from the top' "$(
    echo "$includes" | while read -r place kind name _; do
        case $kind$name in
        '"config.h' | '"broker/scripts.h') ;; # configure and embed.sh write them
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
        echo "$includes" | awk -v folder="$folder" -v allowed="$allowed" "$is_allowed"'
            $4 == folder && $2 == "\"" && $3 ~ "/" && !is_allowed($5, allowed) {
                print $1 ": " folder "/ must not include " $3
            }'
    )"
done <<EOF
$layers
EOF

while read -r header allowed; do
    [ -n "$header" ] || continue
    report "only $allowed may include $header" "$(
        echo "$includes" | awk -v header="$header" -v allowed="$allowed" "$is_allowed"'
            $2 == "\"" && $3 == header && !is_allowed($4, allowed) {
                print $1 ": " $4 "/ must not include " $3
            }'
    )"
done <<EOF
$waiting
EOF

while read -r start allowed; do
    [ -n "$start" ] || continue
    report "only $allowed may include $start" "$(
        echo "$includes" | awk -v start="$start" -v allowed="$allowed" "$is_allowed"'
            $2 == "<" && index($3, start) == 1 && !is_allowed($4, allowed) {
                print $1 ": " $4 "/ must not include " $3
            }'
    )"
done <<EOF
$libraries
EOF
# A module is X.c and X.h; one includes another where one of its files does.
report 'no module includes itself by way of others' "$(
    echo "$includes" | awk '
    function module_of(path) { # "" for what is none of ours
        return path ~ "/" && sub(/\.[ch]$/, "", path) ? path : ""
    }
    $2 == "\"" && $4 != "tests" {
        from = $1
        sub(/:.*/, "", from)
        from = module_of(from)
        to = module_of($3)
        if (to != "" && from != to && !((from, to) in seen)) {
            seen[from, to]
            next_of[from] = next_of[from] " " to
        }
    }
    function way_back(start, head, tail, line, before, n, i, word, at, way) { # "": there is none
        line[head = tail = 1] = start
        while (head <= tail) {
            at = line[head++]
            n = split(next_of[at], word)
            for (i = 1; i <= n; i++) {
                if (word[i] == start) {
                    for (way = start; at != start; at = before[at])
                        way = at " -> " way
                    return start " -> " way
                }
                if (!(word[i] in before)) {
                    before[word[i]] = at
                    line[++tail] = word[i]
                }
            }
        }
        return ""
    }
    END {
        for (from in next_of)
            if ((way = way_back(from)) != "")
                print way
    }' | sort
)"

# A struct, union or enum of tests may have the name of one of the programs.
# shellcheck disable=SC2016,SC2086 # awk's own $; folders are words
report 'no tag of a struct, union or enum stands for two things' "$(
    find $product -name '*.[ch]' ! -name '.*' | sort | xargs awk '
        match($0, /(^|[^a-z_])(struct|union|enum) [a-z0-9_]+ \{/) {
            n = split(substr($0, RSTART, RLENGTH), word, " ")
            tag = word[n - 1]
            if (tag in place)
                print FILENAME ":" FNR ": " tag " is in " place[tag] ", too"
            place[tag] = FILENAME ":" FNR
        }'
)"

# X.c and X.h are one name.
# shellcheck disable=SC2016,SC2086 # awk's own $; folders are words
report 'no two folders have files of one name that are about different things' "$(
    find $product -name '*.[ch]' ! -name '.*' | sed 's/\.[ch]$//' | sort -u | awk -v shared="$shared" '
        BEGIN {
            count = split(shared, word)
            for (i = 1; i <= count; i++)
                is_shared[word[i]]
        }
        {
            name = $0
            sub(/.*\//, "", name)
            if (name in place && !(name in is_shared))
                print $0 ": " place[name] " has the name, too"
            place[name] = $0
        }'
)"

# A file that is longer has two reasons to change: it is cut between them.
# shellcheck disable=SC2086 # folders are words
report "no file has more than $most_lines lines" "$(
    find $product -name '*.[ch]' ! -name '.*' | sort | xargs wc -l |
        awk -v most="$most_lines" '$2 != "total" && $1 > most { print $2 ": " $1 " lines" }'
)"
finish
