#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P097: a board hangs or crashes from being listed: every alternate setting is opened, strings are read again and again.
# This GD32VF103 falls silent after 24 of them, and its serial number is no UTF-16.
. "$(dirname "$0")/lib.sh"
files app app.bin 5000 0x08000000
board=sim:gd32vf103,timing=none,person=none,log=$log,flash=$flash

reads_once() { # DESCRIPTION: no string more than once
    twice=$(grep '"what":"GET_DESCRIPTOR"' $log | sed 's/.*"wValue":\([0-9]*\),.*/\1/' | sort | uniq -d)
    [ -s $log ] && [ -z "$twice" ]
    ok $? "$1${twice:+ ($twice)}"
}

forget
for round in 1 2 3; do
    run list --board $board
    ends_with 0 "P097 (a) listed, time $round"
    matches "$out" '3CBJ' "P097 (a) time $round: its serial number can be read"
    [ "$(LC_ALL=C tr -d '\n\040-\176' <"$out" | wc -c)" = 0 ]
    ok $? "P097 (a) time $round: there is nothing that can't be printed"
done
was_left_alone "P097 (a) and it isn't even opened"

run list --board $board --json
is_json '["boards"][0]["serial"]' '"3CBJ"' "P097 (b) its serial number in JSON"

forget
run info --board $board
ends_with 0 "P097 (c) info"
reads_once "P097 (c) reads each string once at most"
was_asked hang 0 "P097 (c) it still answers"

forget_all
run update app.bin --board $board --json
ends_with 0 "P097 (d) an update"
reads_once "P097 (d) reads each string once at most"
was_asked hang 0 "P097 (d) it still answers"
starts_with app.bin "P097 (d) the board has the file"

# A second try has them from the first one.
forget_all
run update app.bin --board $board --json
lost=$(requests_to program 2)
forget_all
run update app.bin --board $board,fault=lose-reply@$lost --json
ends_with 0 "P097 (e) an update that needs a second try"
matches "$err" 'second one goes on' "P097 (e) it did"
reads_once "P097 (e) reads each string once at most"
starts_with app.bin "P097 (e) the board has the file"

# Strings that are no use, or aren't told at all.
run list --board "sim:dfu,timing=none,serial=$(printf '\303\274 \001\377')"
ends_with 0 "P097 (f) a serial number with anything in it"
finish
