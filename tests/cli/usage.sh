#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is typed wrongly is said, with the nearest right word, and nothing is touched.
. "$(dirname "$0")/lib.sh"

run --version
ends_with 0 "--version"
grep -qE '^fettle [0-9]+\.[0-9]+\.[0-9]+$' "$out"
ok $? "--version is one line"

for verb in "" list update read verify reset info explain help; do
    run $verb --help
    ends_with 0 "$verb --help"
    says "$out" "For example:" "$verb --help has an example"
done
run help sim
says "$out" "pytrack" "help sim names virtual boards"

# usage_error TEXT ARGS: exit 2, and stderr says TEXT
usage_error() {
    text=$1
    shift
    run "$@"
    ends_with 2 "$*"
    says "$err" "$text" "$*: $text"
}
usage_error "the nearest one is update" updaet file
usage_error "there is no verb" frobnicate
usage_error "the nearest one is --board" update x.dfu --baord=sim:pytrack
usage_error "there is no option -x" list -x
usage_error "update needs a FILE" update
usage_error "a second one" read a.bin b.bin
usage_error "--overwrite does not go with update" update a.dfu --overwrite
usage_error "--json takes no value" list --json=yes
usage_error "--trace needs a value" update a.dfu --trace
usage_error "--to takes app, dfu or rom" reset --to=boot
usage_error "--wait takes a number" update a.dfu --wait=soon
usage_error "--wait takes a number" update a.dfu --wait=99999999999999999999
usage_error "--dry-run takes offline or nothing" update a.dfu --dry-run=maybe
usage_error "--transfer-size takes a number" update a.dfu --transfer-size=-1
usage_error "--transfer-size takes a number from 1 on" update a.dfu --transfer-size=0
usage_error "info needs a FILE" info
usage_error "not both" info a.dfu --board x
usage_error "standard output" read - --events
usage_error "standard output" read - --json
is_valid read
usage_error "can't be two files at once" update a.dfu --trace a.dfu
usage_error "can't both be meant" list -q -v
usage_error "sim:nosuch" list --board sim:nosuch
usage_error "can't be in one run" list --board sim:pytrack,timing=none --board sim:pysense

run --nonsense
is_empty "$out" "nothing on stdout without --json"

touch here.dfu
usage_error "fettle update here.dfu" here.dfu
says "$err" "more: fettle explain usage" "a failure says where more is"

run update --json --nonsense
ends_with 2 "a wrong option with --json"
is_valid update
has '["error"]["code"]' '"usage"'
has '["error"]["exit"]' 2
has '["outcome"]' '"refused"'
has '["boards"]' '[]'

run --nonsense --json
ends_with 2 "a wrong option before any verb"
has '["ok"]' false

run list --events --nonsense
is_valid event
has '["event"]' '"failed"'

run explain -- --zzzz
ends_with 2 "-- ends options"
says "$err" 'nothing is known of "--zzzz"' "and what comes after it is a word"
finish
