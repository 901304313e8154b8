#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P076: reads of a module through a shield stall at 921600. They go at 230400, what is written at more.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
package new.tar.gz version=1.20.3 size=262144
attempt update new.tar.gz --board "$lopy4"
is_proven "P076 (a) an update"
matches "$log" '"baud":921600' "P076 (a) it is written at 921600"
forget_all
run backup all.fettle --module --board "$lopy4" --json
ends_with 0 "P076 (b) a backup"
matches "$log" '"baud":230400' "P076 (b) it is read at 230400"
rm -f $log
run read part.bin --module --address 0x10000 --length 65536 --board "$lopy4" --json
ends_with 0 "P076 (c) 64 KiB are read"
tail -c +$((0x10001)) $flash | head -c 65536 | cmp -s - part.bin
ok $? "P076 (c) they are what is there"
is_equal "$(rates | tr ' ' '\n' | grep -c '^[2-9][3-9][0-9]*$')" "$(rates | tr ' ' '\n' | grep -c '^230400$')" "P076 (c) nothing is read at more than 230400"
finish
