#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P009: "Error sending completion packet" at 96 %. All is written, only the end marker went wrong: no failure.
. "$(dirname "$0")/lib.sh"
sample pytrack new.dfu
board=sim:pytrack,timing=none,mode=dfu,version=8,log=$log,flash=$flash

# What was printed and written where an end marker went wrong as OUTCOME says.
is_a_success() { # CASE OUTCOME
    ends_with 0 "P009 $1"
    grep '"what":"DNLOAD"' $log | grep '"wLength":0,' | grep -q "\"outcome\":\"$2\""
    ok $? "P009 $1: the end marker went wrong ($2)"
    holds "P009 $1: after all 256 blocks, less those of the loader" [ "$(blocks)" -ge 236 ]
    is_json '["outcome"]' '"updated"' "P009 $1: it is updated"
    is_json '["verified"]' '"readback"' "P009 $1: with the proof"
    shield_has new.dfu "P009 $1: the board has the file"
    matches_not "$err" 'error|fail|warning|cannot|did not work' "P009 $1: no word of failure"
    says "$err" "read back and compared" "P009 $1: the evidence is named"
}

# (a) it stalls every end marker, and stays in update mode; nobody is there to replug it
forget
run update new.dfu --board $board,fast-stall=4294967295,person=none --revision 1 --json
is_a_success "(a) stalled, stays in update mode" STALL
matches "$err" "unplug it and plug it in again" "P009 (a) what is left to do is said"

# (b) the same, and the person does what is asked: the application comes up and tells its version
forget
run update new.dfu --board $board,fast-stall=4294967295 --revision 1 --json
is_a_success "(b) stalled, replugged" STALL
is_json '["board"]["mode"]' '"app"' "P009 (b) the application was waited for"
is_json '["board"]["parts"][0]["version_after"]' '"8"' "P009 (b) and its version read"

# (c) its window is over: it vanishes at the end marker, and comes back with the application's PID
forget
run update new.dfu --board $board,window=900,races=yes,person=none --revision 1 --json
is_a_success "(c) vanishes, comes back as application" GONE
is_json '["board"]["id"]' '"04d8:f013"' "P009 (c) the application's PID was waited for"
is_json '["board"]["parts"][0]["version_after"]' '"8"' "P009 (c) and its version read"

# (d) the answer is lost, and it stays in update mode
forget
run update new.dfu --board $board,fault=lose-completion,exit=no,person=none --revision 1 --json
is_a_success "(d) answer lost, stays in update mode" TIMEOUT
matches "$err" "unplug it and plug it in again" "P009 (d) what is left to do is said"

# (e) a completion that is lost because the end marker never reached it
forget
run update new.dfu --board $board,fault=lose-completion:before,person=none --revision 1 --json
is_a_success "(e) the end marker never arrives" TIMEOUT

# A board that lost a block as well is no success: the evidence rule asks the memory, not the end marker.
forget
run update new.dfu --board $board,fault=lose-completion,fault=drop-write@40+,person=none --revision 1 --json
ends_with 11 "P009 (f) and where a block is missing"
is_json '["outcome"]' '"failed"' "P009 (f) it isn't called updated"
finish
