#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P040: opening the port resets the board, or holds it in reset. Listing opens nothing; afterwards the lines are off and the
# application runs.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
sample esp-app esp32s3 s3.bin 65536

attempt list --board $esp32
ends_with 0 "P040 (a) list"
[ -s $log ] && ! grep -qE '"what":"(open|lines|line-coding|write|command)"' $log
ok $? "P040 (a) it doesn't open the port"
is_equal "$(resets)" 0 "P040 (a) the board wasn't reset"

ends_in_order() { # CASE
    is_equal "$(lines_at_end)" "false false" "$1: both lines are off in the end"
    grep '"what":"lines"' $log | head -n 1 | grep -q '"dtr":false,"rts":false'
    ok $? "$1: they are off also when it is opened"
    grep '"what":"read"' $log | tail -n 1 | grep -q '0d0a"'
    ok $? "$1: the application was heard starting"
}
for board in "$esp32 new.bin" "$esp32,circuit=direct new.bin" "$esp32s3 s3.bin"; do
    file=${board#* } board=${board%% *}
    for verb in "update $file" "verify $file@0x10000" "reset" "read --memory nvs --overwrite out.bin" "update $file --dry-run"; do
        attempt $verb --board $board
        case $verb in
        reset | update* | read*) ends_with 0 "P040 (b) $verb at ${board%%,*}" ;;
        esac
        ends_in_order "P040 (b) $verb at ${board%%,*}"
    done
done
attempt update s3.bin --board $esp32
ends_with 8 "P040 (c) a refusal"
is_equal "$(lines_at_end)" "false false" "P040 (c) both lines are off after it"

sample esp-app esp32 new.bin 65536
for verb in "verify new.bin@0x10000" "read --memory nvs --overwrite out.bin" "update new.bin --dry-run" "info"; do
    attempt $verb --board $esp32
    is_json '["board"]["mode"]' '"app"' "P040 (d) $verb"
done
finish
