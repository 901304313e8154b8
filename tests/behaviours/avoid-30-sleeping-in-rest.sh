#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 30: bwPollTimeout is slept where nothing is waited for, and a second more for each answer of a manifestation.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 5000 new.bin
files app app.bin 5000 0x08000000
strict=sim:dfu,timing=none,person=none,log=$log,flash=$flash

slept() { # AT-MOST DESCRIPTION
    got=$(json '["wire"]["slept_ms"]')
    holds "$2 ($got ms asleep)" [ "${got:-999999}" -le "$1" ]
}
forget
run update new.bin --board $strict,idle-poll=400 --json
ends_with 0 "avoid 30: 400 ms in every answer, also in rest"
slept 400 "avoid 30: which is waited for in dfuMANIFEST, once"
forget
run update new.bin --board $strict,poll=20,idle-poll=400 --json
ends_with 0 "avoid 30: 20 ms a block besides"
slept 800 "avoid 30: they are waited for, 20 times, and no more"
forget
run update new.bin --board $strict,manifest-poll=300,tolerant=no --json
ends_with 0 "avoid 30: 300 ms of manifestation"
slept 700 "avoid 30: without a second more"
forget
run update new.bin --board $strict,greets=error,idle-poll=400,downloading=yes --json
ends_with 0 "avoid 30: back to idle first, by CLRSTATUS or ABORT"
slept 400 "avoid 30: without a sleep behind them"
forget
run read saved.bin --length 4096 --board $strict,idle-poll=400 --json
ends_with 0 "avoid 30: a read"
slept 0 "avoid 30: without any"

# DfuSe: 1 s of erase and 32 blocks of 25 ms, each waited for once.
forget_all
run update app.bin --board sim:stm32f4,timing=none,person=none,set-address=0,erase=100,write=25,log=$log,flash=$flash --json
ends_with 0 "avoid 30: DfuSe"
programs=$(asked program)
slept $((100 + 25 * programs + 10)) "avoid 30: one page and $programs blocks, and nothing else"
was_asked early 0 "avoid 30: and nobody asks before that"
finish
