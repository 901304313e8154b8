#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P040: after a look the application runs again, and JSON says so.
FETTLE_SOURCE=${FETTLE_SOURCE:-$(cd "$(dirname "$0")/../../.." && pwd)}
. "$FETTLE_SOURCE/tests/problems/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
for verb in "verify new.bin@0x10000" "read --memory nvs --overwrite out.bin" "update new.bin --dry-run" "info"; do
    attempt $verb --board $esp32
    is_json '["board"]["mode"]' '"app"' "P040 (d) $verb"
done
finish
