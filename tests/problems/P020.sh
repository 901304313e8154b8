#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P020: the port of a chip with USB of its own goes away in the middle, and comes back. The same board is gone on with.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32s3 new.bin 65536
sample esp-app esp32c3 c3.bin 65536

for at in 20 60; do
    attempt update new.bin --board $esp32s3,fault=vanish@$at,return=1500
    is_proven "P020 (a) away at request $at for 1.5 s"
    has_at 0x10000 new.bin "P020 (a) the board has the file at $at"
    [ "$(asked arrives)" -ge 2 ]
    ok $? "P020 (a) it was away, at $at"
done
attempt update c3.bin --board $esp32c3,mode=rom
is_proven "P020 (b) left by the watchdog, which takes the port along"
matches_not "$err" 'permission|port.*(gone|exist)' "P020 (b) and not a word of that"
has_at 0x10000 c3.bin "P020 (b) the board has the file"
finish
