#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P070: works on a USB 2 port, fails on USB 3: the bootloader stalls an end marker that comes too soon after
# the last GETSTATUS. A virtual transfer takes 0.2 ms, so the race is set to 1 ms here instead of 0.1.
. "$(dirname "$0")/lib.sh"
sample pytrack new.dfu
board=sim:pytrack,timing=none,mode=dfu,log=$log,flash=$flash

outcomes() { # of the end markers, in order
    grep '"what":"DNLOAD"' $log | grep '"wLength":0,' | sed 's/.*"outcome":"\([A-Z]*\)".*/\1/' | tr '\n' ' '
}

# (a) nothing is read, so that the end marker does come right after a GETSTATUS
forget
run update new.dfu --board $board,fast-stall=1000 --revision 1 --no-verify --json
ends_with 0 "P070 (a) the race is lost"
got=$(outcomes)
[ "$got" = "STALL OK " ]
ok $? "P070 (a) the end marker is sent once more, and not more often ($got)"
first=$(field at "$(grep '"what":"DNLOAD"' $log | grep '"wLength":0,' | head -n 1)")
second=$(field at "$(grep '"what":"DNLOAD"' $log | grep '"wLength":0,' | tail -n 1)")
holds "P070 (a) after a pause" [ $((${second:-0} - ${first:-0})) -ge 5000 ]
shield_has new.dfu "P070 (a) the board has the file"
is_json '["board"]["mode"]' '"app"' "P070 (a) its application is up"
matches_not "$err" 'error|fail|USB 2|did not' "P070 (a) no word of failure, no advice"

# (b) with the usual read-back before it the race isn't run at all
forget
run update new.dfu --board $board,fast-stall=1000 --revision 1 --json
ends_with 0 "P070 (b) read back first"
got=$(outcomes)
[ "$got" = "OK " ]
ok $? "P070 (b) one end marker ($got)"
is_json '["verified"]' '"readback"' "P070 (b) proven"

# (c) the race is always lost: the evidence decides
forget
run update new.dfu --board $board,fast-stall=4294967295 --revision 1 --json
ends_with 0 "P070 (c) never won"
case $(outcomes) in "STALL STALL "*) true ;; *) false ;; esac
ok $? "P070 (c) it was tried twice in a row"
holds "P070 (c) and not without end" [ "$(end_markers)" -le 4 ]
is_json '["outcome"]' '"updated"' "P070 (c) it is updated"
is_json '["verified"]' '"readback"' "P070 (c) because it was read back"
is_json '["board"]["id"]' '"04d8:f013"' "P070 (c) and the new PID came"
matches_not "$err" 'error|fail|USB 2' "P070 (c) no word of failure, no advice"

# (d) never won, and it doesn't come up: it really failed
forget
run update new.dfu --board $board,fast-stall=4294967295,stays=yes --revision 1 --json
ends_with 12 "P070 (d) never won, and the application does not start"
matches "$err" 'USB 2' "P070 (d) now the advice: a USB 2 port"
finish
