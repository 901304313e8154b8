#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P019: a lower rate than the highest is taken: told in one line, and remembered also where it is the lowest of all. And a stub
# that was given and isn't used is told of.
FETTLE_SOURCE=${FETTLE_SOURCE:-$(cd "$(dirname "$0")/../../.." && pwd)}
. "$FETTLE_SOURCE/tests/problems/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 262144
sample esp-app esp32 next.bin 262144 2
sample esp-stub esp32 stub.json

for most in 500000:460800 200000:115200; do
    limit=${most%:*} rate=${most#*:}
    attempt update new.bin --board $esp32,max-baud=$limit
    is_proven "P019 (f) a line that holds $limit"
    matches "$err" "doesn.t hold [0-9]+ baud; going on at $rate" "P019 (f) it is told, $limit"
    rm -f $log
    run update next.bin --board $esp32,max-baud=$limit --json
    is_equal "$(rates | tr ' ' '\n' | sort -n | tail -n 1)" $rate "P019 (g) it is remembered, $limit"
done
attempt update new.bin --stub stub.json --board $esp32
is_proven "P019 (h) a stub that doesn't start"
matches "$err" 'no stub is used' "P019 (h) it is told"
finish
