#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 9: a memory string that can't be read ends everything, also where that memory isn't needed.
. "$(dirname "$0")/../problems/lib.sh"
files app app.bin 3000 0x08000000
sample raw 512 once.bin 4

for string in '@Truncated /0x1FFF0000' '@Internal Flash  /0x0800' '@' '@Internal Flash  /0x08000000/04*0' ; do
    board="sim:stm32f4,timing=none,person=none,log=$log,flash=$flash,string=$string"
    forget_all
    run update once.bin --memory 2 --board "$board" --yes --json
    ends_with 0 "avoid 9: '$string' isn't needed"
    is_json '["verified"]' '"readback"' "avoid 9: '$string': the memory that is needed is written"
    forget_all
    run update app.bin --board "$board" --json
    ends_with 10 "avoid 9: '$string' is needed"
    was_asked DNLOAD 0 "avoid 9: '$string': nothing is sent"
    run info --board "$board"
    ends_with 0 "avoid 9: '$string': info shows the board"
    matches "$out" 'OTP Memory' "avoid 9: '$string': and the others of its memories"
done

# Strings that look odd, and are right.
while IFS='|' read -r string; do
    board="sim:stm32f4,timing=none,person=none,log=$log,flash=$flash,string=$string"
    forget_all
    run update app.bin --board "$board" --json
    ends_with 0 "avoid 9: '$string' can be read"
done <<'END'
@Internal Flash  /0x08000000/04*016Kg\,01*064Kg\,07*128Kg
@Internal Flash/0x08000000/4*16Kg
@Internal Flash  /0x08000000/04*016Kg/0x08020000/03*128Kg
@Internal Flash  /0x08000000/64*1024 g
@Internal Flash  /0x08000000/64*1024Bg
@Internal Flash  /0x08000000/04*016Kg 
END
finish
