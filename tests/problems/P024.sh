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
# A person who is there is asked first: a loader that was left at another rate sounds like that.
at_a_line noise update new.bin --board PORT --json --wait=5
ends_with 12 "P024 (d) noise, and somebody is there"
matches "$err" 'left at another rate' "P024 (d) what it may be is said before the button is asked for"
matches "$err" 'press RESET' "P024 (d) the button is asked for"
is_json '["error"]["code"]' '"esp-noise"' "P024 (d) in the end it is noise still"
finish
