#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P093: the option that waits takes the next word for itself, or ends when the board goes from one mode into the other.
# P093: the half of the dfu-util front end comes with it.
. "$(dirname "$0")/lib.sh"
echo "# P093: the half that needs the dfu-util front end comes with it"
sample raw 3000 new.bin
board=sim:dfu,timing=none,app-id=1d50:6002,log=$log,flash=$flash

for words in '--wait new.bin' 'new.bin --wait' '--wait=60 new.bin'; do
    forget
    # shellcheck disable=SC2086
    run update $words --board $board,mode=unplugged,delay=10000 --events --json
    ends_with 0 "P093 (a) $words, with a board that comes after 10 s"
    is_json '["outcome"]' '"updated"' "P093 (a) $words: it is updated"
    starts_with new.bin "P093 (a) $words: the board has the file"
    has_event 'e["event"] == "board-back" and e["at_ms"] >= 10000' "P093 (a) $words: it was waited for"
done
matches "$err" 'plug' "P093 (a) that it waits, and for what, is shown"

forget
run update new.bin --board $board,person=none,enumerate=9000 --json
ends_with 0 "P093 (b) nine seconds from one mode into the other, without --wait"
starts_with new.bin "P093 (b) the board has the file"
forget
run update new.bin --board $board,person=none,enumerate=25000 --wait=30 --json
ends_with 0 "P093 (b) 25 seconds, with --wait=30"
starts_with new.bin "P093 (b) the board has the file"

for seconds in 0 5 60; do
    forget
    run update new.bin --board $board,mode=unplugged,person=none --wait=$seconds --events --json
    ends_with 3 "P093 (c) nobody comes, --wait=$seconds"
    has_event 'e["event"] == "failed" and '"$((seconds * 1000))"' <= e["at_ms"] <= '"$((seconds * 1000 + 500))" \
        "P093 (c) it ends after $seconds s"
done
run update --wait ten new.bin --board $board --json
holds "P093 (d) a word behind --wait is a file" [ "$status" -ne 0 ]
matches "$err" 'ten' "P093 (d) which it doesn't have"
finish
