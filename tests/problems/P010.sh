#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P010: "More than one DFU capable USB device found" with one board attached. Here what one board with four
# alternate settings looks like; a laptop's own Bluetooth beside it is in test_desk.c.
. "$(dirname "$0")/lib.sh"
sample raw 5000 new.bin
board=sim:dfu,timing=none,id=0483:df11,alternates=4,log=$log,flash=$flash

forget
run list --board $board --json
ends_with 0 "P010 (a) four alternate settings"
is_json '["boards"].__len__()' 1 "P010 (a) one device in JSON"
run list --board $board
[ "$(grep -c sim:dfu "$out")" -eq 1 ]
ok $? "P010 (a) one line for a person"

forget
run update new.bin --board $board --json
ends_with 0 "P010 (b) an update of it"
is_json '["outcome"]' '"updated"' "P010 (b) it isn't called several boards"
is_json '["boards"].__len__()' 1 "P010 (b) one board"
starts_with new.bin "P010 (b) the first memory has the file"
matches_not "$err" 'more than one|several' "P010 (b) no word of several"

# The same with the memories of an STM32, each of which has its addresses.
board=sim:stm32f4,timing=none,log=$log,flash=$flash
forget
run list --board $board --json
ends_with 0 "P010 (g) the four memories of an STM32"
is_json '["boards"].__len__()' 1 "P010 (g) one device in JSON"
was_left_alone "P010 (g) which isn't asked for them"
run list --board $board
[ "$(grep -c sim:stm32f4 "$out")" -eq 1 ]
ok $? "P010 (g) one line for a person"

run info --board $board --json
ends_with 0 "P010 (h) info tells them apart"
is_json '["boards"].__len__()' 1 "P010 (h) one board"
is_json '["boards"][0]["memories"].__len__()' 4 "P010 (h) with four memories"
run info --board $board
for words in 'Internal Flash.*0x08000000 to 0x0800ffff' 'Option Bytes.*0x1fffc000' 'OTP Memory.*0x1fff7800' \
    'Device Feature.*0xffff0000'; do
    matches "$out" "$words" "P010 (h) a person reads its name and addresses: $words"
done

files app app.bin 5000 0x08000000
forget
run update app.bin --board $board --json
ends_with 0 "P010 (i) an update of it"
is_json '["boards"].__len__()' 1 "P010 (i) one board"
starts_with app.bin "P010 (i) the main memory has the file"
matches_not "$err" 'more than one|several' "P010 (i) no word of several"
finish
