#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P116: an application too large for its partition is cut, or there is no table. Refused before erasing, with sizes.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 small.bin 1048576
sample esp-app esp32 large.bin 1048592
sample esp-bootloader esp32 boot.bin
sample esp-table table.bin

attempt update boot.bin@0x1000 table.bin@0x8000 small.bin@0x10000 --board $esp32,content=blank
is_proven "P116 (a) an application that fills its slot"
has_at 0x10000 small.bin "P116 (a) the board has all of it"
rm -f $log
run update large.bin --board $esp32 --json
refuses 8 image-too-large '1048592 bytes, the board.s memory 1048576' "P116 (b) one with 16 bytes more"
run update large.bin@0x110000 --board $esp32 --json
refuses 8 image-too-large '1048592 bytes, the board.s memory 1048576' "P116 (b) the same at another slot"
attempt update boot.bin@0x1000 table.bin@0x8000 large.bin@0x10000 --board $esp32,content=blank
refuses 8 image-too-large '1048592 bytes, the board.s memory 1048576' "P116 (c) too large for the table that comes with it"
attempt update small.bin --board $esp32,content=blank
refuses 4 answer-needed 'no partition table.*bootloader and table' "P116 (d) a blank board"

# Packages: a factory slot of another layout is smaller.
. "$source/tests/problems/module.sh"
package large.tar.gz size=2027536
package larger.tar.gz layout=small size=3080192 # 4 KiB too many
for name in large larger; do
    attempt update $name.tar.gz --board "$lopy4"
    ends_with 9 "P116 (e) $name.tar.gz"
    matches "$err" 'has [0-9]+ bytes, and (factory|ota_0) has room for [0-9]+' "P116 (e) $name.tar.gz: with both sizes"
    was_not_changed "P116 (e) $name.tar.gz: nothing was erased"
done
finish
