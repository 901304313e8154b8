#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The boards that are there.
. "$(dirname "$0")/lib.sh"

run list --board sim:pytrack,timing=none
ends_with 0 "a virtual Pytrack is listed"
says "$out" "NAME" "the table has headings"
says "$out" "Pytrack" "it is called by its name"
says "$out" "sim:pytrack" "its port is shown"
grep -q "fettle update" "$out"
ok $? "the next action is shown"
is_empty "$err" "nothing on stderr"

run --board sim:pytrack,timing=none
says "$out" "Pytrack" "fettle alone lists"

run list --board 'sim:pytrack*3,timing=none' --board sim:dfu,timing=none --json
ends_with 0 "four boards"
is_valid list
has '["ok"]' true
[ "$(json '["boards"]' | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')" = 4 ]
ok $? "four boards are in the object"
has '["boards"][2]["path"]' '"sim:pytrack.3"'

run list --board sim:pytrack,timing=none --json
is_valid list
has '["board"]["name"]' '"Pytrack"'
has '["board"]["mode"]' '"app"'
has '["board"]["id"]' '"04d8:f013"'

run list --board sim:pytrack,timing=none,mode=dfu --json
is_valid list
has '["board"]["mode"]' '"dfu"'
has '["board"]["state"]' '"ready"'

run list --board sim:pytrack,timing=none,fault=no-permission --json
is_valid list
has '["board"]["state"]' '"no-permission"'

run list --board sim:pytrack,timing=none,mode=unplugged
ends_with 0 "no board is no failure"
says "$out" "No board" "an empty list says so"

run list --board sim:pytrack,timing=none,mode=unplugged --json
is_valid list
has '["boards"]' '[]'

run list --watch --wait=20 --board sim:pytrack,timing=none,mode=dfu
ends_with 0 "watching a board for 20 s of its time"
says "$out" "- Pytrack on sim:pytrack" "that it left is told"
says "$out" "+ Pytrack on sim:pytrack (app)" "that it came back is told"

run list --watch --wait=20 --board sim:pytrack,timing=none,mode=dfu --events --json
is_valid event list
says "$out" '"event":"board-left"' "that it left is an event"
has '["board"]["mode"]' '"app"'

run list --watch --board sim:pytrack,timing=none
ends_with 2 "watching without an end on a clock that waits for nothing"

"$FETTLE" list --board sim:pytrack,timing=none >/dev/full 2>"$err"
status=$?
ends_with 13 "a full disk takes no list"
finish
