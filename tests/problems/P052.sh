#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P052: it waits for download and never answers, or every byte comes back. Two sentences, no time-out.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536

attempt update new.bin --board $esp32,person=none,fault=mute
refuses 12 esp-deaf 'waits for download, but does not hear us' "P052 (a) our TX doesn't arrive"
advises "wire to the chip's RX" "P052 (a) our TX doesn't arrive"
matches_not "$err" 'time.?out|packet' "P052 (a) no word of packets"

at_a_line echo update new.bin --board PORT --json
ends_with 12 "P052 (b) TX and RX are connected"
is_json '["error"]["code"]' '"esp-echo"' "P052 (b) its name"
matches "$err" 'sends back what is sent' "P052 (b) said as it is"
advises 'connects TX and RX' "P052 (b) TX and RX are connected"
matches_not "$err" 'time.?out|packet' "P052 (b) no word of packets"
finish
