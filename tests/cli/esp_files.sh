#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Files for ESP chips: what `fettle info` tells of them, what is refused, and that Espressif's esptool (if the system has it) reads
# the same in them.
. "$(dirname "$0")/lib.sh"
make_esp=${FETTLE_MAKE_ESP:-$(dirname "$FETTLE")/tests/fettle-make-esp}
[ -x "$make_esp" ] || {
    echo "Bail out! $make_esp is not there: build it, or name it in FETTLE_MAKE_ESP"
    exit 1
}
status=0
: >"$out"
: >"$err"

made() { # FETTLE_MAKE_ESP's arguments
    "$make_esp" "$@" || echo "Bail out! cannot make $2"
}

skip() { # DESCRIPTION REASON
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

# ---- one thing ----

made app app.bin 9 30000 blink 1.2.3
run info app.bin
ends_with 0 "an application"
says "$out" "esp" "the format"
says "$out" "application" "what it is"
says "$out" "ESP32-S3" "for which chip"
says "$out" "blink" "its project"
says "$out" "1.2.3" "its version"
says "$out" "v5.3.1" "its ESP-IDF"
says "$out" "Jan  2 2025 12:34:56" "when it was built"
says "$out" "dio, 4096 KiB, 80 MHz" "flash settings"
says "$out" "checksum and SHA-256 agree" "it is whole"
says "$out" "partition table names" "where it goes"
says_not "$out" "segment" "no segments"
is_empty "$err" "nothing on stderr"
run info -v app.bin
says "$out" "0x3f400020, 512 bytes, mapped from flash" "segments with -v"
says "$out" "0x40080000, 30000 bytes" "the other one"
run info app.bin --json
is_valid info
has '["image"]["format"]' '"esp"'
has '["image"]["pieces"][0]["content"]' '"application"'
has '["image"]["pieces"][0]["address"]' null
has '["image"]["pieces"][0]["esp"]["chip"]' '"ESP32-S3"'
has '["image"]["pieces"][0]["esp"]["chip_id"]' 9
has '["image"]["pieces"][0]["esp"]["version"]' '"1.2.3"'
has '["image"]["pieces"][0]["esp"]["segments"][1]["size"]' 30000

made app odd.bin 77
run info odd.bin
says "$out" "a chip with id 77, which this fettle doesn't know" "an unknown chip has its number"

made esp8266 esp8266.bin
run info esp8266.bin
ends_with 0 "an image for an ESP8266"
says "$out" "ESP8266" "the chip is named"
run info esp8266.bin --json
is_valid info
has '["image"]["pieces"][0]["esp"]["chip_id"]' null

made table table.bin
run info table.bin
ends_with 0 "a partition table"
says "$out" "partition table" "what it is"
says "$out" "0x00010000 to 0x0010ffff, factory (app, factory)" "a row"
says "$out" "0x00008000, unless an address is given" "where it goes"

printf 'nvs,data,nvs,,16K\napp,app,factory,,1M,encrypted\n' >my.csv
run info my.csv --json
ends_with 0 "a table as CSV"
is_valid info
has '["image"]["partitions"][1]["address"]' 65536
has '["image"]["partitions"][1]["encrypted"]' true
has '["image"]["content_size"]' 3072
printf 'nvs,data,nvs,,16K\napp,app,factory,1,1M\n' >bad.csv
run info bad.csv --json
ends_with 9 "a table that can't be"
has '["error"]["code"]' '"file-bad-table"'
run info bad.csv
says "$err" "line 2 begins at 0x00000001" "with its line"

# ---- merged, and several ----

made merged merged.bin 0
run info merged.bin
ends_with 0 "a merged file"
says "$out" "0x00001000 to " "the bootloader's place"
says "$out" "application blink 1.2.3 (factory)" "the application's partition"
says "$out" "with 3 gaps" "filling is no content"
says "$out" "ESP32" "the chip"
run info merged.bin@0x0 --json
ends_with 0 "a merged file at its own address"
is_valid info
has '["image"]["format"]' '"joined"'
has '["image"]["pieces"][0]["content"]' '"bootloader"'
has '["image"]["pieces"][2]["label"]' '"otadata"'
run info merged.bin@0x10000 --json
ends_with 2 "a merged file elsewhere"
has '["error"]["code"]' '"file-has-address"'

made loader boot.bin 9
run info boot.bin@0 table.bin@0x8000 app.bin@0x10000
ends_with 0 "three files"
says "$out" "partition table (table.bin)" "each with its name"
says "$out" "application blink 1.2.3 (app.bin)" "and what it is"

# ---- what is wrong ----

head -c 18000 app.bin >cut.bin
run info cut.bin --json
ends_with 9 "a cut application"
has '["error"]["code"]' '"file-incomplete"'
run info cut.bin
says "$err" "18000 bytes of $(wc -c <app.bin)" "how much is missing"

cp app.bin bad.bin
printf 'X' | dd of=bad.bin bs=1 seek=2000 conv=notrunc 2>/dev/null
run info bad.bin --json
ends_with 9 "a damaged application"
is_valid info
has '["error"]["code"]' '"file-damaged"'
has '["image"]["damaged"]' true
run info bad.bin
says "$out" "damaged" "it is described all the same"
run info bad.bin --accept-damaged
ends_with 0 "a damaged one that is accepted"

cp app.bin long.bin
printf '\377\377\377\177' | dd of=long.bin bs=1 seek=28 conv=notrunc 2>/dev/null
run info long.bin --json
ends_with 9 "an image that can't be"
has '["error"]["code"]' '"file-bad-esp"'

mkdir build
made elf build/app.elf
run info build/app.elf --json
ends_with 8 "an ELF file for an ESP chip"
has '["error"]["code"]' '"file-is-esp-elf"'
cp app.bin build/app.bin
run info build/app.elf
says "$err" "build/app.bin is there" "what was built of it"
echo '{}' >build/flasher_args.json
run info build/app.elf
says "$err" "build/flasher_args.json and build/app.bin are there" "all that was built of it"

# ---- bundles ----

if ! "$FETTLE" info build/flasher_args.json 2>&1 | grep -q 'no "flash_files"'; then
    skip "bundles" "this fettle was built without jansson"
    finish
fi
run info build/flasher_args.json --json
ends_with 9 "an empty bundle"
has '["error"]["code"]' '"file-bad-bundle"'

mkdir build/bootloader
cp boot.bin build/bootloader/bootloader.bin
cp table.bin build/table.bin
cat >build/flasher_args.json <<'END'
{"flash_settings": {"flash_mode": "dio", "flash_size": "4MB", "flash_freq": "80m"},
 "flash_files": {"0x0": "bootloader/bootloader.bin", "0x8000": "table.bin", "0x10000": "app.bin"},
 "app": {"offset": "0x10000", "file": "app.bin", "encrypted": "false"},
 "extra_esptool_args": {"chip": "esp32s3"}}
END
run info build/flasher_args.json
ends_with 0 "a build folder"
says "$out" "bootloader (bootloader.bin)" "its bootloader"
says "$out" "ESP32-S3" "its chip"
run info build/flasher_args.json --json
is_valid info
has '["image"]["chip"]' '"esp32s3"'
has '["image"]["pieces"][2]["name"]' '"app.bin"'
has '["image"]["pieces"][2]["address"]' 65536
rm build/table.bin
run info build/flasher_args.json --json
ends_with 9 "a file of it isn't there"
has '["error"]["code"]' '"file-unreadable"'
run info build/flasher_args.json
says "$err" "build/table.bin" "it is named"

made app c3.bin 5
cat >manifest.json <<'END'
{"name": "Both", "builds": [
 {"chipFamily": "ESP32-S3", "parts": [{"path": "app.bin?v=1", "offset": 65536}]},
 {"chipFamily": "ESP32-C3", "parts": [{"path": "./c3.bin", "offset": 65536}]}]}
END
run info manifest.json
ends_with 0 "a manifest"
says "$out" "app.bin" "its first build"
says "$out" "ESP32-C3" "its second build"
run info manifest.json --json
ends_with 4 "one object is for one build"
has '["error"]["code"]' '"build-not-named"'
run info manifest.json --chip esp32-c3 --json
ends_with 0 "the one that is named"
is_valid info
has '["image"]["pieces"][0]["name"]' '"c3.bin"'
run info manifest.json --chip esp32 --json
ends_with 8 "a chip that it has nothing for"
has '["error"]["code"]' '"no-build-for-chip"'

printf '{"builds": [{"parts": [{"path": "app.bin", "offset": 0, "md5": "%s"}]}]}\n' \
    "$(md5sum <app.bin | cut -d ' ' -f 1)" >hashed.json
run info hashed.json
ends_with 0 "the file that was hashed"
cp c3.bin app.bin
run info hashed.json --json
ends_with 9 "another file than was hashed"
has '["error"]["code"]' '"file-bad-bundle"'
made app app.bin 9 30000 blink 1.2.3

printf '{"builds": [{"parts": [{"path": "../app.bin", "offset": 0}]}]}\n' >up.json
run info up.json
ends_with 9 "a file outside of its folder"
says "$err" "leads out of the folder of the bundle" "it is said"
printf '{"builds": [' >cut.json
run info cut.json --json
ends_with 9 "a cut manifest"
has '["error"]["code"]' '"file-bad-json"'

# ---- a hash that comes late ----

# The first large file's hash is answered when it has been asked for twice: the second answer isn't that of the other file.
mkdir late
sample esp-app esp32 late/app.bin 65536
sample raw 65536 late/data.bin
cat >late/flasher_args.json <<'END'
{"flash_settings": {"flash_mode": "dio", "flash_size": "4MB", "flash_freq": "40m"},
 "flash_files": {"0x10000": "app.bin", "0x210000": "data.bin"},
 "app": {"offset": "0x10000", "file": "app.bin", "encrypted": "false"},
 "extra_esptool_args": {"chip": "esp32"}}
END
late=sim:esp32,timing=none,flash=late.flash
run update late/flasher_args.json --board $late --json
ends_with 0 "two large files"
run verify late/flasher_args.json --board $late,log=late.log --json
has '["outcome"]' '"verified"'
nth=$(awk '/"what":"(command|sync)"/ { n++ }
           /"what":"md5".*"address":65536,"size":65536/ { print n; exit }' late.log)
run verify late/flasher_args.json --board "$late,fault=late-reply@${nth:-0},late=3500" --json
ends_with 0 "a hash that comes late (command ${nth:-unknown})"
has '["outcome"]' '"verified"'
run update late/flasher_args.json --board "$late,fault=late-reply@${nth:-0},late=3500" --json
has '["outcome"]' '"unchanged"'

# ---- what esptool reads ----

esptool=$(command -v esptool || command -v esptool.py)
if [ -z "$esptool" ]; then
    skip "esptool reads the same" "there is no esptool here"
    finish
fi
for file in app.bin c3.bin boot.bin; do
    "$esptool" image_info "$file" >theirs 2>&1 || "$esptool" image-info "$file" >theirs 2>&1
    tr 'A-Z' 'a-z' <theirs | grep -q 'checksum.*valid' &&
        ! tr 'A-Z' 'a-z' <theirs | grep -q 'invalid'
    ok $? "esptool finds $file sound"
done

finish
