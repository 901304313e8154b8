#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P028: LoRa MAC, Sigfox id and keys lost by an erase, or by an image of all the flash. They are saved first, stay, and come back.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
looked_at "$lopy4"
attempt erase --yes --module --board "$lopy4"
ends_with 0 "P028 (a) all of the flash is erased"
notes credentials-kept "P028 (a)"
keeps_credentials "P028 (a)"
is_blank 0 $config "P028 (a) in front of the block all is blank"
is_blank 0x400000 0x400000 "P028 (a) behind it, too"
has_backup "P028 (a)"

looked_at "$lopy4"
run erase --yes --module --including-credentials --board "$lopy4" --json
ends_with 0 "P028 (b) the block too, as somebody says"
notes credentials-given-up "P028 (b)"
is_blank 0 0x800000 "P028 (b) all is blank"
has_backup "P028 (b)"
package LoPy4-1.20.2.r6.tar.gz
rm -f $log
run update LoPy4-1.20.2.r6.tar.gz --board "$lopy4" --json
is_proven "P028 (b) the next update"
notes credentials-restored "P028 (b) the next update"
keeps_credentials "P028 (b) the next update"

looked_at "$lopy4"
echo >"$HOME/.local"
for verb in "erase --yes --module" "erase --yes --module --including-credentials" "update LoPy4-1.20.2.r6.tar.gz"; do
    rm -f $log
    # shellcheck disable=SC2086 # words
    run $verb --board "$lopy4" --json
    refuses 13 backup-failed "can.t be saved" "P028 (c) no place for a copy: ${verb%% *}"
done
rm -f "$HOME/.local"

# An image of all the flash, as another module has it.
looked_at "sim:fipy+pytrack,timing=none,log=$log,module-flash=$flash,seed=7"
cp $before other.bin
looked_at "$lopy4"
run update other.bin@0x0 --module=lopy4 --board "$lopy4" --json
is_proven "P028 (d) all of the flash of another one"
notes block-kept "P028 (d)"
keeps_credentials "P028 (d)"
keeps $config 4096 "P028 (d) and so is the rest of the block"
has_backup "P028 (d)"

attempt update LoPy4-1.20.2.r6.tar.gz --board "$lopy4,config=blank"
is_proven "P028 (e) a board that has lost them"
matches "$err" 'has no ids and keys, and nothing was kept of this board; if you have a backup, restore it' "P028 (e) it is said, with what to do"
finish
