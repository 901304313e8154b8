#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P035: an application is all that a board would have: by an address of its own, behind a mass erase, and the files that are
# named in the refusal are enough as they are.
FETTLE_SOURCE=${FETTLE_SOURCE:-$(cd "$(dirname "$0")/../../.." && pwd)}
. "$FETTLE_SOURCE/tests/problems/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
sample esp-bootloader esp32 boot.bin
sample esp-table table.bin

attempt update new.bin --mass-erase --yes --board $esp32
[ "$status" -ne 0 ]
ok $? "P035 (f) a mass erase, and the application alone: refused"
was_not_changed "P035 (f) before the bootloader is gone"
attempt update new.bin@0x10000 --board $esp32,content=blank
matches "$err" 'bootloader' "P035 (g) an address by hand on a blank board: a bootloader is missing"
matches_not "$err" 'this revision' "P035 (g) the revision isn't blamed"
attempt update boot.bin table.bin new.bin --board $esp32,content=blank
is_proven "P035 (h) the three files, without addresses"
has_at 0x1000 boot.bin "P035 (h) the bootloader"
has_at 0x8000 table.bin "P035 (h) the table"
has_at 0x10000 new.bin "P035 (h) the application"
sample raw 5000 data.bin
attempt update data.bin new.bin --board $esp32,content=blank
matches_not "$err" '0x08000000' "P035 (i) an example of an address that such a chip has"
finish
