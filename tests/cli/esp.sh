#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The verbs at boards with an ESP chip, as they are typed: what each says, makes, leaves alone and remembers.
. "$(dirname "$0")/lib.sh"
for chip in esp8266 esp32 esp32s2 esp32s3 esp32c2 esp32c3 esp32c6; do
    sample esp-app $chip $chip.bin 65536
done
sample esp-app esp32 next.bin 65536 2
sample esp-stub esp32 stub.json
sample esp-stub esp8266 first.json
sample raw 5000 data.bin
board=sim:esp32,timing=none

holds_at() { # OFFSET FILE DESCRIPTION
    cmp -s -i "0:$(($1))" -n "$(wc -c <"$2")" "$2" flash.bin
    ok $? "$3"
}

# ---- update ----

for chip in esp32 esp32s2 esp32s3 esp32c2 esp32c3 esp32c6; do
    rm -f flash.bin
    run update $chip.bin --board sim:$chip,timing=none,flash=flash.bin --json
    ends_with 0 "an $chip is updated"
    is_valid update
    has '["outcome"]' '"updated"'
    has '["verified"]' '"hash"'
    has '["board"]["mode"]' '"app"'
    has '["error"]' null
    is_cheerful
    says "$err" "goes to the board's partition factory at 0x00010000" "where it goes is said"
    holds_at 0x10000 $chip.bin "the $chip has it there"
    run update $chip.bin --board sim:$chip,timing=none,flash=flash.bin,log=log.ndjson --json
    has '["outcome"]' '"unchanged"'
    ! grep -q '"changes":true' log.ndjson
    ok $? "an $chip that has it is not written"
    rm -f log.ndjson
done
rm -f flash.bin
run update esp8266.bin --board sim:esp8266,timing=none,flash=flash.bin --json
ends_with 0 "an ESP8266 is updated"
is_valid update
has '["verified"]' '"none"'
holds_at 0 esp8266.bin "it begins at 0"
run update esp8266.bin --board sim:esp8266,timing=none,own-stub=yes --stub first.json --json
ends_with 0 "an ESP8266 with a stub"
has '["verified"]' '"hash"'
has '["board"]["stub"]' '"loaded"'

rm -f flash.bin
run update esp32.bin --board $board,own-stub=yes,flash=flash.bin --stub stub.json --json
ends_with 0 "an ESP32 with a stub"
is_valid update
has '["board"]["stub"]' '"loaded"'
holds_at 0x10000 esp32.bin "it is there"
run update next.bin --board $board,own-stub=yes,flash=flash.bin --no-stub --json
has '["board"]["stub"]' null
holds_at 0x10000 next.bin "and without one the next"

run update esp32.bin --board $board
is_empty "$out" "nothing on stdout without --json"
says "$err" "the board's own hash of it agrees" "the proof is named"
run update esp32.bin --board $board -q
is_empty "$err" "quietly, nothing"
run update esp32.bin --board $board --events --json
ends_with 0 "events"
is_valid event update
run update esp32.bin --board $board --dry-run --json
ends_with 0 "a rehearsal"
is_valid update
has '["outcome"]' '"planned"'
"$FETTLE" update - --board $board --json <esp32.bin >"$out" 2>"$err"
status=$?
ends_with 0 "from standard input"

# ---- options ----

usage_of() { # DESCRIPTION ARGS
    what=$1
    shift
    run update esp32.bin --board $board "$@"
    ends_with 2 "$what"
}
usage_of "a chip that isn't known" --chip esp33
says "$err" "esp8266, esp32, esp32s2" "the known ones are listed"
usage_of "steps that are none" --reset 'D0|Q'
usage_of "a size that is none" --flash-size many
usage_of "a rate that is none" --baud fast
for size in 3MB 4000000 128KB 512MB; do
    usage_of "a flash of $size" --flash-size $size
    says "$err" "256KB, 512KB, 1MB, 2MB" "there are others"
done
usage_of "a rate below the first" --baud 5
says "$err" "115200" "which is told"
usage_of "a stub and none" --stub stub.json --no-stub
run update esp32.bin --board $board --stub data.bin
ends_with 9 "a stub that is none"
says "$err" "data.bin" "it is named"
for way in classic tight 'D0|R1|W0.1|D1|R0|W0.05|D0'; do
    run update esp32.bin --board $board,person=none --reset "$way" --json
    ends_with 0 "--reset $way"
done
run update esp32s3.bin --board sim:esp32s3,timing=none,person=none --reset usb-jtag --json
ends_with 0 "--reset usb-jtag"
run update esp32.bin --board $board,mode=rom,person=none --reset none --json
ends_with 0 "--reset none, of one that is in its loader"
run update esp32.bin --board $board --baud 230400 --json
has '["board"]["chip"]["baud"]' 230400
run info --board $board,flash-id=0xabcdef --flash-size 8MB --json
has '["board"]["chip"]["flash_size"]' 8388608
run update esp32.bin --chip esp32 --board $board --json
ends_with 0 "--chip"
run update esp32.bin --chip esp32c3 --board $board --json
ends_with 8 "--chip of another"
is_valid update
has '["error"]["code"]' '"esp-other-chip"'

# ---- list, info ----

run list --board $board --json
ends_with 0 "list"
is_valid list
run list --board $board
says "$out" "serial port" "it is a serial port for all that is known"
says "$out" "fettle info --board" "and how to know more"
run info --board $board,flash=new.bin --json
ends_with 0 "info"
is_valid info
has '["board"]["chip"]["name"]' '"ESP32"'
has '["board"]["chip"]["mac"]' '"24:0a:0a:c4:c0:de"'
has '["board"]["chip"]["flash_size"]' 4194304
has '["board"]["partitions"][2]["label"]' '"factory"'
has '["board"]["partitions"][2]["started"]' true
run info --board $board
says "$out" "revision 3.0" "its revision"
says "$out" "application fettle-sim 1.0.0" "the application that is there"

# Rows for which this flash has no bytes, of a table for a larger one. Nothing is read there, and what comes behind them is looked at.
cp new.bin rows.bin
python3 <<'END'
import hashlib, struct
with open("rows.bin", "r+b") as flash:
    flash.seek(0x8000)
    table = flash.read(0xC00)
    rows = [table[at:at + 32] for at in range(0, len(table), 32) if table[at:at + 2] == b"\xAA\x50"]
    rows[-1] = struct.pack("<2sBBII16sI", b"\xAA\x50", 0, 0x12, 0x800000, 0x10000, b"beyond", 0)
    rows.append(struct.pack("<2sBBII16sI", b"\xAA\x50", 1, 0x82, 0x3A0000, 0x100000, b"half", 0))
    table = b"".join(rows)
    flash.seek(0x8000)
    flash.write(table + b"\xEB\xEB" + b"\xFF" * 14 + hashlib.md5(table).digest())
END
run info --board $board,flash=rows.bin --json
ends_with 0 "info of a table for a larger flash"
is_valid info
has '["board"]["partitions"][5]["content"]' '"outside"'
has '["board"]["partitions"][6]["content"]' '"blank"'
run info --board $board,flash=rows.bin
says "$out" "app/ota_2  lies outside of the flash" "a row that lies there"
says "$out" "blank, ends outside of the flash" "one that ends there"

# ---- read, verify ----

run read all.bin --board $board,flash=new.bin --json
ends_with 0 "read"
is_valid read
cmp -s all.bin new.bin
ok $? "it is all of the flash"
run read part.bin --address 0x10000 --length 0x1001 --board $board,flash=new.bin --json
ends_with 0 "read a part"
cmp -s -i 0:65536 -n 4097 part.bin new.bin && [ "$(wc -c <part.bin)" = 4097 ]
ok $? "it is that part"
run read nvs.bin --memory nvs --board $board,flash=new.bin --json
ends_with 0 "read a partition"
cmp -s -i 0:36864 -n 20480 nvs.bin new.bin && [ "$(wc -c <nvs.bin)" = 20480 ]
ok $? "it is that partition"
run read nvs.bin --memory nvs --board $board --json
ends_with 2 "a file that is there"
has '["error"]["code"]' '"file-exists"'
run read stub.out --memory factory --board $board,own-stub=yes,flash=new.bin --stub stub.json --json
ends_with 0 "read with a stub"
cmp -s -i 0:65536 -n 1245184 stub.out new.bin
ok $? "it is that partition"

run verify all.bin@0 --board $board,flash=new.bin --json
ends_with 0 "verify what was read"
is_valid verify
has '["verified"]' '"hash"'
run verify next.bin --board $board,flash=new.bin --json
ends_with 11 "verify something else"
is_valid verify
has '["error"]["code"]' '"verify-mismatch"'
has '["error"]["address"]' 65536

# ---- partitions by name ----

run update nvs.bin --memory nvs --board $board,flash=new.bin --json
ends_with 0 "a partition by its label"
has '["outcome"]' '"unchanged"'
run update data.bin --memory storage --board $board,flash=new.bin --json
ends_with 0 "data into a partition"
cmp -s -i 0:$((0x3a0000)) -n 5000 data.bin new.bin
ok $? "it is there"
run update data.bin --memory nowhere --board $board --json
ends_with 2 "a label that the board doesn't have"
has '["error"]["code"]' '"no-such-memory"'
run update data.bin --board $board --json
ends_with 4 "data without a place"
has '["error"]["code"]' '"answer-needed"'

# ---- several files ----

sample esp-bootloader esp32 boot.bin
sample esp-table table.bin
rm -f all.flash
run update boot.bin table.bin esp32.bin --board $board,content=blank,flash=all.flash --json
ends_with 0 "what an ESP chip knows the place of needs no address"
has '["outcome"]' '"updated"'
says "$err" "boot.bin names no address: what it is belongs to 0x00001000" "where each goes is said, and whose it is"
says "$err" "esp32.bin names no address: it goes to the board's partition factory" "also of the application"
run verify boot.bin table.bin esp32.bin --board $board,flash=all.flash --json
ends_with 0 "verify likewise"
run info boot.bin table.bin esp32.bin
ends_with 0 "info of them"
says "$out" "without an address, bootloader (boot.bin)" "none has an address"
run info boot.bin table.bin esp32.bin --json
is_valid info
has '["image"]["regions"][0]["address"]' null
has '["image"]["partitions"][0]["label"]' '"nvs"'
run update next.bin@ota_1 data.bin@storage --board $board,flash=all.flash --json
ends_with 0 "partitions by name, of several files"
cmp -s -i 0:$((0x210000)) -n 65536 next.bin all.flash
ok $? "the application is in its slot"
cmp -s -i 0:$((0x310000)) -n 5000 data.bin all.flash
ok $? "the data in its partition"
run update next.bin@ota_1 data.bin@nowhere --board $board,flash=all.flash --json
ends_with 2 "one that the board doesn't have"
has '["error"]["code"]' '"no-such-memory"'
run update next.bin data.bin --board $board --json
ends_with 2 "data without a place, beside an application"
says "$err" "FILE@nvs, FILE@0x10000" "how it is said where it goes"
run update boot.bin esp32.bin --address 0x10000 --board $board --json
ends_with 2 "one address for two files"
run update boot.bin esp32.bin@ota_0 --memory ota_0 --board $board --json
ends_with 2 "one partition for two files"
run update boot.bin esp32.bin --board sim:stm32f4,timing=none,mode=dfu --json
ends_with 2 "a board with another chip needs addresses"
has '["error"]["code"]' '"file-needs-address"'

# ---- bundles ----

cat >flasher_args.json <<'END'
{"flash_settings": {"flash_mode": "dio", "flash_size": "4MB", "flash_freq": "40m"},
 "flash_files": {"0x1000": "boot.bin", "0x8000": "table.bin", "0x10000": "esp32.bin"},
 "extra_esptool_args": {"chip": "esp32"}}
END
run update flasher_args.json --board $board --json
ends_with 0 "a bundle"
says_not "$err" "flash settings" "which asks for what its bootloader has"
sed 's/"dio"/"qio"/; s/4MB/keep/' flasher_args.json >other.json
run update other.json --board $board --json
ends_with 0 "one that asks for something else"
says "$err" "other flash settings (qio, keep, 40m)" "that is said"
cat >manifest.json <<'END'
{"name": "One", "new_install_prompt_erase": true, "builds": [{"chipFamily": "ESP32", "parts": [
 {"path": "boot.bin", "offset": 4096}, {"path": "table.bin", "offset": 32768}, {"path": "esp32.bin", "offset": 65536}]}]}
END
run update manifest.json --board $board --json
ends_with 0 "a manifest that would have the flash erased"
says "$err" "would have all of the flash erased first" "that is said"
run update manifest.json --mass-erase --yes --board $board --json
ends_with 0 "and done where a person asks for it"
says_not "$err" "would have all" "then there is nothing to say"

# ---- erase, reset ----

run erase --board $board,flash=new.bin --json
ends_with 4 "erase asks"
has '["error"]["code"]' '"confirmation-needed"'
run erase --memory nvs --yes --board $board,flash=new.bin --json
ends_with 0 "erase a partition"
is_valid erase
! dd if=new.bin bs=4096 skip=9 count=5 2>/dev/null | tr -d '\377' | grep -q .
ok $? "it is blank"
cmp -s -n 32768 new.bin all.bin
ok $? "what is in front of it stays"
cmp -s -i 65536:65536 -n 65536 new.bin all.bin
ok $? "and what is behind"
run erase --yes --board $board,flash=new.bin --json
ends_with 0 "erase everything"
has '["outcome"]' '"erased"'
has '["verified"]' '"hash"'
! tr -d '\377' <new.bin | grep -q .
ok $? "all of it is blank"
run erase --yes --board $board,own-stub=yes --stub stub.json --json
ends_with 0 "erase with a stub"
has '["outcome"]' '"erased"'

run reset --board $board --json
ends_with 0 "reset"
is_valid reset
has '["board"]["mode"]' '"app"'
run reset --to rom --board $board --json
ends_with 0 "reset into the loader"
is_valid reset
has '["board"]["mode"]' '"rom"'
run reset --board $board,content=blank --json
ends_with 12 "a board with nothing to start"

# ---- several at once, and what an update leaves behind ----

run update esp32.bin --board "sim:esp32*3,timing=none" --json
ends_with 0 "three boards"
is_valid update
run update esp32.bin --board $board --report report.txt --trace trace.txt --json
ends_with 0 "with a report"
[ -s report.txt ] && [ -s trace.txt ]
ok $? "report and trace are there"
run update esp32.bin --board $board --stay --json
has '["board"]["mode"]' '"rom"'
finish
