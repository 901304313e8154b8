#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Copies of a board's flash: made, described, restored to the same board and to another one; what can't be replaced on a
# module stays, or was saved before; its LoRa region.
. "$(dirname "$0")/lib.sh"
module=sim:lopy4+pytrack,timing=none,module-flash=module.bin
plain=sim:esp32,timing=none,flash=plain.bin
state=state/backups
CONFIG=$((0x3ff000))

is_same() { # FILE FILE DESCRIPTION
    cmp -s "$1" "$2"
    ok $? "$3"
}

part() { # FILE OFFSET SIZE, on stdout
    tail -c +$(($2 + 1)) "$1" | head -c $(($3))
}

is_same_part() { # FILE FILE OFFSET SIZE DESCRIPTION
    cmp -s -i "$(($3)):$(($3))" -n "$(($4))" "$1" "$2"
    ok $? "$5"
}

is_blank_but() { # FILE OFFSET SIZE DESCRIPTION: all of it but that
    { head -c $(($2)) "$1"; tail -c +$(($2 + $3 + 1)) "$1"; } | tr -d '\377' | head -c 1 | grep -q .
    [ $? -ne 0 ]
    ok $? "$4"
}

changes_nothing() { # LOG DESCRIPTION
    ! grep -q '"changes":true' "$1"
    ok $? "$2"
}

# ---- backup ----

run backup --board "$module" --state-dir state --json
ends_with 0 "a module is backed up"
is_valid backup
mac=$(json '["board"]["chip"]["mac"]' | tr -d '":')
has '["outcome"]' '"read"'
has '["file"]' "\"$mac.bin\""
has '["board"]["partitions"][1]["label"]' '"factory"'
has '["board"]["partitions"][1]["content"]' '"application"'
has '["image"]["size"]' 8388608
is_same $mac.bin module.bin "it is all of the flash"
sha256sum -c --quiet $mac.bin.sha256 >"$out" 2>&1
ok $? "its hash is beside it"
[ "$(stat -c %a $mac.bin)" = 600 ]
ok $? "only its owner may read it"
says "$err" "give it to nobody" "it is said that keys are in it"
cp module.bin original.bin

run backup --board "$module,log=log.ndjson" --state-dir state --json
ends_with 2 "a file that is there already"
is_valid backup
has '["error"]["code"]' '"file-exists"'
has '["outcome"]' '"refused"'
is_same $mac.bin original.bin "it stays"
changes_nothing log.ndjson "nothing was written to the board"
[ "$(json '["wire"]["bytes_in"]')" -lt 30000 ]
ok $? "and the flash was not read first"
run backup --board "$module" --state-dir state --overwrite
ends_with 0 "--overwrite"
says "$out" "LoRa MAC (DevEUI): 70b3d5" "it is said what is in it"
says "$out" "Sigfox private key: set" "secrets are not"
says "$out" "factory" "partitions are named"
run backup named.bin --board "$module" --state-dir state -q
ends_with 0 "with a name, quietly"
is_empty "$err" "nothing on stderr"
is_empty "$out" "nor on stdout"
grep -q '  named.bin$' named.bin.sha256
ok $? "the hash names the file"
: >other.bin.sha256
run backup other.bin --board "$module" --state-dir state
ends_with 2 "a hash that is there already"
mkdir folder
run backup folder --board "$module" --state-dir state -q
ends_with 0 "into a folder"
is_same folder/$mac.bin original.bin "it is named by the MAC there"
run backup no/such/folder.bin --board "$module" --json
ends_with 13 "a folder that isn't there"
is_valid backup
run backup - --board "$module"
ends_with 2 "standard output is no file"
run backup two.bin --board 'sim:esp32*2,timing=none'
ends_with 2 "two boards"
run backup plain-copy.bin --board "$plain" --json
ends_with 0 "any ESP board"
is_valid backup
is_same plain-copy.bin plain.bin "all of it"
run backup dfu.bin --board sim:dfu,timing=none,size=64KB,flash=dfu.flash --json
ends_with 0 "a DFU board"
is_valid backup
is_same dfu.bin dfu.flash "its memory"
run backup --board sim:dfu,timing=none,size=64KB,serial=AB:12 -q
[ -s AB-12.bin ]
ok $? "is named by its serial"
[ "$(ls -A | grep -c '^\.fettle')" -eq 0 ]
ok $? "nothing half done is left"

# What is blank isn't read, and nobody sees a difference.
for range in "0x10001 0x34fff" "0x1fff0 0x10020" "0x3f0000 0x10000" "0 65536" "0 65537" "0xffff 0x20002"; do
    set -- $range
    run read range.bin --board "$plain" --address "$1" --length "$2" --overwrite -q
    part plain.bin "$1" "$2" | cmp -s - range.bin
    ok $? "read $2 bytes at $1"
done

# ---- restore ----

run restore $mac.bin --board "$module,log=log2.ndjson" --state-dir state --json
ends_with 0 "restore what is there"
is_valid restore
has '["outcome"]' '"unchanged"'
has '["verified"]' '"hash"'
has '["board"]["backup"]' "\"backups/$mac/\""
changes_nothing log2.ndjson "nothing is written"

rm -f module.bin
run restore $mac.bin --board "$module,seed=7,layout=old" --state-dir other --json --yes
ends_with 0 "restore over something else"
is_valid restore
has '["outcome"]' '"restored"'
has '["verified"]' '"hash"'
is_cheerful
is_same module.bin original.bin "all of it is back, ids and keys too"

# One that isn't whole any more.
cp $mac.bin bad.bin
sed "s/$mac/bad/" $mac.bin.sha256 >bad.bin.sha256
printf 'Z' | dd of=bad.bin bs=1 seek=100 conv=notrunc 2>/dev/null
run restore bad.bin --mac $mac --board "$module,log=log3.ndjson" --json
ends_with 9 "a file that is not what was written"
is_valid restore
has '["error"]["code"]' '"file-damaged"'
[ ! -s log3.ndjson ] || ! grep -q '"changes":true' log3.ndjson
ok $? "the board isn't touched"
head -c 4194304 $mac.bin >half.bin
run restore half.bin --mac $mac --board "$module" --state-dir state --json
ends_with 8 "a backup of less flash"
is_valid restore
cat $mac.bin $mac.bin >double.bin
run restore double.bin --mac $mac --board "$module" --state-dir state --json
ends_with 8 "and of more"
run restore plain-copy.bin --board sim:esp32c3,timing=none --yes
ends_with 8 "a backup of another chip"
run restore no-file.bin --board "$module"
ends_with 9 "a file that isn't there"
run restore $mac.bin --mac 12 --board "$module"
ends_with 2 "a MAC that is none"

# Another module's, with other keys, files and region.
python3 - "$mac.bin" <<'END'
import sys
flash = bytearray(open(sys.argv[1], "rb").read())
flash[0x3FF000:0x3FF034] = bytes(range(52))
flash[0x3FF034] = 7
for at in (0x9100, 0x12000, 0x18000, 0x500000, 0x700000):
    flash[at:at + 256] = bytes(range(256))
open("240ac4ffffff.bin", "wb").write(flash)
END
run restore 240ac4ffffff.bin --board "$module" --state-dir state --json
ends_with 4 "another module's backup: it asks"
is_valid restore
has '["error"]["code"]' '"confirmation-needed"'
is_same module.bin original.bin "and nothing is done"
run restore 240ac4ffffff.bin --board "$module" --state-dir state --json --yes
ends_with 0 "where that is meant"
is_valid restore
says "$out" own-ids-kept "it is said what stays"
is_same_part module.bin original.bin $CONFIG 52 "ids and keys are its own"
is_same_part module.bin 240ac4ffffff.bin 0 $CONFIG "all in front of them is the backup's"
is_same_part module.bin 240ac4ffffff.bin $((CONFIG + 52)) $((8388608 - CONFIG - 52)) "and all behind"
cp $mac.bin copy.bin
cp $mac.bin.sha256 copy.bin.sha256
run restore copy.bin --board "$module" --state-dir state --json
ends_with 4 "whose it is nobody knows"
run restore copy.bin --mac 24-0A-C4-ff-ff-ff --board "$module" --state-dir state
ends_with 4 "or it is said"
run restore copy.bin --mac $mac --board "$module" --state-dir state --json
ends_with 0 "and this one"
is_same module.bin original.bin "all of it is back"
cp $mac.bin "$(echo $mac | tr a-f A-F)-all.bin"
run restore "$(echo $mac | tr a-f A-F)-all.bin" --board "$module" --state-dir state --json
ends_with 0 "a file of the maker's tool"
has '["outcome"]' '"unchanged"'
says "$err" "no hash beside" "that there is no hash is said"

# A rehearsal.
run restore 240ac4ffffff.bin --board "$module" --state-dir state --json --dry-run
ends_with 0 "a rehearsal"
has '["outcome"]' '"planned"'
is_same module.bin original.bin "changes nothing"

# Cut off at every moment of erasing and writing, also of the config block, and run again.
cut_at() { # N: leaves where that was in `stage`
    cp 240ac4ffffff.bin module.bin
    run restore $mac.bin --board "$module,person=none,fault=no-return@$1" --state-dir state --json --yes
    stage=$(stage_of_failure)
}
is_begun_at() { # N: is something erased or written when it is cut off there?
    cut_at "$1"
    [ "$status" -eq 0 ] || is_one_of "$stage" erase write verify
}
ENDS=2048    # moments: more than all of it has
COMPARES=16  # while it is compared in the end: every so many-th moment
first_of 40 $ENDS is_begun_at
cuts=0
wrong=0
cut_at $at
while [ "$status" -ne 0 ] && [ $at -lt $ENDS ]; do
    step=$COMPARES
    if is_one_of "$stage" erase write; then
        cuts=$((cuts + 1))
        step=$thin
    fi
    run restore $mac.bin --board "$module" --state-dir state --json --yes
    [ "$status" -eq 0 ] && cmp -s module.bin original.bin || wrong=$((wrong + 1))
    at=$((at + step))
    cut_at $at
done
echo "# cut off while erasing or writing: $cuts times"
[ $cuts -ge $(((5 + thin - 1) / thin)) ]
ok $? "it was cut off in the middle of its work"
[ $wrong -eq 0 ]
ok $? "run again, it is whole each time"
run restore $mac.bin --board "$module" --state-dir state -q

# ---- the config block alone ----

run erase --yes --module --board "$module" --state-dir state --json
ends_with 0 "all of a module is erased"
is_valid erase
says "$out" credentials-kept "what stays is said"
says "$err" "all but its config block" "in words, too"
is_same_part module.bin original.bin $CONFIG 4096 "ids and keys stay"
is_blank_but module.bin $CONFIG 4096 "nothing else does"
run erase --yes --module --board "$module" --state-dir none --json
ends_with 0 "once more, when nothing on it says what it is"
is_same_part module.bin original.bin $CONFIG 4096 "ids and keys stay"
run erase --yes --module --address 0x3ff000 --length 4096 --board "$module" --state-dir state --json
ends_with 8 "only ids and keys"
is_valid erase
has '["error"]["code"]' '"credentials-only"'
run erase --yes --module --including-credentials --board "$module" --state-dir fresh --json
ends_with 0 "with them"
is_valid erase
says "$out" credentials-given-up "that is said"
! tr -d '\377' <module.bin | head -c 1 | grep -q .
ok $? "all is blank"
part original.bin $CONFIG 4096 | cmp -s - fresh/backups/$mac/config.bin
ok $? "they were saved before"
run restore fresh/backups/$mac/config.bin --board "$module" --state-dir fresh --json
ends_with 0 "they are restored"
is_valid restore
has '["outcome"]' '"restored"'
is_same_part module.bin original.bin $CONFIG 4096 "they are back"
is_blank_but module.bin $CONFIG 4096 "and nothing else"
part original.bin $CONFIG 1024 | base64 >$mac.cb
run restore $mac.bin --board "$module" --state-dir fresh -q
dd if=/dev/zero of=module.bin bs=1 seek=$CONFIG count=60 conv=notrunc 2>/dev/null
run restore $mac.cb --board "$module" --state-dir fresh --json
ends_with 0 "a text of the maker's tool"
is_same module.bin original.bin "all is as it was"
cp fresh/backups/$mac/config.bin 240ac4ffffff-config.bin
run restore 240ac4ffffff-config.bin --board "$module" --state-dir fresh --json
ends_with 4 "of another module: it asks"
echo nonsense >$mac.txt
run restore $mac.txt --board "$module" --state-dir fresh --json
ends_with 8 "a file that is no backup at all"
is_valid restore
run restore $mac.cb --board "$plain" --state-dir fresh --json
ends_with 4 "for a board that is no module"
has '["error"]["code"]' '"answer-needed"'

# Over other good ones somebody has to agree. The copy that is restored is not replaced by what it replaces.
python3 - module.bin <<'END'
import sys
with open(sys.argv[1], "r+b") as flash:
    flash.seek(0x3FF000)
    flash.write(b"\x11" * 52)
END
cp module.bin other-keys.bin
rm -rf asked
cp -R fresh asked
for file in asked/backups/$mac/config.bin $mac.bin; do
    rm -f log7.ndjson
    run restore $file --board "$module,log=log7.ndjson" --state-dir asked --json
    ends_with 4 "$file over other good ids: it asks"
    is_valid restore
    has '["error"]["code"]' '"confirmation-needed"'
    has '["outcome"]' '"refused"'
    says "$out" "LoRa MAC (DevEUI) is $(part original.bin $CONFIG 8 | od -An -tx1 | tr -d ' ')" "and says which it is about"
    says "$out" "1111111111111111" "and which are there"
    changes_nothing log7.ndjson "nothing is written"
    run restore $file --board "$module" --state-dir asked --json --dry-run
    ends_with 0 "a rehearsal asks nothing"
    says "$out" ids-replaced "and says it"
    is_same module.bin other-keys.bin "all is as it was"
    run restore $file --board "$module" --state-dir asked --json --yes
    ends_with 0 "where that is meant"
    is_valid restore
    says "$out" ids-replaced "it is said"
    is_same_part module.bin original.bin $CONFIG 4096 "ids and keys are the backup's"
    saved=$(sed -n 's/.*changed: \(backups[^"]*\)\."}.*/\1/p' "$out")
    part other-keys.bin $CONFIG 4096 | cmp -s - "asked/$saved"
    ok $? "those that it had are where is said: $saved"
    (cd asked/backups/$mac && sha256sum -c --quiet config.sha256 "$(basename "$saved" .bin).sha256") >"$work/problems" 2>&1
    ok $? "and have their hash"
    run restore "asked/$saved" --board "$module" --state-dir asked -q --yes
    ends_with 0 "they can be restored, too"
    is_same module.bin other-keys.bin "all is as it was"
done
run restore $mac.bin --board "$module" --state-dir asked --yes
says "$err" "The ids and keys at 0x003ff000 become the backup's" "in words, too"
cp other-keys.bin module.bin
cut_block_at() { # N: from the beginning each time, the copies too
    cp other-keys.bin module.bin
    rm -rf cut
    cp -R fresh cut
    run restore cut/backups/$mac/config.bin --board "$module,person=none,fault=no-return@$1" --state-dir cut --json --yes
    stage=$(stage_of_failure)
}
is_writing_at() { # N: at that moment, or after it
    cut_block_at "$1"
    [ "$status" -eq 0 ] || is_one_of "$stage" write verify
}
first_of 40 $ENDS is_writing_at
cut_block_at $at
[ "$stage" = write ]
ok $? "cut off while the block is written"
run restore cut/backups/$mac/config.bin --board "$module" --state-dir cut --json
ends_with 0 "restored at the second try"
is_same module.bin original.bin "from what was meant"

# ---- the partition table ----

TABLE=0xC00 # bytes
table() { # FOLDER: what is kept of it
    cat "$1/backups/$mac/partitions.bin"
}
spoil() { # FILE AT BYTES
    printf "$3" | dd of="$1" bs=1 seek=$(($2)) conv=notrunc 2>/dev/null
}
keeps_table() { # DESCRIPTION
    run pycom region EU868 --board "$module" --state-dir tables --json
    ends_with 0 "$1"
    run pycom region IN865 --board "$module" --state-dir tables -q
    (cd tables/backups/$mac && sha256sum -c --quiet partitions.sha256) >"$work/problems" 2>&1
    ok $? "$1: a hash is beside it"
}
cp original.bin module.bin
keeps_table "the table is kept"
part original.bin 0x8000 $TABLE | cmp -s - tables/backups/$mac/partitions.bin
ok $? "as it is"
dd if=/dev/zero bs=1 count=64 2>/dev/null | tr '\0' '\377' | dd of=module.bin bs=1 seek=$((0x8000 + 96)) conv=notrunc 2>/dev/null
keeps_table "one that was cut off between two rows"
part original.bin 0x8000 $TABLE | cmp -s - tables/backups/$mac/partitions.bin
ok $? "doesn't replace the whole one"
[ "$(ls tables/backups/$mac/partitions-*.bin | wc -l)" = 2 ]
ok $? "and is kept beside it"
run restore tables/backups/$mac/partitions.bin --board "$module" --state-dir tables --json
ends_with 8 "a table is no backup"
spoil tables/backups/$mac/partitions.bin 20 Z
run restore tables/backups/$mac/partitions.bin --board "$module" --state-dir tables --json
ends_with 9 "nor is one that is damaged"
cp original.bin module.bin

# ---- the region ----

run pycom region --board "$module" --state-dir state --json
ends_with 0 "the region is shown"
is_valid pycom
has '["board"]["radio"]["region"]' '"EU868"'
has '["board"]["radio"]["there"]' true
number=0
for region in AS923 AU915 CN470 CN779 EU433 EU868 KR920 IN865 US915 US915_HYBRID; do
    run pycom region $region --board "$module" --state-dir state --json
    ends_with 0 "region $region"
    is_valid pycom
    has '["board"]["radio"]["region"]' "\"$region\""
    [ "$(part module.bin $((CONFIG + 52)) 1 | od -An -tu1 | tr -d ' ')" = $number ]
    ok $? "$region is $number"
    [ "$(cmp -l module.bin original.bin | wc -l)" -le 1 ]
    ok $? "nothing else is changed"
    number=$((number + 1))
done
run pycom region US915_HYBRID --board "$module,log=log4.ndjson" --state-dir state --json
ends_with 0 "the same once more"
has '["outcome"]' '"unchanged"'
has '["verified"]' '"hash"'
changes_nothing log4.ndjson "is not written"
run pycom region --country India --board "$module" --state-dir state
ends_with 0 "by country"
says "$err" "India: 865-867 MHz, so IN865" "why is said"
says "$err" "the LoRa region is IN865 now" "and what came of it"
run pycom region --board "$module,module-flash=none.bin,config=no-region" --state-dir state
says "$out" "not set" "none is set"
run pycom region XX999 --board "$module" --state-dir state
ends_with 2 "no such region"
says "$err" "US915_HYBRID" "the ten are listed"
run pycom region IN865 --country India --board "$module"
ends_with 2 "two at once"
run pycom weather --board "$module"
ends_with 2 "another word"
run pycom --board "$module"
ends_with 2 "no word"
run pycom region EU868 --module=wipy --board sim:wipy+pysense,timing=none --json
ends_with 8 "a module without LoRa"
is_valid pycom
has '["error"]["code"]' '"region-not-here"'
run pycom region EU868 --board "$plain" --json
ends_with 8 "a board that is no module"
is_valid pycom
run pycom region EU868 --board sim:dfu,timing=none --json
ends_with 8 "nor even a chip with a radio"
is_valid pycom
run update --region EU868 --board "$module"
ends_with 2 "an update needs a file"

# ---- what can't be saved ----

cp original.bin module.bin
: >state.file
for verb in "erase --yes --module" "pycom region IN865" "restore 240ac4ffffff.bin --yes"; do
    rm -f log5.ndjson
    run $verb --board "$module,log=log5.ndjson" --state-dir state.file --json
    ends_with 13 "$verb: a state folder that can't be"
    has '["error"]["code"]' '"backup-failed"'
    has '["outcome"]' '"refused"'
    changes_nothing log5.ndjson "$verb: nothing is erased or written"
    is_same module.bin original.bin "$verb: all is as it was"
done
mkdir full
if mount -t tmpfs -o size=4k,mode=700 tmpfs full 2>/dev/null; then
    rm -f log6.ndjson
    run erase --yes --module --board "$module,log=log6.ndjson" --state-dir full --json
    ends_with 13 "a disk that is full"
    has '["error"]["code"]' '"backup-failed"'
    changes_nothing log6.ndjson "nothing is erased"
    umount full
else
    ok 0 "a disk that is full # SKIP nothing can be mounted here"
fi
is_same module.bin original.bin "all is as it was"
run erase --yes --module --no-backup --memory factory --board "$module" --state-dir state.file --json
ends_with 0 "--no-backup is a word for that"
says "$out" no-backup "and it is said"
# ---- which copy is the first ----

ids_of() { # FILE: of a flash
    part "$1" $CONFIG 52 | od -An -tx1 | tr -d ' \n'
}
kept_ids() { # FOLDER: of the copy that is looked for first
    head -c 52 "$1/backups/$mac/config.bin" | od -An -tx1 | tr -d ' \n'
}
are() { # IDS IDS DESCRIPTION
    [ "$1" = "$2" ]
    ok $? "$3"
}
fill() { # FILE AT SIZE OCTAL: bytes of the config block
    head -c "$3" /dev/zero | tr '\0' "\\$4" | dd of="$1" bs=1 seek=$((CONFIG + $2)) conv=notrunc 2>/dev/null
}
blank_block() { # FROM: as other tools do
    fill module.bin "$1" $((4096 - $1)) 377
}
update_with() { # FOLDER PACKAGE DESCRIPTION
    run update $2 --board "$module" --state-dir $1 --json
    ends_with 0 "$3"
}
sample pycom-package A.tar.gz module=lopy4 layout=8MB size=60000
sample pycom-package B.tar.gz module=lopy4 layout=8MB size=60000 version=1.20.3.r7 seed=9
factory=$(ids_of original.bin)
cp original.bin module.bin
update_with first A.tar.gz "an update"
cp module.bin updated.bin
cp -R first base

# Another tool writes ids of its own: nobody knows why, so those that were kept stay the first.
fill module.bin 0 52 021
foreign=$(ids_of module.bin)
for try in first second; do
    update_with first A.tar.gz "foreign ids, the $try time"
    has '["outcome"]' '"unchanged"'
    says "$out" ids-other "it is said that they are others"
    says "$out" "lost ones come back from backups/$mac/config.bin. Restore the one that is right." "to its end"
    are "$(ids_of module.bin)" $foreign "they stay"
    are "$(kept_ids first)" $factory "those of the factory stay the first copy"
done
beside=$(sed -n "s/.*with a copy in \(backups[^;]*\);.*/\1/p" "$out" | head -n 1)
part module.bin $CONFIG 4096 | cmp -s - "first/$beside"
ok $? "they are where is said: $beside"
(cd first/backups/$mac && sha256sum -c --quiet config-*.sha256) >"$work/problems" 2>&1
ok $? "each copy has its hash"
cp module.bin foreign.bin
blank_block 0
update_with first B.tar.gz "lost, they are mended"
says "$out" credentials-restored "it is said"
are "$(ids_of module.bin)" $factory "with those of the factory"
cp foreign.bin module.bin
run restore first/backups/$mac/config.bin --board "$module" --state-dir first --json
ends_with 4 "the first copy over foreign ids: it asks"
says "$out" "its LoRa MAC (DevEUI) is $(echo $factory | head -c 16), and the module's 1111111111111111" "and says which"
run restore first/backups/$mac/config.bin --board "$module" --state-dir first --json --yes
ends_with 0 "the command of the guide"
are "$(ids_of module.bin)" $factory "those of the factory are back"
cp foreign.bin module.bin
run restore "first/$beside" --board "$module" --state-dir first --json
ends_with 0 "the foreign ones are the right ones: a person restores them"
has '["outcome"]' '"unchanged"'
are "$(kept_ids first)" $foreign "then they are the first copy"
update_with first A.tar.gz "and nothing is said about them any more"
! grep -q ids-other "$out"
ok $? "nothing"

# Ids that came after the first copy was made, and that are others only by bits that are set.
cp updated.bin module.bin
fill module.bin 8 44 000
run pycom region EU868 --board "$module" --state-dir lora -q
part updated.bin $((CONFIG + 8)) 44 | dd of=module.bin bs=1 seek=$((CONFIG + 8)) conv=notrunc 2>/dev/null
cp module.bin sigfox.bin
run restore lora/backups/$mac/config.bin --board "$module" --state-dir lora --json
ends_with 4 "a copy without Sigfox over one with it: it asks"
says "$out" "its Sigfox id is 00000000" "and says which field it is"
update_with lora A.tar.gz "a Sigfox id that came later"
are "$(ids_of module.bin)" $factory "it stays"
are "$(kept_ids lora)" $factory "and is kept"
cp updated.bin module.bin
rm -rf bits
cp -R base bits
last=$((CONFIG + 7))
part module.bin $last 1 | tr '\000-\376' '\001-\377' | dd of=module.bin bs=1 seek=$last conv=notrunc 2>/dev/null
changed=$(ids_of module.bin)
update_with bits B.tar.gz "a DevEUI that its owner has changed"
are "$(ids_of module.bin)" $changed "it stays"
says "$out" ids-other "and it is said"

# Files of the folder that are lost, or half there.
for how in rm empty half; do
    for torn in 0 24; do
        rm -rf lost
        cp -R base lost
        for name in config partitions; do
            case $how in
            rm) rm lost/backups/$mac/$name.bin ;;
            empty) : >lost/backups/$mac/$name.bin ;;
            half) head -c 1000 base/backups/$mac/$name.bin >lost/backups/$mac/$name.bin ;;
            esac
        done
        cp updated.bin module.bin
        blank_block $torn
        update_with lost B.tar.gz "blank from $torn on, first copy: $how"
        are "$(ids_of module.bin)" $factory "ids and keys come from the one that the hash names"
        cp updated.bin module.bin
        update_with lost A.tar.gz "and then"
        are "$(kept_ids lost)" $factory "they are the first copy again"
    done
done

# Ids that a person has agreed to, and then another tool, or a cut: those come back, and no others.
part original.bin $CONFIG 4096 >mine.bin
printf 'decoyids' | dd of=mine.bin bs=1 conv=notrunc 2>/dev/null
mine=$(head -c 52 mine.bin | od -An -tx1 | tr -d ' \n')
agreed() { # OPTIONS: of the board
    cp updated.bin module.bin
    rm -rf agree
    cp -R base agree
    run restore mine.bin --mac $mac --board "$module$1" --state-dir agree --json --yes
}
agreed ""
ends_with 0 "a person's own ids"
are "$(kept_ids agree)" $mine "they are the first copy"
grep -q "64:65:63:6f\|6465636f" agree/backups/$mac/summary.txt
ok $? "which the summary is about"
says "$out" "changed: backups/$mac/config-" "those that they replace are named"
blank_block 0
update_with agree B.tar.gz "blanked by another tool"
are "$(ids_of module.bin)" $mine "what was agreed to comes back"
agreed ""
blank_block 26
update_with agree B.tar.gz "cut off inside of them"
are "$(ids_of module.bin)" $mine "what was agreed to comes back"
are "$(kept_ids agree)" $mine "and is the first copy still"
cut_agreed_at() { # N
    agreed ",person=none,fault=no-return@$1"
    stage=$(stage_of_failure)
}
is_agreed_at() { # N: at that moment, or after it
    cut_agreed_at "$1"
    [ "$status" -eq 0 ] || is_one_of "$stage" write verify
}
first_of 40 $ENDS is_agreed_at
cut_agreed_at $at
[ "$stage" = write ]
ok $? "cut off while they are written"
update_with agree B.tar.gz "an update after that"
are "$(ids_of module.bin)" $mine "what was agreed to comes back"
cp original.bin module.bin

# ---- a module that nothing shows to be one ----

bare=sim:lopy4+expansion2,flash=bare.flash,mode=rom,timing=none
bytes_at() { # FILE
    part "$1" $CONFIG 52 | od -An -tx1 | tr -d ' \n'
}
no_table() {
    rm -rf bare.flash bare
    "$FETTLE" info --board "$bare" --state-dir bare >/dev/null 2>&1
    keys=$(bytes_at bare.flash)
    dd if=/dev/zero of=bare.flash bs=1024 seek=32 count=3 conv=notrunc 2>/dev/null
}
no_table
run erase --board "$bare" --yes --state-dir bare --json
ends_with 0 "an erase of a module without a table"
[ "$(bytes_at bare.flash)" = "$keys" ]
ok $? "its ids and keys are still there"
[ -n "$(find bare -name config.bin)" ]
ok $? "and were saved"
no_table
sample raw 600000 large.bin
run update large.bin@0x380000 --board "$bare" --yes --state-dir bare --json
ends_with 8 "a file over its config block"
[ "$(bytes_at bare.flash)" = "$keys" ]
ok $? "its ids and keys are still there"
run erase --board sim:lopy+expansion2,flash=small.flash,mode=rom,timing=none --flash-size 8MB --yes --state-dir bare --json
ends_with 0 "an erase with a size that is too large"
[ "$(bytes_at small.flash | tr -d f)" != "" ]
ok $? "ids and keys are still there"

finish
