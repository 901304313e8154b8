#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 29: progress in a log: one line that is written over itself, no phases, no time.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 65536 new.bin

for board in sim:dfu sim:stm32f4; do
    forget_all
    run update new.bin --board $board,timing=none,person=none,log=$log,flash=$flash
    ends_with 0 "avoid 29: $board, into files"
    [ "$(cat "$out" "$err" | tr -dc '\r\033\b' | wc -c)" = 0 ]
    ok $? "avoid 29: $board: no line is written over itself"
    [ "$(wc -l <"$err")" -le 30 ]
    ok $? "avoid 29: $board: few lines ($(wc -l <"$err"))"
    for stage in comparing writing 'reading back'; do
        matches "$err" "$stage" "avoid 29: $board: the step is named: $stage"
    done
    forget_all
    run update new.bin --board $board,timing=none,person=none,log=$log,flash=$flash --events
    python3 - "$out" <<'END'
import json, sys
events = [e for e in map(json.loads, open(sys.argv[1], encoding="utf-8")) if "event" in e]
totals = [e["progress"] for e in events]
sys.exit(0 if totals == sorted(totals) and totals[-1] == 1000000 and all("left_ms" in e for e in events) else 1)
END
    ok $? "avoid 29: $board: as events, with one total that only grows, and the time that is left"
    run update new.bin --board $board,timing=none,person=none -q
    is_empty "$err" "avoid 29: $board: -q, and nothing at all is said"
done
finish
