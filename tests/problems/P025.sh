#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P025: "MD5 of file does not match data in flash": weak power, or flash that takes nothing. What differs is written once
# more; when it happens again, the first place is named.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 131072
sample esp-app esp32s3 s3.bin 131072
sample esp-stub esp32 stub.json

for which in 7 40; do
    attempt update new.bin --board $esp32,fault=drop-write@$which
    is_proven "P025 (a) write $which is dropped once"
    has_at 0x10000 new.bin "P025 (a) the board has the file, $which"
    attempt update s3.bin --board $esp32s3,fault=drop-write@$which
    is_proven "P025 (a) write $which is dropped once, over USB"
    has_at 0x10000 s3.bin "P025 (a) the board has the file over USB, $which"
done
attempt update new.bin --board $esp32,own-stub=yes,fault=drop-write@3 --stub stub.json
is_proven "P025 (b) a stub, which doesn't look at what it has written"
has_at 0x10000 new.bin "P025 (b) the board has the file"
is_json '["board"]["stub"]' '"loaded"' "P025 (b) it was a stub"

attempt update new.bin --board $esp32,protected=0x10000
is_json '["ok"]' false "P025 (c) a block that takes nothing"
matches "$err" '0x00010000' "P025 (c) the first place is named"
attempt update new.bin --board $esp32,own-stub=yes,protected=0x20000 --stub stub.json
ends_with 11 "P025 (d) the same with a stub"
is_json '["error"]["code"]' '"verify-mismatch"' "P025 (d) what is there is something else"
matches "$err" '0x00020000' "P025 (d) the first place is named"

# A block that takes nothing, and a ROM that sees it: exit 11, and a word of power and protection, not of the file.
attempt update new.bin --board $esp32,protected=0x10000
ends_with 11 "P025 (e) a block that takes nothing"
matches "$err" '0x00010000' "P025 (e) the first place is named"
matches "$err" 'power' "P025 (e) power is named"
matches "$err" 'protect' "P025 (e) protection is named"
matches_not "$err" 'file is for this board' "P025 (e) the file isn't blamed"
finish
