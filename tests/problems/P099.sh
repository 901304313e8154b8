#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P099: several files, or addresses, can't be written in one go: one image a run, and a restart in between.
# What goes to option bytes and the like is the exception, and on purpose: it is named, and written alone.
. "$(dirname "$0")/lib.sh"
files app low.bin 5000 0x08000000
sample raw 3000 high.bin 5
sample raw 16 options.bin 6
board=sim:stm32f4,timing=none,person=none,app-id=0483:5740,log=$log,flash=$flash

forget_all
run update low.bin@0x08000000 high.bin@0x08020000 --board $board --json
ends_with 0 "P099 (a) two files at two addresses"
is_json '["verified"]' '"readback"' "P099 (a) both are proven"
has_at 0 low.bin "P099 (a) the one is there"
has_at 0x20000 high.bin "P099 (a) and the other"
happened_at erase "0x08000000 0x08020000" "P099 (a) one set of pages"
awk '/"what":"program"/ { wrote = 1 } /"what":"erase"/ && wrote { bad = 1 } END { exit bad }' $log
ok $? "P099 (a) erased before the first block"
happened_at leave 0x08000000 "P099 (a) and one leave, at the end"
was_asked leaves 2 "P099 (a) it has left twice: into update mode, and into its application"

# Into one page.
forget_all
run update low.bin@0x08000000 high.bin@0x08002000 --board $board --json
ends_with 0 "P099 (b) two files into one page"
happened_at erase 0x08000000 "P099 (b) which is erased once"
has_at 0 low.bin "P099 (b) the one is there"
has_at 0x2000 high.bin "P099 (b) and the other"

# The third one is for another alternate setting.
files dfuse three.dfu 0:0x08000000:low.bin 0:0x08020000:high.bin 1:0x1fffc000:options.bin
for words in 'low.bin@0x08000000 high.bin@0x08020000 options.bin@0x1fffc000' three.dfu; do
    forget_all
    # shellcheck disable=SC2086
    run update $words --board $board --json
    ends_with 8 "P099 (c) $words: with something for the option bytes"
    is_json '["error"]["code"]' '"memory-not-named"' "P099 (c) $words: which must be named"
    matches "$err" 'Option Bytes.*0x1fffc000' "P099 (c) $words: what, and where"
    [ -s $log ] && ! grep -qE '"what":"(erase|program)"' $log
    ok $? "P099 (c) $words: nothing was written"
done
run update three.dfu --memory 1 --board sim:stm32f4,timing=none,person=none,log=$log,flash=$flash --yes --json
ends_with 0 "P099 (d) named, it is written"
matches "$err" '8000 bytes of the file are for other memories' "P099 (d) alone, and that is said"

# Two files for the same place are a mistake.
forget
run update low.bin@0x08000000 high.bin@0x08001000 --board $board --json
ends_with 2 "P099 (e) files that overlap"
was_left_alone "P099 (e) are refused before anything is asked"
finish
