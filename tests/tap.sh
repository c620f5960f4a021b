# tap.sh - what check-layers.sh and check-scripts.sh report, in TAP; for ".", not to be run.
#
# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause

number=0
failed=0

# report NAME COMPLAINTS: one line of TAP, with the complaints before it; ok where there are none
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

# finish: ends the test, with the exit code that its reports make
finish() {
    exit "$failed"
}
