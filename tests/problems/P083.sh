#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P083: at the wrong address: one file for the whole flash at 0x10000, or an application at 0. Recognised by their headers.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
sample esp-bootloader esp32 boot.bin
sample esp-table table.bin
files filled merged.bin 131072 0xff
files put merged.bin 0x1000 boot.bin
files put merged.bin 0x8000 table.bin
files put merged.bin 0x10000 new.bin

attempt update new.bin@0 --board $esp32
refuses 8 image-not-for-board 'application would go to 0x0, where the board.s partition table has nothing' "P083 (a) an application at 0"
attempt update new.bin@0x9000 --board $esp32
refuses 8 image-not-for-board 'application would go to 0x9000, which is its partition nvs' "P083 (a) at the settings"
attempt update new.bin@0x20000 --board $esp32
refuses 8 image-not-for-board 'in the middle of a partition' "P083 (a) inside of a partition"
attempt update new.bin@0x10800 --board $esp32
refuses 8 image-not-for-board "isn't the beginning of a sector" "P083 (a) inside of a sector"

run update merged.bin@0x10000 --board $esp32 --json
ends_with 2 "P083 (b) one file for everything at 0x10000"
is_json '["error"]["code"]' '"file-has-address"' "P083 (b) it has its addresses itself"
advises 'leave out the @' "P083 (b) one file for everything at 0x10000"
for at in merged.bin merged.bin@0; do
    attempt update $at --board $esp32
    is_proven "P083 (c) $at"
    has_at 0x1000 boot.bin "P083 (c) the bootloader of $at"
    has_at 0x8000 table.bin "P083 (c) the table of $at"
    has_at 0x10000 new.bin "P083 (c) the application of $at"
    matches "$err" 'partition nvs \(20480 bytes at 0x00009000\) stays' "P083 (c) $at: the settings stay, and that is said"
done

# ---- the right address is proposed, and the file isn't called wrong ----

attempt update new.bin@0 --board $esp32
matches "$err" '0x0*10000|without.*address|leave out the @' "P083 (d) an application at 0: where it belongs"
matches_not "$err" 'choose the file' "P083 (d) the file is right"
attempt update boot.bin@0 --board $esp32
matches "$err" '0x0*1000[^0]|without.*address|leave out the @' "P083 (e) a bootloader at 0: where it belongs"
matches_not "$err" 'choose the file' "P083 (e) the file is right"
finish
