#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 24: a board that can't be opened is "no device", and the reason only a warning.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 5000 new.bin
files app app.bin 5000 0x08000000

for board in sim:dfu sim:stm32f4; do
    file=new.bin
    [ $board = sim:dfu ] || file=app.bin
    spec=$board,timing=none,person=none,log=$log,flash=$flash
    for verb in "update $file" "verify $file" 'read saved.bin' reset; do
        forget_all
        # shellcheck disable=SC2086
        run $verb --board $spec,mode=dfu,fault=no-permission --json
        ends_with 5 "avoid 24: $board, ${verb%% *}: it may not be opened"
        is_json '["error"]["code"]' '"usb-permission"' "avoid 24: $board, ${verb%% *}: that is the reason"
        matches "$err" 'sudo .*fettle udev-rules --install' "avoid 24: $board, ${verb%% *}: and the one next action"
        matches_not "$err" 'no (dfu|board|device)' "avoid 24: $board, ${verb%% *}: nobody says that there is none"
        forget_all
        # shellcheck disable=SC2086
        run $verb --board $spec,mode=dfu,fault=busy --json
        ends_with 7 "avoid 24: $board, ${verb%% *}: another program has it"
        is_json '["error"]["code"]' '"board-busy"' "avoid 24: $board, ${verb%% *}: that is the reason"
    done
    run list --board $board,timing=none,mode=dfu,fault=no-permission
    ends_with 0 "avoid 24: $board is listed"
    matches "$out" 'permission' "avoid 24: $board: with its state"
done
finish
