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
finish
