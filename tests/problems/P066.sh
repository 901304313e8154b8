#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P066: "Failed to parse memory layout": an address for a board that has none, plain DFU.
. "$(dirname "$0")/lib.sh"
sample raw 5000 new.bin
board=sim:dfu,timing=none,log=$log,flash=$flash

for verb in update verify read; do
    forget
    file=new.bin
    [ $verb != read ] || file=saved.bin
    run $verb $file --address 0x08000000 --board $board --json
    ends_with 2 "P066 (a) $verb with --address"
    matches "$err" 'no addresses' "P066 (a) $verb: why"
    matches "$err" 'without (the|an|--) ?address' "P066 (a) $verb: and what to do: repeat it without the address"
    was_not_changed "P066 (a) $verb: nothing was sent"
done

# What a file says of addresses is something else: it is left aside, and said.
files hex new.hex 0x08000000 new.bin
forget
run update new.hex --board $board --json
ends_with 0 "P066 (b) an address in the file"
matches "$err" 'address in the file is not used' "P066 (b) is left aside, and that is said"
starts_with new.bin "P066 (b) the board has the file"

# The other way round: a board that says DfuSe of itself, and has no memory string.
forget
run update new.bin --board $board,dfu-version=011a,names=Upload --json
ends_with 0 "P066 (c) version 1.1A and an ordinary name: plain DFU"
starts_with new.bin "P066 (c) the board has the file"
finish
