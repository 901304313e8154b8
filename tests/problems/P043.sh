#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P043: "Error during special command ERASE_PAGE get_status": the ROM of an STM32L4 stalls GETSTATUS while it erases,
# longer than it has said.
. "$(dirname "$0")/lib.sh"
files app app.bin 16000 0x08000000
board=sim:stm32l4,timing=none,person=none,log=$log,flash=$flash

forget_all
run update app.bin --board $board --json
ends_with 0 "P043 (a) it says 10 ms, takes 22, and stalls meanwhile"
is_json '["outcome"]' '"updated"' "P043 (a) it is updated"
is_json '["verified"]' '"readback"' "P043 (a) and proven"
starts_with app.bin "P043 (a) the board has the file"
grep '"what":"GETSTATUS"' $log | grep -q '"outcome":"STALL"'
ok $? "P043 (a) it did stall"
matches_not "$err" 'first try|error|STALL|did not' "P043 (a) nobody is told, because nothing is wrong"
happened_at erase "$(for page in 0 1 2 3 4 5 6 7; do printf '0x%08x ' $((0x08000000 + page * 2048)); done | sed 's/ $//')" \
    "P043 (a) each page was erased once"
stalled=$(grep '"what":"GETSTATUS"' $log | grep -c '"outcome":"STALL"')
holds "P043 (a) asked again after a pause, not at once ($stalled stalls)" [ "$stalled" -le 64 ]

# Erases that take ever so long are waited for, and not for ever.
forget_all
run update app.bin --board $board,erase=5000 --json
ends_with 0 "P043 (b) five seconds a page"
starts_with app.bin "P043 (b) the board has the file"

forget_all
run update app.bin --board $board --json
first=$(requests_to DNLOAD 1)
forget_all
run update app.bin --board $board,fault=stall@$((first + 1))+ --json
ends_with 10 "P043 (c) it stalls for ever"
holds "P043 (c) that has an end ($(took_ms) ms)" [ "$(took_ms)" -le 130000 ]

# What it refuses in one piece is tried once more with half of it.
forget_all
run update app.bin --board $board --json
block=$(stalls_to_data)
forget_all
run update app.bin --board $board,fault=stall@$block --json
ends_with 0 "P043 (d) a block of 2048 bytes is refused once"
starts_with app.bin "P043 (d) the board has the file"
awk '/"what":"DNLOAD"/ && /"outcome":"STALL"/ { seen = 1; next }
     seen && /"what":"DNLOAD"/ { size = $0; sub(/.*"wLength":/, "", size); size += 0; if (size > most) most = size }
     END { exit !(seen && most == 1024) }' $log
ok $? "P043 (d) the second try has blocks of 1024"
is_json '["error"]' null "P043 (d) nobody has to do anything"
finish
