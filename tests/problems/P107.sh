#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P107: an AT32 or an H750 with a thousand sectors and more is refused, or mapped wrongly: parsers with three digits.
. "$(dirname "$0")/lib.sh"
sample raw 4096 page.bin
board=sim:at32,timing=none,person=none,log=$log,flash=$flash
last=$((0x08000000 + 8 * 4096 + 999 * 4096))

run info --board $board --json
ends_with 0 "P107 (a) 08*04Ka,1000*04Kg"
is_json '["boards"][0]["memories"][0]["zones"].__len__()' 2 "P107 (a) two zones"
is_json '["boards"][0]["memories"][0]["zones"][1]["page_count"]' 1000 "P107 (a) a thousand pages"

forget_all
run update page.bin --address $last --board $board --json
ends_with 0 "P107 (b) the last page"
is_json '["verified"]' '"readback"' "P107 (b) is written and proven"
happened_at erase "$(printf 0x%08x $last)" "P107 (b) it alone is erased"
has_at $((last - 0x08000000)) page.bin "P107 (b) the board has the file there"

forget_all
run update page.bin --address $((last + 4096)) --board $board --json
ends_with 8 "P107 (c) the one behind it"
is_json '["error"]["code"]' '"address-outside"' "P107 (c) doesn't exist"
forget_all
run update page.bin --address 0x08000000 --board $board --json
ends_with 8 "P107 (d) the first one"
is_json '["error"]["code"]' '"address-read-only"' "P107 (d) may only be read"
was_asked DNLOAD 0 "P107 (d) nothing was sent"

# An STM32H750 says more than it has.
h750="sim:stm32h7,timing=none,person=none,log=$log,flash=$flash,string=@Internal Flash   /0x08000000/1001*128Kg"
forget_all
run info --board "$h750" --json
ends_with 0 "P107 (e) 1001*128Kg"
is_json '["boards"][0]["memories"][0]["zones"][0]["page_count"]' 1001 "P107 (e) 1001 pages"
forget_all
run update page.bin --address 0x08020000 --board "$h750" --json
ends_with 0 "P107 (e) of which the second is one"
has_at 0x20000 page.bin "P107 (e) the board has the file there"
finish
