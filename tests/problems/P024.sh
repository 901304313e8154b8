#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P024: "Invalid head of packet": boot text, an application that talks, or noise. Text and noise are told apart.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536

attempt update new.bin --board $esp32,fault=stuck-app@1
is_proven "P024 (a) text where an answer was due, once"
attempt update new.bin --board $esp32,person=none,circuit=none
refuses 12 esp-not-reset 'application goes on talking' "P024 (b) an application that can't be reset"
advises 'hold BOOT.*EN' "P024 (b) an application that can't be reset"
attempt update new.bin --board $esp32,person=none,circuit=none -v
matches "$err" 'last seen: [[:print:]]*app' "P024 (b) -v shows what it said"

at_a_line noise update new.bin --board PORT --json
ends_with 12 "P024 (c) noise"
is_json '["error"]["code"]' '"esp-noise"' "P024 (c) it has a name of its own"
matches "$err" 'makes no sense' "P024 (c) said as it is"
advises 'cable.*ground' "P024 (c) noise"
matches_not "$err" 'packet|0x[89a-f]' "P024 (c) no word of packets"
finish
