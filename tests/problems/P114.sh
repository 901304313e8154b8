#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P114: erasing 8 or 16 MB ends in a time-out although it goes well. The limit grows with the size.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
for size in 8MB 16MB; do
    attempt erase --yes --board $esp32,size=$size,fault=slow
    ends_with 0 "P114 $size on a slow board"
    is_json '["outcome"]' '"erased"' "P114 $size is erased"
    is_json '["verified"]' '"hash"' "P114 $size is proven to be blank"
    [ "$(took_ms)" -ge 90000 ]
    ok $? "P114 $size took more than 90 s ($(took_ms) ms)"
    matches "$err" 'erasing' "P114 $size: what goes on is said"
    matches_not "$err" 'time.?out|fail|does not answer' "P114 $size: no word of failure"
    ! tr -d '\377' <$flash | grep -q .
    ok $? "P114 $size: the flash is blank"
done

# Of a module all but its config block, in pieces: blocks, and beside it sectors one by one.
. "$source/tests/problems/module.sh"
attempt erase --yes --module --board "$lopy4,fault=slow"
ends_with 0 "P114 a slow module behind a shield"
is_json '["verified"]' '"hash"' "P114 a slow module is proven to be blank"
[ "$(took_ms)" -ge 90000 ]
ok $? "P114 a slow module took more than 90 s ($(took_ms) ms)"
matches_not "$err" 'time.?out|fail|not blank' "P114 a slow module: no word of failure"
is_equal "$(grep '"what":"erase"' $log | grep -o '"address":[0-9]*' | sort | uniq -d | wc -l)" 0 "P114 nothing of it was erased twice"
finish
