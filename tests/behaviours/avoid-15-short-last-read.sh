#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 15: the last block of a DfuSe read is asked for with a length of its own, which some loaders count with.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 16384 content.bin 9
files app app.bin 5000 0x08000000

for blocks in fixed by-length; do
    board=sim:stm32f4,timing=none,person=none,blocks=$blocks,log=$log,flash=$flash
    for size in 5000 2048 1 2049 4096; do
        forget_all
        files filled $flash 1048576 0xff
        files put $flash 0 content.bin
        run read part.bin --length $size --board $board --json
        ends_with 0 "avoid 15: $size bytes, blocks=$blocks"
        head -c $size content.bin | cmp -s - part.bin
        ok $? "avoid 15: $size, $blocks: they are right, and no more"
        sizes=$(grep '"what":"UPLOAD"' $log | sed 's/.*"wLength":\([0-9]*\),.*/\1/' | sort -u)
        [ "$sizes" = 2048 ]
        ok $? "avoid 15: $size, $blocks: full blocks were asked for ($sizes)"
        rm -f part.bin
    done
    # And a short last block is written where the pointer stands.
    forget_all
    run update app.bin --board $board --json
    ends_with 0 "avoid 15: an update, blocks=$blocks"
    starts_with app.bin "avoid 15: the board has the file, $blocks"
    forget_all
    run update app.bin --board $board --transfer-size 512 --json
    ends_with 0 "avoid 15: in blocks that are smaller than the board's, blocks=$blocks"
    starts_with app.bin "avoid 15: the board has the file, $blocks"
done
finish
