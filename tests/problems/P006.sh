#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P006: the port is busy. Said so, with what to close, and the board is left as it was.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536

for verb in "update new.bin" "verify new.bin" "read out.bin" "erase --yes" "reset"; do
    attempt $verb --board $esp32,fault=busy
    refuses 7 board-busy 'another program holds it' "P006 ${verb%% *}"
    advises 'close the program.*serial monitor' "P006 ${verb%% *}"
done

# The port is busy. With --wait it goes on by itself as soon as the port is free.
attempt update new.bin --wait=20 --board $esp32,fault=busy@1
is_proven "P006 free again while it is waited for"
has_at 0x10000 new.bin "P006 the board has the file"
finish
