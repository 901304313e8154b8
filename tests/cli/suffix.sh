#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `fettle info` says of a DFU suffix is what Debian's dfu-suffix says of it: of a real file (the package
# ubertooth-firmware) and of the samples. dfu-suffix prints the fields as it finds them in the file.
. "$(dirname "$0")/lib.sh"
command -v dfu-suffix >/dev/null || {
    echo "Bail out! dfu-suffix is not there: the package dfu-util has it"
    exit 1
}
real=/usr/share/ubertooth/firmware/bluetooth_rxtx.dfu
sample pytrack pytrack.dfu
sample expansion31 expansion.dfu

theirs() { # FIELD: "BCD device: 0xFFFF" and so on, in lower-case hex without 0x
    sed -n "s/^$1:[[:space:]]*\(0x\)\{0,1\}//p" theirs | tr 'A-Z' 'a-z'
}

ours() { # WORD
    sed -n "s/^ *$1 *//p" "$out" | cut -d' ' -f1 | tr -d ,
}

any() { # ffff is what info calls "any"
    [ "$1" = any ] && echo ffff || echo "$1"
}

same() { # THEIRS OURS DESCRIPTION
    [ -n "$1" ] && [ "$1" = "$2" ]
    ok $? "$3 ($1, $2)"
}

for file in "$real" pytrack.dfu expansion.dfu; do
    [ -f "$file" ] || {
        echo "Bail out! $file is not there: the package ubertooth-firmware has it"
        exit 1
    }
    name=$(basename "$file")
    dfu-suffix -c "$file" >theirs 2>&1
    run info "$file"
    ends_with 0 "$name"
    same "$(theirs 'Vendor ID')" "$(any "$(ours vendor)")" "$name: vendor"
    same "$(theirs 'Product ID')" "$(any "$(ours product)")" "$name: product"
    same "$(theirs 'BCD device')" "$(any "$(ours device)")" "$name: device"
    same "$(theirs 'BCD DFU' | sed 's/^0\(.\)/\1./')" "$(ours DFU)" "$name: DFU version"
    same "$(theirs Length)" "$(sed -n 's/.*suffix of \([0-9]*\) bytes.*/\1/p' "$out")" "$name: length"
    same "$(theirs CRC)" "$(ours checksum)" "$name: checksum"
    has_valid=$(grep -c 'agrees with the content' "$out")
    same 1 "$has_valid" "$name: it is whole"
done
finish
