#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P080: works only with nothing on GPIO12: the flash doesn't answer. GPIO12 is named; eFuses are never offered.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
attempt update new.bin --board $esp32,flash-id=0xffffff
refuses 10 esp-flash-silent 'flash chip does not answer' "P080 the flash doesn't answer"
advises 'GPIO12' "P080 the flash doesn't answer"
matches_not "$err" 'efuse' "P080 not a word of burning"
run explain esp-flash-silent
matches "$out" 'GPIO12 decides' "P080 what GPIO12 does is explained"
finish
