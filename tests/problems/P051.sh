#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P051: a boot loop, or a hang, after an update: steps from the mildest on, and what each of them costs.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
package new.tar.gz version=1.20.3
attempt update new.tar.gz --board "$lopy4,content=blank"
is_proven "P051 (a) a module with nothing to start gets all of it"
matches_not "$err" 'esp-boot|restor' "P051 (a) nothing is made of that"
looked_at "$lopy4"
run update new.tar.gz --erase-settings --board "$lopy4" --json
is_proven "P051 (b) the settings given up"
keeps_credentials "P051 (b)"
run update new.tar.gz --erase-settings --erase-files --board "$lopy4" --json
is_proven "P051 (c) the file system besides"
keeps_credentials "P051 (c)"
run update new.tar.gz --mass-erase --yes --board "$lopy4" --json
is_proven "P051 (d) everything"
keeps_credentials "P051 (d)"
run explain no-application
for words in 'safe boot' '--erase-settings' '--erase-files' '--mass-erase' 'config block'; do
    matches "$out" "$words" "P051 (e) the steps are told: $words"
done
finish
