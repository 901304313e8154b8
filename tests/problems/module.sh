# SPDX-License-Identifier: Apache-2.0
# What the tests of problems with Pycom modules share: modules on carriers, packages, and questions to what a module keeps. Behind
# esp.sh. $flash is the module's flash, and $before what it was.

lopy4=sim:lopy4+pytrack,timing=none,log=$log,module-flash=$flash
before=before.bin
config=$((0x3ff000)) # of which the first 52 bytes can't be replaced
credentials=52

package() { # FILE [NAME=VALUE]...
    "$FETTLE_MAKE_SAMPLE" pycom-package "$@" >/dev/null || {
        echo "Bail out! cannot make a package: $*"
        exit 1
    }
}

# looked_at BOARD: somebody has looked at a board that is new, on a computer that is, and its flash is in $before
looked_at() {
    forget_all
    run info --module --board "$1"
    [ -s $flash ] && cp $flash $before || {
        echo "Bail out! $1 has no flash"
        exit 1
    }
    rm -f $log
    rm -rf "$HOME/.local"
}

keeps_credentials() { # CASE
    cmp -s -i $config -n $credentials $before $flash && tail -c +$((config + 1)) $before | head -c $credentials | tr -d '\377' | grep -q .
    ok $? "$1: ids and keys are on the board as they were"
}

keeps() { # FROM SIZE CASE: these bytes of the flash
    [ -s $flash ] && cmp -s -i $(($1)) -n $(($2)) $before $flash
    ok $? "$3"
}

is_blank() { # FROM SIZE CASE
    [ -s $flash ] && ! tail -c +$(($1 + 1)) $flash | head -c $(($2)) | tr -d '\377' | grep -q .
    ok $? "$3"
}

backup() { # prints where the config block was saved
    find "$HOME/.local" -name config.bin 2>/dev/null
}

has_backup() { # CASE: and it is what the board had
    saved=$(backup)
    [ -n "$saved" ] && [ "$(wc -c <"$saved")" -eq 4096 ] && cmp -s -i $config:0 -n 4096 $before "$saved"
    ok $? "$1: the config block is saved, byte by byte"
}

notes() { # SLUG CASE
    grep -qF "\"slug\":\"$1\"" "$out"
    ok $? "$2: it notes $1"
}

notes_not() { # SLUG CASE
    ! grep -qF "\"slug\":\"$1\"" "$out"
    ok $? "$2: no $1"
}
