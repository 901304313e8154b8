#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P068: "can't detach", or an odd exit status, after an update that went well: the board stalls DETACH in update mode, or
# is gone when it is reset.
# P068: the half of the dfu-util front end comes with it.
. "$(dirname "$0")/lib.sh"
echo "# P068: the half that needs the dfu-util front end comes with it"
sample raw 5000 new.bin
board=sim:dfu,timing=none,person=none,app-id=1d50:6002,mode=dfu,log=$log,flash=$flash

for how in leaves=reset leaves=detach leaves=upload dfu-detach=idle tolerant=no,reboots=yes; do
    forget
    run update new.bin --board $board,$how --json
    ends_with 0 "P068 (a) $how"
    is_json '["outcome"]' '"updated"' "P068 (a) $how: it is updated"
    is_json '["error"]' null "P068 (a) $how: without an error"
    matches_not "$err" "detach|error|fail|cannot" "P068 (a) $how: no message"
    starts_with new.bin "P068 (a) $how: the board has the file"
done

# It is gone at the reset.
forget
run update new.bin --board $board --json
grep '"what":"reset"' $log | grep -q '"outcome":"GONE"'
ok $? "P068 (b) gone when it is reset"
ends_with 0 "P068 (b) which is how it should be"

# It stays where it is, and DETACH is stalled.
forget
run update new.bin --board sim:dfu,timing=none,person=none,leaves=no,log=$log,flash=$flash --json
ends_with 0 "P068 (c) nothing but power ends its update mode"
is_json '["outcome"]' '"updated"' "P068 (c) it is updated"
matches_not "$err" "detach|error|fail|cannot" "P068 (c) no message of DETACH"

forget
run reset --board $board --json
ends_with 0 "P068 (d) reset"
matches_not "$err" "detach|error|fail|cannot" "P068 (d) no message"
finish
