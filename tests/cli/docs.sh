#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the pages say can be typed, is typed. In README.md, CONTRIBUTING.md and docs/ every line that begins
# with "$ fettle" stands in a ```console block, and is run as it stands, page by page, in a folder with
# the files below. It must end with status 0, or with N where a line "# exit N" follows before the next
# command; lines between are for the reader. Virtual boards are given timing=none, so that nobody waits.
# Links to other files must lead somewhere. docs/errors.md must be what the tables say.
. "$(dirname "$0")/lib.sh"
LC_ALL=C.UTF-8
export LC_ALL
mkdir bin
ln -s "$FETTLE" bin/fettle
ln -s "$FETTLE_MAKE_SAMPLE" bin/fettle-make-sample
PATH=$work/bin:$PATH
export PATH
: >"$out"
: >"$err"
status=0

pages() {
    (cd "$root" && find README.md CONTRIBUTING.md docs -name '*.md' | sort)
}

# A folder as the pages take it for granted: firmware of two shields, and raw firmware.
make_folder() {
    mkdir -p "$1" && cd "$1" || exit 1
    sample pytrack pytrack.dfu
    sample pysense pysense.dfu
    sample raw 3000 firmware.bin
}

# "STATUS LINE COMMAND" for each command of a page; STATUS is what it must end with.
commands_of() {
    awk '
        function flush() {
            if (command != "") {
                print wanted, line, command
            }
            command = ""
        }
        /^```/ {
            flush()
            inside = inside ? 0 : 1
            is_console = inside && $0 == "```console"
            next
        }
        is_console && inside && /^\$ fettle/ {
            flush()
            command = substr($0, 3)
            line = NR
            wanted = 0
            next
        }
        inside && /^\$ fettle/ { print "stray", NR, substr($0, 3) }
        is_console && inside && /^# exit [0-9]+$/ { wanted = $3 }
        END { flush() }' "$1"
}

# sim:NAME or sim:NAME*N, with timing=none behind it where the page says nothing of time.
without_time() {
    case $1 in
    *timing=*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "$1" | sed 's/--board\([ =]\)\("*\)sim:\([a-z0-9+-]*\(\*[0-9]*\)\{0,1\}\)/--board\1\2sim:\3,timing=none/g' ;;
    esac
}

try_page() {
    page=$1
    make_folder "$work/pages/$(printf %s "$page" | tr / -)"
    commands_of "$root/$page" >"$work/commands"
    while read -r wanted line command; do
        if [ "$wanted" = stray ]; then
            ok 1 "$page:$line: is in a console block: $command"
            continue
        fi
        sh -c "$(without_time "$command")" >"$out" 2>"$err" </dev/null
        status=$?
        [ "$status" -eq "$wanted" ]
        ok $? "$page:$line: $command"
    done <"$work/commands"
    cd "$work" || exit 1
}

# Links to files, from the page's own folder; what is after # is left to readers.
links_of() {
    awk '/^```/ { inside = !inside } !inside' "$1" | grep -o '](\([^)#]*\)' | sed 's/^](//' |
        grep -v '^[a-z]*:' | sort -u
}

try_links() {
    dead=
    for link in $(links_of "$root/$1"); do
        [ -e "$root/$(dirname "$1")/$link" ] || dead="$dead $link"
    done
    printf '%s\n' "$dead" >"$out"
    [ -z "$dead" ]
    ok $? "$1: its links lead somewhere"
}

pages >"$work/pages.list"
while read -r name; do
    try_page "$name"
    try_links "$name"
done <"$work/pages.list"

"$root/scripts/make-error-docs" --check >"$out" 2>"$err"
status=$?
ok "$status" "docs/errors.md is what the tables say"
finish
