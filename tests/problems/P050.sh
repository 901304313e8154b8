#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P050: settings gone after an update. They are the same bytes, unless somebody says otherwise.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
package new.tar.gz version=1.20.3
nvs=0x9000
files=0x400000

fates() { # CONFIG SETTINGS FILES CASE
    for pair in config:"$1" settings:"$2" files:"$3"; do
        is_json '["board"]["kept"]["'"${pair%%:*}"'"]' "\"${pair#*:}\"" "$4: ${pair%%:*} in JSON"
    done
}

looked_at "$lopy4"
rm -f $log
run update new.tar.gz --board "$lopy4" --json
is_proven "P050 (a) an update"
keeps $nvs 0x7000 "P050 (a) the settings (NVS) are as they were"
keeps $files 0x400000 "P050 (a) the file system, too"
keeps $config 4096 "P050 (a) the config block, too"
notes_not erased-as-asked "P050 (a)"
matches "$err" 'Kept as before: config block with its ids and keys, settings \(NVS\), file system\.' "P050 (a) it is said that they are kept"
fates kept kept kept "P050 (a)"

looked_at "$lopy4"
run update new.tar.gz --erase-settings --board "$lopy4" --json
is_proven "P050 (b) with --erase-settings"
is_blank $nvs 0x7000 "P050 (b) the settings are gone"
keeps $files 0x400000 "P050 (b) the file system isn't"
keeps $config 4096 "P050 (b) nor the config block"
matches "$err" 'settings \(NVS\) at 0x00009000 \(28672 bytes\) (is|are) erased, as you asked' "P050 (b) it is said"
matches "$err" 'Kept as before: config block with its ids and keys, file system\.' "P050 (b) and what is kept"
fates kept erased kept "P050 (b)"

looked_at "$lopy4"
run update new.tar.gz --erase-files --board "$lopy4" --json
is_proven "P050 (c) with --erase-files"
keeps $nvs 0x7000 "P050 (c) the settings are as they were"
is_blank $files 0x400000 "P050 (c) the file system is gone"
keeps $config 4096 "P050 (c) the config block isn't"
matches "$err" 'file system at 0x00400000 \(4194304 bytes\) is erased, as you asked' "P050 (c) it is said"
matches "$err" 'Kept as before: config block with its ids and keys, settings \(NVS\)\.' "P050 (c) and what is kept"
fates kept kept erased "P050 (c)"

# Another layout: what firmware wouldn't find any more is gone, and isn't called kept.
old=$lopy4,layout=old
looked_at "$old"
run update new.tar.gz --board "$old" --json
ends_with 4 "P050 (d) nobody has agreed to lose the files"
is_json '["error"]["code"]' '"confirmation-needed"' "P050 (d) it asks"
keeps 0 0x800000 "P050 (d) and nothing was changed"
run update new.tar.gz --yes --board "$old" --json
is_proven "P050 (d) from the layout of before 1.20"
notes files-lost "P050 (d)"
matches "$err" 'Kept as before: config block with its ids and keys, settings \(NVS\)\.' "P050 (d) what is kept"
keeps $nvs 0x7000 "P050 (d) and it is"
fates kept kept erased "P050 (d)"

# Cut off in the middle: what the first try erased isn't kept because the second one leaves it alone.
looked_at "$old"
run update new.tar.gz --yes --board "$old,fault=vanish@280" --json
is_proven "P050 (h) in two tries"
matches "$err" 'The first try did not work' "P050 (h) there were two"
matches "$err" 'Kept as before: config block with its ids and keys, settings \(NVS\)\.' "P050 (h) what is kept"
fates kept kept erased "P050 (h)"

# A table that was cut off behind any of its rows is no other layout.
for rows in 1 2 3; do
    looked_at "$lopy4"
    run update new.tar.gz --board "$lopy4" --json
    head -c $((3072 - 32 * rows)) /dev/zero | tr '\0' '\377' | dd of=$flash bs=32 seek=$((1024 + rows)) conv=notrunc 2>/dev/null
    run update new.tar.gz --board "$lopy4" --json
    is_proven "P050 (i) a table with $rows of its rows"
    keeps $files 0x400000 "P050 (i) $rows: the files are there"
    keeps $nvs 0x7000 "P050 (i) $rows: and the settings"
    fates kept kept kept "P050 (i) $rows"
done

looked_at "$lopy4"
run update new.tar.gz --region US915 --board "$lopy4" --json
matches "$err" 'Kept as before: config block with its ids and keys \(but for the region\), settings' "P050 (j) a region is another one"
run pycom region AU915 --board "$lopy4" --json
matches_not "$err" 'Kept as before' "P050 (j) and alone it is all there is to say"

# A backup that is written as if it were firmware.
looked_at "$lopy4"
run update $before --board "$lopy4" --json
notes block-kept "P050 (k) a backup as a file"
notes meant-for-restore "P050 (k)"
matches_not "$err" 'in its partition config .*is replaced' "P050 (k) the config block isn't"

# Ids and keys that were lost come back: restored isn't kept.
looked_at "$lopy4"
run update new.tar.gz --board "$lopy4" --json
head -c 4096 /dev/zero | tr '\0' '\377' | dd of=$flash bs=4096 seek=$((config / 4096)) conv=notrunc 2>/dev/null
run update new.tar.gz --board "$lopy4" --json
is_proven "P050 (e) a config block that was lost"
notes credentials-restored "P050 (e)"
fates restored kept kept "P050 (e)"
matches "$err" 'Kept as before: settings \(NVS\), file system\.' "P050 (e) it isn't called kept"

# Nothing written, nothing to reassure anybody of; the answer is there all the same.
run update new.tar.gz --board "$lopy4" --json
is_json '["outcome"]' '"unchanged"' "P050 (f) the second time"
matches_not "$err" 'Kept as before' "P050 (f) no word"
fates kept kept kept "P050 (f)"

looked_at "$lopy4"
run update new.tar.gz --mass-erase --yes --board "$lopy4" --json
is_proven "P050 (g) with --mass-erase"
keeps_credentials "P050 (g)"
fates kept erased erased "P050 (g)"
matches "$err" 'Kept as before: config block with its ids and keys\.' "P050 (g) what is kept"

run update new.tar.gz --dry-run --board "$lopy4" --json
is_json '["board"]["kept"]' null "P050 (h) a rehearsal has kept nothing"
finish
