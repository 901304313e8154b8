#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P115: a boot loop because mode or frequency in the header was changed by habit. The header stays as it is in the file.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
for chip in esp32 esp32s3 esp8266; do
    sample esp-app $chip $chip.bin 65536
    sample esp-bootloader $chip $chip.boot
    for size in 4MB 2MB; do
        board=sim:$chip,timing=none,size=$size,log=$log,flash=$flash
        place=0x10000
        loader=0x0
        [ $chip = esp32 ] && loader=0x1000
        [ $chip = esp8266 ] && place=0x0
        attempt update $chip.bin --board $board
        ends_with 0 "P115 an application for an $chip with $size"
        has_at $place $chip.bin "P115 it is as in the file, header and all: $chip, $size"
        [ $chip = esp8266 ] && continue
        attempt update $chip.boot --board $board
        ends_with 0 "P115 a bootloader for an $chip with $size"
        has_at $loader $chip.boot "P115 it is as in the file, header and all: $chip, $size bootloader"
    done
done
finish
