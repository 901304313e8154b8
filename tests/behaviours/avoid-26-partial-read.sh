#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 26: a read refuses an existing file, leaves a part of one, and makes a file called "-".
. "$(dirname "$0")/../problems/lib.sh"
sample raw 65536 content.bin
board=sim:dfu,timing=none,person=none,size=64KB,log=$log,flash=$flash

forget
cp content.bin $flash
echo mine >there.bin
run read there.bin --board $board --json
ends_with 2 "avoid 26: an existing file"
[ "$(cat there.bin)" = mine ]
ok $? "avoid 26: is only replaced where that is asked for"
was_left_alone "avoid 26: and the board isn't asked for nothing"
run read there.bin --board $board --overwrite --json
ends_with 0 "avoid 26: as here"
cmp -s there.bin content.bin
ok $? "avoid 26: it is what the board holds"

run read part.bin --board $board,fault=no-return@100 --json
ends_with 10 "avoid 26: a read that breaks off"
[ "$(find . -name '*part*' | wc -l)" = 0 ]
ok $? "avoid 26: leaves no part"
rm -f $log
run read no/such/folder/saved.bin --board $board --json
ends_with 13 "avoid 26: a folder that isn't there"

run read - --board $board
ends_with 0 "avoid 26: -"
cmp -s "$out" content.bin
ok $? "avoid 26: is standard output"
[ ! -e ./- ]
ok $? "avoid 26: and no file"
finish
