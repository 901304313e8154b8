#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 7: a start address inside a page erases its other bytes, without a word.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 3000 part.bin
board=sim:stm32f4,timing=none,person=none,log=$log,flash=$flash
preset() {
    forget_all
    files filled $flash 1048576 0xa5
}

preset
run update part.bin@0x08000400 --board $board --json
ends_with 0 "avoid 7: 3000 bytes in a page of 16 KiB"
happened_at erase 0x08000000 "avoid 7: the page is erased"
files filled expected.flash 1048576 0xa5
files put expected.flash 0x400 part.bin
holds_exactly expected.flash "avoid 7: and every other byte is as it was"

preset
run update part.bin@0x08000400 --board $board,upload=no --json
ends_with 4 "avoid 7: where it can't be read"
matches "$err" '13384 bytes.*would be lost, the first at 0x08000000' "avoid 7: what would go is said"
was_asked DNLOAD 0 "avoid 7: and nothing is sent"
preset
run update part.bin@0x08000400 --board $board,upload=no --erase-rest --json
ends_with 0 "avoid 7: with --erase-rest"
has_at 0x400 part.bin "avoid 7: it is done"
finish
