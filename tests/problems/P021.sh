#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P021: "Which button?": Safe Boot or the module's reset is pressed, and nothing happens. Somebody who finds
# the right button after that is in test_desk.c.
. "$(dirname "$0")/lib.sh"
echo "# P021: the picture itself comes with the page; here its name is in the events"
sample pytrack pytrack.dfu
sample expansion31 expansion.dfu

# A person who plugs it in without the button, again and again. It shows f013: its application.
normal_start() { # CASE KIND FILE REVISION PICTURE
    forget
    run update "$3" --board sim:$2,timing=none,mode=unplugged,person=wrong,log=$log,flash=$flash \
        --revision "$4" --wait=30 --events --json
    ends_with 12 "P021 $1 the button was never held"
    has_event 'e["event"] == "ask" and "S1" in e["text"] and "Safe" in e["text"] and "reset" in e["text"]' \
        "P021 $1 which button, and which not"
    has_event 'e["event"] == "ask" and e["picture"] == "'"$5"'"' "P021 $1 the picture of this board's S1"
    has_event 'e["event"] == "note" and "started normally" in e["text"] and "S1" in e["text"] and \
        "not held" in e["text"]' "P021 $1 that it started normally, and why"
    matches "$err" "started normally: the button S1.* was not held" "P021 $1 a person reads it"
    python3 - "$out" <<'END'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
events = [e for e in events if "event" in e]
at = next((i for i, e in enumerate(events) if e["event"] == "note"), len(events))
later = [e for e in events[at:] if e["event"] == "ask"]
sys.exit(0 if later and later[0]["picture"] else 1)
END
    ok $? "P021 $1 it waits on, and shows the picture again"
    has_event 'e["event"] == "failed" and e["at_ms"] >= 30000' "P021 $1 until the wait is over"
    was_only_asked_who_it_is "P021 $1 the application was asked no more than who it is"
}
normal_start "(a) Pytrack" pytrack pytrack.dfu 1 pytrack-s1
normal_start "(b) Expansion Board" expansion31 expansion.dfu 3.1 expansion-s1
finish
