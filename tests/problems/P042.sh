#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P042: three minutes for an STM32 where a browser takes half a minute: Set Address for each block, sleeping where
# nothing is waited for, poll times that were padded.
. "$(dirname "$0")/lib.sh"
sample raw 65536 new.bin
board=sim:stm32l4,timing=none,busy=answers,set-address=0,erase=20,write=25,bootable=no,log=$log,flash=$flash

dfu_requests() { # its name and the like aren't counted
    grep -cE '"bmRequestType":(33|161),' $log
}

forget_all
run update new.bin --board $board --no-verify --json
ends_with 0 "P042 (a) 64 KiB in pages of 2 KiB, written only"
starts_with new.bin "P042 (a) the board has the file"
transfers=$(dfu_requests)
slept=$(json '["wire"]["slept_ms"]')
holds "P042 (a) at most 205 transfers ($transfers)" [ "${transfers:-9999}" -le 205 ]
holds "P042 (a) at most 1.5 s asleep ($slept ms)" [ "${slept:-9999}" -le 1500 ]
holds "P042 (a) all 32 pages were erased" [ "$(asked erase)" = 32 ]
was_asked early 0 "P042 (a) no GETSTATUS before its time"

forget_all
python3 -c 'import sys; sys.stdout.buffer.write(bytes(b ^ 0xA5 for b in open("new.bin", "rb").read()))' >other.bin
files filled $flash 262144 0xff
files put $flash 0 other.bin
# the board is full of something else
run update new.bin --board ${board%%,bootable*},log=$log,flash=$flash --json
ends_with 0 "P042 (b) the same, compared before and read back"
is_json '["verified"]' '"readback"' "P042 (b) and proven"
starts_with new.bin "P042 (b) the board has the file"
slept=$(json '["wire"]["slept_ms"]')
holds "P042 (b) reading costs no sleep: at most 1.5 s ($slept ms)" [ "${slept:-9999}" -le 1500 ]
transfers=$(dfu_requests)
holds "P042 (b) two reads of each block, and a few requests more ($transfers)" [ "${transfers:-9999}" -le 285 ]
largest=$(largest_block)
holds "P042 (b) no transfer beyond wTransferSize ($largest bytes)" [ "${largest:-9999}" -le 2048 ]
was_asked early 0 "P042 (b) no GETSTATUS before its time"
was_asked violation 0 "P042 (b) and nothing that its state forbids"

# Larger wishes don't make larger blocks.
forget_all
run update new.bin --board $board --transfer-size 65535 --no-verify
ends_with 0 "P042 (c) --transfer-size beyond the board's"
largest=$(largest_block)
holds "P042 (c) isn't obeyed ($largest bytes)" [ "${largest:-9999}" -le 2048 ]
finish
