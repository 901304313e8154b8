#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P092: what a person keeps in the same page as the firmware is lost: pages are erased whole, files end anywhere.
. "$(dirname "$0")/lib.sh"
sample raw 5000 part.bin
board=sim:stm32f4,timing=none,person=none,log=$log,flash=$flash
preset() {
    forget_all
    files filled $flash 1048576 0xa5
}
expect() { # OFFSET FILE: nothing else but this changes
    files filled expected.flash 1048576 0xa5
    files put expected.flash "$1" "$2"
}
is_kept() { # DESCRIPTION: nothing of it is remembered any more
    kept=$(find "$HOME/.local" -type f -name '*rest*' -size +0 2>/dev/null)
    [ -z "$kept" ]
    ok $? "$1 ($(echo "$kept" | wc -w) are)"
}

preset
run update part.bin@0x08000100 --board $board --json
ends_with 0 "P092 (a) a file that begins in a page"
expect 0x100 part.bin
holds_exactly expected.flash "P092 (a) every other byte is as it was"
happened_at erase 0x08000000 "P092 (a) although the page was erased"
is_kept "P092 (a) no rest of a page is kept afterwards"

preset
run update part.bin@0x08004000 --board $board --json
ends_with 0 "P092 (b) a file that ends in a page"
expect 0x4000 part.bin
holds_exactly expected.flash "P092 (b) every other byte is as it was"

preset
run update part.bin@0x08003f00 --board $board --json
ends_with 0 "P092 (c) over the border of two pages"
expect 0x3f00 part.bin
holds_exactly expected.flash "P092 (c) every other byte is as it was"
happened_at erase "0x08000000 0x08004000" "P092 (c) although both were erased"

# ---- where it can't be read: which bytes would go ----

preset
run update part.bin@0x08000100 --board $board,upload=no --json
ends_with 4 "P092 (d) a board that can't be read"
is_json '["error"]["code"]' '"would-lose"' "P092 (d) bytes would be lost"
matches "$err" "$((16384 - 5000)) bytes.*would be lost.*0x08000000" "P092 (d) how many, and where the first one is"
matches "$err" '\-\-erase-rest' "P092 (d) and what to do if nobody needs them"
was_not_changed "P092 (d) nothing was changed"
files filled expected.flash 1048576 0xa5
holds_exactly expected.flash "P092 (d) the flash is as it was"

preset
run update part.bin@0x08000100 --board $board,upload=no --yes --json
ends_with 4 "P092 (d) --yes isn't the answer to that"
preset
run update part.bin@0x08000100 --board $board,upload=no --erase-rest --json
ends_with 0 "P092 (d) --erase-rest is"
has_at 0x100 part.bin "P092 (d) then the file is there"
preset
run update part.bin@0x08000100 --board $board --erase-rest --json
ends_with 0 "P092 (e) --erase-rest where it could be read"
has_at 0x100 part.bin "P092 (e) the file is there"
files filled blank.bin 256 0xff
has_at 0 blank.bin "P092 (e) and the rest is blank"

# ---- cut off between the erase and the end: the next run has the rest ----

preset
run update part.bin@0x08000100 --board $board --json
middle=$(requests_to program 2)
preset
run update part.bin@0x08000100 --board $board,fault=no-return@$middle --json
ends_with 10 "P092 (f) it is unplugged in the middle of the write"
expect 0x100 part.bin
! cmp -s expected.flash $flash
ok $? "P092 (f) when the rest of the page isn't back yet"
run update part.bin@0x08000100 --board $board --json
ends_with 0 "P092 (f) the next run"
holds_exactly expected.flash "P092 (f) puts it back"
is_kept "P092 (f) and then nothing of it is kept"

# ---- what was kept belongs to that run alone ----

running=sim:stm32f4,timing=none,person=none,app-id=0483:5740,log=$log,flash=$flash
files app app.bin 5000 0x08000000
forget_all
run update app.bin --board $running --json
ends_with 0 "P092 (g) a board that comes from its application, and goes back to it"
is_kept "P092 (g) no rest of a page is kept afterwards"
files filled $flash 1048576 0xff # somebody has erased it with another tool
files app app2.bin 5000 0x08000000 7
run update app2.bin --board $running,mode=dfu --json
ends_with 0 "P092 (h) erased by somebody else since, then another file"
files filled expected.flash 1048576 0xff
files put expected.flash 0 app2.bin
holds_exactly expected.flash "P092 (h) nothing that was erased comes back"
finish
