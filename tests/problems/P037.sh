#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P037: the board says errVENDOR and nothing else helps: the read protection of an STM32 (RDP) is on.
. "$(dirname "$0")/lib.sh"
files app app.bin 5000 0x08000000
board=sim:stm32f4,timing=none,log=$log,flash=$flash

says_protected() { # CASE
    ends_with 10 "P037 $1"
    is_json '["error"]["code"]' '"read-protected"' "P037 $1: protection is the reason"
    matches "$err" 'protected against reading' "P037 $1: a person reads it"
    was_not_written "P037 $1: nothing was erased or written"
}

was_not_written() { # DESCRIPTION
    [ -s $log ] && ! grep -qE '"what":"(erase|mass-erase|program)"' $log
    ok $? "$1"
}

# ---- (a) without being told to, nothing is taken off ----

forget_all
run update app.bin --board $board,rdp=yes --json
says_protected "(a) update"
matches "$err" '\-\-unprotect.*everything.*erased' "P037 (a) update: how it goes on, and at what price"
forget_all
run update app.bin --board $board,rdp=yes --no-verify --json
says_protected "(a) update, not read"
forget_all
run verify app.bin --board $board,rdp=yes --json
says_protected "(a) verify"
matches_not "$err" 'the same command with --unprotect' "P037 (a) verify: which knows no --unprotect, isn't sent there"
forget_all
run read saved.bin --board $board,rdp=yes --json
says_protected "(a) read"
matches_not "$err" 'the same command with --unprotect' "P037 (a) read: nor is read, which would find nothing any more"
holds "P037 (a) read: no file is left" [ ! -e saved.bin ]
forget_all
run erase --board $board,rdp=yes --yes --json
says_protected "(a) erase"

# ---- (b) it must be confirmed ----

forget_all
run update app.bin --board $board,rdp=yes --unprotect --json
ends_with 4 "P037 (b) --unprotect where nobody can be asked"
is_json '["error"]["code"]' '"confirmation-needed"' "P037 (b) it wants to be confirmed"
matches "$err" 'everything on it will be erased' "P037 (b) what it costs"
was_left_alone "P037 (b) nothing was asked of the board"

# ---- (c) confirmed ----

forget_all
run update app.bin --board $board,rdp=yes --unprotect --yes --json
ends_with 0 "P037 (c) --unprotect --yes"
is_json '["outcome"]' '"updated"' "P037 (c) it is updated"
is_json '["verified"]' '"readback"' "P037 (c) and can be read now"
matches "$err" 'protection was taken off, which has erased everything' "P037 (c) it is said what happened"
starts_with app.bin "P037 (c) the board has the file"
was_asked mass-erase 1 "P037 (c) the chip has erased itself once"

# ---- (d) and the chip wants its power cycle ----

forget_all
run update app.bin --board $board,rdp=yes --unprotect --yes --json
unprotect=$(requests_to mass-erase 1)
awk '/"what":"mass-erase"/ { n++ } n && /"what":"arrives"/ { found = 1 } END { exit !found }' $log
ok $? "P037 (d) its own restart is awaited"
forget_all
run update app.bin --board $board,rdp=yes,return=600000,fault=vanish:after@$unprotect --unprotect --yes \
    --wait=30 --events --json
has_event 'e["event"] == "ask" and "plug" in e["text"]' "P037 (d) one that stays away is to be unplugged and plugged in"
ends_with 0 "P037 (d) then it goes on"
starts_with app.bin "P037 (d) the board has the file"

# ---- (e) in the middle ----

forget_all
run update app.bin --board $board,fault=status=errVENDOR@2 --json
ends_with 10 "P037 (e) access is lost in the middle of the write"
is_json '["error"]["code"]' '"read-protected"' "P037 (e) errVENDOR means the protection"
matches "$err" '0x08000800' "P037 (e) and where"

# ---- (f) not protected: nothing is erased by the way ----

forget_all
files filled before.bin 1048576 0xa5
cp before.bin $flash
run update app.bin --board $board --unprotect --yes --json
ends_with 0 "P037 (f) --unprotect where nothing is protected"
was_asked mass-erase 0 "P037 (f) erases nothing of its own"
files put before.bin 0 app.bin
holds_exactly before.bin "P037 (f) all else is as it was"
finish
