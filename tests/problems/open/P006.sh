#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P006: the port is busy. With --wait it goes on by itself as soon as the port is free.
FETTLE_SOURCE=${FETTLE_SOURCE:-$(cd "$(dirname "$0")/../../.." && pwd)}
. "$FETTLE_SOURCE/tests/problems/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
attempt update new.bin --wait=20 --board $esp32,fault=busy@1
is_proven "P006 free again while it is waited for"
has_at 0x10000 new.bin "P006 the board has the file"
finish
