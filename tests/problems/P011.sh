#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P011: exit code 74, or an error, after a flash that went well: the board restarts before it has answered the last
# GETSTATUS. Success where the whole image was there, a failure only where it wasn't.
. "$(dirname "$0")/lib.sh"
files app app.bin 5000 0x08000000
sample raw 5000 new.bin
rom=sim:stm32f4,timing=none,person=none,app-id=0483:5740,log=$log,flash=$flash
gd32=sim:gd32vf103,timing=none,person=none,app-id=28e9:1234,log=$log,flash=$flash
strict=sim:dfu,timing=none,person=none,app-id=1d50:6002,mode=dfu,log=$log,flash=$flash

is_updated() { # CASE
    ends_with 0 "P011 $1"
    is_json '["outcome"]' '"updated"' "P011 $1: it is updated"
    is_json '["verified"]' '"readback"' "P011 $1: and proven"
    is_json '["error"]' null "P011 $1: without an error"
    is_json '["board"]["mode"]' '"app"' "P011 $1: its application is back"
    matches_not "$err" 'error|fail|cannot|did not' "P011 $1: no word of failure"
}

# ---- the boot ROM of an STM32, which leaves when the end marker is asked about ----

forget_all
run update app.bin --board $rom --json
is_updated "(a) it answers, and is gone"
starts_with app.bin "P011 (a) the board has the file"
last=$(requests_to_end_marker)

for kind in lose-reply vanish:after; do # the GETSTATUS after the end marker is obeyed, and nobody hears the answer
    forget_all
    run update app.bin --board "$rom,fault=$kind@$((last + 1)),return=500" --json
    is_updated "(b) the answer to the last GETSTATUS is lost, $kind"
    starts_with app.bin "P011 (b) the board has the file, $kind"
    ! grep '"what":"GETSTATUS"' $log | tail -n 1 | grep -q '"outcome":"OK"'
    ok $? "P011 (b) it was lost, $kind"
done

forget_all
run update app.bin --board $gd32 --json
is_updated "(c) a GD32, which leaves at the end marker itself"
starts_with app.bin "P011 (c) the board has the file"

# ---- plain DFU ----

for how in tolerant=no,reboots=yes,manifest-poll=50 tolerant=no,reboots=early; do
    forget_all
    run update new.bin --board $strict,$how --json
    is_updated "(d) plain DFU, $how"
    starts_with new.bin "P011 (d) the board has the file, $how"
done

# One that calls itself manifestation tolerant, and leaves nevertheless.
forget_all
run update new.bin --board $strict,reboots=early --json
ends_with 0 "P011 (e) plain DFU, said to be tolerant, and gone at the end marker"
is_json '["error"]' null "P011 (e) without an error"
is_json '["board"]["mode"]' '"app"' "P011 (e) its application is back"
[ "$(end_markers)" = 1 ]
ok $? "P011 (e) it was written once ($(end_markers) end markers)"
starts_with new.bin "P011 (e) the board has the file"

# ---- not complete: now it is a failure ----

forget_all
run update app.bin --board $rom --json
middle=$(requests_to program 2)
forget_all
run update app.bin --board $rom,fault=no-return@$middle --json
ends_with 10 "P011 (f) it left before it had all of it"
is_json '["ok"]' false "P011 (f) that isn't done"
is_json '["error"]["code"]' '"board-left"' "P011 (f) because it left"
finish
