#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 21: five seconds of sleep after DETACH, and then one look.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 3000 new.bin
board=sim:dfu,timing=none,person=none,app-id=1d50:6002,log=$log,flash=$flash

for ms in 50 400 3000 8000; do
    forget
    run update new.bin --board $board,enumerate=$ms --events --json
    ends_with 0 "avoid 21: back after $ms ms"
    starts_with new.bin "avoid 21: $ms ms: the board has the file"
    arrived=$(field at "$(grep '"what":"arrives"' $log | sed -n 2p)")
    opened=$(field at "$(grep '"what":"open"' $log | sed -n 2p)")
    waited=$(((${opened:-0} - ${arrived:-0}) / 1000))
    [ -n "$opened" ] && [ "$waited" -ge 0 ] && [ "$waited" -le 300 ]
    ok $? "avoid 21: $ms ms: it is opened $waited ms after it came"
    # Twice through the bus, and nothing else that takes time.
    holds "avoid 21: $ms ms: all of it took $(took_ms) ms" [ "$(took_ms)" -le $((2 * ms + 1000)) ]
done

# An STM32 likewise.
files app app.bin 3000 0x08000000
forget_all
run update app.bin --board sim:stm32f4,timing=none,person=none,app-id=0483:5740,erase=0,write=0,log=$log,flash=$flash --json
ends_with 0 "avoid 21: an STM32, from its application and back"
holds "avoid 21: all of it took $(took_ms) ms" [ "$(took_ms)" -le 1500 ]
finish
