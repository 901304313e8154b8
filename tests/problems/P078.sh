#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P078: /flash is corrupt after 1.18 -> 1.20: the file system is moved over. Said before, erased, and the table looked at afterwards.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
package LoPy-1.20.2.r6.tar.gz module=LoPy layout=4MB
old=sim:lopy+pytrack,timing=none,log=$log,module-flash=$flash,layout=old
attempt update LoPy-1.20.2.r6.tar.gz --dry-run --board "$old"
matches "$err" 'file system at 0x00380000 will be lost: the layout changes from old \(1\.18 or before\) to new 4 MB' "P078 (a) a dry run says it"
was_not_changed "P078 (a) before anything is written"
looked_at "$old"
run update LoPy-1.20.2.r6.tar.gz --yes --board "$old" --json
is_proven "P078 (b) the update"
notes files-lost "P078 (b)"
is_blank 0x380000 0x7f000 "P078 (b) the file system is erased"
keeps_credentials "P078 (b)"
keeps 0x9000 0x7000 "P078 (b) the settings are as they were"
run info --module --board "$old" --json
is_json '["board"]["partitions"][1]["size"]' $((0x1ae000)) "P078 (b) the board has the new table"
rm -f $log
run update LoPy-1.20.2.r6.tar.gz --board "$old" --json
is_json '["outcome"]' '"unchanged"' "P078 (c) the second time nothing is written"
notes_not files-lost "P078 (c)"
forget_all
run update LoPy-1.20.2.r6.tar.gz --board "$old" --dry-run
advises 'fettle backup' "P078 (d) a backup of it is offered"
finish
