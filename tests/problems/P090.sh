#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P090: a part of the firmware is destroyed, and the exit status is 0: elements that aren't in order, so that a page is
# erased again when something stands in it already.
. "$(dirname "$0")/lib.sh"
sample raw 1024 a.bin 1 # at page 0
sample raw 2048 b.bin 2 # page 1
sample raw 1024 c.bin 3 # page 0 again, behind a
board=sim:stm32l4,timing=none,person=none,log=$log,flash=$flash

is_right() { # CASE
    ends_with 0 "P090 $1"
    is_json '["verified"]' '"readback"' "P090 $1: proven"
    happened_at erase "0x08000000 0x08000800" "P090 $1: each page is erased once"
    awk '/"what":"program"/ { wrote = 1 } /"what":"erase"/ && wrote { bad = 1 } END { exit bad || !wrote }' $log
    ok $? "P090 $1: and all of them before the first is written"
    has_at 0 a.bin "P090 $1: A is there"
    has_at 0x800 b.bin "P090 $1: B is there"
    has_at 0x400 c.bin "P090 $1: C is there"
    was_asked unerased 0 "P090 $1: nothing was written where it wasn't erased"
}

files dfuse abc.dfu 0:0x08000000:a.bin 0:0x08000800:b.bin 0:0x08000400:c.bin
forget_all
run update abc.dfu --board $board --json
is_right "(a) A, B, C"

files dfuse cba.dfu 0:0x08000400:c.bin 0:0x08000800:b.bin 0:0x08000000:a.bin
forget_all
run update cba.dfu --board $board --json
is_right "(b) C, B, A"

forget_all
run update a.bin@0x08000000 b.bin@0x08000800 c.bin@0x08000400 --board $board --json
is_right "(c) three files"
finish
