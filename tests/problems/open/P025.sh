#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P025: a block that takes nothing, and a ROM that sees it: exit 11, and a word of power and protection, not of the file.
FETTLE_SOURCE=${FETTLE_SOURCE:-$(cd "$(dirname "$0")/../../.." && pwd)}
. "$FETTLE_SOURCE/tests/problems/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
attempt update new.bin --board $esp32,protected=0x10000
ends_with 11 "P025 (e) a block that takes nothing"
matches "$err" '0x00010000' "P025 (e) the first place is named"
matches "$err" 'power' "P025 (e) power is named"
matches "$err" 'protect' "P025 (e) protection is named"
matches_not "$err" 'file is for this board' "P025 (e) the file isn't blamed"
finish
