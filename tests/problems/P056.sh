#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P056: no port at all on a board with USB of its own. It is waited for, with BOOT held, and taken as an ESP board.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32s3 s3.bin 65536
attempt update s3.bin --board $esp32s3,mode=unplugged
is_proven "P056 (a) it is plugged in while it is waited for"
has_at 0x10000 s3.bin "P056 (a) the board has the file"
attempt update s3.bin --board $esp32s3,mode=unplugged,person=none --wait=5
ends_with 3 "P056 (b) it never comes"
matches "$err" 'hold BOOT while' "P056 (b) what to hold is said"
matches_not "$err" 'DFU' "P056 (b) nobody speaks of DFU"
finish
