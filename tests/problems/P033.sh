#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P033: a download that was cut is flashed. Of each kind of file that is read the first 60 % are tried.
# P033: packages and images of ESP boards come with their readers.
. "$(dirname "$0")/lib.sh"
echo "# P033: the part of packages and of images for ESP boards comes with their readers"
files app app.bin 9000 0x08000000
files hex whole.hex 0x08000000 app.bin
files dfuse stm32.dfu 0:0x08000000:app.bin
files suffix suffix.dfu app.bin vendor=0x0483 product=0xdf11
f4=sim:stm32f4,timing=none,person=none,log=$log,flash=$flash

cut_to() { # FILE OUT BYTES
    head -c "$3" "$1" >"$2"
}
is_refused() { # CASE FILE
    forget
    run update "$2" --board $f4 --json
    ends_with 9 "P033 $1"
    matches "$err" 'incomplete|cut|makes no sense|last record' "P033 $1: a person reads that it isn't whole"
    was_left_alone "P033 $1: no request was sent"
}

for file in suffix.dfu stm32.dfu; do
    cut_to $file cut.dfu $(($(wc -c <$file) * 60 / 100))
    is_refused "(a) 60 % of $file" cut.dfu
    cut_to $file cut.dfu $(($(wc -c <$file) - 1))
    is_refused "(a) all of $file but its last byte" cut.dfu
done
cut_to stm32.dfu cut.bin $(($(wc -c <stm32.dfu) * 60 / 100))
is_refused "(b) 60 % of a DfuSe file that isn't called .dfu" cut.bin

cut_to whole.hex cut.hex $(($(wc -c <whole.hex) * 60 / 100))
is_refused "(c) 60 % of a HEX file" cut.hex
sed '$d' whole.hex >cut.hex
is_refused "(c) a HEX file without its end record" cut.hex
sed '$d' whole.hex >cut.txt
is_refused "(c) the same, not called .hex" cut.txt

# How much is there, and how much there should be.
cut_to stm32.dfu cut.dfu 6000
run update cut.dfu --board $f4 --json
matches "$err" '6000 of|of 9[0-9]+ bytes|9[0-9]+ bytes' "P033 (d) of a DfuSe file how much there should be is known, and said"

for file in whole.hex stm32.dfu suffix.dfu; do
    forget_all
    run update $file --board $f4 --json
    ends_with 0 "P033 (e) $file, whole"
    starts_with app.bin "P033 (e) $file is written"
done
finish
