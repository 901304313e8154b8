#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Traces, reports and the state folder.
. "$(dirname "$0")/lib.sh"
sample pytrack pytrack.dfu
sample raw 5000 raw.bin
board=sim:pytrack,timing=none

run update raw.bin --board sim:dfu,timing=none --trace trace.txt --report report.txt
ends_with 0 "with a trace and a report"
[ "$(grep -c . trace.txt)" -gt 20 ]
ok $? "the trace has lines"
says report.txt "fettle report" "the report has a head"
says report.txt "command: fettle update raw.bin --board sim:dfu,timing=none" "it has the command line"
says report.txt "system: " "it has the system"
says report.txt " stage write" "it has the events"
tail -n 1 report.txt >"$out"
is_valid update

run update nothing.bin --board sim:dfu,timing=none --report report.txt
ends_with 9 "a run that is refused"
tail -n 1 report.txt >"$out"
is_valid update
has '["error"]["code"]' '"file-unreadable"'

run update raw.bin --board sim:dfu,timing=none,log=log.ndjson --trace no/such/folder/trace --json
ends_with 13 "a trace that can't be kept"
is_valid update
! grep -q DNLOAD log.ndjson 2>/dev/null
ok $? "is known before the board is touched"

# ---- what is remembered ----

rm -rf "$HOME/.local"
run update pytrack.dfu --board $board --revision 1 --state-dir "$work/state ü"
ends_with 0 "with a state folder"
if [ -d "$work/state ü" ]; then
    [ "$(stat -c %a "$work/state ü")" = 700 ]
    ok $? "the folder is for its user only"
    [ -z "$(find "$work/state ü" -type f ! -perm 600)" ]
    ok $? "so are its files"
    [ -z "$(find "$work/state ü" -name '.fettle*')" ]
    ok $? "no temporary file is left"
fi
[ ! -e "$HOME/.local" ]
ok $? "the usual folder isn't touched then"

run update pytrack.dfu --board $board --revision 1
ends_with 0 "with the usual state folder"
[ -z "$(find "$HOME" -type d ! -perm 700 ! -path "$HOME")" ]
ok $? "the folders that were made are for the user only"
XDG_STATE_HOME=$work/xdg
export XDG_STATE_HOME
run update pytrack.dfu --board $board --revision 1
ends_with 0 "with XDG_STATE_HOME"
unset XDG_STATE_HOME

: >"$work/no-folder"
run update pytrack.dfu --board $board --revision 1 --state-dir "$work/no-folder/x"
ends_with 0 "a state folder that can't be made is no failure"
is_cheerful
HOME=/nonexistent run update pytrack.dfu --board $board --revision 1
ends_with 0 "nor is a home that isn't there"
finish
