#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 23: one board with two memories, or a laptop's Bluetooth beside it, is "more than one device".
# The laptop is P010 (c) to (f) in problems/test_desk.c.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 5000 new.bin
files app app.bin 5000 0x08000000

for board in sim:twoalt sim:stm32f4 sim:stm32h7; do
    file=app.bin
    [ $board != sim:twoalt ] || file=new.bin
    forget_all
    run list --board $board,timing=none --json
    is_json '["boards"].__len__()' 1 "avoid 23: $board is one board"
    run update $file --board $board,timing=none,log=$log,flash=$flash --json
    ends_with 0 "avoid 23: $board is updated"
    is_json '["boards"].__len__()' 1 "avoid 23: $board: as one board"
    matches_not "$err" 'more than one|several' "avoid 23: $board: no word of several"
done

# Two that are two: one line each, with the port, and the same serial is no obstacle.
run list --board 'sim:stm32f4*2,timing=none' --json
is_json '["boards"].__len__()' 2 "avoid 23: two STM32 with the same serial number are two"
is_json '["boards"][0]["serial"] == value["boards"][1]["serial"]' true "avoid 23: although it is the same"
is_json '["boards"][0]["port"] != value["boards"][1]["port"]' true "avoid 23: and their ports tell them apart"
finish
