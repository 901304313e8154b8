#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P113: the flash says 4 MB and has 1 MB, and wraps around. Found before anything is overwritten.
FETTLE_SOURCE=${FETTLE_SOURCE:-$(cd "$(dirname "$0")/../../.." && pwd)}
. "$FETTLE_SOURCE/tests/problems/lib.sh"
. "$source/tests/problems/esp.sh"
sample raw 20000 data.bin
attempt update data.bin@0x200000 --board $esp32,size=1MB,flash-id=0x1640ef
ends_with 8 "P113 beyond what is there"
was_not_changed "P113 nothing was overwritten"
matches "$err" '1 ?(MB|MiB)|1048576' "P113 the real size is told"
finish
