#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P012: the first eight SYNCs after each reset get no answer, though the chip says that it waits for download.
FETTLE_SOURCE=${FETTLE_SOURCE:-$(cd "$(dirname "$0")/../../.." && pwd)}
. "$FETTLE_SOURCE/tests/problems/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
attempt update new.bin --board $esp32,sync-misses=8
is_proven "P012 (c) the first 8 SYNCs get no answer"
has_at 0x10000 new.bin "P012 (c) the board has the file"
finish
