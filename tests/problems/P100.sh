#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P100: an alternate setting is typed wrongly, or its long name must be typed whole; a name that is a number can't be
# chosen at all.
. "$(dirname "$0")/lib.sh"
sample raw 3000 new.bin
long='@Internal Flash  /0x08000000/04*016Kg'
board="sim:dfu,timing=none,person=none,size=64KB,names=0|FLASH|$long,log=$log,flash=$flash"

selected() { # the last that was chosen with SET_INTERFACE
    sed -n 's/.*"what":"select".*"wValue":\([0-9]*\).*/\1/p' $log | tail -n 1
}

takes() { # CASE NAME NUMBER
    forget
    run update new.bin --board "$board" --memory "$2" --json
    ends_with 0 "P100 $1: --memory '$2'"
    got=$(selected)
    [ "${got:-0}" = "$3" ]
    ok $? "P100 $1: --memory '$2' is number $3 (was ${got:-0})"
}
takes "(a) by number" 0 0
takes "(a) by number" 1 1
takes "(a) by number" 2 2
takes "(b) by name" FLASH 1
takes "(b) by name" flash 1
takes "(b) by name" "Internal Flash" 2
takes "(b) by the whole name, as other tools show it" "$long" 2
takes "(c) by the beginning" fla 1
takes "(c) by the beginning" int 2
takes "(c) by the beginning" @int 2

for name in EEPROM 3 -1 00x ''; do
    forget
    run update new.bin --board "$board" "--memory=$name" --json
    ends_with 2 "P100 (d) --memory '$name'"
    ! grep -q '"what":"DNLOAD"' $log 2>/dev/null
    ok $? "P100 (d) '$name': nothing was sent"
done
run update new.bin --board "$board" --memory EEPROM
matches "$err" '0 \(0\), 1 \(FLASH\), 2 \(@?Internal Flash' "P100 (d) an unknown one: the choices are listed"

# A beginning that two have.
forget
run update new.bin --board "sim:dfu,timing=none,names=FLASH A|FLASH B,log=$log" --memory fla --json
ends_with 2 "P100 (e) a beginning that two of them have"
matches "$err" 'FLASH A.*FLASH B' "P100 (e) both are listed"

# A number is a number first.
forget
run update new.bin --board "sim:dfu,timing=none,names=1|7,log=$log,flash=$flash" --memory 1 --json
ends_with 0 "P100 (f) --memory 1 where number 0 is called 1"
[ "$(selected)" = 1 ]
ok $? "P100 (f) is number 1"
forget
run update new.bin --board "sim:dfu,timing=none,names=1|7,log=$log,flash=$flash" --memory 7 --json
ends_with 0 "P100 (g) --memory 7, where that is only a name"
[ "$(selected)" = 1 ]
ok $? "P100 (g) is the one that is called so"
finish
