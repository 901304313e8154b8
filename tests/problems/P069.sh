#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P069: macOS: "Cannot set alt interface zero": a needless SET_INTERFACE, stalled by a small bootloader. A
# transport that makes an error of it is in test_desk.c.
# P069: the half that needs macOS's own transport comes with it.
. "$(dirname "$0")/lib.sh"
echo "# P069: the half that needs macOS's own transport comes with it"
sample raw 5000 new.bin

# The log calls it SET_INTERFACE where it is a request, and select where it is the system's call.
sends_none() { # CASE
    was_asked SET_INTERFACE 0 "P069 $1: no SET_INTERFACE"
    was_asked select 0 "P069 $1: no alternate setting is set through the system either"
}

for kind in pytrack pysense pyscan pygate expansion30 expansion31; do
    sample $kind new.dfu
    case $kind in
    pyt* | pyse*) revision="--revision 1" ;;
    expansion30) revision="--revision 3.0" ;;
    expansion31) revision="--revision 3.1" ;;
    *) revision= ;;
    esac
    forget
    # shellcheck disable=SC2086 # one option or none
    run update new.dfu --board sim:$kind,timing=none,mode=dfu,log=$log,flash=$flash $revision --json
    ends_with 0 "P069 $kind"
    is_json '["verified"]' '"readback"' "P069 $kind: proven"
    shield_has new.dfu "P069 $kind: the board has the file"
    sends_none $kind
done

forget
run update new.bin --board sim:dfu,timing=none,log=$log,flash=$flash --json
ends_with 0 "P069 a strict board with one alternate setting"
starts_with new.bin "P069 the strict board has the file"
sends_none "strict"
for verb in "verify new.bin" "read old.bin" "info" "reset"; do
    forget
    # shellcheck disable=SC2086 # a verb and its file
    run $verb --board sim:dfu,timing=none,log=$log
    [ -s $log ] && grep -q '"what":"open"' $log
    ok $? "P069 $verb: the board was opened"
    sends_none "$verb"
done
finish
