#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P094: erasing the second bank of an STM32H743 never ends: the ROM stays in dfuDNBUSY above 1 MiB, until it is given two
# CLRSTATUS.
. "$(dirname "$0")/lib.sh"
sample raw 140000 new.bin
board=sim:stm32h7,timing=none,person=none,log=$log,flash=$flash

forget_all
run update new.bin@0x08100000 --board $board --json
ends_with 0 "P094 (a) beyond 1 MiB"
is_json '["outcome"]' '"updated"' "P094 (a) it is updated"
is_json '["verified"]' '"readback"' "P094 (a) and proven, whatever the erase has said"
has_at 0x100000 new.bin "P094 (a) the board has the file"
happened_at erase "0x08100000 0x08120000" "P094 (a) each page is erased once"
awk '/"what":"erase"/ { if (at) bad = bad || n != 2; at = 1; n = 0 } /"what":"CLRSTATUS"/ && at { n++ }
     END { exit bad || !at || n != 2 }' $log
ok $? "P094 (a) it was freed by two CLRSTATUS, for each page"
holds "P094 (a) within bounds: half a minute for two pages ($(took_ms) ms)" [ "$(took_ms)" -le 30000 ]

forget_all
files filled $flash 2097152 0xa5
run update new.bin@0x08100000 --board $board,fault=drop-erase --json
ends_with 11 "P094 (b) it wasn't erased, and nobody could tell from what it said"
is_json '["error"]["code"]' '"verify-mismatch"' "P094 (b) reading it back does"

forget_all
files filled $flash 2097152 0xa5
run erase --board $board --address 0x08100000 --yes --json
ends_with 0 "P094 (c) erase alone"
is_json '["outcome"]' '"erased"' "P094 (c) it is erased"
is_json '["verified"]' '"readback"' "P094 (c) which was read, to see"
files filled blank.bin 131072 0xff
has_at 0x100000 blank.bin "P094 (c) it is blank"

# Below that, nobody is freed of anything.
forget_all
run update new.bin@0x08000000 --board $board --json
ends_with 0 "P094 (d) below 1 MiB"
awk '/"what":"erase"/ { erased = 1 } erased && /"what":"CLRSTATUS"/ { bad = 1 } END { exit bad || !erased }' $log
ok $? "P094 (d) no CLRSTATUS after an erase"

# Sixteen seconds for all of it are announced, and are no reason to free it.
forget_all
run erase --board $board --mass-erase --yes --json
ends_with 0 "P094 (e) all of it at once"
awk '/"what":"mass-erase"/ { erased = 1 } erased && /"what":"CLRSTATUS"/ { bad = 1 } END { exit bad || !erased }' $log
ok $? "P094 (e) takes 16 s, in which it gets no CLRSTATUS"
was_asked early 0 "P094 (e) and isn't asked before that"
finish
