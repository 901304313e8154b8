#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P072: the application's PID is given (-d 04d8:f013), or the board isn't in update mode. Ids beside a virtual
# board can't be typed; an update that names them and finds the board is in test_desk.c.
. "$(dirname "$0")/lib.sh"
sample pytrack new.dfu

# (a) the ids of the application, and no board
run update new.dfu --board 04d8:f013 --revision 1 --json
ends_with 3 "P072 (a) the application's ids, no board there"
is_json '["board"]["name"]' '"Pytrack"' "P072 (a) they are known"
matches "$err" "normal mode.*f014" "P072 (a) that f013 is its normal mode, and f014 the update mode"

# (b) the board is there, in its normal mode: it arms itself and tells the steps
forget
run update new.dfu --board sim:pytrack,timing=none,log=$log,flash=$flash --revision 1 --events --json
ends_with 0 "P072 (b) a board in its normal mode"
has_event 'e["event"] == "ask" and e["ask"] == "update-mode" and "S1" in e["text"]' \
    "P072 (b) the button steps are told"
shield_has new.dfu "P072 (b) the board has the file"

# (c) nobody is there to press: said as it is, and not that no board was there
forget
run update new.dfu --board sim:pytrack,timing=none,person=none,log=$log --revision 1 --json
ends_with 12 "P072 (c) nobody is there to press"
is_json '["error"]["code"]' '"no-update-mode"' "P072 (c) it is there, and not in update mode"
was_only_asked_who_it_is "P072 (c) its application was asked no more than who it is"
finish
