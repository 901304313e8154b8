#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 3: no Set Address before leaving, so the loader jumps where it has written last.
. "$(dirname "$0")/../problems/lib.sh"
files app app.bin 5000 0x08000000
sample raw 3000 data.bin 5
files dfuse two.dfu 0:0x08000000:app.bin 0:0x08020000:data.bin
board=sim:stm32f4,timing=none,person=none,app-id=0483:5740,log=$log,flash=$flash

set_before_leaving() { # CASE: of the commands and blocks the last one in front of the end marker is a Set Address
    awk '/"what":"DNLOAD"/ && /"wLength":0,/ { ended = 1; exit }
         /"what":"DNLOAD"/ { is_set = /"wValue":0,/ && /"wLength":5,/ } END { exit !(ended && is_set) }' $log
    ok $? "avoid 3: $1: Set Address comes before the end marker"
    happened_at leave 0x08000000 "avoid 3: $1: it leaves for the application"
    is_json '["board"]["mode"]' '"app"' "avoid 3: $1: which runs"
}
forget_all
run update two.dfu --board $board --json
ends_with 0 "avoid 3: two elements"
set_before_leaving "two elements"
forget_all
run update app.bin --board $board --no-verify --json
ends_with 0 "avoid 3: a raw file, not read back"
set_before_leaving "a raw file, not read back"
rm -f $log
run update app.bin --board $board,mode=dfu --json
ends_with 0 "avoid 3: nothing to write"
set_before_leaving "nothing to write"
rm -f $log
run reset --board $board,mode=dfu --json
ends_with 0 "avoid 3: reset"
set_before_leaving "reset"
finish
