# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# The cable falls out at 30 random moments of an update without --wait: each run ends within 2 s with a true
# sentence, and the next run repairs. A moment is a request at the board, drawn from those of a clean run.
# $FETTLE_TEST_SEED draws the same ones again. One board at a time: while a hub is at work for one of its boards
# it doesn't notice that another one has gone.

seed=${FETTLE_TEST_SEED:-$(helper now)}
note "FETTLE_TEST_SEED=$seed"
moments() { # BOARD: most on the one whose update is the shortest
    case $1 in
    1) echo 1 ;;
    2) echo 27 ;;
    3) echo 2 ;;
    esac
}

for number in 1 2; do # a board has one of them, and the update with the other is cut off
    fettle-make-sample pytrack 1.$number.dfu $number >/dev/null
    for board in 2 3; do
        fettle-make-sample raw 2000 $board.$number.dfu $number$board >/dev/null
        dfu-suffix -v 1d50 -p 600$board -a $board.$number.dfu >/dev/null
    done
done
boards pytrack,mode=dfu,window=off,enumerate=50,flash=1.flash,log=1.log \
    dfu,id=1d50:6002,size=4KB,transfer=64,enumerate=50,flash=2.flash,log=2.log \
    dfu,id=1d50:6003,app-id=1d50:6f03,enumerate=50,size=4KB,transfer=64,tolerant=no,manifest-poll=30,flash=3.flash,log=3.log

has_file() { # BOARD NUMBER
    if [ "$1" = 1 ]; then
        shield_has "1.$2.dfu" 1.flash
    else
        begins_with "$1.$2.dfu" "$1.flash"
    fi
}

is_on_bus() { # BOARD
    [ -e "/sys/bus/usb/devices/1-$1/bConfigurationValue" ]
}

# As one who wants to update it again; nobody waits for fettle-sim's answers here.
ready() { # BOARD
    if [ "$1" = 1 ] && ! usb_folder 04d8:f014 >/dev/null; then
        echo "replug 1-1 button" >&3
        wait_for 10 usb_folder 04d8:f014
    elif ! is_on_bus "$1"; then
        echo "plug 1-$1" >&3
    fi
    wait_for 10 is_on_bus "$1"
}

plug_again() { # BOARD
    case $1 in
    1) echo "plug 1-1 button" >&3 ;;
    *) echo "plug 1-$1" >&3 ;;
    esac
    wait_for 10 is_on_bus "$1"
}

update() { # BOARD NUMBER COMMAND [OPTION]: begin or run
    case $1 in
    1) "$3" fettle update "1.$2.dfu" --board usb:1-1 --revision 1 --json ${4:+"$4"} ;;
    *) "$3" fettle update "$1.$2.dfu" --board "usb:1-$1" --json ${4:+"$4"} ;;
    esac
}

# true_sentence BOARD NUMBER: does what it said go with what the board holds?
true_sentence() {
    case $status in
    0) has_file "$1" "$2" ;;
    10) says "$out" '"code":"board-left"' && matches "$err" "left the bus" ;;
    3) says "$out" '"code":"no-board"' ;;
    12) matches "$out" '"code":"(application-missing|no-application|no-update-mode)"' ;;
    *) false ;;
    esac
}

# What a clean run asks; the boards have file 1 afterwards.
for board in 1 2 3; do
    before=$(requests $board.log)
    update $board 1 run
    case $board in
    3) check "board $board: a clean run" sh -c '[ "$1" = 0 ]' sh "$status" ;;
    *) check "board $board: a clean run" is_updated ;;
    esac
    echo $(($(requests $board.log) - before)) >$board.length
done
note "requests of a clean run: $(cat 1.length 2.length 3.length | tr '\n' ' ')"

# interrupt BOARD: writes a line a moment: how long it took to end, whether in time, true, repaired; where
interrupt() {
    board=$1
    out=$PWD/$board.out
    err=$PWD/$board.err
    read -r length <$board.length
    awk -v seed="$seed" -v n="$length" -v board="$board" -v count="$(moments "$board")" \
        'BEGIN { srand(seed + board); for (i = 0; i < count; i++) print int(rand() * n) + 1 }' >$board.moments
    while read -r moment; do
        ready "$board"
        number=2
        has_file "$board" 1 || number=1
        at=$(($(requests $board.log) + moment))
        update "$board" $number begin
        helper when $board.log $at $begun "unplug 1-$board" >&3 2>$board.pulled
        end
        read -r pulled <$board.pulled
        took=$((($(helper now) - pulled) / 1000))
        in_time=late
        # Where the board was expected to leave it is waited for, 10 s; before that Linux's hub may need 5 s, or
        # twice that, to notice that a board which it was resetting has gone.
        if matches "$err" "waiting for the application|going into update mode"; then
            [ $took -gt 25000 ] || in_time=in-time
        else
            [ $took -gt 2000 ] || in_time=in-time
            echo $took >>ends
        fi
        true=untrue
        ! true_sentence "$board" $number || true=true
        stage=$(json stage)
        said=$(tail -n 4 "$err" | tr '\n' ' ')
        plug_again "$board"
        # It may stay in update mode, which saves a restart; the last kind goes all the way.
        case $board in
        3) update 3 $number run ;;
        *) update "$board" $number run --stay ;;
        esac
        repaired=unrepaired
        [ "$status" != 0 ] || ! has_file "$board" $number || repaired=repaired
        echo "$took $in_time $true $repaired ${stage:-end} board $board, request $moment of $length: $said;" \
            "then $status: $(tail -n 3 "$err" | tr '\n' ' ')"
    done <$board.moments >$board.results
}

for board in 1 2 3; do
    interrupt $board
    echo "unplug 1-$board" >&3
done
cat 1.results 2.results 3.results >results
grep -E ' late | untrue | unrepaired ' results | cut -c1-600 | sed 's/^/# /'
note "cut off in: $(cut -d' ' -f5 results | sort | uniq -c | tr -s ' \n' ' ')"
note "the slowest end: $(sort -n results | tail -n 1 | cut -d' ' -f1) ms after the unplug;" \
    "where the board wasn't to leave: $(sort -n ends | tail -n 1) ms"
none() { # WORD
    ! grep -q " $1 " results
}
check "unplugged at 30 random moments: all have been" [ "$(lines results)" = 30 ]
check "unplugged at 30 random moments: each ends within 2 s, or after the wait for a board that was to leave" none late
check "unplugged at 30 random moments: each says a true sentence" none untrue
check "unplugged at 30 random moments: the next run repairs each" none unrepaired
no_more_boards
