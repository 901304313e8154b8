#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P035: a boot loop after a good flash: the bootloader at another chip's place, or an application where there is none. The chip
# knows where they go.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-table table.bin
place() { # CHIP OFFSET OTHER BOARD
    sample esp-bootloader "$1" "$1.boot"
    sample esp-app "$1" "$1.bin" 65536
    attempt update "$1.boot" --board "$4"
    is_proven "P035 (a) the bootloader of an $1 by itself"
    has_at "$2" "$1.boot" "P035 (a) it is at $2"
    attempt update "$1.boot@$3" --board "$4"
    refuses 8 image-not-for-board "a bootloader would go to $3, where this chip doesn.t look" "P035 (b) at $3 on an $1"
    attempt update "$1.boot@$2" table.bin@0x8000 "$1.bin@0x10000" --board "$4,content=blank"
    is_proven "P035 (c) a blank $1 with everything"
    has_at 0x8000 table.bin "P035 (c) the table of the $1"
    has_at 0x10000 "$1.bin" "P035 (c) the application of the $1"
}
place esp32 0x1000 0x0 $esp32
place esp32s3 0x0 0x1000 $esp32s3
place esp32c3 0x0 0x1000 $esp32c3

attempt update esp32.bin@0x1000 --board $esp32
refuses 8 image-not-for-board 'application would go to 0x1000, where the bootloader belongs' "P035 (d) an application in its place"
attempt update esp32.bin --board $esp32,content=blank
refuses 4 answer-needed 'no partition table.*write its bootloader and table with it' "P035 (e) an application alone onto a blank board"

# ---- an application is all that a board would have; and files that are enough as they are ----

sample esp-app esp32 new.bin 65536
sample esp-bootloader esp32 boot.bin

attempt update new.bin --mass-erase --yes --board $esp32
[ "$status" -ne 0 ]
ok $? "P035 (f) a mass erase, and the application alone: refused"
was_not_changed "P035 (f) before the bootloader is gone"
attempt update new.bin@0x10000 --board $esp32,content=blank
matches "$err" 'bootloader' "P035 (g) an address by hand on a blank board: a bootloader is missing"
matches_not "$err" 'this revision' "P035 (g) the revision isn't blamed"
attempt update boot.bin table.bin new.bin --board $esp32,content=blank
is_proven "P035 (h) the three files, without addresses"
has_at 0x1000 boot.bin "P035 (h) the bootloader"
has_at 0x8000 table.bin "P035 (h) the table"
has_at 0x10000 new.bin "P035 (h) the application"
sample raw 5000 data.bin
attempt update data.bin new.bin --board $esp32,content=blank
matches_not "$err" '0x08000000' "P035 (i) an example of an address that such a chip has"
finish
