#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P084: a chip with USB of its own stays in its loader afterwards, because BOOT was held when it started. Its watchdog gets
# it out, where the chip allows that.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"

in_loader() { # 0 or 1: is it what the last start led to?
    grep '"what":"reset"' $log | tail -n 1 | sed 's/.*"bRequest":\([01]\).*/\1/'
}

for chip in esp32s3 esp32c3; do
    sample esp-app $chip $chip.bin 65536
    attempt update $chip.bin --reset none --board sim:$chip,timing=none,log=$log,flash=$flash
    is_proven "P084 (a) an $chip that somebody brought into its loader by the button"
    has_at 0x10000 $chip.bin "P084 (a) the $chip has the file"
    is_equal "$(in_loader)" 0 "P084 (a) the $chip left its loader"
    [ "$(asked arrives)" -ge 2 ]
    ok $? "P084 (a) by its watchdog, which takes the port of the $chip along"
done
finish
