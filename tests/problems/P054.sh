#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P054: the flash chip doesn't answer (id ffffff or 000000). Stopped before anything is erased, with what to take off.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536

for id in 0xffffff 0x000000; do
    for verb in "update new.bin" "read out.bin" "erase --yes"; do
        attempt $verb --board $esp32,flash-id=$id
        refuses 10 esp-flash-silent "flash chip does not answer \\(id ${id#0x}" "P054 ${verb%% *}, $id"
        advises 'GPIO6 to GPIO12.*again' "P054 ${verb%% *}, $id"
    done
done
finish
