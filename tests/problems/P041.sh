#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P041: auto-reset works one time in three: EN rises slowly, or the lines aren't changed together. Several timings are tried.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536

for circuit in en-ms=0 en-ms=1 en-ms=10 en-ms=60 en-ms=200 circuit=direct circuit=direct,en-ms=10; do
    attempt update new.bin --board $esp32,person=none,$circuit
    is_proven "P041 (a) $circuit"
    has_at 0x10000 new.bin "P041 (a) the board has the file, $circuit"
done
attempt update new.bin --board $esp32,person=none,en-ms=0 --reset classic
refuses 12 esp-boot-mode 'boot:0x13' "P041 (b) only the way that can't work"
attempt update new.bin --board $esp32,person=none,en-ms=0 --reset tight
is_proven "P041 (b) the way that does"
attempt update new.bin --board $esp32,person=none --reset 'D0|R1|W0.1|D1|R0|W0.05|D0'
is_proven "P041 (c) one of one's own"
attempt update new.bin --board $esp32,person=none --reset 'D0|X1'
ends_with 2 "P041 (c) one that is none"
finish
