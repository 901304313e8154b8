# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# What can be on a bus, and come and go there.

fettle-make-sample pytrack pytrack.dfu >/dev/null
fettle-make-sample pytrack other.dfu 5 >/dev/null
fettle-make-sample raw 3000 raw.bin >/dev/null
cp raw.bin raw.dfu
dfu-suffix -v 1d50 -p 6003 -a raw.dfu >/dev/null

# ---- hot plug, while fettle watches ----

boards pytrack,mode=unplugged dfu,mode=unplugged,size=16KB,flash=hot.flash
begin fettle list --watch --wait=60
tell plug 1-1
check "list --watch: an application that comes" wait_for 20 matches "$out" "Pytrack"
tell unplug 1-1
check "list --watch: and goes" wait_for 20 matches "$out" "- Pytrack on usb:1-1"
kill -TERM $begun # a program in the background has SIGINT ignored
end

begin fettle update pytrack.dfu --revision 1 --wait=60 --json
wait_for 20 matches "$err" "plug the usb cable in"
tell plug 1-1
check "P072: the application comes, without the button: it is said, and waited on" \
    wait_for 20 matches "$err" "(started|normal|application|button)"
tell replug 1-1 button
end
check "P072: the next try, with the button, is taken" is_updated
no_more_boards

# ---- re-enumeration: by itself, by a reset of the bus ----

boards dfu,id=1d50:6003,app-id=1d50:6002,size=16KB,flash=will.flash \
    dfu,id=1d50:6005,app-id=1d50:6004,detach=reset,size=16KB,tolerant=no,flash=reset.flash
run fettle update raw.bin --board usb:1-1 --json
check "a board that detaches by itself: updated" is_updated
check "a board that detaches by itself: its application is back" wait_for 10 is_there 1d50:6002
check "a board that detaches by itself: the flash is right" cmp -s -n 3000 raw.bin will.flash
run fettle update raw.bin --board usb:1-2 --json
check "a board that detaches at a reset: updated" is_updated
check "a board that detaches at a reset: its application is back" wait_for 10 is_there 1d50:6004
check "a board that detaches at a reset: the flash is right" cmp -s -n 3000 raw.bin reset.flash

# ---- a board that doesn't answer any more ----

no_more_boards
boards dfu,size=16KB,transfer=64
tell fault 1-1 mute@70+
began=$(uptime_s)
run fettle update raw.bin --board usb:1-1 --json
took=$(($(uptime_s) - began))
ends_with 10 "mute"
check "mute: its name is no-answer" says "$out" '"code":"no-answer"'
check "mute: it says that the board doesn't answer" matches "$err" "does(n't| not) answer"
check "mute: in bounded time ($took s)" [ $took -le 40 ]
no_more_boards

# ---- two that are alike ----

boards 'pytrack*2,mode=dfu,window=off,flash=twins.flash,log=twins.log'
wait_for 10 are_plugged 2
udevadm settle
run fettle update pytrack.dfu --revision 1 --json
ends_with 4 "two alike"
check "two alike: both ports are named" sh -c 'grep -q "usb:1-1" "$1" && grep -q "usb:1-2" "$1"' sh "$err"
check "two alike: neither was asked anything" [ "$(dfu_requests twins.log) $(dfu_requests twins.log.2)" = "0 0" ]
cp twins.flash twins.before
run fettle update pytrack.dfu --revision 1 --board usb:1-2 --json
check "two alike: the one whose port is named is updated" is_updated
check "two alike: it has the file" shield_has pytrack.dfu twins.flash.2
check "two alike: the other is as it was" cmp -s twins.before twins.flash
no_more_boards

# ---- a computer's own Bluetooth ----

boards dfu,id=05ac:821f,app-id=05ac:8bcd,size=16KB,log=bluetooth.log
cp bluetooth.log bluetooth.before
run fettle list
check "Bluetooth: list shows no board to update" not says "$out" "05ac:8bcd"
run fettle update raw.dfu --json
ends_with 3 "Bluetooth: it isn't taken for a board"
run fettle update raw.dfu --wait=2 --json
check "Bluetooth: nor when one is waited for (exit status $status)" [ "$status" = 3 ]
check "Bluetooth: not a single request beyond the kernel's own" cmp -s bluetooth.before bluetooth.log
check "Bluetooth: it is there as before" is_there 05ac:8bcd
no_more_boards

# ---- another program holds it ----

boards dfu,size=16KB,log=held.log,flash=held.flash
background claim helper claim "$(usb_node 1d50:6003)" 0
wait_for 10 grep -q claimed claim.log
before=$(dfu_requests held.log)
run fettle update raw.bin --board usb:1-1 --json
ends_with 7 "held by another program"
check "held: its name is board-busy" says "$out" '"code":"board-busy"'
check "held: no request of DFU was sent" [ "$(dfu_requests held.log)" = "$before" ]
stop claim
run fettle update raw.bin --board usb:1-1 --json
check "let go: updated" is_updated
no_more_boards
