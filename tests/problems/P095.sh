#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P095: a mass erase fails, or the board seems dead: an STM32F405 says 100 ms and takes 32 s; on an F767 and an H7
# GETSTATUS fails after it.
. "$(dirname "$0")/lib.sh"
files app app.bin 5000 0x08000000
files filled blank.bin 1048576 0xff
board=sim:stm32f405,timing=none,person=none,log=$log,flash=$flash

# ---- (a) 32 s ----

forget_all
run erase --board $board --mass-erase --yes --json --events
ends_with 0 "P095 (a) erase --mass-erase, which takes 32 s"
is_json '["outcome"]' '"erased"' "P095 (a) it is erased"
is_json '["verified"]' '"readback"' "P095 (a) which was read, to see"
holds_exactly blank.bin "P095 (a) all of it is blank"
holds "P095 (a) it did take that long" [ "$(took_ms)" -ge 32000 ]
has_event 'e["event"] == "note" and e["stage"] == "erase" and e["at_ms"] <= 2000 and "35 s" in e["text"]' \
    "P095 (a) which was said beforehand"

# One that answers meanwhile, and says 100 ms again and again, isn't stuck.
forget_all
run erase --board $board,busy=answers --mass-erase --yes --json
ends_with 0 "P095 (a) one that answers meanwhile"
awk '/"what":"mass-erase"/ { erased = 1 } erased && /"what":"CLRSTATUS"/ { bad = 1 } END { exit bad || !erased }' $log
ok $? "P095 (a) is left in peace"
holds "P095 (a) until it has done it" [ "$(took_ms)" -ge 32000 ]

forget_all
run update app.bin --board $board --mass-erase --yes --json
ends_with 0 "P095 (b) update --mass-erase"
was_asked mass-erase 1 "P095 (b) all of it is erased once"
was_asked erase 0 "P095 (b) and no page besides"
files put blank.bin 0 app.bin
holds_exactly blank.bin "P095 (b) the board has the file, and nothing else"

# ---- (c) it fails: page by page ----

forget_all
files filled $flash 1048576 0xa5
run update app.bin --board $board,fault=status=errERASE@1 --mass-erase --yes --json
ends_with 0 "P095 (c) the mass erase is refused once"
holds_exactly blank.bin "P095 (c) the board has the file, and nothing else"

forget_all
files filled $flash 1048576 0xa5
run update app.bin --board $board --mass-erase --yes --json
answer=$(awk '/"what":"mass-erase"/ { print n + 1; exit } /"what":"(UPLOAD|GETSTATUS)"/ { n++ }
              /"what":"DNLOAD"/ && !/"wLength":0,/ { n++ }' $log)
forget_all
files filled $flash 1048576 0xa5
run update app.bin --board "$board,fault=stall@$((answer + 1))" --mass-erase --yes --json
ends_with 0 "P095 (d) GETSTATUS is stalled after it"
grep '"what":"GETSTATUS"' $log | grep -q '"outcome":"STALL"'
ok $? "P095 (d) it was"
holds_exactly blank.bin "P095 (d) the board has the file, and nothing else"

# A board that never does it in one go, as an H7 with ROM V13.3: pages are all it takes.
forget_all
files filled $flash 1048576 0xa5
run update app.bin --board "$board,fault=status=errERASE@1,fault=status=errERASE@2" --mass-erase --yes --json
ends_with 0 "P095 (e) the mass erase is refused again and again"
holds "P095 (e) then pages are erased" [ "$(asked erase)" -ge 1 ]
holds_exactly blank.bin "P095 (e) the board has the file, and nothing else"

# What was erased in one go isn't erased so again because a block was refused.
forget_all
run update app.bin --board "$board,fault=status=errPROG@2" --mass-erase --yes --json
ends_with 0 "P095 (e) a block is refused after the mass erase"
was_asked mass-erase 1 "P095 (e) all of it is erased once"
starts_with app.bin "P095 (e) the board has the file"

# ---- (f) nothing helps: that isn't the end of the board ----

forget_all
run update app.bin --board $board,fault=status=errERASE --mass-erase --yes --json
ends_with 10 "P095 (f) no erase works at all"
grep -q '"what":"DNLOAD".*"wLength":5,' $log
ok $? "P095 (f) page by page was tried as well"
matches "$err" '(again at any time|can be (flashed|updated) again)' "P095 (f) that it can be tried again at any time"
rm -f $log
run update app.bin --board $board --json
ends_with 0 "P095 (f) and it can"
starts_with app.bin "P095 (f) the board has the file"
finish
