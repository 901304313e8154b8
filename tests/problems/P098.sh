#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P098: reading a board's memory: an existing file is an error, half a file is left, "-" becomes a file called "-".
. "$(dirname "$0")/lib.sh"
strict=sim:dfu,timing=none,person=none,size=64KB,log=$log,flash=$flash
f4=sim:stm32f4,timing=none,person=none,log=$log,flash=$flash
sample raw 65536 content.bin
files filled content.flash 1048576 0xff
files put content.flash 0 content.bin

nothing_is_left() { # CASE
    [ "$(find . -newer mark -type f ! -name out ! -name err ! -name "$log" ! -name "$flash" ! -path './home/*' | wc -l)" = 0 ]
    ok $? "P098 $1: nothing is left, under no name"
}

for board in $strict $f4; do
    name=${board%%,*}
    forget
    cp content.bin $flash
    [ $board != $f4 ] || cp content.flash $flash
    run read whole.bin --board $board --length 65536 --json
    ends_with 0 "P098 (a) $name"
    cmp -s whole.bin content.bin
    ok $? "P098 (a) $name: the file is what the board holds"
    half=$(($(requests_to UPLOAD 1) + $(grep -c '"what":"UPLOAD"' $log) / 2))
    rm -f whole.bin $log

    : >mark
    run read part.bin --board $board,fault=no-return@$half --length 65536 --json
    ends_with 10 "P098 (b) $name: unplugged half way"
    nothing_is_left "(b) $name"

    echo mine >there.bin
    rm -f $log
    run read there.bin --board $board --length 65536 --json
    ends_with 2 "P098 (c) $name: a file that is there"
    is_json '["error"]["code"]' '"file-exists"' "P098 (c) $name: is the reason"
    [ "$(cat there.bin)" = mine ]
    ok $? "P098 (c) $name: it is untouched"
    was_left_alone "P098 (c) $name: the board as well"
    run read there.bin --board $board,fault=no-return@$half --length 65536 --overwrite --json
    ends_with 10 "P098 (d) $name: to be replaced, and unplugged half way"
    [ "$(cat there.bin)" = mine ]
    ok $? "P098 (d) $name: it is still the old one"
    run read there.bin --board $board --length 65536 --overwrite --json
    ends_with 0 "P098 (e) $name: --overwrite"
    cmp -s there.bin content.bin
    ok $? "P098 (e) $name: it is replaced"
    rm -f there.bin

    run read - --board $board --length 65536
    ends_with 0 "P098 (f) $name: to standard output"
    cmp -s "$out" content.bin
    ok $? "P098 (f) $name: it is there, and nothing else"
    [ ! -e ./- ]
    ok $? "P098 (f) $name: no file has that name"

    "$FETTLE" read - --board $board --length 65536 >/dev/full 2>"$err"
    status=$?
    ends_with 13 "P098 (g) $name: a full disk behind standard output"
    matches "$err" 'no space left|disk' "P098 (g) $name: which is said as such"
    : >mark
    (
        trap '' XFSZ
        ulimit -f 8
        "$FETTLE" read full.bin --board "${board%%,log*}" --length 65536 --json >"$out" 2>"$err"
    )
    status=$?
    ends_with 13 "P098 (h) $name: a file that can't be kept"
    is_json '["error"]["code"]' '"cannot-keep"' "P098 (h) $name: is the reason"
    nothing_is_left "(h) $name"
done
finish
