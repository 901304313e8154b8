#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P073: an Expansion Board 3.1 stays on EF99 after a good update. One that comes and goes every seven seconds
# is in test_desk.c.
. "$(dirname "$0")/lib.sh"
sample expansion31 new.dfu
sample pytrack pytrack.dfu
board=sim:expansion31,timing=none,mode=dfu,stays=yes,log=$log,flash=$flash

# ---- (a) back in update mode after every start ----

forget
run update new.dfu --board $board --revision 3.1 --events --json --state-dir state
ends_with 12 "P073 (a) back in update mode after every start"
is_json '["verified"]' '"readback"' "P073 (a) that it was read back is kept"
is_json '["error"]["code"]' '"application-missing"' "P073 (a) what went wrong is the start"
shield_has new.dfu "P073 (a) the board has the file"
matches "$err" "(memory|written) is right.*but.*instead of starting|does not start" \
    "P073 (a) written correctly, and the board does not start it"
has_event 'e["event"] == "failed" and e["at_ms"] < 120000' "P073 (a) it ends, within two minutes"
holds "P073 (a) and wrote each block once" [ "$(blocks)" -le 256 ]

cp "$err" first.err
run update new.dfu --board $board --revision 3.1 --json --state-dir state
ends_with 12 "P073 (a) the second time"
is_json '["verified"]' '"readback"' "P073 (a) still right"
cat first.err >>"$err"
matches "$err" "batch.*faulty|faulty.*batch" "P073 (a) after the second time the faulty batch is named"

# A board without such a batch isn't suspected.
forget
run update pytrack.dfu --board sim:pytrack,timing=none,mode=dfu,stays=yes,log=$log,flash=$flash \
    --revision 1 --json
ends_with 12 "P073 (b) a Pytrack that stays in update mode"
says_not "$err" "batch" "P073 (b) is not of that batch"

# One that does start is no such case.
forget
run update new.dfu --board sim:expansion31,timing=none,mode=dfu,log=$log,flash=$flash --revision 3.1 --json
ends_with 0 "P073 (c) an Expansion Board that starts"
says_not "$err" "batch" "P073 (c) hears nothing of it"
finish
