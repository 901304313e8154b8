#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 13: the test for update mode is always true, and SET_INTERFACE is always sent.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 5000 new.bin
files app app.bin 5000 0x08000000
app=sim:dfu,timing=none,person=none,app-id=1d50:6002,log=$log,flash=$flash

# An application is asked to go into update mode, and for nothing else before it is there.
forget
run update new.bin --board $app --json
ends_with 0 "avoid 13: a board that is in its application"
awk '/"what":"leaves"/ { exit } /"what":"(DNLOAD|UPLOAD|CLRSTATUS|ABORT)"/ { bad = 1 } END { exit bad }' $log
ok $? "avoid 13: no block before it is in update mode"
was_asked DETACH 1 "avoid 13: one DETACH"
forget
run update new.bin --board $app,mode=dfu --json
ends_with 0 "avoid 13: one that is in update mode"
was_asked DETACH 0 "avoid 13: no DETACH"
forget
run update new.bin --board $app,protocol=0,dfu-version=0100,mode=dfu --json
ends_with 0 "avoid 13: one that says protocol 0 there, as in DFU 1.0"
was_asked DETACH 0 "avoid 13: no DETACH"
forget
run update new.bin --board $app,protocol=1,dfu-version=0100,mode=dfu,same-ids=yes --json
ends_with 0 "avoid 13: one that says protocol 1 there, as the LPC's ROM does"
starts_with new.bin "avoid 13: the board has the file"

# SET_INTERFACE, only where there is a choice and another one is chosen.
for board in $app,mode=dfu sim:twoalt,timing=none,person=none,log=$log,flash=$flash \
    sim:stm32f4,timing=none,person=none,log=$log,flash=$flash; do
    name=${board%%,*}
    file=new.bin
    [ "$name" != sim:stm32f4 ] || file=app.bin
    forget_all
    run update $file --board $board --json
    ends_with 0 "avoid 13: $name, the first memory"
    was_asked select 0 "avoid 13: $name: no SET_INTERFACE for what is chosen already"
done
forget
run update new.bin --board sim:twoalt,timing=none,person=none,log=$log,flash=$flash --memory 1 --json
ends_with 0 "avoid 13: the second memory"
was_asked select 1 "avoid 13: one SET_INTERFACE"
finish
