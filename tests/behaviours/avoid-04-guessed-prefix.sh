#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 4: a raw file that begins with 1A 3F, or one of 15 other pairs, loses 16 bytes without a word.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 4096 any.bin
f4=sim:stm32f4,timing=none,person=none,log=$log,flash=$flash
strict=sim:dfu,timing=none,person=none,log=$log,flash=$flash

for first in 032 132 232 332; do     # 1A 5A 9A DA: equal in their low six bits
    for second in 077 177 277 377; do # 3F 7F BF FF
        printf "\\$first\\$second" >pair.bin
        tail -c +3 any.bin >>pair.bin
        forget
        run update pair.bin --board $strict --json
        ends_with 0 "avoid 4: a file that begins with the bytes $first $second (octal)"
        starts_with pair.bin "avoid 4: $first $second: all of it is there"
    done
done
printf '\032\077' >pair.bin
tail -c +3 any.bin >>pair.bin
forget_all
run update pair.bin --board $f4 --json
ends_with 0 "avoid 4: the same for DfuSe"
starts_with pair.bin "avoid 4: all of it is there"
run info pair.bin --json
is_json '["image"]["size"]' 4096 "avoid 4: info counts all of it, too"

# A real prefix, of which all bytes and the length are right, is seen, and sent like the rest.
{
    printf '\032\077\010\000\000\000\000\000\000\000\000\000\377\377\377\377' # 8 times 512 bytes
    tail -c +17 any.bin
} >lpc.bin
forget
run update lpc.bin --board $strict --json
ends_with 0 "avoid 4: a real prefix"
starts_with lpc.bin "avoid 4: is sent with the rest"
finish
