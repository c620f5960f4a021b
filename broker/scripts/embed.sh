#!/bin/sh
# embed.sh [--one-slot] OUTPUT FILE.lua… - writes OUTPUT.c, with a `const struct script script_NAME` for each script
# among the files and all_scripts[] with all of them, and OUTPUT.h, which declares those.  The files are
# all of their folder: scripts, which Redis runs, and parts, which are pasted into scripts.
#
# Lines of their own say what a file is, in the comment with which it begins:
#
#   -- is: reading        a script that changes nothing
#   -- is: writing        a script that changes something
#   -- is: part           pasted into those that need it
#   -- needs: NAME…       parts whose functions and constants this file uses
#
# All other names that it uses are its own, or Lua's; a part has no KEYS and ARGV but what it is given.
#
# Each part is pasted once, behind those that it needs itself, before the script; and before all of them
# prelude.lua.  A script that can do without a part nearly always says where to paste it instead, and
# what that was measured to spare:
#
#   -- late: NAME…; every call would cost 3 % more
#
# There the part, and what it needs and is not pasted yet, is known until the block ends: down to the next
# line that is indented less.  What a file does not say right, or does not use, is refused.
#
# --one-slot puts a first line before each script by which a Redis with hash slots refuses it a key, declared or
# not, of another slot than that of its keys, also where both are on one node.  It is for tests: the line has to
# say what a full Redis allows, and that is all or nothing.
#
# SPDX-License-Identifier: BSD-2-Clause
set -eu

first_line=
if [ "$1" = --one-slot ]; then
    first_line='#!lua flags=allow-oom'
    shift
fi
output=$1
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for file in "${1%/*}"/*.lua; do
    case " $* " in
    *" $file "*) ;;
    *) echo "$file: is not in the list of Makefile.am" >&2 && false ;;
    esac
done

# Writes each script, with its parts, into a file of its name; says which there are, and what they are.
# shellcheck disable=SC2016 # awk's own $
awk -v scratch="$scratch" -v first_line="$first_line" '
function complain(text) {
    print place ": " text | "cat >&2"
    has_failed = 1
}

function name_of(path) {
    sub(/.*\//, "", path)
    sub(/\.lua$/, "", path)
    return path
}

function indent_of(line) {
    match(line, /^ */)
    return RLENGTH
}

# The words behind the colon, each of them noted once as wanted by the file.
function want(name, text, words, count, i) {
    count = split(text, words)
    if (count == 0)
        complain("names no part")
    for (i = 1; i <= count; i++) {
        if ((name, words[i]) in wants)
            complain(words[i] " stands there twice")
        wants[name, words[i]] = place
        needs[name] = needs[name] " " words[i]
    }
}

function read_late(name, text, parts, words, count, i) {
    if (split(text, parts, /; */) < 2 || parts[2] !~ /[0-9]/)
        complain("late needs the measured gain behind it: -- late: NAME…; a plain push would cost 3 % more")
    count = split(parts[1], words)
    if (count == 0)
        complain("names no part")
    for (i = 1; i <= count; i++)
        wants[name, words[i]] = place
    late[name, FNR] = parts[1]
}

# A comment that begins with one word and a colon: but for the first line of a script, which begins with
# its name, one of those above.
function read_comment(name, line, word, text) {
    sub(/^ *--+ */, "", line)
    word = text = line
    sub(/ *:.*/, "", word)
    sub(/^[^:]*: */, "", text)
    if (word == "late") {
        read_late(name, text)
    } else if (word == "is" && is_head) {
        if (text !~ /^(reading|writing|part)$/)
            complain("a file is reading, writing or part, not " text)
        if (name in kind)
            complain("has said what it is")
        kind[name] = text
    } else if (word == "needs" && is_head) {
        if (name in needs)
            complain("has said what it needs")
        needs[name] = ""
        want(name, text)
    } else if (word == "is" || word == "needs") {
        complain("this belongs into the comment with which the file begins")
    } else if (FNR > 1 || word != name) {
        complain("what is \"" word ":\"?")
    }
}

# Names that a line makes: of locals, parameters and functions.
function read_definitions(name, line, is_outer, words, count, i) {
    if (match(line, /^ *local function [A-Za-z_0-9]+/) || match(line, /^function [A-Za-z_0-9]+/)) {
        count = split(substr(line, RSTART, RLENGTH), words, / +/)
        own[name, words[count]] = 1
        if (is_outer)
            define(name, words[count])
    } else if (match(line, /^ *local [A-Za-z_0-9, ]+/)) {
        count = split(substr(line, RSTART, RLENGTH), words, /[, ]+/)
        for (i = 1; i <= count; i++) {
            own[name, words[i]] = 1
            if (is_outer && words[i] != "local")
                define(name, words[i])
        }
    }
    if (match(line, /for [A-Za-z_0-9, ]+/)) {
        count = split(substr(line, RSTART, RLENGTH), words, /[, ]+/)
        for (i = 2; i <= count; i++)
            own[name, words[i]] = 1
    }
    if (match(line, /function [A-Za-z_0-9]*\([^)]*/) || match(line, /function\([^)]*/)) {
        count = split(substr(line, RSTART, RLENGTH), words, /[(, ]+/)
        for (i = 2; i <= count; i++)
            own[name, words[i]] = 1
    }
}

function define(name, word) {
    if (kind[name] != "part" || word == "" || word == "function")
        return
    if ((word in home) && home[word] != name)
        complain(home[word] ".lua has a " word ", too")
    else
        home[word] = name
}

# Names in a line, but for members ("q.list") and what is set ("list = …").
function read_uses(name, line, word) {
    while (match(line, /[A-Za-z_.:][A-Za-z_0-9.:]*/)) {
        word = substr(line, RSTART, RLENGTH)
        line = substr(line, RSTART + RLENGTH)
        sub(/[.:].*/, "", word)
        if (word == "" || word in is_lua || line ~ /^ = /)
            continue
        uses[name, word] = place
        uses_of[name, FNR] = uses_of[name, FNR] " " word
    }
}

BEGIN {
    split("and break do else elseif end false for function if in local nil not or repeat return then true " \
          "until while error ipairs math pairs pcall redis select string struct table tonumber tostring type " \
          "unpack", lua_names, " ")
    for (i in lua_names)
        is_lua[lua_names[i]] = 1
}

FNR == 1 {
    name = name_of(FILENAME)
    names[++files] = name
    is_head = 1
}

{
    place = FILENAME ":" FNR
    text[name, FNR] = $0
    length_of[name] = FNR
    if ($0 !~ /^--/)
        is_head = 0
    if ($0 ~ /^ *--+ *[A-Za-z]+ *:/) {
        read_comment(name, $0)
    } else if ($0 !~ /^ *--/) {
        line = $0
        gsub(/\047[^\047]*\047/, "\047\047", line) # strings
        sub(/ --.*/, "", line)
        read_definitions(name, line, $0 ~ /^[a-z]/)
        read_uses(name, line)
    }
}

# --- whether all of it is right ---

# Marks what a part needs as needed; complains if it needs itself.
function follow(name, way, words, count, i) {
    if (index(way, " " name " ")) {
        complain("needs itself:" way name)
        return
    }
    if (name in followed)
        return
    followed[name] = 1
    count = split(needs[name], words)
    for (i = 1; i <= count; i++)
        follow(words[i], way name " ")
}

function check_file(name, key, pair) {
    place = name ".lua"
    if (!(name in kind))
        complain("does not say what it is: -- is: reading, writing or part")
    else if (kind[name] == "part")
        for (key in late) {
            split(key, pair, SUBSEP)
            if (pair[1] == name)
                complain("only a script can have a part late")
        }
}

# Is this name that a file uses one that a part makes, other than the prelude?
function is_of_part(name, word) {
    return word in home && home[word] != name && home[word] != "prelude" && !((name, word) in own)
}

function is_nobodys(name, word) {
    if (word == "KEYS" || word == "ARGV")
        return kind[name] == "part"
    return !((name, word) in own) && !(word in home)
}

function check_wants(key, pair) {
    for (key in wants) {
        split(key, pair, SUBSEP)
        place = wants[key]
        if (kind[pair[2]] != "part")
            complain("there is no part " pair[2])
        used[pair[2]] = 1
    }
    for (key in uses) {
        split(key, pair, SUBSEP)
        place = uses[key]
        if (is_nobodys(pair[1], pair[2]))
            complain(pair[2] " is neither its own nor of a part")
        if (!is_of_part(pair[1], pair[2]))
            continue
        if (!((pair[1], home[pair[2]]) in wants))
            complain(pair[2] " is of " home[pair[2]] ", which the file does not need")
        serves[pair[1], home[pair[2]]] = 1
    }
    for (key in wants) {
        split(key, pair, SUBSEP)
        place = wants[key]
        if (kind[pair[2]] == "part" && !(key in serves))
            complain("uses nothing of " pair[2])
    }
}

# --- the scripts ---

# Adds a part, and before it those that it needs, where they are not known already.
function paste(name, depth, path, words, count, i) {
    if (name in known)
        return
    count = split(needs[name], words)
    for (i = 1; i <= count; i++)
        paste(words[i], depth, path)
    known[name] = depth
    copy(name, path)
}

function copy(name, path, i) {
    for (i = 1; i <= length_of[name]; i++)
        print text[name, i] > path
}

function paste_late(name, line, depth, path, words, count, i) {
    count = split(late[name, line], words)
    place = name ".lua:" line
    for (i = 1; i <= count; i++)
        if (words[i] in known)
            complain(words[i] " is pasted there already")
    for (i = 1; i <= count; i++)
        paste(words[i], depth, path)
}

function check_known(name, line, words, count, i) {
    count = split(uses_of[name, line], words)
    place = name ".lua:" line
    for (i = 1; i <= count; i++)
        if (is_of_part(name, words[i]) && !(home[words[i]] in known))
            complain(words[i] " is not known here: " home[words[i]] " is pasted elsewhere")
}

function assemble(name, path, words, count, i, part, indent) {
    split("", known)
    if (first_line)
        print first_line > path
    paste("prelude", 0, path)
    count = split(needs[name], words)
    for (i = 1; i <= count; i++)
        paste(words[i], 0, path)
    for (i = 1; i <= length_of[name]; i++) {
        indent = indent_of(text[name, i])
        for (part in known)
            if (text[name, i] != "" && indent < known[part])
                delete known[part]
        print text[name, i] > path
        if ((name, i) in late)
            paste_late(name, i, indent, path)
        check_known(name, i)
    }
    close(path)
}

END {
    for (i = 1; i <= files; i++)
        check_file(names[i])
    check_wants()
    for (i = 1; i <= files; i++) {
        place = names[i] ".lua"
        follow(names[i], " ")
        if (kind[names[i]] == "part" && names[i] != "prelude" && !(names[i] in used))
            complain("no script needs this part")
    }
    for (i = 1; i <= files && !has_failed; i++)
        if (kind[names[i]] != "part") {
            assemble(names[i], scratch "/" names[i])
            print names[i], kind[names[i]] > (scratch "/.scripts")
        }
    exit has_failed
}' "$@"

quote() { # lines to C string literals
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/    "&\\n"/'
}

write_source() {
    echo '/* Generated by embed.sh from the Lua files; do not edit. */'
    echo '#include "broker/scripts.h"'
    while read -r name kind; do
        sha=$(sha1sum <"$scratch/$name" | cut -d ' ' -f 1)
        changes=true
        if [ "$kind" = reading ]; then changes=false; fi
        printf '\nconst struct script script_%s = {\n    "%s", "%s", %s,\n' "$name" "$name" "$sha" "$changes"
        quote <"$scratch/$name"
        echo '};'
    done <"$scratch/.scripts"
    printf '\nconst struct script *const all_scripts[] = {\n'
    sed 's/ .*//; s/.*/    \&script_&,/' "$scratch/.scripts"
    printf '    0,\n};\n'
}

write_header() {
    echo '/* Generated by embed.sh from the Lua files; do not edit. */'
    printf '#ifndef BROKER_SCRIPTS_H\n#define BROKER_SCRIPTS_H\n\n#include "redis/script.h"\n\n'
    sed 's/ .*//; s/.*/extern const struct script script_&;/' "$scratch/.scripts"
    printf '\n/* All of them, with NULL at the end. */\n'
    printf 'extern const struct script *const all_scripts[];\n\n#endif\n'
}

write_source >"$output.c.tmp"
write_header >"$output.h.tmp"
if cmp -s "$output.h.tmp" "$output.h"; then
    rm "$output.h.tmp"
else
    mv "$output.h.tmp" "$output.h"
fi
mv "$output.c.tmp" "$output.c"
