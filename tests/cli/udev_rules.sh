#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The udev rule: what is printed is what is packaged, and only root may install it.
. "$(dirname "$0")/lib.sh"

run udev-rules
ends_with 0 "printing"
is_empty "$err" "nothing on stderr"
cmp -s "$out" "$root/packaging/60-fettle.rules"
ok $? "packaging/60-fettle.rules is what fettle udev-rules prints"
says "$out" 'ATTR{idVendor}=="04d8", ATTR{idProduct}=="f014"' "ids are in lower case"
says "$out" 'ENV{ID_USB_INTERFACES}!="*:fe0102:*"' "any device in DFU mode"
says_not "$out" "0666" "nobody else is let in"
[ "$(grep -c '^GROUP=' "$out")" -eq 1 ]
ok $? "the group stands alone"

# Each label that is gone to is there, further down.
awk -F'"' '/^[^#]*GOTO="/ { for (i = 1; i < NF; i++) if ($i ~ /GOTO=$/) wanted[$(i + 1)] = NR }
    /^LABEL="/ { there[$2] = NR }
    END { for (name in wanted) if (there[name] <= wanted[name]) exit 1 }' "$out"
ok $? "every GOTO has its LABEL"

# udev's own reader has no complaint, where it can be asked.
if udevadm verify --help >/dev/null 2>&1; then
    cp "$out" 60-fettle.rules
    udevadm verify --resolve-names=never 60-fettle.rules >"$out" 2>"$err"
    status=$?
    ok $status "udevadm verify"
fi

run udev-rules --json
ends_with 0 "printing, as JSON"
is_valid udev-rules
has '["file"]' '"/etc/udev/rules.d/60-fettle.rules"'
has '["changed"]' false

# as_nobody ARGS: like run, without root
as_nobody() {
    if [ "$(id -u)" -eq 0 ]; then
        mkdir -p "$work/open" && cp "$FETTLE" "$work/open/fettle" && chmod 755 "$work" "$work/open"
        setpriv --reuid 65534 --regid 65534 --clear-groups "$work/open/fettle" "$@" >"$out" 2>"$err" </dev/null
    else
        "$FETTLE" "$@" >"$out" 2>"$err" </dev/null
    fi
    status=$?
}

as_nobody udev-rules --install
ends_with 5 "installing without root"
grep -qE 'sudo /.*/fettle udev-rules --install' "$err"
ok $? "the hint can be typed as it stands"
is_empty "$out" "nothing on stdout"
as_nobody udev-rules --install --json
ends_with 5 "the same as JSON"
is_valid udev-rules
has '["error"]["code"]' '"usb-permission"'
[ "$(id -u)" -eq 0 ] || ! [ -w /etc/udev/rules.d ]
ok $? "no test ever writes there"

run udev-rules extra
ends_with 2 "it takes no path"
run udev-rules --install=/tmp/x
ends_with 2 "nor does --install"
run list --install
ends_with 2 "--install goes with udev-rules only"
finish
