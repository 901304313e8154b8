#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P004: a person is asked for BOOT and RESET, presses them, and the application starts all the same. The chip did restart, and
# its boot text said why; the last word must not be that it doesn't restart.
FETTLE_SOURCE=${FETTLE_SOURCE:-$(cd "$(dirname "$0")/../../.." && pwd)}
. "$FETTLE_SOURCE/tests/problems/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
sample esp-app esp32s3 s3.bin 65536

attempt update new.bin --board $esp32,fault=stuck-app
refuses 12 esp-boot-mode 'boot:0x13: GPIO0 was high' "P004 (e) BOOT had no effect"
matches_not "$err" 'does not restart' "P004 (e) it did restart"
attempt update s3.bin --board $esp32s3,fault=stuck-app,person=none
matches_not "$err" 'does not restart' "P004 (f) a chip with USB of its own did restart, too"
finish
