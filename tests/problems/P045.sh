#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P045: the cable is pulled in mid-write. A board with another serial that appears at the same port is in
# test_desk.c.
# P045: the half of ESP boards comes with their loader.
. "$(dirname "$0")/lib.sh"
echo "# P045: the half that needs ESP boards comes with their loader"
sample pytrack shield.dfu
sample raw 16000 strict.bin
shield=sim:pytrack,timing=none,mode=dfu,person=none,return=5000,log=$log,flash=$flash
strict=sim:dfu,timing=none,person=none,return=5000,log=$log,flash=$flash

# Half of the blocks had come when it left.
was_cut_in_mid_write() { # CASE OF
    written=$(awk '/"what":"leaves"/ { exit } /"what":"DNLOAD"/ { n++ } END { print n + 0 }' $log)
    [ "$written" -gt $(($2 / 4)) ] && [ "$written" -lt $(($2 * 3 / 4)) ]
    ok $? "P045 $1: it left in the middle of the write ($written of $2 blocks)"
}

says_where() { # CASE
    ends_with 10 "P045 $1"
    is_json '["error"]["code"]' '"board-left"' "P045 $1: it left"
    is_json '["error"]["stage"]' '"write"' "P045 $1: the step is named"
    matches "$err" "cannot write block [0-9]+ at 0x[0-9a-f]+" "P045 $1: a person reads where"
    matches "$err" "plug the board in again.*run the same command.*goes on" \
        "P045 $1: that it isn't lost, and what to do"
}

# Which request is in the middle of the write: a clean run tells.
run update shield.dfu --board $shield --revision 1
middle_of_shield=$(requests_to_block 126)
forget
run update strict.bin --board $strict
middle_of_strict=$(requests_to_block 31)

# ---- (a) a shield ----

forget
run update shield.dfu --board $shield,fault=vanish@$middle_of_shield --revision 1 --wait=30 --events --json
ends_with 0 "P045 (a) it is back on the same port after 5 s, and somebody waits"
was_cut_in_mid_write "(a)" 253
has_event 'e["event"] == "board-left" and e["stage"] == "write"' "P045 (a) its leaving is told"
matches "$err" "cannot write block [0-9]+ at 0x[0-9a-f]+: the board left" "P045 (a) and at which step"
has_event 'e["event"] == "ask" and e["at_ms"] < 5000' "P045 (a) what to do is asked while it is away"
is_json '["outcome"]' '"updated"' "P045 (a) it goes on and ends well"
is_json '["verified"]' '"readback"' "P045 (a) with proof"
shield_has shield.dfu "P045 (a) the board has the file"
holds "P045 (a) what was right is not written again" [ "$(blocks)" -lt 380 ]

forget
run update shield.dfu --board $shield,fault=no-return@$middle_of_shield --revision 1 --json
says_where "(b) it stays away"
was_cut_in_mid_write "(b)" 253
rm -f $log
run update shield.dfu --board $shield --revision 1 --json
ends_with 0 "P045 (b) plugged in again, the same command"
shield_has shield.dfu "P045 (b) the board has the file"
holds "P045 (b) what was right is not written again" [ "$(blocks)" -lt 200 ]

# ---- (c) a strict board ----

forget
run update strict.bin --board $strict,fault=vanish@$middle_of_strict --wait=30 --json
ends_with 0 "P045 (c) a strict board is back after 5 s"
was_cut_in_mid_write "(c)" 63
is_json '["outcome"]' '"updated"' "P045 (c) it ends well"
is_json '["verified"]' '"readback"' "P045 (c) with proof"
starts_with strict.bin "P045 (c) the board has the file"

forget
run update strict.bin --board $strict,fault=no-return@$middle_of_strict --wait=10 --json
says_where "(d) a strict board stays away"
was_cut_in_mid_write "(d)" 63
rm -f $log
run update strict.bin --board $strict --json
ends_with 0 "P045 (d) plugged in again, the same command"
starts_with strict.bin "P045 (d) the board has the file"

# ---- (g) an STM32, in a page that holds something else as well ----

sample raw 40000 stm32.bin
f4=sim:stm32f4,timing=none,mode=dfu,person=none,return=5000,log=$log,flash=$flash
prepare_stm32() {
    forget_all
    files filled $flash 1048576 0xa5
}
stm32_has_it() { # DESCRIPTION
    files filled expected.flash 1048576 0xa5
    files put expected.flash 0x100 stm32.bin
    holds_exactly expected.flash "$1"
}
prepare_stm32
run update stm32.bin@0x08000100 --board $f4 --json
middle_of_stm32=$(requests_to program 10)
first_erase=$(requests_to erase 1)

for point in $first_erase $middle_of_stm32; do
    prepare_stm32
    run update stm32.bin@0x08000100 --board $f4,fault=vanish@$point --wait=30 --json
    ends_with 0 "P045 (g) an STM32 is back after 5 s, from request $point"
    is_json '["verified"]' '"readback"' "P045 (g) $point: proven"
    stm32_has_it "P045 (g) $point: the board has the file, and beside it what it had"

    prepare_stm32
    run update stm32.bin@0x08000100 --board $f4,fault=no-return@$point --json
    ends_with 10 "P045 (h) an STM32 stays away, from request $point"
    is_json '["error"]["code"]' '"board-left"' "P045 (h) $point: it left"
    matches "$err" "plug the board in again.*run the same command.*goes on" "P045 (h) $point: and what to do"
    rm -f $log
    run update stm32.bin@0x08000100 --board $f4 --json
    ends_with 0 "P045 (h) $point: plugged in again, the same command"
    stm32_has_it "P045 (h) $point: the board has the file, and beside it what it had"
done
holds "P045 (h) pages that were right are not erased again" [ "$(asked erase)" -lt 3 ]

# ---- (e) another board appears there ----

for kind in shield strict; do
    forget
    case $kind in
    shield) run update shield.dfu --board $shield,fault=other-ids@$middle_of_shield --revision 1 --wait=30 --json ;;
    strict) run update strict.bin --board $strict,fault=other-ids@$middle_of_strict --wait=30 --json ;;
    esac
    case $kind in
    shield) says_where "(e) another board, $kind" ;; # its ids are known: the other one isn't looked at
    strict)
        ends_with 10 "P045 (e) another board, $kind"
        is_json '["error"]["code"]' '"other-board"' "P045 (e) another board, $kind: that it is another one"
        matches "$err" "cannot write block [0-9]+ at 0x[0-9a-f]+: the board left" \
            "P045 (e) another board, $kind: a person reads where the first one left"
        matches "$err" "plug the first board in again and run the same command" \
            "P045 (e) another board, $kind: and what to do"
        ;;
    esac
    awk '/"what":"arrives"/ { n++ } n > 1 && /"what":"arrives"/ { seen = 1 }
         n > 1 && /"what":"(DNLOAD|DETACH|CLRSTATUS|ABORT|reset)"/ { bad = 1 }
         END { exit bad || !seen }' $log
    ok $? "P045 (e) $kind: it came, and nothing was done to it"
done
finish
