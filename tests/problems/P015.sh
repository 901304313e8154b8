#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P015: firmware for another hardware revision is accepted, because revisions share their ids, and the board
# is dead. Evidence that comes while the tool is armed, and what is remembered, are in test_desk.c too.
. "$(dirname "$0")/lib.sh"
sample pysense pysense_0.0.8.dfu
sample expansion30 expansion30.dfu 1
sample expansion31 expansion31.dfu 2
board=sim:pysense,timing=none,log=$log,flash=$flash

# ---- (a) a Pysense 2.0 X, which shows version 16 (0x0010), and the last file for version 1 ----

forget
run update pysense_0.0.8.dfu --board $board,version=16 --json
ends_with 4 "P015 (a) without an answer"
is_json '["error"]["code"]' '"answer-needed"' "P015 (a) it is asked"
says "$err" "--revision" "P015 (a) the option is named"
matches "$err" "1, 2" "P015 (a) and its values"
was_left_alone "P015 (a) the board was asked nothing"

forget
run update pysense_0.0.8.dfu --board $board,version=16 --revision 1 --json
ends_with 8 "P015 (a) the answer contradicts the version that runs"
is_json '["error"]["code"]' '"wrong-revision"' "P015 (a) that is the reason"
was_not_changed "P015 (a) nothing was changed"

forget
run update pysense_0.0.8.dfu --board $board,version=16 --revision 2 --json
ends_with 8 "P015 (a) the right answer, and a file that is named as version 0.0.8, which is for revision 1"
matches "$err" "revision 1|0\.0\.8.*(is|was) (made )?for" "P015 (a) the contradiction is said"
was_not_changed "P015 (a) the file for version 1 did not reach the 2.0 X board"

forget
run update pysense_0.0.8.dfu --board $board,version=16 --revision 1 --ignore-ids --json
ends_with 0 "P015 (a) unless it is overridden"
shield_has pysense_0.0.8.dfu "P015 (a) then the board has the file"

forget
run update pysense_0.0.8.dfu --board $board,version=4 --revision 1 --json
ends_with 0 "P015 (a) a version that agrees with the answer"
shield_has pysense_0.0.8.dfu "P015 (a) the board has the file"

forget
run update pysense_0.0.8.dfu --board $board,version=4 --revision 2 --json
ends_with 8 "P015 (a) the same contradiction the other way round"
was_not_changed "P015 (a) nothing was changed then either"

# ---- (b) an Expansion Board (EF98), and both files: nothing but the person knows ----

for file in expansion30.dfu expansion31.dfu; do
    forget
    run update $file --board sim:expansion31,timing=none,log=$log,flash=$flash --json
    ends_with 4 "P015 (b) $file: without an answer"
    matches "$err" "3\.0, 3\.1" "P015 (b) $file: the values are named"
    was_left_alone "P015 (b) $file: the board was asked nothing"
done

# ---- (c) on a terminal: the words, and what is remembered of this board ----

ask() { # ANSWER [OPTIONS]
    answer=$1
    shift
    python3 "$here/terminal.py" --answer "$answer" -- "$FETTLE" update expansion31.dfu \
        --board sim:expansion31,timing=none,log=$log,flash=$flash --state-dir state "$@" >"$out" 2>"$err"
    status=$?
}
forget
ask 3.1
ends_with 0 "P015 (c) answered on a terminal"
matches "$out" "printed on" "P015 (c) the question says where to look on the board"
matches_not "$out" "last time" "P015 (c) nothing is remembered of a board that was never seen"
shield_has expansion31.dfu "P015 (c) the board has the file"
ask 3.1
ends_with 0 "P015 (c) the same board again"
matches "$out" "last time it was 3\.1" "P015 (c) the answer of last time is shown"
run update expansion31.dfu --board sim:expansion31,timing=none,log=$log --state-dir state --json
ends_with 4 "P015 (c) and never taken by itself"
finish
