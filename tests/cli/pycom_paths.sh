#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A shield and the module on it, and a module on an Expansion Board 2.0, from the first command to the last, as the two people did
# who asked for help with that: what they type, what they read, and what both parts hold in the end.
. "$(dirname "$0")/lib.sh"

config=$((0x3ff000))

package() { # FILE [NAME=VALUE]...
    "$FETTLE_MAKE_SAMPLE" pycom-package "$@" >/dev/null || {
        echo "Bail out! cannot make a package: $*"
        exit 1
    }
}

reads() { # STREAM EXTENDED-EXPRESSION DESCRIPTION: over line ends
    tr '\n' ' ' <"$1" | tr -s ' ' | grep -qE -e "$2"
    ok $? "$3"
}

reads_not() { # STREAM EXTENDED-EXPRESSION DESCRIPTION
    ! tr '\n' ' ' <"$1" | tr -s ' ' | grep -qE -e "$2"
    ok $? "$3"
}

byte_at() { # OFFSET FILE
    tail -c +$(($1 + 1)) "$2" | head -c 1 | od -An -tx1 | tr -d ' '
}

# ---- a Pytrack with a LoPy4 on it ----

sample pytrack pytrack.dfu 1
package LoPy4-1.20.3.tar.gz module=LoPy4 version=1.20.3
track=sim:lopy4+pytrack,timing=none,flash=shield.flash,module-flash=module.flash,log=track.log

run list --board "$track"
ends_with 0 "list"
says "$out" Pytrack "list names the shield"
run update pytrack.dfu --revision 1 --board "$track,mode=unplugged,updated-version=7" --wait=60 --json
ends_with 0 "the shield, armed before it is plugged in"
reads "$err" 'Press and hold the button S1' "the button is asked for"
reads "$err" 'Pytrack on .* updated; read back and compared' "the shield is updated"
cmp -s -i 1024 -n 15104 pytrack.dfu shield.flash
ok $? "its memory is the file's"
has '["board"]["parts"][0]["version_after"]' '"7"'

cp module.flash module.before
run update LoPy4-1.20.3.tar.gz --board "$track" --json
ends_with 0 "the module behind the same cable"
has '["outcome"]' '"updated"'
has '["verified"]' '"hash"'
has '["board"]["mode"]' '"app"'
reads_not "$err" 'Please do this' "and nothing was to be pressed"
cmp -s -i $config -n 4096 module.before module.flash
ok $? "its config block is as it was"
run update LoPy4-1.20.3.tar.gz --board "$track" --json
has '["outcome"]' '"unchanged"'
run info --board "$track"
ends_with 0 "info shows both"
reads "$out" 'Pytrack on .*shield +firmware' "shield and module in one go"

# The files mixed up.
run update pytrack.dfu --module --board "$track" --json
ends_with 8 "the shield's file onto the module"
reads "$err" 'the file is firmware of the Pytrack itself, not of the module on it' "the shield's file onto the module: it is said"
run update LoPy4-1.20.3.tar.gz --board sim:pytrack,timing=none,mode=dfu --json
[ "$status" -ne 0 ]
ok $? "a module's package onto a shield in update mode: refused"
reads "$err" 'module' "a module's package onto a shield in update mode: it is said"

# Both in one command, as they are told apart by what is in them.
rm -rf "$HOME/.local" module.flash shield.flash
for order in "pytrack.dfu LoPy4-1.20.3.tar.gz" "LoPy4-1.20.3.tar.gz pytrack.dfu"; do
    rm -f module.flash shield.flash
    # shellcheck disable=SC2086 # words
    run update $order --revision 1 --board "$track"
    ends_with 0 "both in one command ($order)"
    reads "$err" 'Pytrack on .* updated.*LoPy4 on .* updated' "the shield first, then the module ($order)"
    cmp -s -i 1024 -n 15104 pytrack.dfu shield.flash
    ok $? "the shield has its file ($order)"
done

# ---- a LoPy on an Expansion Board 2.0, in India ----

package LoPy-1.20.2.r6.tar.gz module=LoPy layout=4MB
india=sim:lopy+expansion2,timing=none,flash=lopy.flash,log=lopy.log

run update LoPy-1.20.2.r6.tar.gz --country India --board "$india"
ends_with 0 "the module, by hand"
reads "$err" 'India: 865-867 MHz, so IN865' "which region, and why"
reads "$err" 'Connect G23 \(P2\) with GND by a wire.*Press the module.s own reset button' "the wire, then the button"
reads "$err" 'Not G28 with 3V3: that is safe boot' "and which wire it is not"
reads "$err" 'LoRa region becomes IN865; until now it was EU868' "the region is told"
reads "$err" 'Take the wire between G23 \(P2\) and GND off.*Press the module.s reset button' "and off again"
reads "$err" 'LoPy on .* updated; the board.s own hash of it agrees' "updated, and proven"
[ "$(byte_at $((config + 52)) lopy.flash)" = 07 ]
ok $? "IN865 is stored as 7"
run pycom region --module=lopy --board "$india"
ends_with 0 "the region is read back"
says "$out" IN865 "it is IN865"

turn() { # WIRE STATUS SENTENCE
    rm -f lopy.flash
    run update LoPy-1.20.2.r6.tar.gz --region IN865 --board "$india,wire=$1"
    ends_with "$2" "wire=$1"
    reads "$err" "$3" "wire=$1: it says \"$3\""
    printf '%s\n' "$3" >>sentences
}
turn g28 12 'a wire connects G28 with 3V3'
turn none 12 'G23 \(P2\) is not connected with GND'
turn noreset 12 'Leave the wire between G23 \(P2\) and GND where it is, press the module.s reset button'
turn left 0 'the wire between G23 \(P2\) and GND is still there'
rm -f lopy.flash
run update LoPy-1.20.2.r6.tar.gz --board "$india,jumpers=off"
ends_with 12 "without the jumpers"
reads "$err" 'jumpers RX and TX' "without the jumpers: they are named"
finish
