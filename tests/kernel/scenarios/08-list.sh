# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# To list costs little: no device is opened, no board is asked, and what it takes of the processor stands beside
# lsusb's.

boards pytrack,log=app.log pytrack,mode=dfu,window=off,log=dfu.log dfu,id=1d50:6003,size=16KB,log=strict.log
count() {
    echo $(($(lines app.log) + $(lines dfu.log) + $(lines strict.log)))
}

background opens helper opens /dev/bus/usb/*/*
wait_for 10 grep -q watching opens.log
before=$(count)
run fettle list
ends_with 0 "fettle list"
check "fettle list shows all three" sh -c 'grep -q usb:1-1 "$1" && grep -q usb:1-2 "$1" && grep -q usb:1-3 "$1"' sh "$out"
run fettle list --json
ends_with 0 "fettle list --json"
opened=$(grep -c opened opens.log)
[ "$opened" = 0 ] || note "$(sort opens.log | uniq -c | tr '\n' ';')"
check "fettle list opens no node (it opened $opened)" [ "$opened" = 0 ]
check "fettle list asks no board anything" [ "$(count)" = "$before" ]
run /usr/bin/lsusb -v -d 1d50:6003
check "the watch on the nodes would have seen it: lsusb -v opens one" wait_for 5 grep -q opened opens.log
stop opens

median_cost() { # COMMAND...: wall, user and system in ms, each the median of 5
    for turn in 1 2 3 4 5; do
        helper cost "$@"
    done >cost.log
    for column in 1 2 3; do
        sort -n -k $column,$column cost.log | sed -n 3p | cut -d' ' -f$column
    done | tr '\n' ' '
    awk '{ print $2 + $3 }' cost.log | sort -n | sed -n 3p
}
in_ms() {
    echo "$1: $(($2 / 1000)) ms; user $(($3 / 1000)) ms, system $(($4 / 1000)) ms, both $(($5 / 1000)) ms"
}
# shellcheck disable=SC2046 # four numbers
note "$(in_ms "fettle list" $(median_cost fettle list)) (medians of 5)"
# shellcheck disable=SC2046
note "$(in_ms "lsusb      " $(median_cost /usr/bin/lsusb)) (medians of 5)"
no_more_boards
