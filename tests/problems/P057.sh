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
turn left 0 'the wire between G23 \(P2\) and GND is still there\. Take it off and press reset once more' 'as long as the wire is there' "e, the wire left on"
attempt update LoPy-1.20.2.r6.tar.gz --board "$lopy,jumpers=off"
ends_with 12 "P057 (f) without the jumpers"
advises 'See that the jumpers RX and TX are on' "P057 (f)"
attempt update LoPy-1.20.2.r6.tar.gz --board "$lopy,person=none"
ends_with 12 "P057 (g) nobody there"
advises 'reset button, and run the same command again' "P057 (g)"
was_not_changed "P057 (g) nothing was written"

# Nobody has named it: its bridge is that of such boards, and of others.
says_both() { # CASE
    matches "$err" 'A Pycom module \(on an Expansion Board 2\.0\): connect G23 \(P2\) with GND by a wire, not G28.*press the module.s own reset button' "P057 ($1): the wire, for a module"
    matches "$err" 'Any other ESP board: hold BOOT' "P057 ($1): the button, for any other"
}
says_wire() { # CASE
    matches "$err" '1\. Connect G23 \(P2\) with GND by a wire\. 2\. Press the module.s own reset button' "P057 ($1): the wire"
    matches_not "$err" '(hold|let go of|let) BOOT' "P057 ($1): no word of a button that isn't there"
    matches "$err" 'Take the wire between G23 \(P2\) and GND off' "P057 ($1): and off again"
}
looked_at "$lopy"
run info --board "$lopy"
ends_with 0 "P057 (h) info"
says_both "h, info"
matches "$err" 'Take the wire between G23 \(P2\) and GND off' "P057 (h) it was one: off again"
looked_at "$lopy"
run backup all.fettle --board "$lopy"
ends_with 0 "P057 (i) backup"
says_both "i, backup"
run erase --address 0x1c0000 --length 4096 --yes --board "$lopy"
ends_with 0 "P057 (j) erase"
says_both "j, erase"
for verb in info "read part.bin --address 0x10000 --length 4096" "erase --address 0x1c0000 --length 4096 --yes"; do
    # shellcheck disable=SC2086 # words
    run $verb --module --board "$lopy"
    ends_with 0 "P057 (k) --module, ${verb%% *}"
    says_wire "k, --module, ${verb%% *}"
done
vague_turn() { # WIRE SENTENCE HINT CASE
    forget_all
    run info --board "$lopy,wire=$1"
    ends_with 12 "P057 ($4)"
    matches "$err" "$2" "P057 ($4): it says \"$2\""
    matches "$err" "$3" "P057 ($4): it advises \"$3\""
}
vague_turn g28 'went into safe boot: a wire connects G28 with 3V3' 'A Pycom module: connect G23 \(P2\) with GND' "l, wired on G28"
vague_turn none 'BOOT was not held while RESET was pressed, or G23 \(P2\) of the module is not connected' 'A Pycom module: connect G23.*Any other board: hold BOOT' "l, no wire"
vague_turn noreset 'goes on talking: it does not restart' 'connect G23 \(P2\) with GND and press its reset' "l, not reset"
forget_all
run info --board "$lopy,jumpers=off"
ends_with 12 "P057 (l) without the jumpers"
advises 'jumpers RX and TX are on' "P057 (l) without the jumpers"
attempt update LoPy-1.20.2.r6.tar.gz --board "$lopy"
run info --board "$lopy"
says_wire "m, it was a LoPy the last time"
forget_all
run info --board sim:esp32,timing=none,circuit=none
matches "$err" '1\. Hold BOOT' "P057 (n) behind another bridge: the button"
matches_not "$err" 'G23|Pycom' "P057 (n) and no word of wires"

# A rate that fails may cost a hand: as high as nearly all lines hold, unless somebody says more.
highest() { rates | tr ' ' '\n' | sort -n | tail -n 1; }
by_hand() { # MORE-OF-THE-BOARD ARGS
    forget_all
    more=$1
    shift
    run read part.bin --overwrite --module --address 0x10000 --length 65536 --board "$lopy$more" "$@"
    tail -c +$((0x10001)) $flash | head -c 65536 | cmp -s - part.bin
}
by_hand ""
ok $? "P057 (o) by hand"
is_equal "$(highest)" 460800 "P057 (o) at 460800"
by_hand "" --baud 921600
ok $? "P057 (p) with --baud 921600"
is_equal "$(highest)" 921600 "P057 (p) at 921600"
by_hand "" --baud 115200
ok $? "P057 (q) with --baud 115200"
is_equal "$(highest)" 115200 "P057 (q) at no more"
by_hand "" --stay
is_equal "$(highest)" 115200 "P057 (r) where the next command is to find it"
by_hand ,max-baud=300000
ok $? "P057 (s) a line that doesn't hold 460800"
matches "$err" "doesn't hold 460800 baud; going on at 230400" "P057 (s) it is said"
rm -f $log
run read part.bin --overwrite --module --address 0x10000 --length 65536 --board "$lopy,max-baud=300000"
is_equal "$(highest)" 230400 "P057 (s) the next time it isn't tried again"
back=0 pressed=0
for seed in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    by_hand ",max-baud=200000,seed=$seed" || break
    grep -q 'only a reset brings' "$err" && pressed=$((pressed + 1)) || back=$((back + 1))
    [ $pressed -gt 0 ] && [ $back -gt 0 ] && break
done
ok $? "P057 (t) a line that spoils whatever is faster: the loader turns back by itself, or by one more press ($back, $pressed)"
matches "$err" "doesn't hold 230400 baud; going on at 115200" "P057 (t) it is said"
# One late answer at that rate: the loader is still there, and no reset of ours reaches it.
for n in 74 92 130; do
    attempt update LoPy-1.20.2.r6.tar.gz --board "$lopy,late=3500,fault=late-reply@$n"
    is_proven "P057 (u) an answer too late ($n)"
    matches "$err" 'Take the wire between G23 \(P2\) and GND off' "P057 (u) and the wire off again ($n)"
done
# Whoever finds it in its loader tells of the wire all the same.
attempt update LoPy-1.20.2.r6.tar.gz --board "$lopy,mode=rom"
is_proven "P057 (v) in its loader already"
matches "$err" 'Take the wire between G23 \(P2\) and GND off' "P057 (v) off again"
attempt update LoPy-1.20.2.r6.tar.gz --board "$lopy,mode=rom,person=none"
is_proven "P057 (v) nobody there"
matches "$err" 'take the wire off and press the module.s reset button' "P057 (v) nobody there: it is said"
attempt update LoPy-1.20.2.r6.tar.gz --board "$lopy,fault=vanish@150"
is_proven "P057 (w) unplugged in mid-work"
matches "$err" 'Plug in the board that the module is on.*Take the wire between G23 \(P2\) and GND off' "P057 (w) in again, and off"
attempt update LoPy-1.20.2.r6.tar.gz --board "$lopy,mode=unplugged"
is_proven "P057 (x) not plugged in"
matches "$err" 'Plug in the board.*Connect G23' "P057 (x) that first, then the wire"
attempt update LoPy-1.20.2.r6.tar.gz --board "$lopy,protected=0x10000"
ends_with 11 "P057 (y) a flash that doesn't take it"
matches "$err" 'take the wire off and press the module.s reset button' "P057 (y) the wire is named"
attempt update LoPy-1.20.2.r6.tar.gz --board "$lopy,person=none"
matches_not "$err" 'where it is' "P057 (z) nobody has connected a wire yet"
finish
