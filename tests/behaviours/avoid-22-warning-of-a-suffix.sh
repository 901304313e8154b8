#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 22: every raw file gets a warning that a suffix "will be required".
. "$(dirname "$0")/../problems/lib.sh"
sample raw 5000 new.bin
files app app.bin 5000 0x08000000

for board in sim:dfu sim:stm32f4 sim:at32; do
    file=new.bin
    [ $board = sim:dfu ] || file=app.bin
    forget_all
    run update $file --board $board,timing=none,person=none,log=$log,flash=$flash
    ends_with 0 "avoid 22: a raw file for $board"
    matches_not "$err" 'warning|suffix|required' "avoid 22: $board: no warning"
    matches "$err" '5000 bytes' "avoid 22: $board: its size"
    matches "$err" "$board" "avoid 22: $board: where it goes"
done
matches "$err" '0x08008000' "avoid 22: and at which address, where boards have them"
run info new.bin
ends_with 0 "avoid 22: info of a raw file"
matches_not "$out" 'warning|required' "avoid 22: no warning"
finish
