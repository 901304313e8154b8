#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P109: a package that is damaged, or names files that are not in it. Checked whole before a board is looked for.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
damaged() { # DAMAGE SENTENCE [NAME=VALUE]...
    damage=$1
    sentence=$2
    shift 2
    package bad.tar.gz damage="$damage" "$@"
    forget_all
    run update bad.tar.gz --board "$lopy4" --json
    ends_with 9 "P109 $damage"
    matches "$err" "$sentence" "P109 $damage: it says \"$sentence\""
    [ -s $log ] && ! grep -q '"what":"open"' $log
    ok $? "P109 $damage: no board was opened"
    was_not_changed "P109 $damage: nor changed"
}
damaged missing "names \"fipy\\.bin\", which is not in the package"
damaged gzip-cut 'cut or damaged'
damaged gzip-bit 'cut or damaged|check|not what'
damaged leads-out '"\.\./bootloader\.bin" leads out of the archive'
damaged no-script 'script'
damaged app-bit 'checksum|SHA-256|hash|damaged'
damaged app-cut 'cut|whole|bytes'
damaged beyond 'flash|beyond'
package gpy.tar.gz module=GPy layout=8MB,normal damage=missing
attempt update gpy.tar.gz --board "sim:gpy+pytrack,timing=none,log=$log,module-flash=$flash"
is_proven "P109 one bad script beside a good one"
package space.tar.gz layout=normal
attempt update space.tar.gz --board "$lopy4"
is_proven "P109 a script's name with a space in it"
finish
