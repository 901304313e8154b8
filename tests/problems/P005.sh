#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P005: "No serial data received": a dead line. Not one byte came: said, with the port, the cable and the right port first.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536

at_a_line silent update new.bin --board PORT --json
ends_with 12 "P005 a line without a word"
is_json '["error"]["code"]' '"esp-silent"' "P005 it has a name"
matches "$err" 'nothing at all comes from the chip' "P005 that nothing came is said"
matches "$err" 'on /dev/[^ ]+: ' "P005 and of which port"
matches "$err" 'cable.*right port.*BOOT' "P005 cable and port first, then the button"
matches_not "$err" 'traceback|errno|time.?out|packet' "P005 no word of the inside"
finish
