# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# fettle through libusb, as root, on the boards that dfu-util has written: afterwards they hold the same, byte
# for byte.

left_by_dfu_util
three_boards fettle

run fettle list --json
check "fettle list sees three boards" [ "$(grep -o '"path":"usb:[^"]*"' "$out" | wc -l)" = 3 ]

run fettle update $left/pytrack.dfu --revision 1 --json
check "fettle update, Pytrack: exit status 0, updated, read back" is_updated
check "Pytrack: the application is back as a tty" wait_for 10 is_tty ttyACM0
check "Pytrack: the report names its mode and node" matches "$out" '"mode":"app".*ttyACM0|ttyACM0.*"mode":"app"'
check "Pytrack: the same flash as after dfu-util" cmp -s $left/dfu-util.pytrack.flash $left/fettle.pytrack.flash
check "P069: no SET_INTERFACE to a Pytrack from fettle; dfu-util sends one" \
    sh -c '! grep -q SET_INTERFACE "$1" && grep -q SET_INTERFACE "$2"' sh \
    $left/fettle.pytrack.log $left/dfu-util.pytrack.log
check "P071: a loader that says protocol 0 is taken for update mode: no DETACH, no word of it" \
    sh -c '! grep -q "\"what\":\"DETACH\"" "$1" && ! grep -qi runtime "$2"' sh $left/fettle.pytrack.log "$err"

run fettle update $left/tolerant.dfu --json
check "fettle update, tolerant: exit status 0, updated, read back" is_updated
check "tolerant: the same flash as after dfu-util" cmp -s $left/dfu-util.tolerant.flash $left/fettle.tolerant.flash

run fettle update $left/two.dfu --json
check "fettle update, not tolerant, two memories: exit status 0, updated, read back" is_updated
check "not tolerant: the application is back" wait_for 10 is_there 1d50:6f04
check "not tolerant: the same flash as after dfu-util" cmp -s $left/dfu-util.two.flash $left/fettle.two.flash

# ---- the same once more: nothing to do ----

run fettle update $left/tolerant.dfu --json
check "the same file again: unchanged" says "$out" '"outcome":"unchanged"'
run fettle verify $left/tolerant.dfu --json
ends_with 0 "fettle verify"
run fettle read back.bin --board 1d50:6003 --json
ends_with 0 "fettle read"
check "fettle read: the whole memory, byte for byte" cmp -s back.bin $left/fettle.tolerant.flash
no_more_boards

# ---- what the loaders of shields do to fast hosts and to patient ones ----

boards pytrack,mode=dfu,fast-stall=1500,flash=race.flash,log=race.log
run fettle update $left/pytrack.dfu --revision 1 --json
check "P070: an end marker that the loader stalls because it came too soon is sent again" is_updated
check "P070: the flash is right" shield_has $left/pytrack.dfu race.flash
no_more_boards

boards pytrack,mode=dfu,stays=yes,flash=stays.flash
run fettle update $left/pytrack.dfu --revision 1 --json
ends_with 12 "P073: a board that stays in update mode after a good update"
check "P073: written correctly, and not started: both are said" \
    sh -c 'grep -q "\"verified\":\"readback\"" "$1" && grep -q "application-missing" "$1"' sh "$out"
check "P073: the flash is right" shield_has $left/pytrack.dfu stays.flash
no_more_boards

boards pytrack,mode=dfu,window=off,exit=no,flash=noexit.flash,log=noexit.log
begin fettle update $left/pytrack.dfu --revision 1 --wait=40 --json
check "P074: a loader without an exit: it asks for a new plug" wait_for 30 matches "$err" "unplug"
tell replug 1-1
end
check "P074: then it is updated" is_updated
check "P074: and its application is there" is_there 04d8:f013
no_more_boards
