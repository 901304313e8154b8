# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# Other people's programs as judges of the virtual boards: what Debian's lsusb and dfu-util see of them and do
# to them. Also dfu-util's known faults, which show that the boards misbehave as real ones do.

fettle-make-sample pytrack pytrack.dfu >/dev/null
fettle-make-sample raw 3000 raw.bin >/dev/null

# ---- lsusb -v: five boards at once, each with ids of its own ----

boards pytrack \
    pytrack,mode=dfu,window=off \
    dfu,id=1d50:6001,size=16KB \
    dfu,id=1d50:6002,app-id=1d50:6f02,mode=dfu,tolerant=no,size=16KB \
    dfu,id=1d50:6003,alternates=2,functional=after-each,size=16KB

decodes() { # TEXT...: lsusb has said all of these
    for text in "$@"; do
        says "$out" "$text" || {
            note "missing: $text"
            return 1
        }
    done
}

run /usr/bin/lsusb -v -d 04d8:f013
check "lsusb: a Pytrack's application, no error" [ ! -s "$err" ]
check "lsusb: it is CDC-ACM, with all of its descriptors" decodes "Pycom" "Pytrack" "CDC Header: bcdCDC 1.10" \
    "CDC ACM: bmCapabilities 0x02 line coding and serial state" "CDC Union: bMasterInterface 0 bSlaveInterface 1" \
    "CDC Call Management: bmCapabilities 0x00 bDataInterface 1" "bInterfaceClass 10 CDC Data" \
    "Transfer Type Interrupt" "EP 2 OUT" "EP 2 IN"
check "lsusb: it is told apart from a tty by the kernel too" wait_for 10 is_tty ttyACM0

# A PIC's loader stalls GET_STATUS of the device, as docs/protocols/pycom-shields.md has it. It is the one thing
# that lsusb has to say against it.
run /usr/bin/lsusb -v -d 04d8:f014
check "lsusb: a Pytrack in update mode, no error but of the GET_STATUS that it stalls" \
    not grep -v '^cannot read device status' "$err"
check "lsusb: its DFU descriptor, DFU 1.0, no strings, protocol 0" decodes "bcdUSB 1.00" "iManufacturer 0" "iSerial 0" \
    "bInterfaceClass 254 Application Specific Interface" "bInterfaceSubClass 1 Device Firmware Update" \
    "bInterfaceProtocol 0" "Device Firmware Upgrade Interface Descriptor" "Will Not Detach" "Manifestation Intolerant" \
    "Upload Supported" "Download Supported" "wDetachTimeout 0 milliseconds" "wTransferSize 64 bytes" \
    "bcdDFUVersion 1.00"

run /usr/bin/lsusb -v -d 1d50:6001
check "lsusb: a tolerant board, no error" [ ! -s "$err" ]
check "lsusb: its DFU descriptor" decodes "bInterfaceProtocol 2" "iInterface 4 Memory 0" "Will Not Detach" \
    "Manifestation Tolerant" "Upload Supported" "Download Supported" "wTransferSize 256 bytes" "bcdDFUVersion 1.10"

run /usr/bin/lsusb -v -d 1d50:6002
check "lsusb: a board that isn't tolerant, no error" [ ! -s "$err" ]
check "lsusb: its DFU descriptor says so" decodes "Will Detach" "Manifestation Intolerant" "wDetachTimeout 1000 milliseconds"

run /usr/bin/lsusb -v -d 1d50:6003
check "lsusb: a board with two alternate settings, no error" [ ! -s "$err" ]
check "lsusb: both, each with its name and descriptor" decodes "bNumInterfaces 1" "bAlternateSetting 0" \
    "bAlternateSetting 1" "iInterface 4 Memory 0" "iInterface 5 Memory 1"
check "lsusb: two DFU descriptors" \
    [ "$(grep -c 'Device Firmware Upgrade Interface Descriptor' "$out")" = 2 ]

# ---- dfu-util -l ----

run dfu-util -l
ends_with 0 "dfu-util -l"
check "dfu-util -l: the Pytrack by its number; protocol 0 makes it a runtime" \
    grep -q '^Found Runtime: \[04d8:f014\] ver=0001,.*path="1-2", alt=0, name="UNKNOWN", serial="UNKNOWN"' "$out"
check "dfu-util -l: not its application" not grep -q 04d8:f013 "$out"
check "dfu-util -l: the tolerant board" \
    grep -q '^Found DFU: \[1d50:6001\].*path="1-3", alt=0, name="Memory 0", serial="SIM0003"' "$out"
check "dfu-util -l: two alternate settings with their names" \
    [ "$(grep -cE '^Found DFU: \[1d50:6003\].*path="1-5", alt=(0, name="Memory 0"|1, name="Memory 1")' "$out")" = 2 ]
check "dfu-util -l: five lines in all" [ "$(grep -c '^Found' "$out")" = 5 ]
no_more_boards

# ---- dfu-util -D, and what it gets wrong with boards that do what real ones do ----

left_by_dfu_util

boards dfu,id=1d50:6001,size=16KB,flash=upload.flash \
    dfu,id=1d50:6002,app-id=1d50:6f02,mode=dfu,tolerant=no,alternates=2,size=16KB,flash=second.flash,log=second.log \
    pytrack,mode=dfu,window=off,flash=lost.flash,fault=lose-completion \
    dfu,id=1d50:6004,app-id=1d50:6f04,mode=dfu,size=16KB,fault=status=errFIRMWARE \
    dfu,id=1d50:6005,app-id=1d50:6f05,mode=dfu,size=16KB,fault=status=errVERIFY

run dfu-util -p 1-1 -D raw.bin
ends_with 0 "dfu-util -D on a tolerant board"
check "its memory begins with the file" cmp -s -n 3000 raw.bin upload.flash
run dfu-util -p 1-1 -U back.bin
ends_with 0 "dfu-util -U"
check "dfu-util -U: the whole memory, byte for byte" cmp -s back.bin upload.flash

cp second.flash second.before
run dfu-util -p 1-2 -a 1 -D raw.bin
note "dfu-util -a 1 -D on a board that isn't tolerant: exit status $status, $(grep -c Done! "$out") time \"Done!\""
check "dfu-util -a 1: the reset brings the application" wait_for 10 is_there 1d50:6f02
where=$(sed -n 's/.*"changes":true,"address":\([0-9]*\),"size":\([0-9]*\).*/\1 \2/p' second.log |
    awk 'NR == 1 { first = $1 } { n += $2 } END { print first, n }')
check "dfu-util -a 1: 3000 bytes were written from the memory's first on ($where)" [ "$where" = "0 3000" ]
check "dfu-util -a 1: it was the second memory, the first is as it was" cmp -s second.before second.flash

run dfu-util -p 1-3 -D pytrack.dfu
check "completion lost: dfu-util says that it failed (exit status $status)" [ "$status" != 0 ]
check "completion lost: \"Error sending completion packet\"" says "$err" "Error sending completion packet"
check "completion lost: and yet the flash is right" shield_has pytrack.dfu lost.flash

says_done() { # while the board is in dfuERROR
    [ "$status" = 0 ] && grep -q '^Done!' "$out" && grep -q 'dfuERROR' "$out"
}
run dfu-util -p 1-4 -D raw.bin
note "$(grep dfuERROR "$out")"
check "errFIRMWARE at the end: dfu-util says done, exit status 0, and the board is in dfuERROR" says_done
run dfu-util -p 1-5 -D raw.bin
note "$(grep dfuERROR "$out")"
check "errVERIFY at the end: dfu-util says done, exit status 0, and the board is in dfuERROR" says_done
no_more_boards
