#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P117: the board is an ESP8266, or its crystal is another one. What it is is named, and its ROM's limits are told.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp8266 first.bin 65536
sample esp-app esp32c2 c2.bin 65536

attempt update first.bin --board $esp8266
ends_with 0 "P117 (a) an ESP8266"
is_json '["board"]["chip"]["name"]' '"ESP8266"' "P117 (a) it is named"
has_at 0 first.bin "P117 (a) it has the file"
is_json '["verified"]' '"none"' "P117 (a) its ROM can't prove it"
matches "$err" "ROM can't hash.*--stub" "P117 (a) that is said, and what can"
attempt read out.bin --board $esp8266
refuses 10 esp-cannot "ROM can't read its flash" "P117 (b) reading it"
advises '--stub FILE' "P117 (b) reading it"
attempt update first.bin --board $esp8266,circuit=none
ends_with 0 "P117 (c) without an auto-reset circuit"
has_at 0 first.bin "P117 (c) it has the file"
for crystal in 26 40; do
    attempt update c2.bin --board sim:esp32c2,timing=none,xtal=$crystal,log=$log,flash=$flash
    is_proven "P117 (d) an ESP32-C2 with $crystal MHz"
    is_json '["board"]["chip"]["crystal_mhz"]' $crystal "P117 (d) the crystal is told, $crystal"
done
for crystal in 26 40; do
    attempt info --board $esp32,xtal=$crystal
    is_json '["board"]["chip"]["crystal_mhz"]' $crystal "P117 (e) an ESP32 with $crystal MHz"
done

# An ESP8266 that starts its application: its log comes at 74880 baud, and is no noise. And its ROM isn't spoken of as DFU.
attempt update first.bin --board $esp8266,fault=stuck-app,person=none
refuses 12 esp-boot-mode 'GPIO0 was high' "P117 (f) its boot text is read"
attempt verify first.bin --board $esp8266
refuses 10 esp-cannot "can't (hash|read)" "P117 (g) verify, which its ROM can't"
advises '--stub' "P117 (g) verify, which its ROM can't"

# Its ROM erases two sectors where it is told to erase one, and can't read what the second one held.
sample raw 4096 one.bin
sample raw 8192 two.bin
attempt update one.bin@0x20000 --board $esp8266
ends_with 0 "P117 (h) a single sector"
matches "$err" '4096 bytes at 0x00021000.*--stub' "P117 (h) what goes with it is told"
attempt update two.bin@0x20000 --board $esp8266
matches_not "$err" '0x00022000' "P117 (h) of two sectors nothing else goes"
finish
