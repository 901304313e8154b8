#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P036: an update that went well, and the old version runs: otadata names the other slot. It names the new one afterwards.
. "$(dirname "$0")/../lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
package new.tar.gz version=1.20.3
second=$lopy4,active=ota_0,app-version=1.18.2.r7
attempt update new.tar.gz --board "$second"
matches "$err" '1\.18\.2\.r7.*1\.20\.3' "P036 (e) the old version and the new one are told"
finish
