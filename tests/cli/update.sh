#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The main job, on virtual boards that need no time.
. "$(dirname "$0")/lib.sh"
sample pytrack pytrack.dfu
sample pysense pysense.dfu
sample raw 5000 raw.bin
board=sim:pytrack,timing=none

run update pytrack.dfu --board $board,flash=flash.bin --revision 1 --json
ends_with 0 "a Pytrack is updated"
is_valid update
has '["outcome"]' '"updated"'
has '["verified"]' '"readback"'
has '["ok"]' true
has '["error"]' null
has '["board"]["name"]' '"Pytrack"'
has '["board"]["mode"]' '"app"'
has '["board"]["repaired"]' 0
has '["image"]["size"]' 16400
is_cheerful
says "$err" "read back and compared with the file" "the proof is named"
says "$err" "Please do this now" "what to press is said"
cmp -s -i 1024 -n 15104 pytrack.dfu flash.bin
ok $? "the flash has the file's rows 16 to 251"

run update pytrack.dfu --board $board,flash=flash.bin --revision 1 --json
ends_with 0 "the same file again"
is_valid update
has '["outcome"]' '"unchanged"'
says "$err" "Nothing was written" "that nothing was written is said"

run update pytrack.dfu --board $board,flash=flash.bin --revision 1 -q
ends_with 0 "quietly"
says_not "$err" "writing" "-q has no narration"

run update - --board $board --revision 1 --json <pytrack.dfu
ends_with 9 "an empty standard input"
is_valid update
has '["error"]["code"]' '"file-empty"'
"$FETTLE" update - --board $board --revision 1 --json <pytrack.dfu >"$out" 2>"$err"
status=$?
ends_with 0 "a file from standard input"
is_valid update
has '["outcome"]' '"updated"'

# ---- what is refused, before anything is touched ----

refused() { # STATUS CODE DESCRIPTION ARGS
    want=$1 code=$2 what=$3
    shift 3
    rm -f log.ndjson
    run update "$@" --json
    ends_with "$want" "$what"
    is_valid update
    has '["error"]["code"]' "\"$code\""
    [ "$(json '["outcome"]')" != '"updated"' ]
    ok $? "$what: not updated"
    ! grep -qE '"changes": *true' log.ndjson 2>/dev/null
    ok $? "$what: the board was not changed"
}
refused 4 answer-needed "no revision" pytrack.dfu --board $board,log=log.ndjson
says "$err" "--revision" "the option is named"
refused 4 answer-needed "a wrong revision" pytrack.dfu --board $board,log=log.ndjson --revision 7
refused 8 wrong-board "a file for another board" pysense.dfu --board $board,log=log.ndjson --revision 1
refused 5 usb-permission "no permission" pytrack.dfu --board $board,log=log.ndjson,fault=no-permission --revision 1
says "$err" "fettle explain usb-permission" "where more is, is said"
cp pytrack.dfu damaged.dfu
printf 'X' | dd of=damaged.dfu bs=1 seek=2000 conv=notrunc 2>/dev/null
refused 9 file-damaged "a damaged file" damaged.dfu --board $board,log=log.ndjson --revision 1
head -c 9000 pytrack.dfu >cut.dfu
refused 9 file-cut "a cut file" cut.dfu --board $board,log=log.ndjson --revision 1
refused 9 file-unreadable "no file" nothing.dfu --board $board,log=log.ndjson --revision 1
refused 9 file-is-folder "a folder" . --board $board,log=log.ndjson --revision 1
: >empty.bin
refused 9 file-empty "an empty file" empty.bin --board $board,log=log.ndjson --revision 1

run update pytrack.dfu --board $board,mode=unplugged,person=none --revision 1 --wait=3 --json
ends_with 3 "no board"
is_valid update
has '["error"]["code"]' '"no-board"'

run update pytrack.dfu --board $board,person=none --revision 1 --wait=20 --json
ends_with 12 "a board whose button nobody presses"
is_valid update
has '["error"]["code"]' '"no-update-mode"'

# ---- faults ----

run update pytrack.dfu --board $board,fault=lose-completion --revision 1 --json
ends_with 0 "a lost completion"
is_valid update
has '["verified"]' '"readback"'
is_cheerful

run update pytrack.dfu --board $board,fault=drop-write@40 --revision 1 --json
ends_with 0 "one write that is dropped"
is_valid update
has '["board"]["repaired"]' 1

run update pytrack.dfu --board $board,fault=drop-write@40+ --revision 1 --json
ends_with 11 "writes that are dropped"
is_valid update
has '["error"]["code"]' '"verify-mismatch"'
has '["outcome"]' '"failed"'
says "$err" "0x" "the address is named"

run update raw.bin --board sim:dfu,timing=none,fault=status=errWRITE --json
ends_with 10 "a board that says errWRITE"
is_valid update
has '["error"]["device"]["kind"]' '"dfu"'
has '["error"]["device"]["name"]' '"errWRITE"'

# ---- a strict board, and options ----

run update raw.bin --board sim:dfu,timing=none --json
ends_with 0 "a raw file on a strict board"
is_valid update
has '["outcome"]' '"updated"'
has '["image"]["format"]' '"raw"'
says_not "$err" "suffix" "a raw file is no reason for a remark about suffixes"

run update pytrack.dfu --board $board --revision 1 --no-verify --json
ends_with 0 "without verify"
is_valid update
has '["outcome"]' '"written"'
has '["verified"]' '"none"'
says_not "$err" "updated" "without proof it isn't called updated"

run update raw.bin --board sim:dfu,timing=none --dry-run=offline --json
ends_with 0 "a dry run that touches nothing"
is_valid update
has '["outcome"]' '"planned"'
has '["wire"]["transfers"]' 0

rm -f log.ndjson
run update raw.bin --board sim:dfu,timing=none,log=log.ndjson --dry-run --json
ends_with 0 "a dry run"
is_valid update
has '["outcome"]' '"planned"'
! grep -q DNLOAD log.ndjson 2>/dev/null
ok $? "a dry run writes nothing"

run update raw.bin --board 'sim:dfu*3,timing=none' --json
ends_with 0 "three boards, one after the other"
is_valid update
has '["boards"][2]["outcome"]' '"updated"'
has '["boards"][2]["path"]' '"sim:dfu.3"'

run update raw.bin --board sim:dfu,timing=none --events --json
ends_with 0 "events and the object"
is_valid event update
says "$out" '"event":"plan"' "the plan is an event"
says "$out" '"event":"done"' "the end is an event"
[ "$(grep -c '"event":"done"\|"event":"failed"' "$out")" = 1 ]
ok $? "there is one end"
finish
