#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A shield and the module on it in one command: the shield first, each with its own file, and what becomes of the module where the
# shield's update goes wrong.
. "$(dirname "$0")/lib.sh"

sample pytrack shield.dfu
"$FETTLE_MAKE_SAMPLE" pycom-package LoPy4-1.20.3.tar.gz module=LoPy4 >/dev/null
board=sim:lopy4+pytrack,timing=none,pic-version=6,updated-version=8,flash=shield.flash,module-flash=module.flash,log=log

run update LoPy4-1.20.3.tar.gz shield.dfu --revision 1 --board $board --json --state-dir state
ends_with 0 "both in one command"
has '["boards"][0]["name"]' '"Pytrack"'
has '["boards"][1]["name"]' '"LoPy4"'
has '["boards"][0]["outcome"]' '"updated"'
has '["boards"][0]["verified"]' '"readback"'
has '["boards"][1]["outcome"]' '"updated"'
has '["boards"][1]["verified"]' '"hash"'
has '["image"]["sha256"]' "\"$(sha256sum shield.dfu | cut -d' ' -f1)\""
has '["module_image"]["sha256"]' "\"$(sha256sum LoPy4-1.20.3.tar.gz | cut -d' ' -f1)\""
says "$err" "version was 6 and is 8" "the shield's version before and after"

run update LoPy4-1.20.3.tar.gz shield.dfu --revision 1 --board $board --json --state-dir state
ends_with 0 "the same again"
has '["boards"][0]["outcome"]' '"unchanged"'
has '["boards"][1]["outcome"]' '"unchanged"'

"$FETTLE_MAKE_SAMPLE" pycom-package LoPy4-1.20.4.tar.gz module=LoPy4 seed=7 >/dev/null
sample pytrack other.dfu 9
cp module.flash before
run update other.dfu LoPy4-1.20.4.tar.gz --revision 1 --board $board,fault=drop-write@9+ --json --state-dir state
ends_with 11 "the shield doesn't take it"
cmp -s module.flash before
ok $? "then the module is left alone"
says "$err" "left alone" "and that is said"

run list --board $board --json --state-dir state
ends_with 0 "a list afterwards"
has '["boards"][0]["module_remembered"]' '"LoPy4"'
is_valid list
run list --board $board --state-dir state
says "$out" "LoPy4 (remembered) on Pytrack" "one board with two parts"
run list --board $board --state-dir other
says_not "$out" "remembered" "and nothing that nobody knows"

# Part of the module's private key, which info has to read.
key=$(dd if=module.flash bs=1 skip=$((0x3ff000 + 20)) count=8 2>/dev/null | od -An -tx1 | tr -d ' \n')
run info --board $board --module --report report --trace trace --state-dir state
ends_with 0 "a report of a look at the module"
grep -q "$key" trace
ok $? "the key was on the line"
! grep -q "$key" report
ok $? "and isn't in the report"

run update LoPy4-1.20.3.tar.gz LoPy4-1.20.4.tar.gz --board $board --state-dir state
ends_with 2 "two packages"
cmp -s module.flash before
ok $? "nothing is written"
finish
