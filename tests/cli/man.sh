#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual pages have what the tables have: each verb, option, exit status, virtual board. They are clean
# for mandoc, are the same bytes everywhere, and an installation has one for each verb. What --help shows of
# a table is compared with the pages.
. "$(dirname "$0")/lib.sh"
mkdir pages

skip() { # DESCRIPTION REASON
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

run --help
sed -n '/^Verbs:/,/^$/s/^  \([a-z-]*\) .*/\1/p' "$out" >verbs
sed -n '/^For example:/,/^$/s/^  \(fettle .*\)/\1/p' "$out" >examples
[ "$(wc -l <verbs)" -ge 9 ] && [ "$(wc -l <verbs)" -eq "$(wc -l <examples)" ]
ok $? "--help shows the verbs, and an example of each"

# ---- each page is there ----

run help man
ends_with 0 "help man"
cp "$out" pages/fettle.1
for verb in sim $(cat verbs); do
    run help man "$verb"
    ends_with 0 "help man $verb"
    is_empty "$err" "help man $verb: nothing on stderr"
    cp "$out" "pages/fettle-$verb.1"
done
run help man frobnicate
ends_with 2 "help man frobnicate"
says "$err" "there is no verb" "it says that there is no such verb"

for page in pages/*.1; do
    name=$(basename "$page" .1)
    verb=${name#fettle}
    LC_ALL=C.UTF-8 COLUMNS=40 "$FETTLE" help man ${verb#-} | cmp -s - "$page"
    ok $? "$name: the same bytes in every locale"
    ! LC_ALL=C grep -q '[^ -~]' "$page"
    ok $? "$name: ASCII only"
done

# ---- what the tables say is in them ----

# A name as a page spells it: -- is \-\-.
spelled() {
    printf '%s' "$1" | sed 's/\\/\\e/g; s/-/\\-/g'
}

# has_all PAGE DESCRIPTION: the names on stdin are all in the page
has_all() {
    : >"$out"
    while read -r name; do
        grep -qF -e "$(spelled "$name")" "pages/$1.1" || echo "$name" >>"$out"
    done
    is_empty "$out" "$1: $2"
}

sed 's/^/fettle-/' verbs >names
has_all fettle "each verb" <names
has_all fettle "the example of each verb" <examples
while read -r verb; do
    "$FETTLE" help "$verb" | sed -n 's/^  \(-., \|    \)\(--[a-z-]*\).*/\2/p' >options
    has_all "fettle-$verb" "each option" <options
    grep "^fettle $verb\b" examples >example
    has_all "fettle-$verb" "its example" <example
done <verbs

"$FETTLE" explain --json | python3 -c '
import json, sys
for code in json.load(sys.stdin)["codes"]:
    print(code["exit"], code["slug"])' >failures
: >"$out"
while read -r number slug; do
    sed -n "/^\\\\fB$number\\\\fR\$/,/^\\.TP/p" pages/fettle.1 | tr ' ' '\n' |
        grep -qx -e "$(spelled "$slug" | sed 's/\\/\\\\/g')[.,]*" || echo "$number $slug" >>"$out"
done <failures
[ -s failures ] && [ ! -s "$out" ]
ok $? "fettle: each failure, at its exit status"

"$FETTLE" help sim | sed -n '/^Virtual/,$s/^ *\([a-z0-9-]*\)\( \|=\).*/\1/p' | sed '/^options$\|^a$\|^$/d' >names
[ "$(wc -l <names)" -ge 40 ]
ok $? "help sim shows boards and their options"
has_all fettle-sim "each virtual board and each option" <names
fettle_sim=$(dirname "$FETTLE")/fettle-sim
if [ -x "$fettle_sim" ]; then
    "$fettle_sim" --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p' >options
    has_all fettle-sim "each option of the program" <options
else
    skip "fettle-sim: each option of the program" "there is no fettle-sim"
fi

# Examples of fettle are the table's own: they are run elsewhere. Those of fettle-sim(1) need a fettle-sim.
: >"$out"
for page in pages/*.1; do
    [ "$page" != pages/fettle-sim.1 ] || continue
    sed -n '/^\.SH EXAMPLES/,/^\.SH SEE/s/^fettle \(.*\)/fettle \1/p' "$page" | sed 's/\\-/-/g' >lines
    grep -vxF -f examples lines >>"$out"
done
is_empty "$out" "each example is one of the table"

# ---- how they come out ----

if command -v mandoc >/dev/null 2>&1; then
    for page in pages/*.1; do
        # A page has no date: builds are byte-equal.
        mandoc -T lint "$page" 2>"$err" | grep -v 'WARNING: missing date, using ""' >"$out"
        is_empty "$out" "$(basename "$page" .1): mandoc has no remark"
        mandoc -T ascii -O width=80 "$page" | sed 's/.\x08//g' >"${page%.1}.txt"
    done
    : >"$out"
    grep -hE '^.{81}' pages/*.txt | grep -v '^           ' >>"$out"
    is_empty "$out" "no line is wider than 80, but examples"
    says pages/fettle.txt "fettle info FILE [FILE...] | --board SELECTOR [OPTIONS]" "the synopsis reads as it is typed"
    says pages/fettle-update.txt "--dry-run[=offline]" "options read as they are typed"
    says pages/fettle-sim.txt 'A comma in a value is written \,.' "a backslash is one"
    says pages/fettle-sim.txt "flash=FILE" "options of boards read as they are typed"
else
    skip "the pages come out well" "mandoc is not installed"
fi
if command -v groff >/dev/null 2>&1; then
    for page in pages/*.1; do
        groff -man -ww -z "$page" >>"$out" 2>&1
    done
    is_empty "$out" "groff has no remark"
else
    skip "groff has no remark" "groff is not installed"
fi

# ---- what is installed ----

built=$(dirname "$FETTLE")/packaging
if [ -e "$built/fettle.1" ]; then
    for page in pages/*.1; do
        cmp -s "$page" "$built/$(basename "$page")"
        ok $? "packaging/meson.build installs $(basename "$page")"
    done
else
    skip "a page for each verb is installed" "this build makes no pages"
fi
finish
