#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 8: where a page begins is computed with a mask, as if pages were powers of two and zones began at one.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 2000 a.bin 1
sample raw 2000 b.bin 2
erased() { # the addresses that erase commands had, from the trace
    grep DNLOAD trace.txt | sed -n 's/.*41 \([0-9a-f][0-9a-f]\) \([0-9a-f][0-9a-f]\) \([0-9a-f][0-9a-f]\) \([0-9a-f][0-9a-f]\).*/\4\3\2\1/p'
}

# Pages of 24 KiB, by what it says.
board="sim:stm32f4,timing=none,person=none,bootable=no,log=$log,flash=$flash,string=@Internal Flash  /0x08000000/04*024Kg"
files dfuse one.dfu 0:0x08000000:a.bin 0:0x08004000:b.bin
forget_all
run update one.dfu --board "$board" --json
ends_with 0 "avoid 8: two elements in a page of 24 KiB"
happened_at erase 0x08000000 "avoid 8: it is erased once, where it begins"
has_at 0 a.bin "avoid 8: the one is there"
has_at 0x4000 b.bin "avoid 8: and the other"

forget_all
run update a.bin@0x08007000 --board "$board" --trace trace.txt --json
ends_with 0 "avoid 8: in the second page of 24 KiB"
[ "$(grep -c '"what":"erase"' $log)" = 1 ]
ok $? "avoid 8: one page is erased"
awk '/"what":"erase"/ { found = /"address":134234112,/ } END { exit !found }' $log # 0x08004000 holds 0x08006000
ok $? "avoid 8: that which holds 0x08006000, where it begins"
has_at 0x7000 a.bin "avoid 8: the file is there"

# A zone that doesn't begin at a multiple of its page size: 64 KiB from 0x08004000 on.
board="sim:stm32f4,timing=none,person=none,bootable=no,log=$log,flash=$flash,string=@Internal Flash  /0x08004000/02*064Kg"
files dfuse two.dfu 0:0x08004000:a.bin 0:0x08012000:b.bin
forget_all
run update two.dfu --board "$board" --json
ends_with 0 "avoid 8: a zone that begins at 0x08004000, pages of 64 KiB"
happened_at erase 0x08004000 "avoid 8: both are in its first page, which is erased once"
finish
