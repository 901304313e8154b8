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

# A chip with USB of its own had BOOT held when power came. A reset over USB leaves it in its loader; then it isn't in its
# application, and that is not said.
for chip in esp32s3 esp32c3; do
    sample esp-app $chip $chip.bin 65536
    attempt update $chip.bin --board sim:$chip,timing=none,mode=rom,person=none,log=$log,flash=$flash
    is_proven "P084 (b) an $chip in its loader since power came"
    is_equal "$(in_loader)" 0 "P084 (b) the $chip left its loader"
done
sample esp-app esp32c6 esp32c6.bin 65536
attempt update esp32c6.bin --board sim:esp32c6,timing=none,mode=rom,person=none,log=$log,flash=$flash
is_json '["verified"]' '"hash"' "P084 (c) a C6, which its watchdog can't help: it is written"
is_equal "$(json '["board"]["mode"]')" '"rom"' "P084 (c) it is still in its loader, and that is said"
matches "$err" 'RESET|EN' "P084 (c) with the last thing to press"
finish
