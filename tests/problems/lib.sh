# SPDX-License-Identifier: Apache-2.0
# What the tests of documented user problems share: everything of the command line's tests, and questions
# to the board. A board that is asked about has log=board.log and flash=flash.bin; its log begins with its
# arrival, so one that is missing or empty is a failure, never a proof that nothing was asked.

for name in FETTLE FETTLE_MAKE_SAMPLE; do # lib.sh of the command line goes to a folder of its own
    eval "path=\${$name:-}"
    case $path in
    '' | /*) ;;
    *) eval "$name=\$(cd \"\$(dirname \"\$path\")\" && pwd)/\${path##*/}" ;;
    esac
done
source=${FETTLE_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
source=$(cd "$source" && pwd)
. "$source/tests/cli/lib.sh"
here=$source/tests/cli # where the judge of JSON is

log=board.log
flash=flash.bin

holds() { # DESCRIPTION COMMAND...
    what=$1
    shift
    "$@"
    ok $? "$what"
}

# ---- files that nobody else makes ----

# files VERB OUT ...: see files.py.
files() {
    python3 "$source/tests/problems/files.py" "$@" || {
        echo "Bail out! cannot make a file: $*"
        exit 1
    }
}

# ---- the program where little is to be had ----

# As run, with so little memory that what a file says of itself can't be taken. Sanitizers want more than any machine
# has, and go without the limit.
run_with_little_memory() { # ARGS
    limit=400000 # KiB
    (ulimit -v $limit && "$FETTLE" --version) >/dev/null 2>&1 || limit=unlimited
    (ulimit -v $limit && exec "$FETTLE" "$@") >"$out" 2>"$err" </dev/null
    status=$?
}

# ---- what was printed ----

matches() { # STREAM EXTENDED-EXPRESSION DESCRIPTION: in any case of letters, over line ends
    tr '\n' ' ' <"$1" | tr -s ' ' | grep -qiE -e "$2"
    ok $? "$3"
}

matches_not() { # STREAM EXTENDED-EXPRESSION DESCRIPTION
    ! tr '\n' ' ' <"$1" | tr -s ' ' | grep -qiE -e "$2"
    ok $? "$3"
}

is_json() { # PATH VALUE DESCRIPTION
    question "json	$out	$1"
    [ "$reply" = "$2" ]
    ok $? "$3 ($1 is ${reply:-missing})"
}

# event EXPRESSION: the first line of --events for which this is true; e is the event.
event() {
    python3 -c '
import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    e = json.loads(line)
    if "event" in e and eval(sys.argv[2]):
        print(json.dumps(e))
        sys.exit(0)
sys.exit(1)' "$out" "$1"
}

event_count() { # EXPRESSION
    python3 -c '
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
print(sum(bool("event" in e and eval(sys.argv[2])) for e in lines))' "$out" "$1"
}

has_event() { # EXPRESSION DESCRIPTION
    event "$1" >/dev/null
    ok $? "$2"
}

# ---- what the board was asked ----

# asked WHAT: how often, by its name in the log. Nothing at all where there is no log.
asked() {
    [ -s $log ] && grep -c "\"what\":\"$1\"" $log
}

# A zero length DNLOAD is an end marker, others are blocks.
end_markers() {
    [ -s $log ] && grep '"what":"DNLOAD"' $log | grep -c '"wLength":0,'
}

blocks() {
    [ -s $log ] && grep '"what":"DNLOAD"' $log | grep -vc '"wLength":0,'
}

# field NAME LINE: a number of a line of the log.
field() {
    printf '%s\n' "$2" | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
}

# How many requests have come up to the first end marker, with it: what fault=...@N counts.
requests_to_end_marker() {
    awk '/"bmRequestType":0,"bRequest":0,/ { next }
         { n++ } /"what":"DNLOAD"/ && /"wLength":0,/ { print n; exit }' $log
}

# The same up to the Nth DNLOAD of a block, with it.
requests_to_block() {
    awk -v block="$1" '/"bmRequestType":0,"bRequest":0,/ { next }
                       { n++ } /"what":"DNLOAD"/ && --block == 0 { print n; exit }' $log
}

# where WHAT: the addresses of these events, in their order: of an "erase" or a "leave", for example.
where() {
    [ -s $log ] && sed -n "s/.*\"what\":\"$1\".*\"address\":\([0-9]*\).*/\1/p" $log | while read -r address; do
        printf '0x%08x ' "$address"
    done
}

happened_at() { # WHAT ADDRESSES DESCRIPTION: exactly there, in this order
    got=$(where "$1")
    [ "$got" = "${2:+$2 }" ]
    ok $? "$3 ($1 at ${got:-nothing})"
}

# The board's own clock at the last thing that it was asked or did, in ms.
took_ms() {
    [ -s $log ] && echo $(($(field at "$(tail -n 1 $log)") / 1000))
}

# Of all that was sent or asked for in one transfer, of the DFU requests.
largest_block() {
    [ -s $log ] && grep -E '"what":"(DNLOAD|UPLOAD)"' $log | sed 's/.*"wLength":\([0-9]*\),.*/\1/' | sort -n | tail -n 1
}

# The same of the first block of DfuSe that isn't a command, and of those requests alone that fault=stall counts.
stalls_to_data() {
    awk '/"what":"(UPLOAD|GETSTATUS)"/ { n++ }
         /"what":"DNLOAD"/ && !/"wLength":0,/ { n++ } /"what":"DNLOAD"/ && !/"wValue":0,/ { print n; exit }' $log
}

# How many requests have come up to the Nth WHAT, with it; if that is an event, with the request that made it, which
# comes behind it in the log. 0: there is none.
requests_to() { # WHAT N
    awk -v what="\"what\":\"$1\"" -v number="$2" '
        { is_event = /"bmRequestType":0,"bRequest":0,/; n += !is_event }
        index($0, what) && --number == 0 { found = n + is_event; exit }
        END { print found + 0 }' $log
}

was_asked() { # WHAT COUNT DESCRIPTION
    got=$(asked "$1")
    [ "$got" = "$2" ]
    ok $? "$3 (asked ${got:-without a log} times)"
}

# Nobody opened it: no request at all has reached it. What it does by itself is in the log.
was_left_alone() { # DESCRIPTION
    [ -s $log ] && ! grep -q -v -E '"what":"(arrives|leaves|hand)"' $log
    ok $? "$1"
}

# An application that was asked for its version over its line, by commands that change nothing, and no more.
was_only_asked_who_it_is() { # DESCRIPTION
    [ -s $log ] &&
        ! grep -q -v -E '"what":"(arrives|leaves|hand|open|close|line-coding|lines|write|read|pic)"' $log &&
        ! grep '"what":"pic"' $log | grep -q -v -E '"bRequest":(16|17|18),'
    ok $? "$1"
}

was_not_changed() { # DESCRIPTION
    [ -s $log ] && ! grep -q '"changes":true' $log
    ok $? "$1"
}

# ---- what the board holds ----

# Rows 16 to 251 of a shield are the application; below is its loader, above nothing that counts.
shield_has() { # FILE DESCRIPTION
    cmp -s -i 1024 -n 15104 "$1" $flash
    ok $? "$2"
}

shield_has_not() { # FILE DESCRIPTION
    [ -s $flash ] && ! cmp -s -i 1024 -n 15104 "$1" $flash
    ok $? "$2"
}

starts_with() { # FILE DESCRIPTION: the memory of a strict board
    cmp -s -n "$(wc -c <"$1")" "$1" $flash
    ok $? "$2"
}

has_at() { # OFFSET FILE DESCRIPTION: the file is in the memory, so far from its beginning
    [ -s $flash ] && cmp -s -i "0:$(($1))" -n "$(wc -c <"$2")" "$2" $flash
    ok $? "$3"
}

has_not_at() { # OFFSET FILE DESCRIPTION
    [ -s $flash ] && ! cmp -s -i "0:$(($1))" -n "$(wc -c <"$2")" "$2" $flash
    ok $? "$3"
}

holds_exactly() { # FILE DESCRIPTION: all of the memory
    cmp -s "$1" $flash
    ok $? "$2"
}

# A board that nobody has touched yet.
forget() {
    rm -f $log $flash
}

# The same, on a computer that has never seen it.
forget_all() {
    forget
    rm -rf "$HOME/.local"
}

# ---- a run that goes on while we look at it ----

# The program in the background, its streams where run() puts them. A shell lets its children ignore
# SIGINT, which nobody at a terminal does.
begin() { # ARGS
    : >"$out"
    python3 -c '
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$FETTLE" "$@" >"$out" 2>"$err" </dev/null &
    program=$!
}

# wait_for COMMAND...: until it holds. Gives up when the program has ended without it.
wait_for() {
    until "$@"; do
        kill -0 $program 2>/dev/null || {
            "$@"
            return
        }
    done
}

end() { # waits for the program; its status is the status
    wait $program
    status=$?
}
