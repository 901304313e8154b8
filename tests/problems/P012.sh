#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P012: "Timed out waiting for packet header": it doesn't answer at once, or never. It is tried again, and said what was on the
# line.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536

for misses in 1 3; do
    attempt update new.bin --board $esp32,sync-misses=$misses
    is_proven "P012 (a) the first $misses SYNCs get no answer"
    has_at 0x10000 new.bin "P012 (a) the board has the file after $misses"
done
attempt update new.bin --board $esp32,person=none,silent=yes,sync-misses=1000
ends_with 12 "P012 (b) none is ever answered"
is_json '["error"]["code"]' '"esp-silent"' "P012 (b) nothing was on the line"
[ "$(took_ms)" -le 60000 ]
ok $? "P012 (b) it has an end (after $(took_ms) ms)"
[ "$(resets)" -ge 7 ]
ok $? "P012 (b) all ways were tried ($(resets) starts)"
was_not_changed "P012 (b) nothing was changed"
matches_not "$err" 'time.?out|packet header' "P012 (b) no word of packets"

# The first eight SYNCs after each reset get no answer, though the chip says that it waits for download.
attempt update new.bin --board $esp32,sync-misses=8
is_proven "P012 (c) the first 8 SYNCs get no answer"
has_at 0x10000 new.bin "P012 (c) the board has the file"
finish
