#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 17: exit status 0 after a manifestation that has failed.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 5000 new.bin
files app app.bin 5000 0x08000000

for name in errVERIFY errFIRMWARE; do
    for board in sim:dfu sim:dfu,tolerant=no sim:dfu,manifest-poll=500 sim:dfu,upload=no sim:stm32f4; do
        file=new.bin
        [ $board != sim:stm32f4 ] || file=app.bin
        forget_all
        run update $file --board $board,timing=none,person=none,log=$log,flash=$flash,fault=status=$name --json
        ends_with 10 "avoid 17: $board ends in $name"
        is_json '["error"]["device"]["name"]' "\"$name\"" "avoid 17: $board: it is named"
        matches "$err" "$name" "avoid 17: $board: a person reads it"
        matches_not "$err" 'ok: |done|updated' "avoid 17: $board: no word of success"
    done
done
finish
