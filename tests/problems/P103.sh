#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P103: an empty file is "flashed" with exit 0: a zero-length download in dfuIDLE.
. "$(dirname "$0")/lib.sh"
strict=sim:dfu,timing=none,log=$log,flash=$flash
shield=sim:pytrack,timing=none,mode=dfu,log=$log,flash=$flash

: >empty.bin
: >empty.dfu
# A suffix alone (DFU 1.1 appendix B): any device, product 6003, vendor 1d50, bcdDFU 1.00, its checksum.
printf '\377\377\003\140\120\035\000\001UFD\020' >suffix.dfu
python3 - <<'END' >>suffix.dfu
import struct, sys, zlib
sys.stdout.buffer.write(struct.pack("<I", zlib.crc32(open("suffix.dfu", "rb").read()) ^ 0xFFFFFFFF))
END
holds "P103 the file is a suffix and nothing else" [ "$(wc -c <suffix.dfu)" -eq 16 ]

is_refused() { # CASE FILE BOARD
    forget
    run update "$2" --board "$3" --revision 1 --json
    ends_with 9 "P103 $1"
    is_json '["error"]["code"]' '"file-empty"' "P103 $1: empty, and no other reason"
    matches "$err" "file is empty" "P103 $1: a person reads it"
    was_left_alone "P103 $1: no request was sent"
}
is_refused "(a) a zero-byte .bin" empty.bin $strict
is_refused "(b) a .dfu with only a suffix" suffix.dfu $strict
is_refused "(c) a zero-byte .dfu" empty.dfu $strict
is_refused "(d) a zero-byte .bin for a shield" empty.bin $shield
is_refused "(e) an empty standard input" - $strict
finish
