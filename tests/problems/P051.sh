#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P051: a boot loop, or a hang, after an update: said so, with the reason that the ROM tells, and the next step, from the mildest
# on, with what it costs. The config block is kept on each.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
package new.tar.gz version=1.20.3

loops() { # REASON CASE: of an update that is in place
    ends_with 12 "$2"
    is_json '["error"]["code"]' '"application-missing"' "$2: it is in place, and doesn't run"
    is_json '["verified"]' '"hash"' "$2: and is proven"
    notes restarts-again "$2"
    matches "$err" "restarts again and again: .*$1" "$2: why: $1"
}

told() { # EXPRESSION CASE: in a note for people
    matches "$err" "$1" "$2: it says \"$1\""
}

attempt update new.tar.gz --board "$lopy4,content=blank"
is_proven "P051 (a) a module with nothing to start gets all of it"
matches_not "$err" 'esp-boot|restor' "P051 (a) nothing is made of that"
looked_at "$lopy4"
run update new.tar.gz --erase-settings --board "$lopy4" --json
is_proven "P051 (b) the settings given up"
notes_not restarts-again "P051 (b)"
keeps_credentials "P051 (b)"
run update new.tar.gz --erase-settings --erase-files --board "$lopy4" --json
is_proven "P051 (c) the file system besides"
keeps_credentials "P051 (c)"
run update new.tar.gz --mass-erase --yes --board "$lopy4" --json
is_proven "P051 (d) everything"
keeps_credentials "P051 (d)"
run explain no-application
for words in 'safe boot' '--erase-settings' '--erase-files' '--mass-erase' 'config block' 'flash read err' 'brownout'; do
    matches "$out" "$words" "P051 (e) the steps are told: $words"
done

# One that crashes until settings and files are gone, up the ladder.
both=$lopy4,loops=nvs+files
rm -f $flash
looked_at "$both"
run update new.tar.gz --board "$both" --json
loops 'its program crashes \(rst:0xc SW_CPU_RESET\)' "P051 (f) after an update"
told 'safe boot: connect G28 with 3V3.*same command with --erase-settings:.*files, ids and keys.*are kept' "P051 (f)"
matches_not "$err" 'erase-files|mass-erase' "P051 (f) and no further step"
keeps_credentials "P051 (f)"
run update new.tar.gz --erase-settings --board "$both" --json
loops 'its program crashes \(LoadProhibited, rst:0xc' "P051 (g) without its settings"
told 'with --erase-settings --erase-files: the files on it are lost, too; its ids and keys.*are kept' "P051 (g)"
matches_not "$err" 'safe boot|mass-erase' "P051 (g) and no other step"
run update new.tar.gz --erase-settings --erase-files --board "$both" --json
is_proven "P051 (h) without its files"
notes_not restarts-again "P051 (h)"
keeps_credentials "P051 (h)"

# Looked at, and helped by commands as they were told.
rm -f $flash
looked_at "$both"
run info --module --board "$both" --json
ends_with 0 "P051 (i) a look at one that loops"
is_json '["boards"][0]["mode"]' '"unknown"' "P051 (i) it is in no mode"
notes restarts-again "P051 (i)"
told 'The next step for ESP32: safe boot.*nothing is lost' "P051 (i)"
told 'If that is no help to ESP32: fettle erase --module --memory nvs --board sim:lopy4\+pytrack \(its settings, NVS, are lost; files, ids and keys are kept\)' "P051 (i)"
matches_not "$err" 'from before' "P051 (i) it has no firmware from before"
run erase --yes --module --memory nvs --board "$both"
ends_with 0 "P051 (j) the settings erased"
run info --module --board "$both" --json
notes restarts-again "P051 (j)"
told 'The next step for ESP32: fettle erase --module --address 0x400000 --length 0x400000 --board' "P051 (j)"
run erase --yes --module --address 0x400000 --length 0x400000 --board "$both"
ends_with 0 "P051 (k) the files erased"
run info --module --board "$both" --json
is_json '["boards"][0]["mode"]' '"app"' "P051 (k) it runs"
notes_not restarts-again "P051 (k)"
keeps_credentials "P051 (k)"

# A program that can't run: what comes next is another one, and the firmware from before is there.
rm -f $flash
attempt info --module --board "$lopy4,loops=app"
told 'restarts again and again: its program crashes \(IllegalInstruction' "P051 (l) a bad application"
matches_not "$err" 'from before' "P051 (l) before was the same one"
rm -f $flash
attempt info --module --board "$lopy4,loops=app,active=ota_0"
told 'held for 3 to 6 seconds it starts the firmware from before' "P051 (l)"
run update new.tar.gz --board "$lopy4,loops=app" --json
is_proven "P051 (l) a good one"

# Nothing can be read: what loses nothing comes first.
rm -f $flash
attempt info --module --board "$lopy4,loops=flash"
ends_with 0 "P051 (m) flash that can't be read"
notes finds-nothing "P051 (m)"
told 'The next step for ESP32: fettle update PACKAGE --board.*nothing else is lost' "P051 (m)"
told 'If that is no help to ESP32: fettle update PACKAGE --mass-erase --board.*files and settings are lost; the config block with ids and keys is kept' "P051 (m)"
matches_not "$err" 'safe boot|--memory' "P051 (m) and no other step"

# By hand it is heard the same way.
rm -f $flash
attempt info --module=lopy4 --board "sim:lopy4+expansion2,timing=none,flash=$flash,loops=nvs" --wait=30
told 'restarts again and again: its program crashes' "P051 (n) on a carrier that can't reset it"

# Any other ESP chip whose bootloader finds no application.
rm -f $flash
run erase --yes --memory factory --board "$esp32"
run info --board "$esp32" --json
notes restarts-again "P051 (p)"
told 'nothing that starts is in its flash \(rst:0x10 RTCWDT_RTC_RESET\).*The next step for ESP32: Write all' "P051 (p) a plain chip"
sample esp-app esp32 app.bin 65536
run update app.bin --board "$esp32" --json
is_proven "P051 (p) written"

# What is no loop isn't called one, and takes no longer.
rm -f $flash
attempt info --module --board "$lopy4"
matches_not "$err" 'restarts|next step' "P051 (o) a module that is well"
finish
