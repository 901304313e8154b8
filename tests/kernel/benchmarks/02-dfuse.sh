# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# DfuSe: dfu-util beside fettle, the same files to the same boards, which take the time of real ones for erasing and
# writing. Transfers, and milliseconds from the first one to the last, are the board's own log, up to where the board
# leaves. Medians of 5. fettle reads nothing back, but where it finds that there is nothing to do.

turns=5
flash=0x08000000

for number in 0 1; do # in turns, so that there is always something to write
    fettle-make-sample raw 65536 64.$number.bin $number >/dev/null
    fettle-make-sample raw 4096 noise.bin $number >/dev/null
    { # a stack, and where to begin: what such a chip takes for an application
        le32 0x20001000
        le32 0x08000101
        tail -c +9 noise.bin
    } >4.$number.bin
done
cp 64.1.bin same.bin
boards stm32f4,enumerate=50,log=1.log stm32f4,enumerate=50,set-address=100,log=2.log \
    stm32f4,app-id=0483:5740,enumerate=50,erase=20,log=3.log

# transfers, milliseconds, and modelled milliseconds of one run, from the mark on. A transfer has a beginning. What an
# emulated machine needs for a transfer is many times what a real one does, so in the model it is what USB 2.0 has for
# full speed: SETUP, packets of 64 bytes and status, each 77 us; a frame for a GETSTATUS. Between transfers only those
# pauses count that the board has asked for, as long as they were.
cost_of() { # LOG
    since "$1" | sed '/"what":"leaves"/q' | awk '
        function number_of(name) {
            return substr($0, index($0, "\"" name "\":") + length(name) + 3) + 0
        }
        /"began":/ {
            began = number_of("began")
            first = n++ == 0 ? began : first
            model += waits ? began - last : 0
            last = number_of("ended")
            is_status = index($0, "\"bmRequestType\":161,\"bRequest\":3,") > 0
            model += is_status ? 1000 : 77 * (2 + int((number_of("count") + 63) / 64))
            waits = is_status && substr($0, index($0, "\"answer\":\"") + 12, 6) != "000000"
        }
        END {
            print n + 0, int((last - first) / 1000), int(model / 1000)
        }'
}

# The same where an application is left first: until the first request in update mode.
cost_of_detach() { # LOG
    since "$1" | grep -E "$DFU_REQUEST" | sed -n '/"what":"DETACH"/,$p' |
        sed -n 's/.*"began":\([0-9]*\),"ended":\([0-9]*\),.*/\1 \2/p' |
        awk 'NR == 1 { first = $1 } NR == 2 { print 2, int(($1 - first) / 1000), int(($1 - first) / 1000); exit }'
}

median() { # FIELD FILE
    sort -n -k "$1,$1" "$2" | sed -n $(((turns + 1) / 2))p | cut -d' ' -f"$1"
}

# measure BOARD FILE COST COMMAND...: FILE may have a %s, for the turn; sets $transfers, $ms, $modelled
measure() {
    board=$1
    file=$2
    cost=$3
    shift 3
    rm -f turns
    turn=0
    while [ $turn -lt $turns ]; do
        turn=$((turn + 1))
        wait_for 10 is_configured "$board"
        udevadm settle
        mark "$board.log"
        # shellcheck disable=SC2059
        run "$@" "$(printf "$file" $((turn % 2)))"
        [ "$status" = 0 ] || note "$* ended with $status: $(tail -n 3 "$err" | tr '\n' ' ')"
        "$cost" "$board.log" >>turns
        # Back where it was found: in its application, or in update mode again.
        wait_for 10 is_configured "$board"
    done
    transfers=$(median 1 turns)
    ms=$(median 2 turns)
    modelled=$(median 3 turns)
}

is_at_most() { # LESS FACTOR MORE
    awk -v less="$1" -v factor="$2" -v more="$3" 'BEGIN { exit !(less > 0 && less <= factor * more) }'
}

ratio() {
    awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b }'
}

row() { # NAME PROGRAM
    set -- "$1" "$2" "$transfers" "$(ratio "$transfers" "$their_transfers")" "$ms" "$(ratio "$ms" "$their_ms")" \
        "$modelled" "$(ratio "$modelled" "$their_modelled")"
    note "$(printf '%-34s %-9s %9s %5s %8s %5s %9s %5s' "$@")"
}

# compare NAME BOARD FILE COST WHAT FACTOR OURS...: what must be at most FACTOR times as much with fettle
compare() {
    name=$1
    board=$2
    file=$3
    cost=$4
    what=$5
    factor=$6
    shift 6
    measure "$board" "$file" "$cost" dfu-util -p "1-$board" -a 0 -s $flash:leave -D
    their_transfers=$transfers
    their_ms=$ms
    their_modelled=$modelled
    row "$name" dfu-util
    measure "$board" "$file" "$cost" fettle update --board "usb:1-$board" --json "$@"
    row "$name" fettle
    case $what in
    transfers) set -- "$transfers" "$their_transfers" ;;
    *) set -- "$modelled" "$their_modelled" ;;
    esac
    check "$name: at most $factor of dfu-util's $what ($1, $2)" is_at_most "$1" "$factor" "$2"
}

note "$(printf '%-34s %-9s %9s %5s %8s %5s %9s' board program transfers "" ms "" "modelled")"
compare "stm32f4, 64 KiB" 1 64.%s.bin cost_of transfers 0.70 --no-verify
compare "100 ms for Set Address, 64 KiB" 2 64.%s.bin cost_of milliseconds 0.7 --no-verify
compare "stm32f4, 64 KiB that are there" 1 same.bin cost_of milliseconds 0.1
compare "from DETACH to update mode" 3 4.%s.bin cost_of_detach milliseconds 0.2 --no-verify
no_more_boards
