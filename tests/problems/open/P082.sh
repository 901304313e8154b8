#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P082: noise in a long read, and so much of it that nothing helps: the line is to blame, not the file.
FETTLE_SOURCE=${FETTLE_SOURCE:-$(cd "$(dirname "$0")/../../.." && pwd)}
. "$FETTLE_SOURCE/tests/problems/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
attempt read --memory factory back.bin --board $esp32,fault=noise@p0.005
ends_with 0 "P082 (b) 19000 requests through noise"
attempt update new.bin --board $esp32,fault=noise
[ "$status" -ge 10 ]
ok $? "P082 (c) nothing gets through"
advises 'cable' "P082 (c) nothing gets through"
matches_not "$err" 'file is for this board' "P082 (c) the file isn't blamed"
finish
