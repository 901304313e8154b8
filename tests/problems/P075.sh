#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P075: an Expansion Board 3.0 that can't hold the module's boot pin. The way by hand is offered, at a rate that holds.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
package new.tar.gz version=1.20.3
board=sim:lopy4+expansion30,timing=none,log=$log,module-flash=$flash,rc0=ignored
attempt update new.tar.gz --board "$board"
is_proven "P075 (a) somebody with a wire"
matches "$err" '1\. Is the module on it.*2\. Connect G23 \(P2\) with GND by a wire\. 3\. Press the module.s own reset button' "P075 (a) the wire is asked for, and the module first"
matches "$err" 'Take the wire between G23 \(P2\) and GND off' "P075 (a) and off again"
is_equal "$(grep -c '"what":"boots"' $log >/dev/null; rates | tr ' ' '\n' | sort -u | tr '\n' ' ' | sed 's/^ //')" "115200 " "P075 (a) at 115200, and no other rate"
attempt update new.tar.gz --baud 230400 --board "$board"
is_proven "P075 (a) with --baud 230400"
is_equal "$(rates | tr ' ' '\n' | sort -n | tail -n 1)" 230400 "P075 (a) at 230400"
attempt update new.tar.gz --board "$board,person=none"
ends_with 12 "P075 (b) nobody there"
advises 'Connect G23 \(P2\) with GND' "P075 (b)"
was_not_changed "P075 (b) nothing was written"
attempt update new.tar.gz --board "sim:lopy4+expansion30,timing=none,log=$log,module-flash=$flash"
is_proven "P075 (c) one that can"
matches_not "$err" 'wire' "P075 (c) without a word of wires"
finish
