#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P111: a PAC is refused on registration: it is valid once. The text next to it says so; keys are masked.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
attempt info --module --board "sim:sipy+pytrack,timing=none,log=$log,module-flash=$flash"
ends_with 0 "P111 a SiPy"
run info --module --board "sim:sipy+pytrack,timing=none,log=$log,module-flash=$flash"
matches "$out" 'Sigfox PAC: [0-9a-f]{16} \(valid for one registration; once it is used, a new one is had from the Sigfox backend' "P111 what to do with a used one stands next to it"
matches "$out" 'Sigfox private key: set' "P111 that there is a private key"
matches "$out" 'Sigfox public key: set' "P111 and a public one"
for key in 20 36; do
    secret=$(tail -c +$((config + key + 1)) $flash | head -c 16 | od -An -tx1 | tr -d ' \n')
    [ ${#secret} -eq 32 ] && ! grep -qi "$secret" "$out"
    ok $? "P111 the key at $key isn't shown"
done
finish
