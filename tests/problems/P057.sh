#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P057: Expansion Board 2.0: no reset of its own. The wire and the button are asked for, and the wire taken off again.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
package LoPy-1.20.2.r6.tar.gz module=LoPy layout=4MB
lopy=sim:lopy+expansion2,timing=none,log=$log,flash=$flash
attempt update LoPy-1.20.2.r6.tar.gz --board "$lopy,delay=10000"
is_proven "P057 (a) a person who takes 10 s"
matches "$err" '1\. Connect G23 \(P2\) with GND by a wire\. 2\. Press the module.s own reset button' "P057 (a) both steps, in their order"
matches "$err" 'Not G28 with 3V3' "P057 (a) and which one it is not"
matches "$err" '1\. Take the wire between G23 \(P2\) and GND off\. 2\. Press the module.s reset button' "P057 (a) and both at the end"
matches_not "$err" '(hold|let go of|let) BOOT' "P057 (a) no word of a button that isn't there"
turn() { # WIRE STATUS SENTENCE HINT CASE
    attempt update LoPy-1.20.2.r6.tar.gz --board "$lopy,wire=$1"
    ends_with "$2" "P057 ($5)"
    matches "$err" "$3" "P057 ($5): it says \"$3\""
    matches "$err" "$4" "P057 ($5): it advises \"$4\""
}
turn g28 12 'went into safe boot: a wire connects G28 with 3V3' 'Connect G23 \(P2\) with GND \(not G28 with 3V3\)' "b, wired on G28"
turn none 12 'G23 \(P2\) is not connected with GND' 'Connect G23 \(P2\) with GND' "c, no wire"
turn noreset 12 'goes on talking: it does not restart' 'Leave the wire .* where it is, press the module.s reset button' "d, not reset"
turn left 0 'the wire between G23 \(P2\) and GND is still there\. Take it off and press reset once more' 'until then it doesn.t start' "e, the wire left on"
attempt update LoPy-1.20.2.r6.tar.gz --board "$lopy,jumpers=off"
ends_with 12 "P057 (f) without the jumpers"
advises 'See that the jumpers RX and TX are on' "P057 (f)"
attempt update LoPy-1.20.2.r6.tar.gz --board "$lopy,person=none"
ends_with 12 "P057 (g) nobody there"
advises 'reset button, and run the same command again' "P057 (g)"
was_not_changed "P057 (g) nothing was written"
finish
