#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P010: "More than one DFU capable USB device found" with one board attached. Here what one board with four
# alternate settings looks like; a laptop's own Bluetooth beside it is in test_desk.c.
# P010: the half that needs a DfuSe board (memory layouts, addresses) comes with DfuSe.
. "$(dirname "$0")/lib.sh"
echo "# P010: the half that needs a DfuSe board comes with DfuSe"
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
finish
