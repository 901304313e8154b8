#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 1: a suffix with a wrong checksum counts as no suffix, and the whole file with its headers is flashed.
. "$(dirname "$0")/../problems/lib.sh"
files app app.bin 5000 0x08000000
files dfuse stm32.dfu 0:0x08000000:app.bin
files suffix plain.dfu app.bin vendor=0x1d50 product=0x6003
files filled one.bin 1 0x5a

for file in stm32.dfu plain.dfu; do
    board=sim:stm32f4
    [ $file = stm32.dfu ] || board=sim:dfu
    cp $file bad.dfu
    files put bad.dfu 1000 one.bin
    forget
    run update bad.dfu --board $board,timing=none,log=$log,flash=$flash --json
    ends_with 9 "avoid 1: $file with one byte changed"
    is_json '["error"]["code"]' '"file-damaged"' "avoid 1: $file: damaged, not without a suffix"
    matches "$err" 'file is damaged' "avoid 1: $file: a person reads it"
    was_left_alone "avoid 1: $file: nothing is sent"
done
finish
