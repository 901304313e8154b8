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
finish
