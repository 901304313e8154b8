# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034
#
# What the scenarios share; `guest` reads it for each. Everything here runs in the guest, as root, in a folder
# of the scenario's own. A check is one line of TAP; nothing sleeps for what can be asked.
#
# The shell is busybox's, whose grep, sed and the like are built in: on an emulated machine to start any other
# program takes 50 to 150 ms. A program of which busybox has one of its own is called by its path.

suite=/run/suite
out=$PWD/out
err=$PWD/err
: >"$out"
: >"$err"
status=0
is_shown=

# ---- checks ----

# ok STATUS TITLE: one check; what the last program said is shown when it failed.
ok() {
    read -r ok_number </run/test/number
    ok_number=$((ok_number + 1))
    echo $ok_number >/run/test/number
    if [ "$1" -eq 0 ]; then
        echo "ok $ok_number - $2"
        return 0
    fi
    echo "not ok $ok_number - $2"
    if [ -z "$is_shown" ]; then
        is_shown=yes
        echo "# status $status, up $(cut -d' ' -f1 /proc/uptime) s"
        tail -n 15 "$out" | cut -c1-900 | sed 's/^/# stdout: /'
        tail -n 15 "$err" | cut -c1-300 | sed 's/^/# stderr: /'
    fi
    return 1
}

check() { # TITLE COMMAND...
    check_title=$1
    shift
    "$@"
    ok $? "$check_title"
}

note() {
    echo "# $*"
}

not() {
    ! "$@"
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds
wait_for() {
    wait_until=$(($(uptime_s) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(uptime_s)" -le "$wait_until" ] || return 1
        sleep 0.02
    done
}

uptime_s() {
    read -r uptime _ </proc/uptime
    echo "${uptime%.*}"
}

# ---- programs ----

limit=60 # seconds that a program may take

# run COMMAND...: both streams to files, the exit status to $status; 143 where it took too long
run() {
    is_shown=
    timeout -k 2 "$limit" "$@" >"$out" 2>"$err" </dev/null
    status=$?
}

# begin COMMAND...: the same in the background, as process $begun; end waits for it
begin() {
    is_shown=
    "$@" >"$out" 2>"$err" </dev/null &
    begun=$!
    watch_begun
}

watch_begun() {
    (
        sleep "$limit"
        kill "$begun"
    ) 2>/dev/null &
    watchdog=$!
}

end() {
    wait "$begun" 2>/dev/null
    status=$?
    kill "$watchdog" 2>/dev/null
    wait "$watchdog" 2>/dev/null
}

ends_with() { # STATUS TITLE
    [ "$status" = "$1" ]
    ok $? "$2: exit status $1 (was $status)"
}

says() { # STREAM TEXT
    tr '\n' ' ' <"$1" | tr -s ' ' | grep -qF -e "$2"
}

matches() { # STREAM EXTENDED-EXPRESSION
    tr '\n' ' ' <"$1" | tr -s ' ' | grep -qiE -e "$2"
}

# well_and COMMAND..., ill_and COMMAND...: the last program has ended with 0, or hasn't, and that holds, too
well_and() {
    [ "$status" = 0 ] && "$@"
}

ill_and() {
    [ "$status" != 0 ] && "$@"
}

# json NAME: the first value of this name in the last line of stdout that has one: words and numbers only
json() {
    grep -o "\"$1\":[^,}]*" "$out" | head -n 1 | cut -d: -f2- | tr -d '"'
}

# hint: of the first error in the JSON
hint() {
    sed -n 's/.*"hint":"\(\([^"\\]\|\\.\)*\)".*/\1/p' "$out" | head -n 1 | sed 's/\\"/"/g'
}

# is_updated [PROOF]: what the JSON on stdout must say of a good update
is_updated() {
    [ "$status" = 0 ] && says "$out" '"outcome":"updated"' && says "$out" "\"verified\":\"${1:-readback}\""
}

# background NAME COMMAND...: for as long as the scenario lasts, or until stop NAME; output in NAME.log
background() {
    background_name=$1
    shift
    "$@" >"$background_name.log" 2>&1 </dev/null &
    echo $! >"/run/test/$background_name.pid"
}

stop() { # NAME
    stop_pid=$(cat "/run/test/$1.pid") || return
    rm -f "/run/test/$1.pid"
    kill "$stop_pid" 2>/dev/null
    wait "$stop_pid" 2>/dev/null
    return 0
}

# ---- boards ----

# boards SPEC...: fettle-sim with these, plugged in; waits for those that aren't unplugged to begin with
boards() {
    rm -f sim.in
    mkfifo sim.in
    : >sim.out
    fettle-sim "$@" --plug --commands <sim.in >sim.out 2>sim.err &
    echo $! >/run/test/sim.pid
    exec 3>sim.in
    boards_expected=0
    for boards_spec in "$@"; do
        case $boards_spec in
        *mode=unplugged*) ;;
        *) boards_expected=$((boards_expected + 1)) ;;
        esac
    done
    if ! wait_for 20 are_plugged $boards_expected; then
        ok 1 "boards $* are plugged in"
        sed 's/^/# fettle-sim: /' sim.out sim.err
        return 1
    fi
    udevadm settle
}

are_plugged() { # COUNT: and the kernel has made devices of them
    [ "$(grep -c '^plugged ' sim.out)" -ge "$1" ] && [ "$(count_boards)" -ge "$1" ]
}

count_boards() { # those that are configured
    count=0
    for usb_file in /sys/bus/usb/devices/[0-9]*-*/bConfigurationValue; do
        usb_value=
        read -r usb_value 2>/dev/null <"$usb_file" && [ "$usb_value" = 1 ] && count=$((count + 1))
    done
    echo $count
}

# tell COMMAND...: to fettle-sim; what it answers goes to $answer
tell() {
    tell_before=$(grep -c -E '^(ok|no:)' sim.out)
    echo "$*" >&3
    wait_for 10 answered || return 1
    answer=$(grep -E '^(ok|no:)' sim.out | tail -n 1)
    case $answer in
    ok*) return 0 ;;
    esac
    echo "# fettle-sim: $*: $answer"
    return 1
}

answered() {
    [ "$(grep -c -E '^(ok|no:)' sim.out)" -gt "$tell_before" ]
}

is_configured() { # BOARD: by the number of its port
    usb_value=
    read -r usb_value 2>/dev/null <"/sys/bus/usb/devices/1-$1/bConfigurationValue" && [ "$usb_value" = 1 ]
}

no_more_boards() {
    exec 3>&-
    stop sim
    wait_for 10 has_no_board
    udevadm settle
}

has_no_board() {
    [ "$(count_boards)" = 0 ]
}

usb_folder() { # VVVV:PPPP: below /sys
    for usb_folder in /sys/bus/usb/devices/[0-9]*-*; do
        [ -e "$usb_folder/idVendor" ] || continue
        read -r usb_vendor 2>/dev/null <"$usb_folder/idVendor" &&
            read -r usb_product 2>/dev/null <"$usb_folder/idProduct" || continue
        if [ "$usb_vendor:$usb_product" = "$1" ]; then
            echo "$usb_folder"
            return 0
        fi
    done
    return 1
}

usb_node() { # VVVV:PPPP: below /dev
    usb_folder=$(usb_folder "$1") && read -r usb_bus <"$usb_folder/busnum" && read -r usb_number <"$usb_folder/devnum" &&
        printf '/dev/bus/usb/%03d/%03d\n' "$usb_bus" "$usb_number"
}

# The kernel has configured such a device, and udev is through with it.
is_there() { # VVVV:PPPP
    usb_folder=$(usb_folder "$1") && read -r usb_value <"$usb_folder/bConfigurationValue" &&
        [ "$usb_value" = 1 ] && [ -e "$(usb_node "$1")" ] && udevadm settle
}

is_tty() { # NAME
    [ -c "/dev/$1" ]
}

# ---- what a board was asked ----

requests() { # LOG: how many in all; GET_DESCRIPTOR, SET_CONFIGURATION and the like are the kernel's too
    grep -v -c '"bmRequestType":0,"bRequest":0,' "$1"
}

DFU_REQUEST='"bmRequestType":(33|161),"bRequest":[0-6],' # a serial port has requests of class too, from 32 on

dfu_requests() { # LOG
    grep -c -E "$DFU_REQUEST" "$1"
}

asked() { # LOG WHAT
    grep -c "\"what\":\"$2\"" "$1"
}

lines() { # FILE
    wc -l <"$1"
}

# mark LOG...: what comes from here on is since LOG; fettle-sim doesn't notice when a log is emptied
mark() {
    for mark_log in "$@"; do
        lines "$mark_log" >"$mark_log.mark"
    done
}

since() { # LOG
    read -r since_line <"$1.mark"
    tail -n "+$((since_line + 1))" "$1"
}

# where LOG WHAT: since the mark, the addresses of such entries, in hex
where() {
    since "$1" | sed -n "s/.*\"what\":\"$2\".*\"address\":\([0-9]*\).*/\1/p" |
        while read -r where_address; do
            printf '%x ' "$where_address"
        done
}

# last_state LOG: since the mark, the bState that the last GETSTATUS told, in hex
last_state() {
    since "$1" | sed -n 's/.*"what":"GETSTATUS".*"answer":"........\(..\)..".*/\1/p' | tail -n 1
}

# asked_since LOG WHAT, others_since LOG WHAT: since the mark, how many such requests of DFU, and how many others
asked_since() {
    since "$1" | grep -E "$DFU_REQUEST" | grep -c "\"what\":\"$2\""
}

others_since() {
    since "$1" | grep -E "$DFU_REQUEST" | grep -c -v "\"what\":\"$2\""
}

# took_ms LOG: since the mark, from the first request of DFU to the last one
took_ms() {
    since "$1" | grep -E "$DFU_REQUEST" | sed 's/.*"at":\([0-9]*\).*/\1/' |
        awk 'NR == 1 { first = $1 } { last = $1 } END { print int((last - first) / 1000) }'
}

# first_dfu LOG [SINCE-LINE]: when the first request of DFU came, on CLOCK_MONOTONIC, in microseconds
first_dfu() {
    tail -n "+${2:-1}" "$1" | grep -m 1 -E "$DFU_REQUEST" | sed 's/.*"at":\([0-9]*\).*/\1/'
}

# Rows 16 to 251 of a shield are its application; below is its loader, above nothing that counts.
shield_has() { # FILE FLASH
    cmp -s -n 15104 "$1" "$2" 1024 1024
}

# FILE is in FLASH, from OFFSET on (0 without one).
is_in() { # FILE FLASH [OFFSET]
    cmp -s -n "$(size_of "$1")" "$2" "$1" "${3:-0}" 0
}

# A file with a suffix of 16 bytes, as a board's memory begins with it.
begins_with() { # FILE FLASH
    cmp -s -n $(($(wc -c <"$1") - 16)) "$1" "$2"
}

# ---- files ----

size_of() { # FILE
    wc -c <"$1"
}

le32() { # NUMBER: four bytes, the lowest first
    # shellcheck disable=SC2059
    printf "$(printf '\\%03o\\%03o\\%03o\\%03o' \
        $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"
}

# dfuse_file OUT ALTERNATE [ADDRESS FILE]...: a DfuSe file with these elements, in this order, for 0483:df11. What
# each of them says of its size, and how many are said to be there, is $dfuse_size and $dfuse_count where these are set.
dfuse_file() {
    dfuse_out=$1
    dfuse_alternate=$2
    shift 2
    dfuse_elements=$(($# / 2))
    : >"$dfuse_out.elements"
    while [ $# -gt 0 ]; do
        {
            le32 $(($1))
            le32 $((${dfuse_size:-$(size_of "$2")}))
            cat "$2"
        } >>"$dfuse_out.elements"
        shift 2
    done
    {
        printf 'DfuSe\001'
        le32 $((11 + 274 + $(size_of "$dfuse_out.elements")))
        printf '\001Target'
        # shellcheck disable=SC2059
        printf "\\00$dfuse_alternate"
        le32 0
        head -c 255 /dev/zero
        le32 "$(size_of "$dfuse_out.elements")"
        le32 $((${dfuse_count:-$dfuse_elements}))
        cat "$dfuse_out.elements"
    } >"$dfuse_out"
    rm "$dfuse_out.elements"
    dfu-suffix -S 011a -v 0483 -p df11 -d 0 -a "$dfuse_out" >/dev/null
}

# ---- permissions ----

seat() { # USER: sits at the seat; without one nobody does
    if [ $# = 0 ]; then
        rm -rf /run/systemd/seats
    else
        mkdir -p /run/systemd/seats
        printf 'ACTIVE=c1\nACTIVE_UID=%s\n' "$(id -u "$1")" >/run/systemd/seats/seat0
    fi
}

rule() { # what our package brings
    cp "$suite/60-fettle.rules" /etc/udev/rules.d/60-fettle.rules && udevadm control --reload
}

no_rule() {
    rm -f /etc/udev/rules.d/60-fettle.rules
    udevadm control --reload
}

can_open() { # USER NODE
    as "$1" sh -c ': <>"$1"' sh "$2" 2>/dev/null
}

# ---- what a program leaves on three boards, for 01-judges and 02-same-flash ----

left=/run/test/left

# three_boards WHO: a shield, a tolerant board, one that isn't and has two memories; WHO.NAME.flash and .log
three_boards() {
    mkdir -p $left
    if [ ! -e $left/two.dfu ]; then
        fettle-make-sample pytrack $left/pytrack.dfu >/dev/null
        fettle-make-sample raw 9000 $left/tolerant.dfu >/dev/null
        cp $left/tolerant.dfu $left/two.dfu
        dfu-suffix -v 1d50 -p 6003 -a $left/tolerant.dfu >/dev/null
        dfu-suffix -v 1d50 -p 6004 -a $left/two.dfu >/dev/null
    fi
    boards "pytrack,mode=dfu,window=off,flash=$left/$1.pytrack.flash,log=$left/$1.pytrack.log" \
        "dfu,id=1d50:6003,size=16KB,poll=2,flash=$left/$1.tolerant.flash,log=$left/$1.tolerant.log" \
        "dfu,id=1d50:6004,app-id=1d50:6f04,mode=dfu,size=16KB,transfer=128,tolerant=no,alternates=2,manifest-poll=20,flash=$left/$1.two.flash,log=$left/$1.two.log"
}

# Once for all scenarios. With -d alone dfu-util would take any board in update mode as well.
left_by_dfu_util() {
    [ ! -e $left/done ] || return 0
    three_boards dfu-util || return
    run dfu-util -p 1-1 -D $left/pytrack.dfu
    check "dfu-util -D, Pytrack: its application starts" wait_for 10 is_there 04d8:f013
    check "dfu-util -D, Pytrack: its memory is the file's" shield_has $left/pytrack.dfu $left/dfu-util.pytrack.flash
    check "dfu-util -D, Pytrack: and yet a failure, for the board has left: exit status 74 (was $status)" \
        [ "$status" = 74 ]
    run dfu-util -p 1-2 -D $left/tolerant.dfu
    ends_with 0 "dfu-util -D, tolerant"
    check "dfu-util -D, tolerant: its memory begins with the file" \
        begins_with $left/tolerant.dfu $left/dfu-util.tolerant.flash
    run dfu-util -p 1-3 -a 0 -D $left/two.dfu
    note "dfu-util -D, not tolerant: exit status $status, $(grep -c Done! "$out") time \"Done!\""
    check "dfu-util -D, not tolerant, two memories: its application starts" wait_for 10 is_there 1d50:6f04
    check "dfu-util -D, not tolerant, two memories: the first begins with the file" \
        begins_with $left/two.dfu $left/dfu-util.two.flash
    no_more_boards
    : >$left/done
}
