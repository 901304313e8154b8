#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 20: an empty file is a DNLOAD without bytes in dfuIDLE, and exit status 0.
. "$(dirname "$0")/../problems/lib.sh"
: >empty.bin
: >empty.dfu
: >empty.hex
files suffix suffix.dfu empty.bin vendor=0x0483 product=0xdf11
files dfuse none.dfu
files dfuse nothing.dfu 0:0x08000000:empty.bin
printf ':00000001FF\n' >end.hex

for board in sim:dfu,id=0483:df11 sim:stm32f4; do
    for file in empty.bin empty.dfu empty.hex suffix.dfu none.dfu nothing.dfu end.hex -; do
        forget
        run update $file --board $board,timing=none,log=$log,flash=$flash --json
        ends_with 9 "avoid 20: $file, $board"
        was_left_alone "avoid 20: $file, $board: nothing is asked of it"
    done
done
run update empty.bin --board sim:stm32f4,timing=none
matches "$err" 'file is empty' "avoid 20: a person reads it"
finish
