#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P022: a battery keeps the shield powered: it is replugged with the button held, and starts its application.
. "$(dirname "$0")/lib.sh"
sample pytrack new.dfu
board=sim:pytrack,timing=none,log=$log,flash=$flash

forget
run update new.dfu --board $board,battery=yes --revision 1 --wait=60 --events --json
ends_with 12 "P022 a board that replugging doesn't restart"
python3 - "$out" <<'END'
import json, re, sys
events = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
steps = [e["text"] for e in events if e.get("event") == "ask"][0]
first_two = re.sub(r"\s+", " ", steps[:steps.index("3. ")]).lower()
sys.exit(0 if "module" in first_two and "battery" in first_two and "hold" not in first_two else 1)
END
ok $? "P022 module and battery are in steps 1 and 2, before any button"

# Two failed tries are two arrivals of the application after the first sight of it.
notes=$(event 'e["event"] == "note" and "battery" in e["text"].lower() and "module" in e["text"].lower()')
holds "P022 take the module and the battery off, is said" [ -n "$notes" ]
said_at=$(printf '%s\n' "$notes" | sed -n 's/.*"at_ms": \([0-9]*\),.*/\1/p')
arrivals=$(grep '"what":"arrives"' $log | sed 's/.*"at":\([0-9]*\).*/\1/')
before=0
for at in $arrivals; do
    [ "$at" -gt $((${said_at:-0} * 1000 + 999)) ] || before=$((before + 1))
done
[ "$before" = 3 ]
ok $? "P022 after the second failed try, neither sooner nor later ($((before - 1)) tries)"
matches "$err" "module.*battery" "P022 a person reads it"
was_only_asked_who_it_is "P022 the application was asked no more than who it is"

# One failed try is no reason to send anybody for a screwdriver.
forget
run update new.dfu --board $board,battery=yes --revision 1 --wait=2 --events --json
ends_with 12 "P022 one failed try"
[ "$(event_count 'e["event"] == "note" and "battery" in e["text"].lower()')" = 0 ]
ok $? "P022 after one nothing is said of it"

# Without the battery the same hands work.
forget
run update new.dfu --board $board --revision 1 --wait=60 --json
ends_with 0 "P022 without a battery"
shield_has new.dfu "P022 the board has the file"
finish
