#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P053: a partition table for a larger flash than the board has; a flash whose size nobody knows; and numbers that are the file's.
FETTLE_SOURCE=${FETTLE_SOURCE:-$(cd "$(dirname "$0")/../../.." && pwd)}
. "$FETTLE_SOURCE/tests/problems/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
sample esp-bootloader esp32 boot.bin
sample esp-table table.bin
sample raw 20000 data.bin

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
