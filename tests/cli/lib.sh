# SPDX-License-Identifier: Apache-2.0
# What the shell tests of the command line share. A test sources it, calls `run`, asks about `status`
# and the two streams, and ends with `finish`. It prints TAP. Everything it makes is in a folder of its
# own, also HOME, and is taken away at the end.

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
FETTLE=${FETTLE:-$root/build/fettle}
FETTLE_MAKE_SAMPLE=${FETTLE_MAKE_SAMPLE:-$(dirname "$FETTLE")/fettle-make-sample}
[ -x "$FETTLE" ] || {
    echo "Bail out! $FETTLE is not there: build it, or name it in FETTLE"
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
HOME=$work/home
mkdir "$HOME"
export HOME
unset XDG_STATE_HOME LC_ALL LC_CTYPE LANG NO_COLOR COLUMNS
export TERM=xterm
cd "$work" || exit 1
out=$work/out
err=$work/err
thin=${FETTLE_TEST_THIN:-1} # of moments that are gone through, only every so many-th
count=0
failed=0
answerer=

# ok STATUS DESCRIPTION: one test; what both streams hold is shown when it failed.
ok() {
    count=$((count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $count - $2"
        return
    fi
    failed=$((failed + 1))
    echo "not ok $count - $2"
    echo "# status $status"
    sed 's/^/# stdout: /' "$out" | head -n 20
    sed 's/^/# stderr: /' "$err" | head -n 20
}

# run ARGS: the program, without a terminal and with an empty standard input.
run() {
    "$FETTLE" "$@" >"$out" 2>"$err" </dev/null
    status=$?
}

ends_with() { # STATUS DESCRIPTION
    [ "$status" -eq "$1" ]
    ok $? "$2: exit status $1"
}

says() { # STREAM TEXT DESCRIPTION
    grep -qF -e "$2" "$1"
    ok $? "$3"
}

says_not() { # STREAM TEXT DESCRIPTION
    ! grep -qiF -e "$2" "$1"
    ok $? "$3"
}

is_empty() { # STREAM DESCRIPTION
    [ ! -s "$1" ]
    ok $? "$2"
}

# question LINE: the answer into `reply`, by answer.py. Who runs many tests has one for all of them at the door
# $FETTLE_ANSWERS; else it is started with the first question. It ends with the test.
question() {
    if [ -z "$answerer" ]; then
        fifos=$(mktemp -d "$work/fifos.XXXXXX") # of its own for one that is started in a subshell
        mkfifo "$fifos/questions" "$fifos/answers"
        if [ -p "${FETTLE_ANSWERS:-}" ]; then
            echo "$fifos" >"$FETTLE_ANSWERS"
        else
            python3 "$here/answer.py" <"$fifos/questions" >"$fifos/answers" 2>/dev/null &
        fi
        answerer=yes
        exec 8>"$fifos/questions" 9<"$fifos/answers"
    fi
    echo "$1" >&8
    IFS= read -r reply <&9
}

is_valid() { # SCHEMA [SCHEMA]: each line of stdout
    question "valid	$out	$*	$work/problems"
    sed 's/^/# /' "$work/problems"
    ok "${reply:-1}" "stdout is valid JSON of: $*"
}

# json PATH: a value of the last line of stdout, as JSON, on stdout: json '["error"]["code"]'
json() {
    question "json	$out	$1"
    echo "$reply"
}

has() { # PATH VALUE
    question "json	$out	$1"
    [ "$reply" = "$2" ]
    ok $? "JSON $1 is $2 (is $reply)"
}

# The stage of the failure in the last line of stdout; nothing: there was none.
stage_of_failure() {
    sed -n '$s/.*"error":{[^{}]*"stage":"\([a-z-]*\)".*/\1/p' "$out"
}

is_one_of() { # WORD WORDS
    word=$1
    shift
    for other in "$@"; do
        [ "$word" != "$other" ] || return 0
    done
    return 1
}

# first_of LOW HIGH COMMAND: the smallest number above LOW for which COMMAND NUMBER succeeds, left in `at`. It succeeds for
# HIGH and for all that are above the smallest; how many are asked grows with the logarithm of how many there are.
first_of() {
    low=$1
    at=$2
    while [ $((at - low)) -gt 1 ]; do
        middle=$(((low + at) / 2))
        if "$3" $middle; then at=$middle; else low=$middle; fi
    done
}

# No word of failure where all went well.
is_cheerful() {
    ! grep -qiE 'error|fail' "$err"
    ok $? "stderr has no word of failure"
}

sample() { # KIND FILE [SEED]
    "$FETTLE_MAKE_SAMPLE" "$@" >/dev/null || {
        echo "Bail out! cannot make a sample file: $*"
        exit 1
    }
}

finish() {
    echo "1..$count"
    [ "$failed" -eq 0 ]
    exit $?
}
