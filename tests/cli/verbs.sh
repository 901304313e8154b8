#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# read, verify, reset, info --board.
. "$(dirname "$0")/lib.sh"
sample pytrack pytrack.dfu
sample raw 5000 raw.bin
board=sim:pytrack,timing=none
strict=sim:dfu,timing=none,size=8KB

# ---- read ----

run update raw.bin --board $strict,flash=flash.bin -q
run read saved.bin --board $strict,flash=flash.bin --json
ends_with 0 "a memory is read"
is_valid read
has '["outcome"]' '"read"'
has '["file"]' '"saved.bin"'
cmp -s -n 5000 saved.bin raw.bin
ok $? "what was read begins with what was written"
is_cheerful

run read saved.bin --board $strict,flash=flash.bin,log=log.ndjson --json
ends_with 2 "an existing file is not written over"
is_valid read
has '["error"]["code"]' '"file-exists"'
! grep -q UPLOAD log.ndjson 2>/dev/null
ok $? "and the board isn't asked for it"

run read saved.bin --board $strict,flash=flash.bin --overwrite --length=100
ends_with 0 "unless that is wished"
[ "$(wc -c <saved.bin)" -eq 100 ]
ok $? "--length is kept"

run read - --board $strict,flash=flash.bin --length 100
ends_with 0 "to standard output"
cmp -s "$out" saved.bin
ok $? "standard output has the bytes and nothing else"

"$FETTLE" read - --board $strict,flash=flash.bin >/dev/full 2>"$err"
status=$?
ends_with 13 "a full disk behind standard output"

run read no/such/folder/x.bin --board $strict --json
ends_with 13 "a folder that isn't there"
is_valid read
has '["error"]["code"]' '"cannot-keep"'
run read . --board $strict
ends_with 13 "a folder instead of a file"

run read other.bin --board $strict,upload=no --json
ends_with 10 "a board that can't be read"
is_valid read
has '["error"]["code"]' '"upload-unsupported"'
[ "$(ls -A | grep -c -e other.bin -e .fettle)" -eq 0 ]
ok $? "nothing is left of the file"

run read two.bin --board 'sim:dfu*2,timing=none'
ends_with 2 "two boards into one file"

# ---- verify ----

run update pytrack.dfu --board $board,flash=shield.bin --revision 1 -q
run verify pytrack.dfu --board $board,flash=shield.bin --revision 1 --json
ends_with 0 "the same content"
is_valid verify
has '["outcome"]' '"verified"'
has '["verified"]' '"readback"'
is_cheerful
sample pytrack other.dfu 7
run verify other.dfu --board $board,flash=shield.bin --revision 1 --json
ends_with 11 "another content"
is_valid verify
has '["error"]["code"]' '"verify-mismatch"'

# ---- reset ----

run reset --board $board,mode=dfu --json
ends_with 0 "into the application"
is_valid reset
has '["outcome"]' '"reset"'
has '["board"]["mode"]' '"app"'
run reset --to=dfu --board sim:dfu,timing=none,app-id=1d50:6002 --json
ends_with 0 "into update mode"
is_valid reset
has '["board"]["mode"]' '"dfu"'

# ---- info of a board ----

run info --board $board --json
ends_with 0 "what a board is"
is_valid info
has '["board"]["name"]' '"Pytrack"'
run info --board $board,mode=dfu --json
is_valid info
[ "$(json '["board"]["memories"][0]["transfer_size"]')" = 64 ]
ok $? "its memory has transfers of 64 bytes"
run info --board $strict
says "$out" "memory" "for people too"
# ---- what a reader of stdout, a log and a restart may rely on ----

run update pytrack.dfu --events --board sim:pysense,timing=none
ends_with 8 "a refusal with --events"
has '["event"]' '"failed"' "is an event too"
is_valid event

cp pytrack.dfu itself.dfu
run update itself.dfu --board sim:pytrack,timing=none --revision 1 --trace ./itself.dfu
ends_with 2 "a trace into the firmware file itself, by another name"
cmp -s pytrack.dfu itself.dfu
ok $? "the firmware file is not touched"

{
    "$FETTLE" update pytrack.dfu --board sim:pytrack,timing=none --revision 1 --events 2>"$err" </dev/null
    echo $? >piped
} | head -n 1 >/dev/null
[ "$(cat piped)" = 0 ]
ok $? "a reader that goes away early is no failure"

run reset --board sim:pytrack,timing=none
ends_with 0 "restart of a board that is in its application"
says "$err" "nothing was done" "it is not said to be restarted"
run reset --board sim:dfu,timing=none,app-id=1d50:6002,bootable=no
ends_with 12 "a restart that ends in update mode"

finish
