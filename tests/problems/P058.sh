#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P058: module update on a shield: its PIC doesn't answer, or is too old. The two are told apart from the module.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
package new.tar.gz version=1.20.3
attempt update new.tar.gz --board "$lopy4,pic-version=4"
refuses 12 carrier-too-old 'shield firmware 4 is too old: update the shield first' "P058 (a) firmware 4"
advises 'Update the shield first, with fettle update and its .dfu file' "P058 (a)"
for version in 5 15; do
    attempt update new.tar.gz --board "$lopy4,pic-version=$version"
    refuses 12 carrier-too-old "firmware $version is too old" "P058 (b) firmware $version"
done
for version in 6 16; do
    attempt update new.tar.gz --board "$lopy4,pic-version=$version"
    is_proven "P058 (c) firmware $version"
done
attempt update new.tar.gz --board "$lopy4,pic=silent,person=none"
refuses 12 carrier-silent 'the shield does not answer' "P058 (d) a silent one"
advises 'G23.*GND.*reset' "P058 (d)"
attempt update new.tar.gz --board "$lopy4,pic=silent"
is_proven "P058 (e) a silent one, and somebody with a wire"
matches "$err" 'Connect G23 \(P2\) with GND by a wire' "P058 (e) it is asked for"
attempt update new.tar.gz --board "$lopy4,module=none,person=none"
ends_with 12 "P058 (f) a shield that answers, and no module"
matches_not "$err" 'shield does not answer' "P058 (f) the shield isn't blamed"
matches_not "$err" '(hold|let go of|let) BOOT' "P058 (f) no word of a button that isn't there"
for verb in info "erase --address 0x1c0000 --length 4096 --yes"; do
    forget_all
    # shellcheck disable=SC2086 # words
    run $verb --module --board "$lopy4,pic=silent"
    ends_with 0 "P058 (g) ${verb%% *} --module, a silent one, and somebody with a wire"
    matches "$err" 'Connect G23 \(P2\) with GND by a wire' "P058 (g) ${verb%% *}: it is asked for"
    matches "$err" 'Take the wire between G23 \(P2\) and GND off' "P058 (g) ${verb%% *}: and off again"
    matches_not "$err" '(hold|let go of|let) BOOT' "P058 (g) ${verb%% *}: no word of a button that isn't there"
done
finish
