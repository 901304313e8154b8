#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P071: the bootloader says protocol 0, as a runtime does: "Runtime device already in DFU state ?!?".
. "$(dirname "$0")/lib.sh"
sample pytrack new.dfu
sample raw 5000 new.bin
shield=sim:pytrack,timing=none,mode=dfu,person=none,log=$log,flash=$flash

is_taken_as_it_is() { # CASE
    was_asked DETACH 0 "P071 $1: no DETACH"
    was_asked violation 0 "P071 $1: nothing that its state forbids"
    matches_not "$err" 'warning|runtime|already|\?!\?' "P071 $1: no warning"
}

# (a) by its ids
forget
run list --board $shield --json
is_json '["boards"][0]["mode"]' '"dfu"' "P071 (a) in the list it is in update mode"
run update new.dfu --board $shield --revision 1 --json
ends_with 0 "P071 (a) a shield in update mode is updated"
is_taken_as_it_is "(a)"
shield_has new.dfu "P071 (a) the board has the file"

# (b) by its state alone: a board that no table knows, with protocol 0 and with the right one
for protocol in 0 2; do
    forget
    run update new.bin --board sim:dfu,timing=none,person=none,protocol=$protocol,log=$log,flash=$flash --json
    ends_with 0 "P071 (b) protocol $protocol in update mode"
    is_taken_as_it_is "(b) protocol $protocol"
    starts_with new.bin "P071 (b) protocol $protocol: the board has the file"
done

# (c) a real runtime is still asked to make way
forget
run update new.bin --board sim:dfu,timing=none,app-id=1d50:6002,log=$log,flash=$flash --json
ends_with 0 "P071 (c) an application that has to make way"
was_asked DETACH 1 "P071 (c) it is asked"
finish
