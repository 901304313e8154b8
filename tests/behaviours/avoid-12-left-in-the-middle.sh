#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 12: it ends at once on most errors, and leaves the board in dfuERROR or in the middle of a download.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 5000 new.bin
files app app.bin 5000 0x08000000

# The last that was heard of it is dfuIDLE, or it was told to go there and obeyed.
is_idle() {
    awk '/"what":"(DNLOAD|UPLOAD)"/ { idle = 0 }
         /"what":"GETSTATUS"/ { idle = /"answer":"........0200"/ ? 1 : /"outcome":"OK"/ ? 0 : idle }
         /"what":"(CLRSTATUS|ABORT)"/ && /"outcome":"OK"/ { idle = 1 } END { exit !idle }' $log
}

for board in sim:dfu sim:stm32f4; do
    file=new.bin
    [ $board = sim:dfu ] || file=app.bin
    spec=$board,timing=none,person=none,log=$log,flash=$flash
    for fault in status=errWRITE status=errPROG@3+ status=errADDRESS@2+ status=errUNKNOWN drop-write@2+ status=errVERIFY; do
        forget_all
        run update $file --board $spec,fault=$fault --json
        holds "avoid 12: $board, $fault: it failed" [ "$status" -ne 0 ]
        is_idle
        ok $? "avoid 12: $board, $fault: and the board is idle"
        was_asked violation 0 "avoid 12: $board, $fault: in the way its states allow"
        grep '"what":"close"' $log | tail -n 1 | grep -q . && tail -n 1 $log | grep -qE '"what":"(close|leaves|arrives)"'
        ok $? "avoid 12: $board, $fault: it was let go of"
        rm -f $log
        run update $file --board $spec --json
        ends_with 0 "avoid 12: $board, $fault: the next run works"
    done
    # What only reads, and ends before the memory does.
    forget_all
    run update $file --board $spec --stay --json
    ends_with 0 "avoid 12: $board, an update that stays in update mode"
    is_idle
    ok $? "avoid 12: $board, --stay: the board is idle"
    rm -f $log saved.bin
    run verify $file --board $spec --json
    ends_with 0 "avoid 12: $board, verify"
    is_idle
    ok $? "avoid 12: $board, verify: the board is idle"
    rm -f $log saved.bin
    run read saved.bin --board $spec --length 4096 --json
    ends_with 0 "avoid 12: $board, a read of a part"
    is_idle
    ok $? "avoid 12: $board, read: the board is idle"
    rm -f $log saved.bin
    run read saved.bin --board $spec,fault=stall@6 --length 8192 --json
    holds "avoid 12: $board, a read that is refused once ends in order (exit status $status)" [ "$status" -le 10 ]
    is_idle
    ok $? "avoid 12: $board, refused once: the board is idle"
done
finish
