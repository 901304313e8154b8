#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P064: somebody has a .hex, and the tool takes only .bin. The same image in each format makes the same flash, and the
# format is found by the content.
# P064: ELF, S19 and UF2 come with their readers.
. "$(dirname "$0")/lib.sh"
echo "# P064: the part of ELF, S19 and UF2 comes with their readers"
files app image.bin 20000 0x08000000
files hex image.hex 0x08000000 image.bin
files dfuse image.dfu 0:0x08000000:image.bin
files suffix plain.dfu image.bin vendor=0x0483 product=0xdf11
board=sim:stm32f4,timing=none,person=none,log=$log,flash=$flash
files filled empty.flash 1048576 0xa5

for file in image.bin image.hex image.dfu plain.dfu; do
    forget_all
    cp empty.flash $flash
    run update $file --board $board --json
    ends_with 0 "P064 (a) $file"
    is_json '["verified"]' '"readback"' "P064 (a) $file: proven"
    starts_with image.bin "P064 (a) $file: the board has the image"
    [ -e first.flash ] || cp $flash first.flash
    holds_exactly first.flash "P064 (a) $file: the same flash as from the others"
done

# By its content, whatever it is called.
cp image.hex firmware.txt
cp image.dfu firmware.img
cp image.hex firmware
for file in firmware.txt firmware.img firmware; do
    forget_all
    cp empty.flash $flash
    run update $file --board $board --json
    ends_with 0 "P064 (b) $file"
    holds_exactly first.flash "P064 (b) $file: found by its content"
done
finish
