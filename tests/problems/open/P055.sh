#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P055: an application is put into a slot by its address, and another one will be started: said before it is called done.
FETTLE_SOURCE=${FETTLE_SOURCE:-$(cd "$(dirname "$0")/../../.." && pwd)}
. "$FETTLE_SOURCE/tests/problems/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
python3 -c '
import struct, zlib
seq = struct.pack("<I", 2)
open("otadata.bin", "wb").write((seq + b"\xff" * 24 + struct.pack("<I", zlib.crc32(seq, 0xFFFFFFFF))).ljust(0x2000, b"\xff"))'

attempt update otadata.bin --memory otadata --board $esp32
run update new.bin@0x270000 --board $esp32 --json
is_proven "P055 (d) the slot that starts"
rm -f $log
sample esp-app esp32 next.bin 65536 2
for where in next.bin@0x10000 "next.bin --memory ota_0"; do
    run update $where --board $esp32 --json
    has_at 0x270000 new.bin "P055 (e) $where: the other slot stays"
    matches "$err" 'ota_1' "P055 (e) $where: that ota_1 starts is said"
done
finish
