#!/bin/sh
# check-scripts.sh - does embed.sh paste parts where they belong, and refuse what is not right?  (TAP; needs srcdir.)
#
# SPDX-License-Identifier: BSD-2-Clause
set -eu
top=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd)
embed=$top/broker/scripts/embed.sh
# shellcheck source=tests/tap.sh
. "$top/tests/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# A folder with a script, run, and two parts: lower, which upper needs.
fresh() {
    rm -rf lua out.*
    mkdir lua
    printf -- '-- is: part\nlocal function try()\nend\n' >lua/prelude.lua
    printf -- '-- is: part\nlocal function lower()\nend\n' >lua/lower.lua
    printf -- '-- is: part\n-- needs: lower\nlocal function upper()\n    lower()\nend\n' >lua/upper.lua
    printf -- '-- run: runs.\n-- is: writing\n-- needs: upper\nupper()\n' >lua/run.lua
}

# put NAME LINE…: a file of those lines
put() {
    file=lua/$1.lua
    shift
    printf '%s\n' "$@" >"$file"
}

# refused NAME MESSAGE: what embed.sh says of the folder has that in it, and nothing was written
refused() {
    if said=$(sh "$embed" out lua/*.lua 2>&1); then
        report "$1" 'was not refused'
    else
        case $said in
        *"$2"*) report "$1" "$([ ! -e out.c ] || echo 'wrote a file all the same')" ;;
        *) report "$1" "said: $said" ;;
        esac
    fi
}

# pasted NAME LINES: the lines of code of run.lua, one behind the other
pasted() {
    said=$(sh "$embed" out lua/*.lua 2>&1) || { report "$1" "said: $said" && return; }
    found=$(sed -n '/script script_run/,/^};/s/^    "\(.*\)\\n"$/\1/p' out.c | grep -v '^ *--' | grep '()' |
        tr -d ' \n')
    report "$1" "$([ "$found" = "$2" ] || echo "found $found")"
}

echo 1..28

fresh
pasted 'what a part needs stands before it' \
    'localfunctiontry()localfunctionlower()localfunctionupper()lower()upper()'
put run '-- run: runs.' '-- is: writing' '-- needs: upper lower' 'lower()' 'upper()'
pasted 'a part that two need is pasted once' \
    'localfunctiontry()localfunctionlower()localfunctionupper()lower()lower()upper()'
put run '-- run: runs.' '-- is: writing' 'try()' 'if ARGV[1] then' '    -- late: upper; 1 us' '    upper()' 'end' 'try()'
pasted 'a late part is pasted where the script says so, with what it needs' \
    'localfunctiontry()try()localfunctionlower()localfunctionupper()lower()upper()try()'
put run '-- run: runs.' '-- is: writing' 'if ARGV[1] then' '    -- late: upper; 1 us' '    upper()' 'end' \
    '-- late: lower; 1 us' 'lower()'
pasted 'behind the block it is not known any more' \
    'localfunctiontry()localfunctionlower()localfunctionupper()lower()upper()localfunctionlower()lower()'

fresh
put look '-- look: looks.' '-- is: reading' 'try()'
sh "$embed" out lua/*.lua
report 'a script changes something, or only reads' "$(
    grep -q '"run", "[0-9a-f]\{40\}", true,' out.c || echo 'run does not change anything'
    grep -q '"look", "[0-9a-f]\{40\}", false,' out.c || echo 'look does'
)"
report 'the header has the scripts, and not the parts' "$(
    grep -q 'extern const struct script script_look;' out.h || echo 'no look'
    if grep -q script_upper out.h; then echo 'a part'; fi
)"
touch -d 2000-01-01 out.h
sh "$embed" out lua/*.lua
report 'a header that says the same is left alone' "$(
    [ -z "$(find out.h -newermt 2001-01-01)" ] || echo 'is new'
)"

fresh
report 'no script has a line for tests' "$(
    sh "$embed" out lua/*.lua
    ! grep -F '#!lua' out.c
)"
report 'but with --one-slot, where it is the first of each' "$(
    sh "$embed" --one-slot out lua/*.lua
    sed -n '/^const struct script script_run/,/#!lua/p' out.c | tail -n +3 | grep -vFx '    "#!lua flags=allow-oom\n"'
    grep -qF '#!lua' out.c || echo 'has no such line'
)"

fresh
put run '-- run: runs.' '-- reads onli' '-- needs: upper' 'upper()'
refused 'a script must say what it is' 'run.lua: does not say what it is'
put run '-- run: runs.' '-- is: readign' '-- needs: upper' 'upper()'
refused 'a word that is not known is none of these' 'run.lua:2: a file is reading, writing or part, not readign'
put run '-- run: runs.' '-- is: reading' '-- is: writing' '-- needs: upper' 'upper()'
refused 'only once' 'run.lua:3: has said what it is'
put run '-- run: runs.' '-- is: writing' '-- neds: upper' 'upper()'
refused 'a line of a kind that is not known' 'run.lua:3: what is "neds:"?'
put run '-- ran: runs.' '-- is: writing' '-- needs: upper' 'upper()'
refused 'the first line has the name of the script' 'run.lua:1: what is "ran:"?'
put run '-- run: runs.' '-- is: writing' 'try()' '-- needs: upper' 'upper()'
refused 'what a script needs stands at its head' 'run.lua:4: this belongs into the comment'
put run '-- run: runs.' '-- is: writing' '-- needs: upper over' 'upper()'
refused 'a part that is not there' 'run.lua:3: there is no part over'
put run '-- run: runs.' '-- is: writing' '-- needs: upper upper' 'upper()'
refused 'a part that stands there twice' 'run.lua:3: upper stands there twice'
put run '-- run: runs.' '-- is: writing' '-- needs: upper' '-- late: lower; 1 us' 'lower()' 'upper()'
refused 'a late part that is there already' 'run.lua:4: lower is pasted there already'
put run '-- run: runs.' '-- is: writing' '-- late: upper' 'upper()'
refused 'a late part without a figure' 'run.lua:3: late needs the measured gain'
put run '-- run: runs.' '-- is: writing' 'if ARGV[1] then' '    -- late: upper; 1 us' 'end' 'upper()'
refused 'a late part that is used behind its block' 'run.lua:6: upper is not known here'
put run '-- run: runs.' '-- is: writing' '-- needs: upper' 'upper()' 'lower()'
refused 'what is used must be needed' 'run.lua:5: lower is of lower, which the file does not need'
put run '-- run: runs.' '-- is: writing' '-- needs: upper lower' 'upper()'
refused 'what is needed must be used' 'run.lua:3: uses nothing of lower'
put run '-- run: runs.' '-- is: writing' '-- needs: lower' 'lower()'
refused 'a part that nobody needs' 'upper.lua: no script needs this part'
fresh
put lower '-- is: part' 'local function lower()' '    return list' 'end'
put run '-- run: runs.' '-- is: writing' '-- needs: upper' 'local list = KEYS[1]' 'upper(list)'
refused 'a part that uses what a script makes' 'lower.lua:3: list is neither its own nor of a part'
put lower '-- is: part' 'local function lower()' '    return ARGV[1]' 'end'
refused 'a part that uses arguments of a script' 'lower.lua:3: ARGV is neither its own nor of a part'
fresh
put lower '-- is: part' 'local function lower(list, ...)' '    for i, key in ipairs(list) do' \
    "        local row = {list = key, x = 'z'} -- y" '        lower(row.x, row.list[i], ...)' '    end' 'end'
pasted 'members, and names that a part makes itself' \
    'localfunctiontry()localfunctionupper()lower()upper()'
fresh
put lower '-- is: part' '-- needs: upper' 'local function lower()' '    upper()' 'end'
refused 'a circle of parts' 'needs itself: '
fresh
if said=$(sh "$embed" out lua/prelude.lua lua/run.lua lua/lower.lua 2>&1); then
    report 'a file that the list has not' 'was not refused'
else
    report 'a file that the list has not' \
        "$(echo "$said" | grep -q 'upper.lua: is not in the list' || echo "said: $said")"
fi
finish
