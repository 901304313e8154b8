# SPDX-License-Identifier: Apache-2.0
# What the tests of problems with ESP boards share: boards, and questions to them. Behind lib.sh.

esp32=sim:esp32,timing=none,log=$log,flash=$flash
esp32s3=sim:esp32s3,timing=none,log=$log,flash=$flash
esp32c3=sim:esp32c3,timing=none,log=$log,flash=$flash
esp8266=sim:esp8266,timing=none,log=$log,flash=$flash

# attempt ARGS: on a computer and at a board that have never seen each other. With --json, so that the result is on
# stdout and what a person reads on stderr.
attempt() {
    forget_all
    run "$@" --json
}

refuses() { # STATUS CODE SENTENCE CASE: all of a refusal, and that the board holds what it held
    ends_with "$1" "$4"
    is_json '["error"]["code"]' "\"$2\"" "$4: its name"
    matches "$err" "$3" "$4: it says \"$3\""
    was_not_changed "$4: nothing was erased or written"
}

advises() { # EXPRESSION CASE: on stderr, behind the sentence
    matches "$err" "$1" "$2: it advises \"$1\""
}

is_proven() { # CASE: it went well, and the board's own hash says so
    ends_with 0 "$1"
    is_json '["outcome"]' '"updated"' "$1: updated"
    is_json '["verified"]' '"hash"' "$1: proven"
    is_json '["board"]["mode"]' '"app"' "$1: its application runs again"
    matches_not "$err" 'fettle: |fail|error' "$1: no word of failure"
}

resets() { # how often the chip was started, its first power not counted
    [ -s $log ] && grep '"what":"reset"' $log | grep -vc '"at":0,'
}

rates() { # that the line was told, in their order
    [ -s $log ] && sed -n 's/.*"what":"line-coding".*"baud":\([0-9]*\).*/\1/p' $log | tr '\n' ' '
}

lines_at_end() { # DTR and RTS as they were told last
    [ -s $log ] && grep '"what":"lines"' $log | tail -n 1 | sed 's/.*"dtr":\([a-z]*\),"rts":\([a-z]*\).*/\1 \2/'
}

is_equal() { # VALUE WANTED DESCRIPTION
    [ "$1" = "$2" ]
    ok $? "$3 (it is ${1:-nothing})"
}

# at_a_line KIND ARGS: the program, with PORT in ARGS replaced by a pseudo terminal at whose other end is no chip: see
# line.py. In real time.
at_a_line() {
    kind=$1
    shift
    python3 -B "$source/tests/problems/line.py" "$kind" "$FETTLE" "$@" >"$out" 2>"$err" </dev/null
    status=$?
}
