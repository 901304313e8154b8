#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a file is.
. "$(dirname "$0")/lib.sh"
sample pytrack pytrack.dfu
sample raw 5000 raw.bin

run info pytrack.dfu
ends_with 0 "a file for a Pytrack"
says "$out" "04d8" "the vendor is shown"
says "$out" "f014" "the product is shown"
says "$out" "Pytrack" "the board is named"
says "$out" "$(sha256sum pytrack.dfu | cut -d ' ' -f 1)" "SHA-256 is what sha256sum says"
is_empty "$err" "nothing on stderr"

run info pytrack.dfu --json
is_valid info
has '["image"]["format"]' '"dfu"'
has '["image"]["suffix"]["vendor"]' '"04d8"'
has '["image"]["suffix"]["dfu"]' '"0100"'
has '["image"]["suffix"]["length"]' 16
has '["image"]["size"]' 16400
has '["image"]["content_size"]' 16384
has '["image"]["prefix"]' null
has '["image"]["damaged"]' false

run info raw.bin --json
ends_with 0 "a raw file"
is_valid info
has '["image"]["format"]' '"raw"'
has '["image"]["suffix"]' null

printf 'X' | dd of=pytrack.dfu bs=1 seek=2000 conv=notrunc 2>/dev/null
run info pytrack.dfu --json
ends_with 9 "a damaged file"
is_valid info
has '["error"]["code"]' '"file-damaged"'
has '["image"]["damaged"]' true
run info pytrack.dfu
says "$out" "but the content makes" "both checksums are shown"
run info pytrack.dfu --accept-damaged
ends_with 0 "a damaged file that is accepted"

run info nothing.bin --json
ends_with 9 "a file that isn't there"
is_valid info
has '["error"]["code"]' '"file-unreadable"'
# ---- files with addresses ----

printf ':020000040800F2\n:0400000001020304F2\n:0400100005060708D2\n:0400000508000131BD\n:00000001FF\n' >app.hex
run info app.hex
ends_with 0 "a HEX file"
says "$out" "2, with 1 gap" "how many regions"
says "$out" "0x08000000 to 0x08000003, 4 bytes" "the first one"
says "$out" "0x08000010 to 0x08000013, 4 bytes" "the second one"
says "$out" "0x08000131" "where it begins"
says "$out" "of which 8 are sent" "what is sent"
is_empty "$err" "nothing on stderr"
run info app.hex --json
is_valid info
has '["image"]["format"]' '"hex"'
has '["image"]["regions"]' '[{"address": 134217728, "alternate": null, "size": 4}, {"address": 134217744, "alternate": null, "size": 4}]'
has '["image"]["gaps"]' 1
has '["image"]["entry"]' 134218033
has '["image"]["content_size"]' 8
has '["image"]["targets"]' '[]'
has '["image"]["dfuse_size"]' null

sed 's/:04001000/:04001100/' app.hex >broken.hex
run info broken.hex --json
ends_with 9 "a damaged record"
is_valid info
has '["error"]["code"]' '"file-bad-hex"'
has '["image"]' null
run info broken.hex
says "$err" "cannot use broken.hex: line 3 of the Intel HEX file has the checksum d2, its bytes make d1" "the line is named"

# ---- files at addresses, and several of them ----

run info raw.bin@0x08001000 --json
ends_with 0 "a raw file at an address"
is_valid info
has '["image"]["format"]' '"joined"'
has '["image"]["name"]' '"raw.bin"'
has '["image"]["regions"][0]["address"]' 134221824
run info raw.bin@134221824 --json
has '["image"]["regions"][0]["address"]' 134221824
run info raw.bin --json
has '["image"]["regions"]' '[{"address": null, "alternate": null, "size": 5000}]'

run info raw.bin@0x08001000 app.hex --json
ends_with 0 "two files"
is_valid info
has '["image"]["name"]' '"raw.bin, app.hex"'
has '["image"]["gaps"]' 2
has '["image"]["sha256"]' "\"$(cat raw.bin app.hex | sha256sum | cut -d ' ' -f 1)\""

refused() { # STATUS CODE TEXT ARGS...
    expected=$1
    code=$2
    text=$3
    shift 3
    run info "$@" --json
    ends_with "$expected" "info $*"
    is_valid info
    has '["error"]["code"]' "\"$code\""
    says "$out" "$text" "it says why"
}
refused 2 file-needs-address "raw.bin doesn't say at which address it goes" app.hex raw.bin
refused 2 file-has-address "app.hex can't be put at 0x00000000" app.hex@0
refused 2 files-overlap "app.hex and raw.bin both have content for 0x08000003 to 0x08000003" app.hex raw.bin@0x08000003
refused 2 address-too-high "raw.bin has 5000 bytes" raw.bin@0xFFFFFFFF
refused 2 usage "a hex address begins with 0x, as in raw.bin@0x08000000" raw.bin@08000000
refused 2 usage "an address is a number up to 0xffffffff" raw.bin@0x100000000
refused 2 usage "an address is a number up to 0xffffffff" raw.bin@flash
refused 2 usage "an address is a number up to 0xffffffff" raw.bin@
refused 2 usage "an address is a number up to 0xffffffff" raw.bin@-1
refused 2 usage "standard input can't be two files at once" - -@0x1000
refused 9 file-unreadable "there is no file none" none@0x1000
refused 9 file-unreadable "there is no file none@flash" none@flash
sample pytrack pytrack.dfu
sample pysense pysense.dfu
refused 8 files-for-two-boards "pytrack.dfu is for 04d8:f014 and pysense.dfu is for 04d8:f011" pytrack.dfu@0 pysense.dfu@0x10000

cp raw.bin odd@0x10
cp raw.bin odd
run info odd@0x10 --json
has '["image"]["name"]' '"odd@0x10"'
run info odd@0x10@0x20 --json
has '["image"]["name"]' '"odd@0x10"'
has '["image"]["regions"][0]["address"]' 32
run info ./odd@0x11 --json
has '["image"]["name"]' '"odd"'
has '["image"]["regions"][0]["address"]' 17

"$FETTLE" info -@0x100 --json <raw.bin >"$out" 2>"$err"
has '["image"]["name"]' '"stdin"'
has '["image"]["regions"][0]["address"]' 256

# Of several one that is damaged.
printf 'X' | dd of=pytrack.dfu bs=1 seek=2000 conv=notrunc 2>/dev/null
run info pytrack.dfu@0x10000 app.hex --json
ends_with 9 "a damaged file of two"
is_valid info
has '["error"]["code"]' '"file-damaged"'
has '["image"]["damaged"]' true
run info pytrack.dfu@0x10000 app.hex
says "$out" "one of the files is damaged" "that is told"

run info nothing@0x1000@0x1000 app.hex
ends_with 9 "a file that isn't there"
finish
