#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 10: a GETSTATUS that is a byte short is taken as it is, a state that doesn't exist crashes.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 5000 new.bin
files app app.bin 5000 0x08000000

for board in sim:dfu sim:stm32f4; do
    file=new.bin
    [ $board = sim:dfu ] || file=app.bin
    spec=$board,timing=none,person=none,log=$log,flash=$flash

    forget_all
    run update $file --board $spec,fault=short --json
    ends_with 10 "avoid 10: $board: every answer is a byte short"
    is_json '["error"]["code"]' '"unexpected-answer"' "avoid 10: $board: that is the reason"
    was_asked DNLOAD 0 "avoid 10: $board: nothing was written on the strength of it"

    forget_all
    run update $file --board $spec,fault=odd-state@1+ --json
    ends_with 10 "avoid 10: $board: a state that doesn't exist"
    matches "$err" '77' "avoid 10: $board: its number is told"
    is_json '["error"]["device"]["state"]' 77 "avoid 10: $board: in JSON, too"
    forget_all
    run update $file --board $spec,fault=odd-status@1+ --json
    [ "$status" -eq 10 ] || [ "$status" -eq 0 ]
    ok $? "avoid 10: $board: a status that doesn't exist: an end that is in order (exit status $status)"
    forget_all
    run update $file --board $spec,fault=odd-state@3 --json
    [ "$status" -eq 10 ] || [ "$status" -eq 0 ]
    ok $? "avoid 10: $board: once, in the middle of it (exit status $status)"
done
finish
