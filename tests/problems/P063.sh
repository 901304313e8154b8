#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P063: what is written is silently wrong, on a GD32 or a clone, and the tool says Done.
. "$(dirname "$0")/lib.sh"
files app app.bin 9000 0x08000000
gd32=sim:gd32vf103,timing=none,person=none,log=$log,flash=$flash
f4=sim:stm32f4,timing=none,person=none,log=$log,flash=$flash
strict=sim:dfu,timing=none,person=none,log=$log,flash=$flash

for board in $gd32 $f4 $strict; do
    name=${board%%,*}
    forget_all
    run update app.bin --board $board,fault=drop-write@2 --json
    ends_with 0 "P063 (a) $name: one block is lost without a word"
    is_json '["verified"]' '"readback"' "P063 (a) $name: which was seen by reading it back"
    is_json '["board"]["repaired"].__gt__(0)' true "P063 (a) $name: and repaired"
    starts_with app.bin "P063 (a) $name: the board has the file"

    forget_all
    run update app.bin --board $board,fault=drop-write@2+ --json
    ends_with 11 "P063 (b) $name: it can't be repaired"
    is_json '["error"]["code"]' '"verify-mismatch"' "P063 (b) $name: what was read back differs"
    is_json '["verified"]' '"none"' "P063 (b) $name: nothing is called proven"
    matches_not "$err" 'ok: |updated' "P063 (b) $name: no word of success"
done

# The first address that is wrong: the second block of 2048 bytes wasn't written, the page is blank there.
forget_all
run update app.bin --board $gd32,fault=drop-write@2+,bootable=no --json
is_json '["error"]["address"]' "$((0x08000800))" "P063 (c) the first wrong address"
matches "$err" '0x08000800' "P063 (c) a person reads it"

# One bit, and by default: nobody had to ask for a verification.
forget_all
run update app.bin --board $f4,fault=flip-bit --json
ends_with 11 "P063 (d) one wrong bit in each block"

# Where it can't be read, that is said.
for board in $f4 $strict,app-id=1d50:6002,tolerant=no,reboots=early; do
    name=${board%%,*}
    forget_all
    run update app.bin --board $board,upload=no,fault=drop-write@2 --erase-rest --json
    ends_with 0 "P063 (e) $name: it can't be read"
    is_json '["outcome"]' '"written"' "P063 (e) $name: written is all that is known"
    is_json '["verified"]' '"none"' "P063 (e) $name: no proof"
    matches "$err" 'nothing (was read back|proves)' "P063 (e) $name: a person is told"
done

# A board that has the whole before it says yes: that is what counts, and nobody calls it read back.
forget
run update app.bin --board $strict,upload=no --json
ends_with 0 "P063 (f) the board's own check is all there is"
is_json '["verified"]' '"manifest"' "P063 (f) that is the proof"
matches "$err" 'the board checked the whole' "P063 (f) a person is told"
matches_not "$err" 'read back and compared' "P063 (f) and not of a comparison"
finish
