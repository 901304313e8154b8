#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P027: dfuERROR and errFIRMWARE at the first look are taken for a defect. Boot ROMs of ST and GD32 greet so.
. "$(dirname "$0")/lib.sh"
files app app.bin 3000 0x08000000

is_silent() { # CASE
    matches_not "$err" 'dfuERROR|errFIRMWARE|error|fail|corrupt' "P027 $1: not a word of it"
    matches_not "$out" 'dfuERROR|errFIRMWARE' "P027 $1: nor on standard output"
}

for name in stm32f4 stm32l4,greets=yes gd32vf103 dfu,greets=error; do
    board=sim:$name,timing=none,log=$log,flash=$flash
    forget
    run list --board $board
    ends_with 0 "P027 (a) $name is listed"
    is_silent "(a) $name"
    matches "$out" ready "P027 (a) $name: it is ready"

    forget
    run info --board $board
    ends_with 0 "P027 (b) $name is looked at"
    is_silent "(b) $name"

    forget
    run update app.bin --board $board
    ends_with 0 "P027 (c) $name is updated"
    is_silent "(c) $name"
    starts_with app.bin "P027 (c) $name: the board has the file"
    grep '"what":"GETSTATUS"' $log | head -n 1 | grep -q '"answer":"0a0000000a00"'
    ok $? "P027 (c) $name: it did greet so"
    was_asked CLRSTATUS 1 "P027 (c) $name: which is cleared once"
    was_asked violation 0 "P027 (c) $name: and only where that is allowed"
done
finish
