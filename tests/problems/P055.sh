#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P055: the board runs the old program after a good write: otadata chooses another slot. The table and otadata are read,
# and it goes where the board starts.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
otadata() { # FILE SEQUENCE: the entry of ESP-IDF, and a blank second copy
    python3 -c '
import struct, sys, zlib
seq = struct.pack("<I", int(sys.argv[2]))
entry = seq + b"\xff" * 24 + struct.pack("<I", zlib.crc32(seq, 0xFFFFFFFF))
open(sys.argv[1], "wb").write(entry.ljust(0x2000, b"\xff"))' "$1" "$2"
}

started() { # the labels of those partitions that info says are started
    python3 -c '
import json, sys
rows = json.load(open(sys.argv[1], encoding="utf-8"))["boards"][0]["partitions"]
print(" ".join(row["label"] for row in rows if row["started"]))' "$out"
}

for slot in 1:0x140000:ota_0 2:0x270000:ota_1 3:0x140000:ota_0; do
    sequence=${slot%%:*} label=${slot##*:} address=${slot#*:} address=${address%:*}
    otadata otadata.bin "$sequence"
    attempt update otadata.bin --memory otadata --board $esp32
    ends_with 0 "P055 (a) otadata says $label, by $sequence"
    run info --board $esp32 --json
    is_equal "$(started)" "$label" "P055 (a) info shows that $label starts"
    rm -f $log
    run update new.bin --board $esp32 --json
    is_proven "P055 (b) an update while $label starts"
    matches "$err" "partition $label at 0x00$(printf %s "${address#0x}")" "P055 (b) it is said that it goes to $label"
    has_at "$address" new.bin "P055 (b) it is there"
done
attempt update new.bin --memory ota_1 --board $esp32
ends_with 0 "P055 (c) a slot by its name"
has_at 0x270000 new.bin "P055 (c) it is there"
has_not_at 0x10000 new.bin "P055 (c) and nowhere else"

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
