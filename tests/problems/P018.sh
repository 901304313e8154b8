#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P018: "Lost device after RESET?": five seconds are slept after DETACH, then one look is taken, for the same ids.
# The board comes back when it likes, as something else, on the same port.
. "$(dirname "$0")/lib.sh"
sample raw 3000 new.bin
board=sim:dfu,timing=none,person=none,app-id=1d50:6002,id=1fc9:000c,app-serial=0028,serial=FFFFFFFEFFFF

for how in will reset; do
    for ms in 200 4000 9000; do
        forget
        run update new.bin --board $board,detach=$how,enumerate=$ms,log=$log,flash=$flash --json --events
        ends_with 0 "P018 (a) back after $ms ms, detach=$how"
        is_json '["outcome"]' '"updated"' "P018 (a) $ms ms, $how: it is updated"
        starts_with new.bin "P018 (a) $ms ms, $how: the board has the file"
        has_event 'e["event"] == "stage" and e["stage"] == "compare" and e["at_ms"] <= '"$((ms + 300))" \
            "P018 (a) $ms ms, $how: it goes on when the board is there, and not later"
        is_json '["board"]["path"]' '"sim:dfu"' "P018 (a) $ms ms, $how: on its port"
    done
done

forget
run update new.bin --board $board,enumerate=15000,log=$log,flash=$flash --json --events
ends_with 12 "P018 (b) not back within the deadline"
is_json '["error"]["code"]' '"no-update-mode"' "P018 (b) it is called by its name"
has_event 'e["event"] == "failed" and 10000 <= e["at_ms"] <= 11000' "P018 (b) after 10 s"
matches "$err" '10 s' "P018 (b) which is shown"

forget
run update new.bin --board $board,enumerate=15000,log=$log,flash=$flash --wait=20 --json
ends_with 0 "P018 (c) who waits longer has it"
starts_with new.bin "P018 (c) the board has the file"

# Where nothing can reset it (as on Windows) somebody must plug it in again.
forget
run update new.bin --board sim:dfu,timing=none,app-id=1d50:6002,detach=no,log=$log,flash=$flash --json --events
ends_with 0 "P018 (d) DETACH does nothing, and there is somebody"
has_event 'e["event"] == "ask" and e["ask"] == "update-mode" and "plug" in e["text"]' \
    "P018 (d) who is asked to plug it in again"
starts_with new.bin "P018 (d) the board has the file"
finish
