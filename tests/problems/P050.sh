#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P050: settings gone after an update. They are the same bytes, unless somebody says otherwise.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
package new.tar.gz version=1.20.3
nvs=0x9000
files=0x400000
looked_at "$lopy4"
rm -f $log
run update new.tar.gz --board "$lopy4" --json
is_proven "P050 (a) an update"
keeps $nvs 0x7000 "P050 (a) the settings (NVS) are as they were"
keeps $files 0x400000 "P050 (a) the file system, too"
keeps $config 4096 "P050 (a) the config block, too"
notes_not erased-as-asked "P050 (a)"

looked_at "$lopy4"
run update new.tar.gz --erase-settings --board "$lopy4" --json
is_proven "P050 (b) with --erase-settings"
is_blank $nvs 0x7000 "P050 (b) the settings are gone"
keeps $files 0x400000 "P050 (b) the file system isn't"
keeps $config 4096 "P050 (b) nor the config block"
matches "$err" 'settings \(NVS\) at 0x00009000 \(28672 bytes\) (is|are) erased, as you asked' "P050 (b) it is said"

looked_at "$lopy4"
run update new.tar.gz --erase-files --board "$lopy4" --json
is_proven "P050 (c) with --erase-files"
keeps $nvs 0x7000 "P050 (c) the settings are as they were"
is_blank $files 0x400000 "P050 (c) the file system is gone"
keeps $config 4096 "P050 (c) the config block isn't"
matches "$err" 'file system at 0x00400000 \(4194304 bytes\) is erased, as you asked' "P050 (c) it is said"
finish
