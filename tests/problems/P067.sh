#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P067: the application doesn't start after the update: the loader jumps where it has written last.
. "$(dirname "$0")/lib.sh"
files app low.bin 5000 0x08000000
sample raw 3000 high.bin 5
files dfuse two.dfu 0:0x08000000:low.bin 0:0x08020000:high.bin
board=sim:stm32f4,timing=none,person=none,log=$log,flash=$flash

forget_all
run update two.dfu --board $board,app-id=0483:5740 --json
ends_with 0 "P067 (a) two elements, the low one first"
happened_at leave 0x08000000 "P067 (a) it leaves for the low one"
is_json '["board"]["mode"]' '"app"' "P067 (a) its application was seen, on that port"
is_json '["board"]["id"]' '"0483:5740"' "P067 (a) with its ids"
has_at 0 low.bin "P067 (a) the board has the one"
has_at 0x20000 high.bin "P067 (a) and the other"

files dfuse reversed.dfu 0:0x08020000:high.bin 0:0x08000000:low.bin
forget_all
run update reversed.dfu --board $board,app-id=0483:5740 --json
ends_with 0 "P067 (b) the other way round"
happened_at leave 0x08000000 "P067 (b) it leaves for the same address"

# Nothing is to be written: it is started all the same, from where it begins.
rm -f $log
run update two.dfu --board $board,app-id=0483:5740,mode=dfu --json
ends_with 0 "P067 (c) everything is there already"
is_json '["outcome"]' '"unchanged"' "P067 (c) nothing was written"
happened_at leave 0x08000000 "P067 (c) and it is started"

# The loader doesn't let it start: one thing to do.
forget_all
sample raw 5000 none.bin
run update none.bin --board $board,app-id=0483:5740 --json
ends_with 12 "P067 (d) no application came up on that port"
is_json '["error"]["code"]' '"application-missing"' "P067 (d) that is said"
matches "$err" 'what was written is right' "P067 (d) the update itself is done"
matches "$err" '(press reset|unplug the board and plug it in again)' "P067 (d) and the one next action"
finish
