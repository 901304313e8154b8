#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P077: "No region specified and no default": the region is asked for, never guessed; a package for another band.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
package new.tar.gz version=1.20.3
package LoPy_868-1.11.0.b1.tar.gz module=LoPy layout=old
package WiPy-1.20.3.tar.gz module=WiPy version=1.20.3
lopy=sim:lopy+pytrack,timing=none,log=$log,module-flash=$flash
attempt update new.tar.gz --board "$lopy4,config=no-region"
ends_with 0 "P077 (a) no region"
matches "$err" 'LoRa region is not set.*--region' "P077 (a) it is said, with what to do"
keeps_region() {
    tail -c +$((config + 53)) $flash | head -c 1 | od -An -tx1 | tr -d ' '
}
is_equal "$(keeps_region)" ff "P077 (a) none is guessed"
run update new.tar.gz --region IN865 --board "$lopy4" --json
ends_with 0 "P077 (b) with --region IN865"
is_equal "$(keeps_region)" 07 "P077 (b) it is stored, and right"
matches_not "$err" 'region is not set' "P077 (b) no more is said of it"
attempt update new.tar.gz --country India --board "$lopy4,config=no-region"
ends_with 0 "P077 (c) with --country India"
is_equal "$(keeps_region)" 07 "P077 (c) it is stored"
matches "$err" '865-867 MHz' "P077 (c) and why is told"
attempt update LoPy_868-1.11.0.b1.tar.gz --region US915 --board "$lopy"
matches "$err" '868.*US915|US915.*868' "P077 (d) a package for another band: it is told"
attempt update WiPy-1.20.3.tar.gz --board "sim:wipy+pytrack,timing=none,log=$log,module-flash=$flash,config=no-region" --module=wipy
matches_not "$err" 'region is not set' "P077 (e) a module without LoRa needs none"
finish
