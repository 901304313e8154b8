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

# All that is done before the module's reset, on the board's own clock; the first MAGIC is the way to that.
costs_no_second() { # CASE
    entered=$(field at "$(grep -m 1 '"what":"pic","bmRequestType":0,"bRequest":2,' $log)")
    [ "${entered:-1000000}" -lt 1000000 ]
    ok $? "$1: asked for less than a second (${entered:-nothing} us)"
}

part='["board"]["parts"][0]'
attempt update new.tar.gz --board "$second"
matches "$err" 'version was 1\.18\.2\.r7 and is 1\.20\.3' "P036 (e) the old version and the new one are told"
is_json "$part"'["name"]' '"module"' "P036 (e) in JSON, too: the module"
is_json "$part"'["version_before"]' '"1.18.2.r7"' "P036 (e) before"
is_json "$part"'["version_after"]' '"1.20.3"' "P036 (e) and after"
costs_no_second "P036 (e) a module that has just got power"

rm -f $log # the second time it runs the new one, which has just been written
run update new.tar.gz --board "$lopy4" --json
is_json "$part"'["version_before"]' '"1.20.3"' "P036 (f) what ran is what was written"
matches_not "$err" 'version was' "P036 (f) and where nothing changes nothing is said"

for silent in content=blank loops=app jumpers=off; do
    attempt update new.tar.gz --board "$lopy4,$silent"
    is_json "$part"'["version_before"]' '""' "P036 (g) $silent: what nobody has said isn't told"
    matches_not "$err" 'version was' "P036 (g) $silent: nor guessed"
    costs_no_second "P036 (g) $silent"
done
attempt update new.tar.gz --no-verify --board "$second"
is_json "$part"'["version_after"]' '""' "P036 (h) --no-verify: what isn't proven isn't told as a version"
matches_not "$err" 'version was' "P036 (h) nor in words"
attempt update new.tar.gz --dry-run --board "$second"
is_json '["outcome"]' '"planned"' "P036 (i) a rehearsal"
matches_not "$err" 'version was|kept as before' "P036 (i) has no old and new version"
finish
