#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P008: the update mode of a shield lasts seven seconds, and the tool came too late. A miss that is followed
# by a hit needs a hand at a given moment: test_desk.c.
. "$(dirname "$0")/lib.sh"
sample pytrack new.dfu
board=sim:pytrack,timing=none,log=$log,flash=$flash

# ---- (a) plugged in 30 s after the start of waiting ----

forget
run update new.dfu --board $board,mode=unplugged,delay=30000 --revision 1 --wait=120 --events --json
ends_with 0 "P008 (a) plugged in after 30 s"
is_json '["outcome"]' '"updated"' "P008 (a) it is updated"
shield_has new.dfu "P008 (a) the board has the file"

asked_at=$(event 'e["event"] == "ask"' | sed -n 's/.*"at_ms": \([0-9]*\),.*/\1/p')
arrived=$(field at "$(grep '"what":"arrives"' $log | head -n 1)")
first=$(field at "$(grep -E '"what":"(GETSTATUS|GETSTATE|UPLOAD|DNLOAD)"' $log | head -n 1)")
holds "P008 (a) the board came 30 s after the start" [ "${arrived:-0}" -ge 30000000 ]
holds "P008 (a) what to press is said at once, long before that" [ "${asked_at:-9999999}" -lt 300 ]
holds "P008 (a) its first request came less than 0.3 s after it appeared" \
    [ $((${first:-99999999} - ${arrived:-0})) -lt 300000 ]
[ "$(event_count 'e["event"] == "ask"')" = 1 ]
ok $? "P008 (a) nothing was wanted from the person inside the window"

# What must be answered is asked before anybody presses anything: without an answer nothing begins.
forget
run update new.dfu --board $board,mode=unplugged,delay=1000 --wait=120 --events
ends_with 4 "P008 (a) without the answer it needs"
[ "$(event_count 'e["event"] == "ask"')" = 0 ]
ok $? "P008 (a) and nobody is asked to press anything before"

# ---- (b) 6.5 s of the window are over when the tool starts ----

forget
run update new.dfu --board $board,mode=dfu,window=500,person=none --revision 1 --json
ends_with 0 "P008 (b) half a second is left of the window"
is_json '["verified"]' '"readback"' "P008 (b) it is proven"
shield_has new.dfu "P008 (b) the board has the file"
is_cheerful

# ---- (c) never ----

forget
run update new.dfu --board $board,mode=unplugged,person=none --revision 1 --wait=120 --events --json
ends_with 3 "P008 (c) never plugged in"
is_json '["error"]["code"]' '"no-board"' "P008 (c) no board came"
has_event 'e["event"] == "ask" and "S1" in e["text"]' "P008 (c) which button, was said"
has_event 'e["event"] == "failed" and 120000 <= e["at_ms"] < 121000' \
    "P008 (c) it stayed armed for all of the 120 s, and no longer"
matches "$err" "another port" "P008 (c) what to do next is said"

# ---- a window that is always over too early: each miss is said, and it stays armed ----

forget
run update new.dfu --board $board,mode=dfu,window=30,delay=5000 --revision 1 --wait=60 --events --json
has_event 'e["event"] == "note" and "update mode ended" in e["text"].lower()' \
    "P008 (miss) the update mode ended, is said"
matches "$err" "update mode ended after (about )?7 s" "P008 (miss) and after how long"
matches_not "$err" "was not held" "P008 (miss) a person who held the button isn't told otherwise"
holds "P008 (miss) it stays armed: the person is asked again after the second miss" \
    [ "$(event_count 'e["event"] == "ask"')" -ge 3 ]
has_event 'e["event"] == "failed" and e["at_ms"] >= 60000' "P008 (miss) for as long as --wait says"
shield_has_not new.dfu "P008 (miss) nothing is claimed that isn't so"
finish
