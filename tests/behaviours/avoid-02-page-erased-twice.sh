#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 2: elements that aren't sorted by page: a page is erased again, and what stood in it is gone.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 1024 a.bin 1
sample raw 16384 b.bin 2
sample raw 1024 c.bin 3
board=sim:stm32f4,timing=none,person=none,log=$log,flash=$flash

files dfuse mixed.dfu 0:0x08000000:a.bin 0:0x08004000:b.bin 0:0x08000400:c.bin
forget_all
run update mixed.dfu --board $board --json
ends_with 0 "avoid 2: pages 0, 1 and 0 again"
happened_at erase "0x08000000 0x08004000" "avoid 2: each page is erased once"
awk '/"what":"program"/ { wrote = 1 } /"what":"erase"/ && wrote { bad = 1 } END { exit bad || !wrote }' $log
ok $? "avoid 2: all of them before the first block"
has_at 0 a.bin "avoid 2: the first element is there"
has_at 0x4000 b.bin "avoid 2: the second"
has_at 0x400 c.bin "avoid 2: the third"

# Two targets for the same memory, with another one between them: what was erased isn't forgotten.
files dfuse targets.dfu 0:0x08000000:a.bin 2:0x1fff7800:a.bin 0:0x08000400:c.bin
forget_all
run update targets.dfu --board $board --memory 0 --json
ends_with 0 "avoid 2: the same memory in two targets"
happened_at erase 0x08000000 "avoid 2: its page is erased once"
has_at 0 a.bin "avoid 2: the first element is there"
has_at 0x400 c.bin "avoid 2: the last one, too"

# A block that has to be written again takes its page with it, and all that is in it.
forget_all
run update mixed.dfu --board $board,fault=drop-write@2 --json
ends_with 0 "avoid 2: a repair"
has_at 0 a.bin "avoid 2: after it the first element is there"
has_at 0x4000 b.bin "avoid 2: after it the second"
has_at 0x400 c.bin "avoid 2: after it the third"
finish
