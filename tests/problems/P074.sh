#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P074: the board stays in update mode after the end, because its bootloader can't leave by itself.
. "$(dirname "$0")/lib.sh"
sample pytrack new.dfu
board=sim:pytrack,timing=none,mode=dfu,exit=no,version=8,log=$log,flash=$flash

# (a) somebody does what is asked
forget
run update new.dfu --board $board --revision 1 --events --json
ends_with 0 "P074 (a) a bootloader that can't leave"
has_event 'e["event"] == "ask" and e["ask"] == "replug" and "nplug" in e["text"] and \
    "plug it in again" in e["text"]' "P074 (a) unplug and plug in again, is asked"
python3 - "$out" <<'END'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
names = [e.get("event") for e in events]
asked = next(i for i, e in enumerate(events) if e.get("event") == "ask")
stages = [e["stage"] for e in events[:asked] if e.get("event") == "stage"]
back = [e for e in events[asked:] if e.get("event") == "board-back" and e["mode"] == "app"]
sys.exit(0 if "verify" in stages and back else 1)
END
ok $? "P074 (a) after all was proven, and the replugging is noticed"
is_json '["outcome"]' '"updated"' "P074 (a) it is updated"
is_json '["board"]["mode"]' '"app"' "P074 (a) the application is up"
is_json '["board"]["parts"][0]["version_after"]' '"8"' "P074 (a) and its version read"
shield_has new.dfu "P074 (a) the board has the file"

# (b) nobody is there
forget
run update new.dfu --board $board,person=none --revision 1 --json
ends_with 0 "P074 (b) nobody is there"
is_json '["verified"]' '"readback"' "P074 (b) it is proven all the same"
matches "$err" "unplug it and plug it in again" "P074 (b) what is left to do is said"
is_json '["board"]["mode"]' '"dfu"' "P074 (b) its mode is what it is"
finish
