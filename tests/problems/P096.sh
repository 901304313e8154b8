#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P096: images of more than 65536 blocks fail or are cut: block numbers have 16 bits. Sizes have more than 32.
# P096: a board that is known to refuse blocks beyond 0xFFFE comes with one that is known by name.
. "$(dirname "$0")/lib.sh"
echo "# P096: a board that refuses blocks beyond 0xFFFE comes with one that is known by name"
sample raw 5000000 big.bin
board=sim:dfu,timing=none,person=none,usb=none,transfer=64,size=8MB,log=$log,flash=$flash

forget
run update big.bin --board $board --no-verify --json
ends_with 0 "P096 (a) 78125 blocks of 64 bytes"
starts_with big.bin "P096 (a) the board has the file, all of it"
grep '"what":"DNLOAD"' $log | grep -v '"wLength":0,' | sed 's/.*"wValue":\([0-9]*\),.*/\1/' |
    awk '$1 != NR - 1 && $1 != (NR - 1) % 65536 { bad = 1 } $1 == 0 { zeros++ } END { exit bad || zeros != 2 || NR != 78125 }'
ok $? "P096 (a) block numbers go on from 65535 with 0"

rm -f $log
run verify big.bin --board sim:dfu,timing=none,person=none,usb=none,transfer=64,size=8MB,flash=$flash --json
ends_with 0 "P096 (b) reading it back goes round, too"

# ---- a file that can't be ----

truncate -s 5G huge.bin
forget
run update huge.bin --board sim:dfu,timing=none,log=$log,flash=$flash --json
ends_with 9 "P096 (c) a file of 5 GiB"
is_json '["error"]["code"]' '"file-too-large"' "P096 (c) is too large, and no other reason"
matches "$err" '5368709120' "P096 (c) its size is told, and hasn't lost its upper half"
was_left_alone "P096 (c) nothing was asked of the board"
run_with_little_memory update huge.bin --board sim:dfu,timing=none --json
ends_with 9 "P096 (d) it is refused before it is read: with little memory"

# ---- more than the memory has ----

sample raw 70000 large.bin
forget_all
run update large.bin@0x080f0000 --board sim:stm32f4,timing=none,log=$log,flash=$flash --json
ends_with 8 "P096 (e) a file that goes beyond the end of the flash"
was_not_changed "P096 (e) nothing was changed"
finish
