#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P046: Ctrl-C, a closed terminal or a closed laptop in mid-write leaves a dead or stuck board. A suspend is
# simulated in test_desk.c.
# P046: the half of keeping the system from suspending during a write comes with the systems that allow it.
. "$(dirname "$0")/lib.sh"
echo "# P046: the half that needs the system's lock against suspend comes with it"
sample pytrack shield.dfu
sample raw 16000 strict.bin

# Where to stop: the same numbers for the same seed.
seed=${FETTLE_TEST_SEED:-$$}
echo "# P046: FETTLE_TEST_SEED=$seed"
random() { # LEAST MOST
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    point=$(($1 + seed / 65536 % ($2 - $1 + 1)))
}

has_blocks() { # COUNT
    [ "$(blocks)" -ge "$1" ] 2>/dev/null
}

says_event() { # TEXT
    grep -q "$1" "$out"
}

ended_by() { # CASE
    ends_with 130 "P046 $1"
    is_json '["outcome"]' '"interrupted"' "P046 $1: it was interrupted"
    is_json '["error"]["code"]' '"cancelled"' "P046 $1: that is the reason"
    has_event 'e["event"] == "failed"' "P046 $1: the events have their end"
    matches "$err" "before it was finished.*run the same command again" \
        "P046 $1: not finished, start again, is said"
}

# ---- in mid-write, in real time ----

for name in INT INT TERM HUP; do
    random 2 150
    forget
    begin update shield.dfu --board sim:pytrack,mode=dfu,window=off,person=none,log=$log,flash=$flash \
        --revision 1 --events --json --state-dir state
    wait_for has_blocks $point
    ok $? "P046 shield, $name after $point blocks: it has come so far"
    kill -s $name $program
    end
    ended_by "shield, $name"
    holds "P046 shield, $name: it ended there, not at the end of the file" [ "$(blocks)" -lt 230 ]
    [ "$(end_markers)" = 0 ]
    ok $? "P046 shield, $name: no end marker, which would start an application that isn't whole"
    has_event 'e["event"] == "stage" and e["stage"] == "write"' "P046 shield, $name: in mid-write"
    rm -f $log
    # As such a loader is found then: in update mode, its download still open.
    run update shield.dfu --board \
        sim:pytrack,timing=none,mode=dfu,downloading=yes,window=off,person=none,log=$log,flash=$flash \
        --revision 1 --json --state-dir state
    ends_with 0 "P046 shield, $name: the next run works at once"
    is_json '["verified"]' '"readback"' "P046 shield, $name: and is proven"
    shield_has shield.dfu "P046 shield, $name: the board has the file"
done

# Most of the time such a board is at work and must not be asked: that is when it is stopped.
for name in INT TERM HUP; do
    random 2 8
    forget
    begin update strict.bin --board sim:dfu,transfer=1024,poll=60,person=none,log=$log,flash=$flash --events --json \
        --state-dir state
    wait_for has_blocks $point
    ok $? "P046 strict, $name after $point blocks: it has come so far"
    kill -s $name $program
    end
    ended_by "strict, $name"
    holds "P046 strict, $name: it ended there, not at the end of the file" [ "$(blocks)" -lt 16 ]
    awk '/"what":"DNLOAD"/ { idle = 0 }
         /"what":"ABORT"/ && /"outcome":"OK"/ { idle = 1 }
         /"what":"GETSTATUS"/ && /"answer":"000000000200"/ { idle = 1 }
         END { exit !idle }' $log
    ok $? "P046 strict, $name: the board is back to idle"
    was_asked violation 0 "P046 strict, $name: and was told so as its state allows"
    run update strict.bin --board sim:dfu,timing=none,person=none,log=$log,flash=$flash --json --state-dir state
    ends_with 0 "P046 strict, $name: the next run works at once"
    is_json '["verified"]' '"readback"' "P046 strict, $name: and is proven"
    starts_with strict.bin "P046 strict, $name: the board has the file"
done

# ---- an STM32, while it erases and while it writes ----

sample raw 40000 stm32.bin
has_happened() { # WHAT COUNT
    [ "$(asked "$1")" -ge "$2" ] 2>/dev/null
}
for name in INT TERM HUP; do
    for step in erase program; do
        random 1 2
        [ $step = erase ] || random 2 9
        forget_all
        files filled $flash 1048576 0xa5
        begin update stm32.bin@0x08000100 --board sim:stm32f4,erase=100,write=40,person=none,log=$log,flash=$flash --events \
            --json --state-dir state
        wait_for has_happened $step $point
        ok $? "P046 STM32, $name after $point times $step: it has come so far"
        kill -s $name $program
        end
        ended_by "STM32, $name, $step"
        was_asked leave 0 "P046 STM32, $name, $step: it isn't sent into half an application"
        was_asked early 0 "P046 STM32, $name, $step: it had its time"
        was_asked violation 0 "P046 STM32, $name, $step: and was told so as its state allows"
        rm -f $log
        run update stm32.bin@0x08000100 --board sim:stm32f4,timing=none,person=none,log=$log,flash=$flash --json --state-dir state
        ends_with 0 "P046 STM32, $name, $step: the next run works at once"
        files filled expected.flash 1048576 0xa5
        files put expected.flash 0x100 stm32.bin
        holds_exactly expected.flash "P046 STM32, $name, $step: the board has the file, and beside it what it had"
    done
done

# ---- armed, before anything was touched ----

for name in INT TERM HUP; do
    forget
    begin update shield.dfu --board sim:pytrack,person=none,log=$log,flash=$flash --revision 1 --wait=60 \
        --events --json --state-dir state
    wait_for says_event '"event":"ask"'
    ok $? "P046 armed, $name: it waits for the board"
    kill -s $name $program
    end
    ended_by "armed, $name"
    was_only_asked_who_it_is "P046 armed, $name: the board was asked no more than who it is"
done
finish
