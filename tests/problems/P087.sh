#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P087: progress fills a log with hundreds of lines, jumps back between erase, write and verify, and doesn't say which of
# them it is. Here on a DfuSe board with a long erase.
. "$(dirname "$0")/lib.sh"
sample raw 262144 big.bin
files filled other.bin 262144 0xa5
board=sim:stm32f4,timing=none,person=none,log=$log,flash=$flash
prepare() { # each page is to be erased
    forget_all
    files filled $flash 1048576 0xff
    files put $flash 0 other.bin
}

# ---- (a) in a file: lines, and few ----

prepare
run update big.bin --board $board
ends_with 0 "P087 (a) an update with a long erase, into files"
[ "$(cat "$out" "$err" | tr -dc '\r\033' | wc -c)" = 0 ]
ok $? "P087 (a) no carriage return, no escape code"
lines=$(wc -l <"$err")
holds "P087 (a) few lines ($lines)" [ "$lines" -le 40 ]
for stage in comparing erasing writing 'reading back'; do
    [ "$(grep -c "^$stage" "$err")" = 1 ]
    ok $? "P087 (a) one line says: $stage"
done
awk '/^(comparing|erasing|writing|reading back|leaving|waiting)/ { steps = 0 }
     /^[0-9]+ %/ { if (++steps > 10) bad = 1; if ($1 + 0 < last) bad = 1; last = $1 + 0 }
     END { exit bad }' "$err"
ok $? "P087 (a) at most ten of progress in a step, and none goes back"

for setting in TERM=dumb NO_COLOR=1 CI=1; do
    prepare
    env "$setting" "$FETTLE" update big.bin --board $board >"$out" 2>"$err" </dev/null
    status=$?
    ends_with 0 "P087 (b) $setting"
    [ "$(cat "$out" "$err" | tr -dc '\r\033' | wc -c)" = 0 ]
    ok $? "P087 (b) $setting: no carriage return, no escape code"
done

# ---- (c) one total for all steps ----

prepare
run update big.bin --board $board --events --json
ends_with 0 "P087 (c) as events"
python3 - "$out" <<'END' >seen
import json, sys
events = [e for e in map(json.loads, open(sys.argv[1], encoding="utf-8")) if "event" in e]
totals = [e["progress"] for e in events if e["event"] in ("stage", "progress")]
back = [(a, b) for a, b in zip(totals, totals[1:]) if b < a]
print("%d totals, %d go back, the last is %d" % (len(totals), len(back), events[-1]["progress"]))
sys.exit(0 if totals and not back and events[-1]["progress"] == 1000000 else 1)
END
ok $? "P087 (c) the total never goes back, and comes to its end ($(cat seen))"
stages=$(python3 - "$out" <<'END'
import json, sys
events = [e for e in map(json.loads, open(sys.argv[1], encoding="utf-8")) if e.get("event") == "stage"]
print(" ".join(e["stage"] for e in events))
END
)
[ "$stages" = "find compare erase write verify leave confirm" ]
ok $? "P087 (c) each step has its name, and comes once ($stages)"
has_event 'e["event"] == "progress" and e["stage"] == "erase"' "P087 (c) pages that are erased are progress"

# ---- (d) the time that is left ----

python3 - "$out" <<'END' >seen
import json, sys
events = [e for e in map(json.loads, open(sys.argv[1], encoding="utf-8")) if "event" in e]
end = events[-1]["at_ms"]
told = [e for e in events if e["left_ms"] is not None]
late = [e for e in told if 3000 <= e["at_ms"]]
wrong = [e for e in late if end - e["at_ms"] >= 2000 and not
         (end - e["at_ms"]) / 3 <= e["left_ms"] <= (end - e["at_ms"]) * 3]
print("%d from then on, %d of them wrong" % (len(late), len(wrong)))
for e in wrong[:3]:
    print("# after %d ms %d are said to be left, and %d are" % (e["at_ms"], e["left_ms"], end - e["at_ms"]))
sys.exit(0 if late and not wrong else 1)
END
ok $? "P087 (d) from 3 s on it is told, and right to a factor of three ($(head -n 1 seen))"
sed -n '2,$p' seen
finish
