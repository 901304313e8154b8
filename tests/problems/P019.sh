#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P019: works at 115200, dies at 921600. The next lower rate is taken, by itself, and remembered for this adapter.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 262144
sample esp-app esp32 next.bin 262144 2

attempt update new.bin --board $esp32
is_proven "P019 (a) a line that holds everything"
is_json '["board"]["chip"]["baud"]' 921600 "P019 (a) the highest rate is taken"

for most in 500000:460800 300000:230400; do
    limit=${most%:*} rate=${most#*:}
    attempt update new.bin --board $esp32,max-baud=$limit
    is_proven "P019 (b) a line that holds $limit"
    is_json '["board"]["chip"]["baud"]' $rate "P019 (b) the next lower rate is taken of $limit"
    has_at 0x10000 new.bin "P019 (b) the board has the file at $limit"
    highest=$(rates | tr ' ' '\n' | sort -n | tail -n 1)
    rm -f $log
    run update next.bin --board $esp32,max-baud=$limit --json
    is_proven "P019 (c) the next time"
    [ "$(rates | tr ' ' '\n' | sort -n | tail -n 1)" = $rate ] && [ "$highest" -gt $limit ]
    ok $? "P019 (c) only $rate is tried, without a failure ($(rates))"
done

attempt update new.bin --board $esp32,max-baud=200000
is_proven "P019 (d) a line that holds only the first rate"
is_json '["board"]["chip"]["baud"]' 115200 "P019 (d) that is taken"
attempt update new.bin --board $esp32,max-baud=200000 --baud 115200
is_proven "P019 (e) --baud"
is_equal "$(rates | tr ' ' '\n' | sort -u)" 115200 "P019 (e) no higher rate is tried"

# A lower rate than the highest is taken: told in one line, and remembered also where it is the lowest of all. And a stub
# that was given and isn't used is told of.
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
