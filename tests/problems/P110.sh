#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P110: the old tool's commands hit the wrong place of boards with the table of 1.20. Places come from the board's own table.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
attempt read otadata.bin --module --memory=otadata --board "$lopy4"
ends_with 0 "P110 (a) otadata"
cmp -s -i $((0x1ff000)):0 -n 4096 $flash otadata.bin
ok $? "P110 (a) from where this board has it"
run read slot.bin --module --memory=ota_0 --board "$lopy4" --json
ends_with 0 "P110 (b) the second slot"
cmp -s -i $((0x210000)):0 $flash slot.bin -n $((0x1ef000)) && [ "$(wc -c <slot.bin)" -eq $((0x1ef000)) ]
ok $? "P110 (b) from where this board has it, in its size"
old=sim:lopy4+pytrack,timing=none,log=$log,module-flash=$flash,layout=old
attempt read old.bin --module --memory=otadata --board "$old"
cmp -s -i $((0x190000)):0 -n 4096 $flash old.bin
ok $? "P110 (c) of an old layout from there"
run read none.bin --module --memory=no_such --board "$old"
[ "$status" -ne 0 ] && [ ! -e none.bin ]
ok $? "P110 (d) a name that isn't in the table: refused"
matches "$err" 'otadata' "P110 (d) with the names that are"
attempt read none.bin --module --memory=otadata --board "$lopy4,content=blank"
[ "$status" -ne 0 ] && [ ! -e none.bin ]
ok $? "P110 (e) no table: nothing is assumed"
finish
