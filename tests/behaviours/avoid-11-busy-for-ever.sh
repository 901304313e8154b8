#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Behaviour 11: dfuDNBUSY for ever is an endless loop, and every request has five seconds.
. "$(dirname "$0")/../problems/lib.sh"
sample raw 5000 new.bin
files app app.bin 5000 0x08000000
strict=sim:dfu,timing=none,person=none,log=$log,flash=$flash
f4=sim:stm32f4,timing=none,person=none,log=$log,flash=$flash

for number in 1 3 4 9; do
    for board in $strict $f4; do
        name=${board%%,*}
        file=new.bin
        [ "$name" = sim:dfu ] || file=app.bin
        forget_all
        run update $file --board $board,fault=busy-forever@$number --events --json
        ends_with 10 "avoid 11: $name is busy for ever from GETSTATUS $number on"
        matches "$err" '(busy|dfuDNBUSY|idle)' "avoid 11: $name, $number: that it is busy is said"
        holds "avoid 11: $name, $number: it has an end, after $(took_ms) ms" [ "$(took_ms)" -le 260000 ]
    done
done

# A loader that has a lot to do is not given up before its time.
forget_all
run update app.bin --board $f4,erase=30000 --json
ends_with 0 "avoid 11: a page that takes 30 s"
starts_with app.bin "avoid 11: the board has the file"
forget_all
run update app.bin --board sim:stm32f405,timing=none,person=none,log=$log,flash=$flash --mass-erase --yes --json
ends_with 0 "avoid 11: 32 s without an answer, for all of it"
forget
run update new.bin --board $strict,poll=5000 --json
ends_with 0 "avoid 11: five seconds a block, two minutes in all"
starts_with new.bin "avoid 11: the board has the file"

# Whoever waits can be stopped.
forget
begin update new.bin --board sim:dfu,person=none,poll=60000,log=$log,flash=$flash --json
is_busy() {
    [ "$(asked DNLOAD)" -ge 1 ] 2>/dev/null
}
wait_for is_busy
kill -s INT $program
end
ends_with 130 "avoid 11: Ctrl-C while it is busy"
finish
