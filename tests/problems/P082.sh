#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P082: "possible serial noise or corruption": bits and bytes change on their way. Sent again; in the end the contents are right.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536

for kind in noise lose-byte double-byte; do
    for seed in 1 2 3 4 5 6; do
        attempt update new.bin --baud 115200 --board "$esp32,seed=$seed,fault=$kind@p0.01"
        is_proven "P082 $kind, seed $seed"
        has_at 0x10000 new.bin "P082 $kind, seed $seed: the board has the file"
    done
done
attempt read --memory nvs back.bin --board $esp32,fault=noise@p0.005
ends_with 0 "P082 reading through noise"
cmp -s -i 0:$((0x9000)) -n 20480 back.bin $flash
ok $? "P082 what was read is what the board holds"

# Noise in a long read, and so much of it that nothing helps: the line is to blame, not the file.
attempt read --memory factory long.bin --board $esp32,fault=noise@p0.005
ends_with 0 "P082 (b) 19000 requests through noise"
cmp -s -i 0:$((0x10000)) -n "$(wc -c <long.bin)" long.bin $flash
ok $? "P082 (b) what was read is what the board holds"
attempt update new.bin --board $esp32,fault=noise
[ "$status" -ge 10 ]
ok $? "P082 (c) nothing gets through"
advises 'cable' "P082 (c) nothing gets through"
matches_not "$err" 'file is for this board' "P082 (c) the file isn't blamed"
finish
