#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P089: a damaged .dfu is flashed together with its headers, because a wrong checksum counts as "no suffix".
. "$(dirname "$0")/lib.sh"
sample pytrack good.dfu
board=sim:pytrack,timing=none,mode=dfu,log=$log,flash=$flash
strict=sim:dfu,timing=none,id=04d8:f014,log=$log,flash=$flash

damage() { # OFFSET [FILE]: one byte of the good file is another one
    good=${2:-good.dfu}
    byte=$(od -An -tu1 -j "$1" -N 1 "$good" | tr -d ' ')
    cp "$good" bad.dfu
    printf "\\$(printf %03o $((byte ^ 1)))" | dd of=bad.dfu bs=1 seek="$1" conv=notrunc 2>/dev/null
    ! cmp -s "$good" bad.dfu
}

# The first byte, some in the middle, the last of the content; each field of the suffix; the checksum.
for offset in 0 1024 8191 16383 16384 16386 16388 16390 16396 16399; do
    damage $offset || ok 1 "P089 byte $offset: the file could not be changed"
    for device in $board $strict; do
        kind=${device%%,*}
        forget
        run update bad.dfu --board $device --revision 1 --json
        ends_with 9 "P089 byte $offset, $kind"
        is_json '["error"]["code"]' '"file-damaged"' "P089 byte $offset, $kind: damaged"
        matches "$err" "damaged.*checksum" "P089 byte $offset, $kind: a person reads why"
        was_left_alone "P089 byte $offset, $kind: no request was sent"
    done
done

# Length and signature: what is there can't be a suffix any more, and the name promises one.
for offset in 16392 16393 16394 16395; do
    damage $offset || ok 1 "P089 byte $offset: the file could not be changed"
    forget
    run update bad.dfu --board $board --revision 1 --json
    ends_with 9 "P089 byte $offset of the suffix's own marks"
    was_left_alone "P089 byte $offset: no request was sent"
done

# Who insists gets the content, and never the suffix with it.
damage 16396
forget
run update bad.dfu --board $board --revision 1 --accept-damaged --json
ends_with 0 "P089 with --accept-damaged"
shield_has bad.dfu "P089 then the content is sent"
furthest=$(grep '"what":"DNLOAD"' $log | grep -v '"wLength":0,' | sed 's/.*"wValue":\([0-9]*\).*/\1/' | sort -n | tail -n 1)
[ "${furthest:-999}" -le 255 ]
ok $? "P089 and not a byte of the suffix, which would be block 256 (the last is ${furthest:-none})"

forget
run update good.dfu --board $board --revision 1 --json
ends_with 0 "P089 the good file"
shield_has good.dfu "P089 is written"

# ---- DfuSe files, and an STM32 ----

files app app.bin 5000 0x08000000
files dfuse good-stm32.dfu 0:0x08000000:app.bin
f4=sim:stm32f4,timing=none,log=$log,flash=$flash
size=$(wc -c <good-stm32.dfu)
# Signature, version, size and count of the container; header of the target and its name; of the element; its first and
# last byte; each field of the suffix but its own marks; the checksum.
for offset in 0 5 6 10 11 17 18 100 277 281 285 289 293 1000 $((size - 17)) $((size - 16)) $((size - 14)) $((size - 12)) \
    $((size - 10)) $((size - 4)) $((size - 1)); do
    damage "$offset" good-stm32.dfu || ok 1 "P089 byte $offset of DfuSe: the file could not be changed"
    forget_all
    run update bad.dfu --board $f4 --json
    ends_with 9 "P089 byte $offset of DfuSe"
    is_json '["ok"]' false "P089 byte $offset of DfuSe: refused"
    matches "$err" 'damaged|makes no sense' "P089 byte $offset of DfuSe: a person reads why"
    was_left_alone "P089 byte $offset of DfuSe: no request was sent"
done
damage 1000 good-stm32.dfu
forget_all
run update bad.dfu --board $f4 --json
is_json '["error"]["code"]' '"file-damaged"' "P089 in the content of DfuSe: damaged, by its checksum"
run update bad.dfu --board $f4 --accept-damaged --json
ends_with 0 "P089 DfuSe with --accept-damaged"
tail -c +294 bad.dfu | head -c 5000 >bad.bin
starts_with bad.bin "P089 then the content is sent, without its headers"

forget_all
run update good-stm32.dfu --board $f4 --json
ends_with 0 "P089 the good DfuSe file"
starts_with app.bin "P089 is written, without its headers"
finish
