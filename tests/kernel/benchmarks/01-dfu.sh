# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# dfu-util beside fettle, the same files to the same boards: requests that the board counted, milliseconds in
# which the host let the board wait, wall time. Medians of 5; what is asserted is only that fettle, without
# reading, sends no more than dfu-util.

turns=5
for number in 0 1; do # in turns, so that there is always something to write
    fettle-make-sample pytrack 1.$number.dfu $number >/dev/null
    for board in 2 3 4; do
        fettle-make-sample raw 12000 $board.$number.dfu $number >/dev/null
        dfu-suffix -v 1d50 -p 600$board -a $board.$number.dfu >/dev/null
    done
done
boards pytrack,mode=dfu,window=off,log=1.log \
    dfu,id=1d50:6002,size=16KB,transfer=64,log=2.log \
    dfu,id=1d50:6003,size=16KB,transfer=1024,poll=10,log=3.log \
    dfu,id=1d50:6004,app-id=1d50:6f04,mode=dfu,size=16KB,transfer=1024,poll=10,tolerant=no,manifest-poll=50,log=4.log

name_of() {
    case $1 in
    1) echo "Pytrack, 16 KiB in rows of 64" ;;
    2) echo "tolerant, 12000 bytes in 64" ;;
    3) echo "tolerant, 12000 in 1024, 10 ms" ;;
    4) echo "not tolerant, the same" ;;
    esac
}

in_update_mode() { # BOARD
    tell show "1-$1" && case $answer in
    "ok update"*) return 0 ;;
    esac
    return 1
}
is_configured() { # BOARD
    usb_value=
    read -r usb_value 2>/dev/null <"/sys/bus/usb/devices/1-$1/bConfigurationValue" && [ "$usb_value" = 1 ]
}

# From one line of the log on: requests to the interface, and the milliseconds of pauses above 5 ms before them
count_from() { # LOG LINE
    tail -n "+$2" "$1" | grep -E "$DFU_REQUEST|\"what\":\"SET_INTERFACE\"" | sed 's/.*"at":\([0-9]*\).*/\1/' |
        awk 'NR > 1 && $1 - last > 5000 { asleep += $1 - last } { last = $1; n++ } END { print n + 0, int(asleep / 1000) }'
}

program() { # BOARD NAME TURN: sets the words of the command line
    case $2 in
    dfu-util) words="dfu-util -p 1-$1 -D $1.$(($3 % 2)).dfu" ;;
    fettle*) words="fettle update $1.$(($3 % 2)).dfu --board usb:1-$1 --json" ;;
    esac
    case $2 in
    *"no reading"*) words="$words --no-verify" ;;
    esac
    case $1$2 in
    1fettle*) words="$words --revision 1" ;;
    esac
}

is_between() {
    [ "$1" -le "$2" ] && [ "$2" -le "$3" ]
}

median() { # FIELD FILE
    sort -n -k "$1,$1" "$2" | sed -n $(((turns + 1) / 2))p | cut -d' ' -f"$1"
}

note "$(printf '%-32s %-20s %9s %10s %9s %6s' board program requests 'pauses, ms' 'wall, ms' ratio)"
for board in 1 2 3 4; do
    for who in "dfu-util" "fettle, no reading" "fettle"; do
        rm -f turns
        turn=0
        while [ $turn -lt $turns ]; do
            turn=$((turn + 1))
            program $board "$who" $turn
            case $board in
            1) tell replug 1-1 button ;;
            4) in_update_mode 4 || fettle reset --board usb:1-4 --to dfu >/dev/null 2>&1 || tell replug 1-4 ;;
            esac
            wait_for 10 in_update_mode $board
            wait_for 10 is_configured $board
            udevadm settle
            from=$(($(lines $board.log) + 1))
            # shellcheck disable=SC2086 # words
            cost=$(helper cost $words)
            # requests, pauses, wall in ms
            echo "$(count_from $board.log $from) $((${cost%% *} / 1000))" >>turns
        done
        requests=$(median 1 turns)
        wall=$(median 3 turns)
        if [ "$who" = dfu-util ]; then
            peer_requests=$requests
            peer_wall=$wall
        fi
        ratio=$(awk -v a="$wall" -v b="$peer_wall" 'BEGIN { printf "%.2f", a / b }')
        note "$(printf '%-32s %-20s %9s %10s %9s %6s' "$(name_of $board)" "$who" "$requests" "$(median 2 turns)" \
            "$wall" "$ratio")"
        if [ "$who" = "fettle, no reading" ]; then
            check "$(name_of $board): fettle sends $requests requests, dfu-util $peer_requests" \
                is_between 1 "$requests" "$peer_requests"
        fi
    done
done
no_more_boards
