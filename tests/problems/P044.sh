#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P044: BOOT is held, and still no download mode: another pin has the wrong level. The boot number is read, the pin named.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
sample esp-app esp32c3 c3.bin 65536

attempt update new.bin --board $esp32,person=none,fault=wrong-strap
refuses 12 esp-straps 'boot:0xb: GPIO2 was high, and it must be low' "P044 (a) GPIO2 of an ESP32"
advises 'take off what is connected to the pin' "P044 (a) GPIO2 of an ESP32"
attempt update c3.bin --board $esp32c3,bridge=cp210x,person=none,fault=wrong-strap
refuses 12 esp-straps 'boot:0x1: GPIO8 was low, and it must be high' "P044 (b) GPIO8 of an ESP32-C3"
advises 'take off what is connected to the pin' "P044 (b) GPIO8 of an ESP32-C3"
attempt update new.bin --board $esp32,person=none,fault=wrong-strap@1
is_proven "P044 (c) it is free the next time"
finish
