#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P113: the flash says 4 MB and has 1 MB, and wraps around. Found before anything is overwritten.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample raw 20000 data.bin
attempt update data.bin@0x200000 --board $esp32,size=1MB,flash-id=0x1640ef
ends_with 8 "P113 beyond what is there"
was_not_changed "P113 nothing was overwritten"
matches "$err" '1 ?(MB|MiB)|1048576' "P113 the real size is told"

lying=$esp32,size=1MB,flash-id=0x1640ef
attempt erase --yes --address 0x200000 --length 4096 --board $lying
ends_with 8 "P113 (b) erasing beyond what is there"
was_not_changed "P113 (b) nothing was erased"
attempt update data.bin@0xf0000 --board $lying
is_proven "P113 (c) within what is there"
has_at 0xf0000 data.bin "P113 (c) the board has it"
matches "$err" 'says that it holds 4194304 bytes, and holds 1048576' "P113 (c) both sizes are told"
is_json '["board"]["chip"]["flash_size"]' 1048576 "P113 (c) the real one counts"
attempt update data.bin@0x200000 --board $esp32
is_proven "P113 (d) a flash that tells the truth"
matches_not "$err" 'and holds' "P113 (d) nothing is said of it"
attempt update data.bin@0x200000 --board $esp32,content=blank --stay
ends_with 0 "P113 (e) a blank one can't tell"
finish
