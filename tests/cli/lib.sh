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
count=0
failed=0

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

is_valid() { # SCHEMA [SCHEMA]: each line of stdout
    python3 "$here/validate.py" "$@" <"$out" >"$work/problems" 2>&1
    valid=$?
    sed 's/^/# /' "$work/problems"
    ok $valid "stdout is valid JSON of: $*"
}

# json PATH: a value of the last line of stdout, as JSON: json '["error"]["code"]'
json() {
    python3 -c '
import json, sys
value = json.loads(open(sys.argv[1], encoding="utf-8").read().splitlines()[-1])
print(json.dumps(eval("value" + sys.argv[2])))' "$out" "$1" 2>/dev/null
}

has() { # PATH VALUE
    got=$(json "$1")
    [ "$got" = "$2" ]
    ok $? "JSON $1 is $2 (is $got)"
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
