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
finish
