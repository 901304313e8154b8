#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a person sees: questions, progress, the countdown, Ctrl-C and Ctrl-Z. Some of it in real time.
. "$(dirname "$0")/lib.sh"
sample pytrack pytrack.dfu
sample raw 200000 raw.bin
board=sim:pytrack,timing=none
: >"$err"

# on_terminal OPTIONS -- ARGS: everything that the person sees is in $out
on_terminal() {
    python3 "$here/terminal.py" "$@" >"$out" 2>"$err"
    status=$?
}

on_terminal --check-columns --answer 1 -- "$FETTLE" update pytrack.dfu --board $board
ends_with 0 "a question that is answered, on 80 columns"
says "$out" "one of: 1, 2" "the values are shown"
says "$out" "firmware 8, hardware 1" "what the board says of itself is shown beside it"
says "$out" "read back and compared" "it ends well"

on_terminal --check-columns --columns 40 --answer 9 --answer "" --answer 2 -- "$FETTLE" update pytrack.dfu --board $board,pic-version=16
ends_with 0 "the third answer is right, on 40 columns"
says "$out" "It has to be one of" "wrong ones are asked again"

on_terminal --answer 9 --answer 8 --answer 7 -- "$FETTLE" update pytrack.dfu --board $board
ends_with 4 "three wrong answers"
on_terminal -- "$FETTLE" update pytrack.dfu --board $board --no-input
ends_with 4 "--no-input asks nothing"

LC_ALL=C.UTF-8
export LC_ALL
on_terminal -- "$FETTLE" update raw.bin --board sim:dfu,timing=none
says "$out" "✔" "UTF-8 where the locale says so"
LC_ALL=C
on_terminal -- "$FETTLE" update raw.bin --board sim:dfu,timing=none
says "$out" "ok: " "ASCII elsewhere"
! LC_ALL=C grep -q '[^ -~[:space:][:cntrl:]]' "$out"
ok $? "and nothing but ASCII"
says "$out" "$(printf '\033[32m')" "colour on a terminal"
NO_COLOR=1
export NO_COLOR
on_terminal -- "$FETTLE" update raw.bin --board sim:dfu,timing=none
says_not "$out" "$(printf '\033')" "no colour with NO_COLOR"
unset NO_COLOR
TERM=dumb on_terminal -- "$FETTLE" update raw.bin --board sim:dfu,timing=none
says_not "$out" "$(printf '\033')" "no colour on a dumb terminal"
run update raw.bin --board sim:dfu,timing=none
says_not "$err" "$(printf '\r')" "no carriage return without a terminal"
says "$err" "25 %" "a line each quarter"

# ---- in real time ----

on_terminal --check-columns --columns 60 --signal "INT@27 s left" -- \
    "$FETTLE" update pytrack.dfu --board sim:pytrack,person=none --revision 1 --wait=30
ends_with 130 "Ctrl-C while it waits for a person"
says "$out" "28 s left" "the time that is left is counted down"
says "$out" "more: fettle explain cancelled" "that it was stopped is said"

on_terminal --signal "INT@ 50 %" -- "$FETTLE" update raw.bin --board sim:dfu,poll=5
ends_with 130 "Ctrl-C in mid-write"
on_terminal --signal "TSTP@ 40 %" --check-columns -- "$FETTLE" update raw.bin --board sim:dfu,poll=2
ends_with 0 "Ctrl-Z in mid-write does not stop it"
says "$out" "Not stopped now" "and that is said"
on_terminal --signal INT@waiting --signal INT@waiting -- \
    "$FETTLE" update pytrack.dfu --board sim:pytrack,person=none --revision 1 --wait=60
ends_with 130 "a second Ctrl-C ends at once"
on_terminal --signal "INT@  > " -- "$FETTLE" update pytrack.dfu --board $board
ends_with 130 "Ctrl-C at a question"

for name in INT TERM HUP; do
    on_terminal --signal "$name@waiting" -- \
        "$FETTLE" update pytrack.dfu --board sim:pytrack,person=none --revision 1 --wait=60
    ends_with 130 "SIG$name"
done
on_terminal --signal INT@Pytrack -- "$FETTLE" list --watch --board sim:pytrack
ends_with 130 "Ctrl-C ends --watch"
finish
