#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 19: a failure after an update that went well, because the reset at the end finds no board.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 5000 new.bin
board=sim:dfu,timing=none,person=none,app-id=1d50:6002,log=$log,flash=$flash

forget
run update new.bin --board $board --json
grep '"what":"reset"' $log | tail -n 1 | grep -q '"outcome":"GONE"'
ok $? "avoid 19: the reset at the end has taken the board away"
ends_with 0 "avoid 19: which is a success"
is_json '["outcome"]' '"updated"' "avoid 19: it is updated"
starts_with new.bin "avoid 19: the board has the file"

run update new.bin --board $board --json
ends_with 0 "avoid 19: the same again, from its application"
run reset --board $board,mode=dfu --json
ends_with 0 "avoid 19: reset, the verb"
is_json '["outcome"]' '"reset"' "avoid 19: is done"
finish
