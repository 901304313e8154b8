#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P106: option bytes are written, the board restarts in the middle of it, and the tool reports a failure.
. "$(dirname "$0")/lib.sh"
sample raw 16 options.bin 6
board=sim:stm32f4,timing=none,person=none,log=$log,flash=$flash

# ---- (a) only who names them, and means it ----

forget_all
run update options.bin@0x1fffc000 --board $board --json
ends_with 8 "P106 (a) option bytes that weren't named"
is_json '["error"]["code"]' '"memory-not-named"' "P106 (a) that is the reason"
forget_all
run update options.bin --memory 1 --board $board --json
ends_with 4 "P106 (a) named, and nobody can be asked"
is_json '["error"]["code"]' '"confirmation-needed"' "P106 (a) it wants to be confirmed"
matches "$err" 'Option Bytes.*(undone|starting)' "P106 (a) why"
was_asked DNLOAD 0 "P106 (a) nothing was sent"

# ---- (b) it restarts ----

is_written() { # CASE
    ends_with 0 "P106 $1"
    is_json '["outcome"]' '"updated"' "P106 $1: it is updated"
    is_json '["verified"]' '"readback"' "P106 $1: which was read after it was back"
    awk '/"what":"program"/ { wrote = 1 } wrote && /"what":"leaves"/ { left = 1 } left && /"what":"UPLOAD"/ { found = 1 }
         END { exit !found }' $log
    ok $? "P106 $1: it had restarted by then"
    was_asked program 1 "P106 $1: they are written once"
    matches_not "$err" "fail|did not work|cannot" "P106 $1: no word of failure"
    matches "$err" 're(start|set)s? ' "P106 $1: that it restarts is said"
}
forget_all
run update options.bin --memory 1 --board $board --yes --json
is_written "(b) confirmed, by number"
forget_all
run update options.bin --memory option --board $board --yes --json
is_written "(b) confirmed, by name"

# Without reading: it restarted, so it has taken them; they aren't written again and again.
forget_all
run update options.bin --memory 1 --board $board --yes --no-verify --json
ends_with 0 "P106 (c) not read"
is_json '["outcome"]' '"written"' "P106 (c) it is written, as far as anybody knows"
was_asked program 1 "P106 (c) once"

# It doesn't come back: that is a failure.
forget_all
run update options.bin --memory 1 --board $board --yes --json
write=$(requests_to program 1)
forget_all
run update options.bin --memory 1 --board $board,fault=no-return:before@$write --yes --json
[ "$status" -eq 10 ] || [ "$status" -eq 12 ]
ok $? "P106 (d) it left before they were written: exit status 10 or 12 (was $status)"

# Nothing else was touched.
forget_all
files filled $flash 1048576 0xa5
cp $flash before.flash
run update options.bin --memory 1 --board $board --yes --json
ends_with 0 "P106 (e) the flash beside them"
holds_exactly before.flash "P106 (e) is as it was"
finish
