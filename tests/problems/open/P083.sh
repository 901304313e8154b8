#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P083: at the wrong address. The right one is proposed, and the file isn't called wrong.
FETTLE_SOURCE=${FETTLE_SOURCE:-$(cd "$(dirname "$0")/../../.." && pwd)}
. "$FETTLE_SOURCE/tests/problems/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
sample esp-bootloader esp32 boot.bin
attempt update new.bin@0 --board $esp32
matches "$err" '0x0*10000|without.*address|leave out the @' "P083 (d) an application at 0: where it belongs"
matches_not "$err" 'choose the file' "P083 (d) the file is right"
attempt update boot.bin@0 --board $esp32
matches "$err" '0x0*1000[^0]|without.*address|leave out the @' "P083 (e) a bootloader at 0: where it belongs"
matches_not "$err" 'choose the file' "P083 (e) the file is right"
finish
