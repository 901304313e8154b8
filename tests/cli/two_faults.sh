#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# More than one thing goes wrong in one update. Whatever is claimed afterwards must be so: where it says
# that it was updated, memory and application are right; where it can't be, it says what happened.
. "$(dirname "$0")/lib.sh"

board=sim:dfu,timing=none,app-id=1d50:6002
sample raw 20000 new.bin
sample pytrack new.dfu

# is OUTCOME MODE CODE DESCRIPTION: of the object that was printed; CODE - for none.
is() {
    python3 - "$out" "$1" "$2" "$3" <<'END'
import json, sys
path, outcome, mode, code = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    said = json.load(file)
found = (said["outcome"], said["board"]["mode"], (said["error"] or {"code": "-"})["code"])
sys.exit(0 if found == (outcome, mode, code) else 1)
END
    ok $? "$4"
}

update() { run update "$@" --json --quiet --state-dir "state$count"; }

update new.bin --board "$board,mode=dfu,fault=short@82"
is updated app - "a cut answer after the last block: the second try ends the download, and it starts"

update new.bin --board "$board,mode=dfu,manifest-poll=130000"
is failed dfu board-stays-busy "a board that manifests for hours isn't called updated"

update new.bin --board "$board,flash=flash.bin"
update new.bin --board "$board,mode=dfu,flash=flash.bin,bootable=no,downloading=yes"
is updated app - "memory that is right, in a download that was cut off: it is written to its end"

update new.bin --board sim:dfu,timing=none,mode=dfu,tolerant=no,fault=other-ids@163,fault=drop-write@5
is failed dfu other-board "another board that comes back instead isn't written"

update new.bin --board "$board,mode=dfu,fault=no-return:before@163"
is failed unknown board-left "a board that is pulled out at the end marker isn't called written"

update new.bin --board "$board,tolerant=no,fault=drop-write@5" --wait=0
is updated app - "a block that was dropped is found after the restart, and written once more"

update new.bin --board "$board,mode=dfu,detach=no,tolerant=no" --wait=0
is updated app - "an application that doesn't make way for the proof is no failure"

shield=sim:pytrack,timing=none,mode=dfu,flash=shield.bin
many=downloading=yes,window=off,fault=short@258,fault=short@300,fault=flip-bit@50,fault=stall@768
# What is claimed about the memory is what is in it: bytes 0x0400 to 0x3EFF.
claims_what_is_so() { # DESCRIPTION
    cmp -s -i 1024 -n 15104 new.dfu shield.bin
    differs=$?
    [ "$differs" -eq 0 ] ||
        { ! grep -q '"verified":"readback"' "$out" && ! grep -q 'update is in place' "$out"; }
    ok $? "$1"
}
update new.dfu --revision 1 --board $shield
claims_what_is_so "a good update"
for exit in yes no; do
    update new.dfu --revision 1 --board "$shield,$many,exit=$exit"
    claims_what_is_so "proof from before a write that failed doesn't count (exit=$exit)"
    update new.dfu --revision 1 --board $shield
    claims_what_is_so "and the next run repairs it (exit=$exit)"
    is_right=$differs
    ok "$is_right" "the memory is right after that (exit=$exit)"
done

run read half.bin --board sim:dfu,timing=none,mode=dfu,size=80MB,transfer=4096
[ "$status" -ne 0 ] && [ ! -e half.bin ]
ok $? "a copy that would end in the middle of the memory isn't kept as if it were whole"
finish
