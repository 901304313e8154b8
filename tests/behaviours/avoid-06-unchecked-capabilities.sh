#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 6: what the board says it can't do is asked of it; the device version in the file isn't looked at.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 5000 new.bin
files app app.bin 5000 0x08000000
strict=sim:dfu,timing=none,person=none,log=$log,flash=$flash

forget
run update new.bin --board $strict,download=no --json
ends_with 10 "avoid 6: a board that takes no firmware"
is_json '["error"]["code"]' '"download-unsupported"' "avoid 6: that is the reason"
was_asked DNLOAD 0 "avoid 6: no block is sent"

for board in $strict,upload=no sim:stm32f4,timing=none,person=none,log=$log,flash=$flash,upload=no; do
    name=${board%%,*}
    file=new.bin
    [ "$name" = sim:dfu ] || file=app.bin
    forget_all
    run read saved.bin --board $board --json
    ends_with 10 "avoid 6: $name can't be read"
    is_json '["error"]["code"]' '"upload-unsupported"' "avoid 6: $name: that is the reason"
    was_asked UPLOAD 0 "avoid 6: $name: no block is asked for"
    [ ! -e saved.bin ]
    ok $? "avoid 6: $name: no file is left"
    forget_all
    run update $file --board $board --erase-rest --json
    ends_with 0 "avoid 6: $name is updated nevertheless"
    was_asked UPLOAD 0 "avoid 6: $name: without being read"
done

# bcdDevice is worth a note, and never more.
files suffix other.dfu new.bin vendor=0x1d50 product=0x6003 bcd=0x0200
forget
run update other.dfu --board $strict,bcd=0100 --json
ends_with 0 "avoid 6: a file for another device version"
matches "$err" 'made for device version 02\.?00.*the board says 01\.?00' "avoid 6: which is noted"
starts_with new.bin "avoid 6: the board has the file"
for bcd in 0xffff 0x0000 0x0100; do
    files suffix any.dfu new.bin vendor=0x1d50 product=0x6003 bcd=$bcd
    forget
    run update any.dfu --board $strict,bcd=0100 --json
    ends_with 0 "avoid 6: bcdDevice $bcd in the file"
    matches_not "$err" 'device version' "avoid 6: bcdDevice $bcd: no note"
done
finish
