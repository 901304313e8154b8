#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P023: "Invalid DFU suffix signature" frightens people on every .bin, where it is fine.
. "$(dirname "$0")/lib.sh"
sample raw 5000 new.bin
board=sim:dfu,timing=none,log=$log,flash=$flash

forget
run update new.bin --board $board
ends_with 0 "P023 a raw file on a plain DFU 1.1 device"
starts_with new.bin "P023 the board has the file"
matches_not "$err" 'warning|suffix|signature|invalid|future' "P023 no warning"
is_empty "$out" "P023 nothing on standard output"
plan=$work/plan
sed '/looking for/,$d' "$err" >"$plan"
says "$plan" "sim:dfu" "P023 the target is shown beforehand"
says "$plan" "5000 bytes" "P023 the size as well"
says "$plan" "to the beginning of its memory" "P023 and the place: plain DFU has no addresses"

# The word is kept for real problems.
run update new.bin --board $board,fault=lose-completion
ends_with 0 "P023 with a lost answer, which is none"
matches_not "$err" 'warning' "P023 no warning then"
run info new.bin
ends_with 0 "P023 what the file is"
matches_not "$err" 'warning' "P023 no warning there"
matches_not "$out" 'warning|invalid' "P023 nor in the facts"
finish
