# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154,SC2034
#
# DfuSe: Debian's dfu-util and fettle with the same files on boards of the same kind. A number in front of a title
# is one of the faults that dfu-util is known for; first it shows it, then fettle does it right. 10-avoided has
# those that aren't about DfuSe.

quick=enumerate=50,erase=1,write=1
flash=0x08000000

fettle-make-sample raw 16384 page.bin 1 >/dev/null
fettle-make-sample raw 4096 a.bin 2 >/dev/null
fettle-make-sample raw 4096 b.bin 3 >/dev/null
fettle-make-sample raw 512 once.bin 4 >/dev/null
dfuse_file two.dfu 0 $flash page.bin 0x08004000 page.bin
dfuse_file unsorted.dfu 0 $flash a.bin 0x08004000 page.bin 0x08001000 b.bin
dfuse_file halves.dfu 0 $flash a.bin 0x08002000 b.bin
dfuse_file once.dfu 2 0x1fff7800 once.bin
dfuse_size=0x80000000 dfuse_file huge.dfu 0 0x88001000 a.bin
dfuse_count=0xffffffff dfuse_file many.dfu 0 $flash a.bin
unset dfuse_size dfuse_count
{ head -c 2000 two.dfu; printf 'x'; tail -c +2002 two.dfu; } >damaged.dfu
{ printf '\032\077'; tail -c +3 a.bin; } >lpc.bin

# Pages of 24 KiB are what the third and fourth say of themselves. They were blank, and have 16: what comes of it
# is only that a page is erased twice, or isn't.
odd="stm32f4,$quick,bootable=no,string=@Internal Flash  /0x08000000/02*024Kg"
boards stm32f4,$quick,flash=1.flash,log=1.log stm32f4,$quick,flash=2.flash,log=2.log \
    "$odd,flash=3.flash,log=3.log" "$odd,flash=4.flash,log=4.log" \
    "stm32f4,$quick,string=@Truncated /0x1FFF0000,log=5.log" \
    stm32f4,$quick,blocks=by-length,flash=6.flash,log=6.log

theirs() { # WORDS: dfu-util on the first board
    mark 1.log
    run dfu-util -p 1-1 -a 0 "$@"
}
ours() { # WORDS: fettle on the second one
    mark 2.log
    run fettle update "$@" --board usb:1-2 --json
}
are_back() { # both, in update mode
    wait_for 10 is_configured 1 && wait_for 10 is_configured 2 && udevadm settle
}

# ---- the same flash ----

theirs -s $flash:leave -D page.bin
ends_with 0 "dfu-util -s $flash:leave -D, raw"
ours page.bin
check "fettle update, raw: exit status 0, updated, read back" is_updated
check "raw: the same flash from both" cmp -s 1.flash 2.flash
check "raw: both leave for the beginning" [ "$(where 1.log leave)$(where 2.log leave)" = "8000000 8000000 " ]
are_back
theirs -s :leave -D two.dfu
ends_with 0 "dfu-util -s :leave -D, DfuSe"
check "3: from a DfuSe file dfu-util leaves for the last block ($(where 1.log leave))" \
    [ "$(where 1.log leave)" = "8007800 " ]
ours two.dfu --all-pages
check "fettle update, DfuSe: exit status 0, updated, read back" is_updated
check "3: fettle leaves for the file's first address" [ "$(where 2.log leave)" = "8000000 " ]
check "DfuSe: the same flash from both" cmp -s 1.flash 2.flash
check "13: SET_INTERFACE where it is selected already: always from dfu-util" [ "$(asked 1.log SET_INTERFACE)" -ge 2 ]
check "13: none from fettle" [ "$(asked 2.log SET_INTERFACE)" = 0 ]
are_back

# ---- what is written where ----

theirs -D unsorted.dfu
check "2: elements out of order: dfu-util erases a page twice, and says that all is well (exit status $status)" \
    well_and [ "$(where 1.log erase)" = "8000000 8004000 8000000 " ]
check "2: the first element is gone from its flash" not is_in a.bin 1.flash
ours unsorted.dfu --stay
check "2: fettle: exit status 0, updated, read back" is_updated
check "2: fettle erases what differs once" [ "$(where 2.log erase)" = "8000000 " ]
for part in a.bin:0 b.bin:4096 page.bin:16384; do
    check "2: fettle: ${part%:*} is there" is_in ${part%:*} 2.flash ${part#*:}
done

theirs -s $flash -D lpc.bin
check "4: a raw file that begins with 1A 3F: dfu-util leaves its first 16 bytes out (exit status $status)" \
    well_and cmp -s -n 4080 1.flash lpc.bin 0 16
ours lpc.bin --stay
check "4: fettle writes all of it" is_in lpc.bin 2.flash

theirs -s $flash -D page.bin
theirs -s 0x08001000 -D b.bin
check "7: 4 KiB in a page of 16: dfu-util erases what is beside them (exit status $status)" \
    well_and not cmp -s -n 4096 page.bin 1.flash
check "7: it says nothing of that" [ "$(grep -c -v -i suffix "$err")" = 0 ]
ours page.bin --stay
ours b.bin@0x08001000 --stay
check "7: fettle: exit status 0, updated, read back" is_updated
{ head -c 4096 page.bin; cat b.bin; tail -c +8193 page.bin; } >whole.bin
check "7: fettle has put back what is beside them" is_in whole.bin 2.flash

theirs -s $flash -D damaged.dfu
check "1: a file whose checksum is wrong: dfu-util writes it, headers and all (exit status $status)" \
    well_and is_in damaged.dfu 1.flash
ours damaged.dfu
ends_with 9 "1: fettle"
check "1: fettle says that it is damaged" says "$out" '"code":"file-damaged"'
check "1: fettle asks the board nothing" [ "$(since 2.log | wc -l)" = 0 ]

theirs -D huge.dfu
check "16: an element of 2 GiB that isn't there: dfu-util says that it is written (exit status $status)" \
    well_and grep -q "Download done" "$out"
check "16: it has written nothing" [ "$(where 1.log program)" = "" ]
theirs -D many.dfu
check "16: 4294967295 elements: dfu-util takes them for none, and all is well (exit status $status)" \
    well_and [ "$(where 1.log program)" = "" ]
for file in huge many; do
    ours $file.dfu
    ends_with 9 "16: fettle, $file.dfu"
    check "16: fettle says that it makes no sense" says "$out" '"code":"file-bad-dfuse"'
done

mark 3.log 4.log
run dfu-util -p 1-3 -a 0 -D halves.dfu
check "8: pages that are no power of two: dfu-util takes one for two (exit status $status)" \
    well_and [ "$(where 3.log erase)" = "8000000 8000000 " ]
check "8: the first element is gone from its flash" not is_in a.bin 3.flash
run fettle update halves.dfu --board usb:1-4 --stay --json
check "8: fettle: exit status 0, updated, read back" is_updated
check "8: fettle erases it once" [ "$(where 4.log erase)" = "8000000 " ]
check "8: fettle: the first element is there" is_in a.bin 4.flash
check "8: fettle: so is the second one" is_in b.bin 4.flash 8192

run dfu-util -p 1-5 -D once.dfu
check "9: a memory that isn't needed can't be read from its name: dfu-util gives up (exit status $status)" \
    ill_and grep -q "Failed to parse memory layout for alternate interface 0" "$err"
run fettle update once.dfu --board usb:1-5 --memory 2 --yes --stay --json
check "9: fettle writes the one that is needed" is_updated

# ---- what the board says ----

run dfu-util -p 1-6 -a 0 -s $flash:5000 -U theirs.bin
check "15: dfu-util reads the last block with a length of its own (exit status $status)" \
    well_and cmp -s -n 4096 theirs.bin 6.flash
check "15: where that counts it gets other bytes than those behind" not cmp -s -n 5000 theirs.bin 6.flash
run fettle read ours.bin --length 5000 --board usb:1-6 --json
check "15: fettle reads what is there" well_and is_in ours.bin 6.flash
check "15: fettle: all of it" [ "$(size_of ours.bin)" = 5000 ]

tell fault 1-1 flip-bit@1
tell fault 1-2 flip-bit@1
theirs -s $flash -D a.bin
check "28: a bit that was written wrong: dfu-util doesn't look (exit status $status)" well_and not is_in a.bin 1.flash
ours a.bin --stay
check "28: fettle finds it, and writes it again" is_updated
check "28: its flash is right" is_in a.bin 2.flash

tell fault 1-1 status=errPROG@1+
tell fault 1-2 status=errPROG@1+
theirs -s $flash -D b.bin
check "12: errPROG: dfu-util leaves the board in dfuERROR (exit status $status)" \
    ill_and [ "$(last_state 1.log)$(asked_since 1.log CLRSTATUS)" = 0a0 ]
ours b.bin
ends_with 10 "12: fettle"
check "12: fettle says errPROG" says "$out" errPROG
check "12: the last thing that it does is to make it idle" \
    [ "$(since 2.log | grep -E "$DFU_REQUEST" | tail -n 1 | grep -c '"what":"CLRSTATUS"')" = 1 ]

tell fault 1-1 status=errVERIFY
tell fault 1-2 status=errVERIFY
theirs -s $flash:leave -D b.bin
check "17: errVERIFY when it is to leave: dfu-util says so, and all is well (exit status $status)" \
    well_and says "$err" "dfuERROR, status(7)"
ours b.bin
ends_with 10 "17: fettle"
check "17: fettle says errVERIFY" says "$out" errVERIFY
no_more_boards

# ---- two boards that only the port tells apart, and other makers' ----

{ le32 0x20001000; le32 0x08000101; tail -c +9 page.bin; } >app1.bin
{ le32 0x20001000; le32 0x08000101; tail -c +9 page.bin | tr '\000-\377' '\001-\377\000'; } >app2.bin
twin=stm32f4,app-id=0483:5740,$quick
rm -f ./*.flash ./*.log
boards $twin,mode=dfu,flash=1.flash,log=1.log $twin,flash=2.flash,log=2.log \
    stm32l4,enumerate=50,flash=3.flash,log=3.log gd32vf103,enumerate=50,flash=4.flash,log=4.log
cp 1.flash before.flash
mark 1.log
run dfu-util -a 0 -s $flash -D app1.bin
check "several boards: dfu-util asks for one (exit status $status)" says "$err" "More than one DFU capable USB device"
run fettle update app1.bin --json
ends_with 4 "several boards: fettle"
check "several boards: it names the ports" says "$err" "usb:1-1, usb:1-3, usb:1-4"
run fettle update app1.bin --board usb:1-2 --json
check "twins: the one meant, out of its application and back: exit status 0, updated, read back" is_updated
check "twins: its memory is the file's" is_in app1.bin 2.flash
check "twins: its application is back" wait_for 10 is_there 0483:5740
check "twins: the other one, in update mode with the same ids and serial, was asked nothing" \
    [ "$(since 1.log | grep -c -E "$DFU_REQUEST")" = 0 ]
check "twins: its memory is as it was" cmp -s before.flash 1.flash
cp 2.flash before.flash
run fettle update app2.bin --board usb:1-1 --json
check "twins: now the other one: exit status 0, updated, read back" is_updated
run fettle update app1.bin --board usb:1-1 --json
check "twins: both in their applications: exit status 0, updated, read back" is_updated
check "twins: its memory is the file's" is_in app1.bin 1.flash
check "twins: that of the first one is as it was" cmp -s before.flash 2.flash

run dfu-util -p 1-3 -a 0 -s $flash -D page.bin
check "stm32l4: dfu-util believes its poll times, and is stalled (exit status $status)" [ "$status" != 0 ]
run fettle update page.bin --board usb:1-3 --stay --json
check "stm32l4: fettle: exit status 0, updated, read back" is_updated
check "stm32l4: its memory is the file's" is_in page.bin 3.flash
run fettle list --json
run fettle list --json
run fettle update page.bin --board usb:1-4 --stay --json
check "gd32vf103: fettle: exit status 0, updated, read back" is_updated
check "gd32vf103: its memory is the file's" is_in page.bin 4.flash
check "gd32vf103: it doesn't hang from being read" [ "$(asked 4.log hang)" = 0 ]
no_more_boards
