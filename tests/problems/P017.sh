#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P017: failure printed though it worked, success printed though the board is dead. The verdict comes from
# what was read back and from the restarted board, not from the last transfer.
. "$(dirname "$0")/lib.sh"
sample raw 5000 new.bin
sample pytrack new.dfu
board=sim:dfu,timing=none,log=$log,flash=$flash

final() { # CASE FILE: the last thing said, without the hint
    grep -E '^(fettle: |ok: )' "$err" | tail -n 1 | sed 's/ on sim:[a-z]*//' >"$2"
    holds "P017 $1: there is a final message" [ -s "$2" ]
}

# (a) the image is accepted, and its manifestation ends in errVERIFY
forget
run update new.bin --board $board,fault=status=errVERIFY --json
ends_with 10 "P017 (a) refused at the end"
is_json '["outcome"]' '"failed"' "P017 (a) it failed"
is_json '["error"]["device"]["name"]' '"errVERIFY"' "P017 (a) with the board's own reason"
final "(a)" final.a

# (b) the image is fine, and one status answer is lost: the one after the end marker
forget
run update new.bin --board $board --json
answer=$(($(requests_to_end_marker) + 1))
forget
run update new.bin --board $board,fault=lose-reply@$answer --json
ends_with 0 "P017 (b) a lost status answer"
grep '"what":"GETSTATUS"' $log | grep -q '"outcome":"TIMEOUT"'
ok $? "P017 (b) it was lost"
is_json '["outcome"]' '"updated"' "P017 (b) it is updated"
is_json '["verified"]' '"readback"' "P017 (b) because it was read back"
starts_with new.bin "P017 (b) the board has the file"
final "(b)" final.b

# (c) written well, and the application does not start: as strict board, and as shield
forget
run update new.bin --board $board,app-id=1d50:6002,app=no --json
ends_with 12 "P017 (c) the application does not start"
starts_with new.bin "P017 (c) the board has the file"
is_json '["verified"]' '"readback"' "P017 (c) that it was written well is kept"
is_json '["error"]["code"]' '"application-missing"' "P017 (c) what went wrong is the start"
matches "$err" "did not start" "P017 (c) that it did not start is said"
matches "$err" "what was written is right: read back" "P017 (c) and that it was written and verified"
final "(c)" final.c
forget
run update new.dfu --board sim:pytrack,timing=none,stays=yes,log=$log,flash=$flash --revision 1 --json
ends_with 12 "P017 (c) a shield that does not start it"
is_json '["verified"]' '"readback"' "P017 (c) the shield's proof is kept"
shield_has new.dfu "P017 (c) the shield has the file"

! cmp -s final.a final.b && ! cmp -s final.b final.c && ! cmp -s final.a final.c
ok $? "P017 three different final messages"

# Success is never printed for a memory that differs.
forget
run update new.bin --board $board,fault=drop-write --json
ends_with 11 "P017 (d) nothing of it was written, and every answer was OK"
is_json '["verified"]' '"none"' "P017 (d) nothing is proven"
finish
