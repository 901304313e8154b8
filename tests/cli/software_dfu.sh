#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A shield that is told to go into update mode by itself: it does, or the button is asked for; never without the option.
. "$(dirname "$0")/lib.sh"

sample pytrack shield.dfu
board=sim:pytrack,timing=none,log=log,person=helpful

told() { # how often it was told so
    grep '"what":"pic"' log | grep -c '"bRequest":49,'
}

run update shield.dfu --revision 1 --board $board,software-dfu=yes,person=none --try-software-dfu --json --state-dir state
ends_with 0 "it can, and nobody is there"
has '["board"]["outcome"]' '"updated"'
has '["board"]["verified"]' '"readback"'
says "$err" "by itself" "that is said"
[ "$(told)" = 1 ]
ok $? "it was told once"

run update shield.dfu --revision 1 --board $board,software-dfu=no --try-software-dfu --json --state-dir state
ends_with 0 "it can't"
says "$err" "its button is needed" "that is said"
says "$err" "S1" "the button is asked for"
has '["board"]["outcome"]' '"updated"'

run update shield.dfu --revision 1 --board $board,software-dfu=yes --json --state-dir state
ends_with 0 "without the option"
[ "$(told)" = 0 ]
ok $? "it isn't told"
says "$err" "S1" "the button is asked for"
finish
