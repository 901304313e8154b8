#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 28: nothing is read back at all.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 5000 new.bin
files app app.bin 5000 0x08000000

for board in sim:dfu sim:stm32f4 sim:stm32l4 sim:stm32l0 sim:gd32vf103; do
    file=new.bin
    [ $board = sim:dfu ] || file=app.bin
    spec=$board,timing=none,person=none,log=$log,flash=$flash
    forget_all
    run update $file --board $spec --json
    ends_with 0 "avoid 28: $board"
    is_json '["verified"]' '"readback"' "avoid 28: $board: it is read back without being asked for"
    matches "$err" 'read back and compared' "avoid 28: $board: which is said"
    forget_all
    run update $file --board $spec,fault=flip-bit@2 --json
    ends_with 0 "avoid 28: $board: one bit is wrong"
    is_json '["board"]["repaired"].__gt__(0)' true "avoid 28: $board: that is seen, and repaired"
    starts_with $file "avoid 28: $board: the board has the file"
    forget_all
    run update $file --board $spec,fault=drop-write@2+ --json
    ends_with 11 "avoid 28: $board: blocks are lost again and again"
    is_json '["error"]["address"].__ge__(0)' true "avoid 28: $board: where the first one is"
    forget_all
    run update $file --board $spec --no-verify --json
    ends_with 0 "avoid 28: $board: --no-verify"
    is_json '["verified"] in ("none", "manifest")' true "avoid 28: $board: claims no more than there is"
done

# What only reading can find: a page that is write protected says that all is well.
forget_all
run update app.bin --board sim:stm32f4,timing=none,person=none,protected=0x08000000,log=$log,flash=$flash --json
ends_with 11 "avoid 28: a page that is write protected"
forget_all
run update app.bin --board sim:stm32f4,timing=none,person=none,fault=drop-erase,log=$log,flash=$flash --json
ends_with 11 "avoid 28: an erase that wasn't done"
finish
