#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 18: a failure after an update that went well, because the board restarted by itself.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 5000 new.bin
files app app.bin 5000 0x08000000
strict=sim:dfu,app-id=1d50:6002,mode=dfu

for board in $strict,tolerant=no,reboots=yes,manifest-poll=50 $strict,tolerant=no,reboots=early sim:stm32f4,app-id=0483:5740 \
    sim:gd32vf103,app-id=28e9:1234; do
    file=new.bin
    case $board in sim:dfu*) ;; *) file=app.bin ;; esac
    forget_all
    run update $file --board $board,timing=none,person=none,log=$log,flash=$flash --json
    ends_with 0 "avoid 18: $board"
    is_json '["outcome"]' '"updated"' "avoid 18: $board: it is updated"
    is_json '["board"]["mode"]' '"app"' "avoid 18: $board: which its coming back confirms"
    starts_with $file "avoid 18: $board: the board has the file"
    matches_not "$err" 'error|fail|cannot' "avoid 18: $board: no word of failure"
done
finish
