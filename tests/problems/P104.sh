#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P104: wTransferSize is 0 or 0xFFFF, or larger than what the board takes.
# P104: a board that stalls every block above 512 bytes for ever waits for a virtual one that does.
. "$(dirname "$0")/lib.sh"
echo "# P104: a board that takes less than it says, for ever, waits for a virtual one"
sample raw 5000 new.bin
files app app.bin 5000 0x08000000
strict=sim:dfu,timing=none,person=none,log=$log,flash=$flash
f4=sim:stm32f4,timing=none,person=none,log=$log,flash=$flash

forget
run update new.bin --board $strict,transfer=0 --json
ends_with 0 "P104 (a) wTransferSize 0"
starts_with new.bin "P104 (a) the board has the file"
[ "$(largest_block)" = 64 ]
ok $? "P104 (a) in blocks of 64 bytes ($(largest_block))"

forget
run update new.bin --board $strict,transfer=0xffff --json
ends_with 0 "P104 (b) wTransferSize 0xFFFF"
starts_with new.bin "P104 (b) the board has the file"
[ "$(largest_block)" = 1024 ]
ok $? "P104 (b) in blocks of 1024 bytes ($(largest_block))"

for size in 64 128 1000; do
    forget
    run update new.bin --board $strict,transfer=1024 --transfer-size $size --json
    ends_with 0 "P104 (c) --transfer-size $size"
    [ "$(largest_block)" = $size ]
    ok $? "P104 (c) which is obeyed ($(largest_block))"
    starts_with new.bin "P104 (c) the board has the file"
done
for size in 2048 65535; do
    forget
    run update new.bin --board $strict,transfer=1024 --transfer-size $size --json
    ends_with 0 "P104 (d) --transfer-size $size, more than the board's"
    [ "$(largest_block)" = 1024 ]
    ok $? "P104 (d) isn't obeyed ($(largest_block))"
done

# It says 1024, and stalls the first block of that size.
sizes_after_stall() { # of the data blocks that came after the first one that was stalled: the largest
    awk '/"what":"DNLOAD"/ && /"outcome":"STALL"/ { seen = 1; next }
         seen && /"what":"DNLOAD"/ { size = $0; sub(/.*"wLength":/, "", size); size += 0; if (size > most) most = size }
         END { print most + 0 }' $log
}
for board in $strict,transfer=1024 $f4,transfer=1024; do
    name=${board%%,*}
    file=new.bin
    [ "$name" = sim:dfu ] || file=app.bin
    forget_all
    run update $file --board $board --json
    if [ "$name" = sim:dfu ]; then
        block=$(awk '/"what":"(UPLOAD|GETSTATUS|DNLOAD)"/ { n++ } /"what":"DNLOAD"/ { print n; exit }' $log)
    else
        block=$(stalls_to_data)
    fi
    forget_all
    run update $file --board $board,fault=stall@$block --json
    ends_with 0 "P104 (e) $name: a block of 1024 bytes is stalled"
    starts_with $file "P104 (e) $name: the board has the file"
    [ "$(sizes_after_stall)" = 512 ]
    ok $? "P104 (e) $name: the second try has blocks of 512 ($(sizes_after_stall))"
done
finish
