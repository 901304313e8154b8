#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P062: LIBUSB_ERROR_TIMEOUT during a download: requests have five seconds, and the board erases a whole bank inside one.
# A board that is silent for good stands for one that is silent for 12 s: nobody gives up before 35 s.
. "$(dirname "$0")/lib.sh"
sample raw 5000 new.bin
files app app.bin 5000 0x08000000
board=sim:dfu,timing=none,person=none,log=$log,flash=$flash

silence_of() { # WHAT: how long the first of these waited for its answer, in ms
    line=$(grep "\"what\":\"$1\"" $log | grep '"outcome":"TIMEOUT"' | head -n 1)
    ended=$(field ended "$line")
    began=$(field began "$line")
    echo $(((${ended:-0} - ${began:-0}) / 1000))
}

# ---- (a) plain DFU: the first block erases everything ----

forget
run update new.bin --board $board --json
first=$(requests_to_block 1)
forget
run update new.bin --board $board,fault=mute@$first --json
ends_with 10 "P062 (a) it doesn't answer the first block, ever"
silence=$(silence_of DNLOAD)
holds "P062 (a) which is no failure before 35 s ($silence ms)" [ "$silence" -ge 35000 ]
holds "P062 (a) and has an end ($(took_ms) ms)" [ "$(took_ms)" -le 240000 ]

# ---- (b) DfuSe: pages, and all of it ----

forget_all
run update app.bin --board sim:stm32f405,timing=none,person=none,log=$log,flash=$flash --json
erased=$(requests_to erase 1)
forget_all
run update app.bin --board sim:stm32f405,timing=none,person=none,log=$log,flash=$flash,fault=mute@$erased --json
ends_with 10 "P062 (b) it doesn't answer while it erases a page, ever"
silence=$(silence_of GETSTATUS)
holds "P062 (b) which is no failure before 35 s ($silence ms)" [ "$silence" -ge 35000 ]

forget_all
run update app.bin --board sim:stm32f405,timing=none,person=none,log=$log,flash=$flash --mass-erase --yes --events --json
ends_with 0 "P062 (c) 32 s without an answer, for all of the memory"
starts_with app.bin "P062 (c) the board has the file"
matches "$err" 'eras.*up to [0-9]+ s' "P062 (c) it was said how long that can take"

# ---- (d) it can be stopped meanwhile ----

forget
begin update new.bin --board sim:dfu,person=none,log=$log,flash=$flash,fault=mute@$first --json
is_sent() {
    grep -q '"what":"mute"' $log 2>/dev/null
}
wait_for is_sent
ok $? "P062 (d) it waits for an answer"
kill -s INT $program
end
ends_with 130 "P062 (d) Ctrl-C ends that"
is_json '["outcome"]' '"interrupted"' "P062 (d) which is no failure of the board"
finish
