#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P053: what is sent doesn't fit into the flash. Refused before anything is erased, with both sizes.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
sample esp-app esp32 large.bin 3145728
sample raw 20000 data.bin

attempt update large.bin@0x140000 --board $esp32,size=2MB
ends_with 8 "P053 (a) an application beyond the end of the flash"
was_not_changed "P053 (a) nothing was erased or written"
attempt update data.bin@0x1ff000 --board $esp32,size=2MB
refuses 8 image-too-large '2097152' "P053 (b) data over the end"
attempt update data.bin@0x200000 --board $esp32,size=2MB
refuses 8 image-too-large '2097152' "P053 (b) data behind the end"
attempt update data.bin@0x1fb000 --board $esp32,size=2MB
is_proven "P053 (c) data just in front of the end"
has_at 0x1fb000 data.bin "P053 (c) the board has the file"
attempt update data.bin@0x300000 --board $esp32,flash-id=0xabcdef --flash-size 4MB
is_proven "P053 (d) a flash whose size its id does not tell, and it is given"
attempt update data.bin@0x300000 --board $esp32,flash-id=0xabcdef --flash-size 2MB
refuses 8 image-too-large '2097152' "P053 (d) a smaller one is given"

# ---- a partition table for a larger flash, a size nobody knows, and numbers that are the file's ----

sample esp-bootloader esp32 boot.bin
sample esp-table table.bin

attempt update boot.bin@0x1000 table.bin@0x8000 new.bin@0x10000 --board $esp32,size=2MB
ends_with 8 "P053 (e) a table for 4 MB on a board with 2 MB"
was_not_changed "P053 (e) nothing was erased or written"
attempt update table.bin --board $esp32,size=2MB
ends_with 8 "P053 (e) the table alone"
attempt update data.bin@0x300000 --board $esp32,flash-id=0xabcdef
ends_with 4 "P053 (f) a flash whose size its id doesn't tell"
advises 'flash-size' "P053 (f) a flash whose size its id doesn't tell"
attempt update data.bin@0x3ff000 --board $esp32
refuses 8 image-too-large '4194304' "P053 (g) over the end"
matches_not "$err" 'image has 42' "P053 (g) the file has 20000 bytes, and no more"
finish
