#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 16: sizes are signed numbers of 32 bits, and the count of elements has no bound.
. "$(dirname "$0")/../problems/lib.sh"
files app app.bin 4096 0x08000000
board=sim:stm32f4,timing=none,log=$log,flash=$flash

is_refused() { # FILE DESCRIPTION
    forget
    run_with_little_memory update "$1" --board $board --json
    ends_with 9 "avoid 16: $2"
    is_json '["error"]["code"]' '"file-bad-dfuse"' "avoid 16: $2: it makes no sense"
    was_left_alone "avoid 16: $2: nothing is asked of the board"
}
for size in 0x80000000 0xffffffff 0xfffffff8 4097; do
    files dfuse lie.dfu 0:0x08000000:app.bin element_size=$size
    is_refused lie.dfu "an element of $size bytes that aren't there"
done
for count in 0xffffffff 0x80000000 10001 2; do
    files dfuse lie.dfu 0:0x08000000:app.bin element_count=$count
    is_refused lie.dfu "$count elements that aren't there"
done
files dfuse lie.dfu 0:0xfffff800:app.bin
is_refused lie.dfu "an element beyond the last address"
files dfuse lie.dfu 0:0x08000000:app.bin 0:0x08000800:app.bin
is_refused lie.dfu "elements that overlap"
files dfuse lie.dfu 0:0x08000000:app.bin image_size=0x80000000
is_refused lie.dfu "a size of the whole of 2 GiB"

# Sizes that only add up in 64 bits, in a file that is sound.
files dfuse two.dfu 0:0x08000000:app.bin 0:0xffffe000:app.bin
forget
run update two.dfu --board $board --json
ends_with 8 "avoid 16: an address that this board hasn't"
is_json '["error"]["code"]' '"address-outside"' "avoid 16: is the reason"
finish
