#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P036: an update that went well, and the old version runs: otadata names the other slot. It names the new one afterwards.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
package new.tar.gz version=1.20.3
package small.tar.gz version=1.20.3.b3 layout=small
second=$lopy4,active=ota_0,app-version=1.18.2.r7
for board in "$lopy4" "$second"; do
    attempt update new.tar.gz --board "$board"
    is_proven "P036 (a) $board"
    attempt info --module --board "$lopy4"
done
attempt update new.tar.gz --board "$second"
is_proven "P036 (b) the second slot was active"
notes slot-chosen "P036 (b)"
matches "$err" 'will start factory, where the new application is; until now it started ota_0' "P036 (b) it is said"
run info --module --board "$lopy4" --json
started=$(json '["board"]["partitions"]' | grep -o '{[^}]*"started": true[^}]*}' | grep -o '"label": "[a-z0-9_]*"')
is_equal "$started" '"label": "factory"' "P036 (b) the new one starts"
rm -f $log
run update new.tar.gz --board "$lopy4" --json
is_json '["outcome"]' '"unchanged"' "P036 (c) the second time nothing is written"
was_not_changed "P036 (c) not even otadata"
rm -f $log
run update small.tar.gz --board "$lopy4" --json
is_proven "P036 (d) a package whose application goes to the second slot"
matches "$err" 'will start ota_0, where the new application is' "P036 (d) it is said"
run info --module --board "$lopy4" --json
started=$(json '["board"]["partitions"]' | grep -o '{[^}]*"started": true[^}]*}' | grep -o '"label": "[a-z0-9_]*"')
is_equal "$started" '"label": "ota_0"' "P036 (d) the new one starts"
finish
