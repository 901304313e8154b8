# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154,SC2034
#
# What dfu-util is known to get wrong with boards of plain DFU, and fettle beside it. A number in front of a title is
# that of the fault; 09-dfuse has the others.

fettle-make-sample raw 4096 a.bin 1 >/dev/null
fettle-make-sample raw 4096 b.bin 2 >/dev/null
: >empty.bin
leaves=app-id=1d50:6f03,mode=dfu,size=16KB,reboots=yes,tolerant=no,manifest-poll=50,enumerate=50
boards dfu,id=1d50:6001,size=16KB,flash=1.flash,log=1.log dfu,id=1d50:6002,size=16KB,download=no,log=2.log \
    dfu,id=1d50:6003,$leaves,flash=3.flash,log=3.log dfu,id=1d50:6003,$leaves,flash=4.flash,log=4.log \
    dfu,id=1d50:6005,app-id=1d50:6f05,size=16KB,enumerate=50,flash=5.flash,log=5.log \
    dfu,id=1d50:6006,size=16KB,idle-poll=400,log=6.log twoalt,id=1d50:6007,log=7.log \
    pytrack,mode=dfu,window=off,log=8.log

# dfu-util sleeps for 5 s in this one, while the others are at work.
mark 5.log
dfu-util -p 1-5 -R -D a.bin >detached.out 2>detached.err </dev/null &
detached=$!

# ---- files ----

mark 8.log
run dfu-util -p 1-8 -D empty.bin
check "20: an empty file: dfu-util says that it is done (exit status $status)" well_and says "$out" Done!
check "20: it has sent the end marker" [ "$(asked_since 8.log DNLOAD)" = 1 ]
mark 1.log
run fettle update empty.bin --board usb:1-1 --json
ends_with 9 "20: fettle"
check "20: fettle says that it is empty" says "$out" '"code":"file-empty"'
check "20: fettle asks the board nothing" [ "$(since 1.log | wc -l)" = 0 ]

run dfu-util -p 1-1 -D b.bin
check "22: a raw file: dfu-util warns of a suffix that it will want one day" \
    says "$err" "will be required in a future"
returns=$(tr -dc '\r' <"$out" | wc -c)
check "29: into a file dfu-util writes a line over itself, $returns times" [ "$returns" -ge 10 ]
run fettle update a.bin --board usb:1-1 --stay
ends_with 0 "22: fettle"
check "22: fettle says what goes where: board, size, memory" \
    matches "$err" "usb:1-1 with a\.bin, 4096 bytes to .*memory"
check "22: and no word of a suffix" not grep -q -i suffix "$err"
check "29: fettle writes lines" [ "$(cat "$out" "$err" | tr -dc '\r' | wc -c)" = 0 ]

cp b.bin there.bin
run dfu-util -p 1-1 -U there.bin
check "26: a file that is there already: dfu-util has no way to replace it (exit status $status)" [ "$status" = 73 ]
run fettle read there.bin --board usb:1-1 --overwrite
check "26: fettle replaces it where that was said" well_and cmp -s there.bin 1.flash
tell fault 1-1 stall@20+
run dfu-util -p 1-1 -U part.bin
check "26: a read that breaks off: dfu-util leaves a part (exit status $status)" ill_and [ -s part.bin ]
tell fault 1-1 stall@20+
run fettle read ours.bin --board usb:1-1
check "26: fettle leaves no file (exit status $status)" ill_and [ ! -e ours.bin ]
tell fault 1-1
run dfu-util -p 1-1 -U -
check "26: to -: dfu-util makes a file of that name" [ -e ./- ]
run fettle read - --board usb:1-1
check "26: fettle writes to its standard output" cmp -s "$out" 1.flash

# ---- boards ----

mark 2.log
run dfu-util -p 1-2 -D a.bin
check "6: a board that takes no firmware: dfu-util sends it all the same (exit status $status)" \
    [ "$(asked_since 2.log DNLOAD)" -ge 1 ]
mark 2.log
run fettle update a.bin --board usb:1-2 --json
ends_with 10 "6: fettle"
check "6: fettle says that it takes none" says "$out" '"code":"download-unsupported"'
check "6: fettle sends nothing" [ "$(asked_since 2.log DNLOAD)" = 0 ]

tell fault 1-1 odd-state@1
run dfu-util -p 1-1 -D a.bin
check "10: a state that doesn't exist: dfu-util has no word for it, and goes on (exit status $status)" \
    says "$out" "DFU state(77) = (null)"
tell fault 1-1 odd-state@1+
run fettle update b.bin --board usb:1-1 --json
check "10: fettle names its number (exit status $status)" ill_and matches "$out" '"message":"[^"]*77'
tell fault 1-1 short@1+
mark 1.log
run dfu-util -p 1-1 -D a.bin
asked=$(others_since 1.log GETSTATUS)
check "10: a GETSTATUS that is a byte short: dfu-util goes on with what it hasn't read ($asked requests)" \
    [ "$asked" -ge 1 ]
check "10: and says nothing of it" not matches "$err" "short|5 bytes"
mark 1.log
run fettle update b.bin --board usb:1-1 --json
check "10: fettle says so (exit status $status)" ill_and says "$out" '"code":"unexpected-answer"'
check "10: fettle goes no further" [ "$(others_since 1.log GETSTATUS)" = 0 ]

tell fault 1-1 busy-forever@3
mark 1.log
limit=4 run dfu-util -p 1-1 -D a.bin
asked=$(asked_since 1.log GETSTATUS)
check "11: busy for ever: dfu-util asks for ever (killed after $asked times, exit status $status)" [ "$status" = 143 ]
tell fault 1-1

run dfu-util -p 1-3 -D a.bin
check "18: a board that leaves by itself in the end: a failure to dfu-util (exit status $status)" [ "$status" = 74 ]
check "18: and yet it is updated" is_in a.bin 3.flash
check "18: its application is there" wait_for 10 is_there 1d50:6f03
run fettle update a.bin --board usb:1-4 --json
check "18: fettle: exit status 0, updated" well_and says "$out" '"outcome":"updated"'
check "18: fettle: its flash is right" is_in a.bin 4.flash

run dfu-util -p 1-7 -D a.bin
check "23: one board with two memories: to dfu-util more than one (exit status $status)" \
    ill_and says "$err" "More than one DFU capable USB device"
run fettle update a.bin --board usb:1-7 --stay --json
check "23: fettle takes the first memory" is_updated

run as stranger dfu-util -p 1-1 -D a.bin
check "24: a board that this user may not open: to dfu-util there is none (exit status $status)" \
    ill_and says "$err" "No DFU capable USB device available"
run as stranger fettle update a.bin --board usb:1-1 --json
ends_with 5 "24: fettle"
hint >hint
check "24: fettle says what to type" matches hint "sudo .*fettle udev-rules --install"

# ---- time ----

mark 6.log
run dfu-util -p 1-6 -D a.bin
theirs=$(took_ms 6.log)
mark 6.log
run fettle update b.bin --board usb:1-6 --no-verify --stay --json
ours=$(took_ms 6.log)
check "30: dfu-util sleeps where the board isn't busy, and a second more in the end: $theirs ms" [ "$theirs" -ge 1800 ]
check "30: fettle, the same: $ours ms" well_and [ $((ours * 2)) -le "$theirs" ]

wait $detached
status=$?
theirs=$(took_ms 5.log)
check "21: dfu-util sleeps for 5 s after DETACH: $theirs ms" [ "$theirs" -ge 5000 ]
check "19: the reset in the end succeeds, and is a failure to dfu-util (exit status $status)" [ "$status" = 251 ]
check "19: the application is back" wait_for 10 is_there 1d50:6f05
mark 5.log
run fettle update b.bin --board usb:1-5 --no-verify --json
ours=$(took_ms 5.log)
ends_with 0 "19: fettle, DETACH and reset"
check "21: fettle goes on when the board is back: $ours ms" [ $((ours * 2)) -le "$theirs" ]
check "21: its flash is right" is_in b.bin 5.flash
no_more_boards
