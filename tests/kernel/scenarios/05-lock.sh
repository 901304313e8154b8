# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# One board, one fettle.

fettle-make-sample raw 6000 raw.bin >/dev/null
boards dfu,id=1d50:6003,app-id=1d50:6002,size=16KB,transfer=64,poll=25,enumerate=2500,flash=board.flash,log=board.log

first() { # the first fettle in the background, its streams in first.out and first.err
    as seated fettle update raw.bin --board usb:1-1 --wait=30 --json >first.out 2>first.err </dev/null &
    begun=$!
    watch_begun
}
# second TITLE [OPTION...]: it must be refused
second() {
    title=$1
    shift
    holder=$begun
    run fettle update raw.bin --board usb:1-1 --json "$@"
    ends_with 7 "$title"
    check "$title: the first one's process ($holder) is named" matches "$err" "process $holder|pid $holder"
    check "$title: its name is board-locked" says "$out" '"code":"board-locked"'
}
is_written() {
    [ "$(asked board.log DNLOAD)" -ge "${1:-5}" ]
}
has_left() {
    [ "$(grep -c '^left 1-1' sim.out)" -ge "$1" ]
}

printf 'SUBSYSTEM=="usb", ATTR{idVendor}=="1d50", MODE="0666"\n' >/etc/udev/rules.d/60-lock-test.rules
udevadm control --reload
tell replug 1-1
wait_for 10 is_there 1d50:6002

first
check "the first one sends the board into update mode" wait_for 20 has_left 2
second "a second one, also root's, while the board is away" --wait=20
check "the first one writes" wait_for 30 is_written
second "a second one in mid-write"
end
cp first.out "$out"
cp first.err "$err"
check "the first one has its update" is_updated
check "the flash is right" cmp -s -n 6000 raw.bin board.flash

# ---- a dead holder's lock is no lock ----

wait_for 10 is_there 1d50:6002
fettle-make-sample raw 6000 raw.bin 7 >/dev/null
before=$(asked board.log DNLOAD)
first
wait_for 30 is_written $((before + 10))
kill -9 $begun
end
run fettle update raw.bin --board usb:1-1 --wait=20 --json
check "after a kill -9 of the first one in mid-write the next one updates" is_updated
check "and the flash is right" cmp -s -n 6000 raw.bin board.flash
no_more_boards
