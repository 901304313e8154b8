#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P065: a raw file, and the tool wants an address. The board tells where its memory begins.
. "$(dirname "$0")/lib.sh"
files app app.bin 5000 0x08000000
files app at32.bin 5000 0x08008000

forget_all
run update app.bin --board sim:stm32f4,timing=none,log=$log,flash=$flash --json
ends_with 0 "P065 (a) a raw file, and no address"
starts_with app.bin "P065 (a) it is at the beginning of the flash"
matches "$err" '0x08000000' "P065 (a) the address is shown"
happened_at leave 0x08000000 "P065 (a) and it is started there"

forget_all
run update at32.bin --board sim:at32,timing=none,log=$log,flash=$flash --json
ends_with 0 "P065 (b) a board whose first sectors may only be read"
has_at 0x8000 at32.bin "P065 (b) it is at the beginning of what can be written"
matches "$err" '0x08008000' "P065 (b) the address is shown"
happened_at leave 0x08008000 "P065 (b) and it is started there"

forget_all
run update app.bin --board sim:stm32f4,timing=none,log=$log,flash=$flash --address 0x08020000 --json
ends_with 0 "P065 (c) an address that was given"
has_at 0x20000 app.bin "P065 (c) counts"
finish
