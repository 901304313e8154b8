# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# Whether this person will be able to open this board is known before a button is asked for; what is said
# about it mends it.

fettle-make-sample pytrack pytrack.1.dfu 1 >/dev/null
fettle-make-sample pytrack pytrack.2.dfu 2 >/dev/null
fettle-make-sample pytrack pytrack.3.dfu 3 >/dev/null

asks_for_nothing() {
    ! matches "$err" 'please do this|press and hold|plug the usb cable in'
}

# refused TITLE: exit status 5 at once, nothing asked for, and a command that mends it
refused() {
    ends_with 5 "$1"
    check "$1: nothing is asked for" asks_for_nothing
    check "$1: the hint has a command: $(hint)" matches "$out" '"hint":"[^"]*sudo [^"]*udev-rules --install'
}

# ---- at the seat, without a rule ----

no_rule
seat seated
run as seated fettle update pytrack.1.dfu --revision 1 --wait=30 --json
refused "P001: no rule, nothing plugged in"

# A slow machine must have the time to look at it in update mode.
boards pytrack,window=40000,flash=board.flash,log=board.log
run as seated fettle update pytrack.1.dfu --revision 1 --wait=30 --json
refused "P001: no rule, the application runs"
check "P001: no rule, the application runs: the board was left alone" [ "$(dfu_requests board.log)" = 0 ]

tell replug 1-1 button
wait_for 10 is_there 04d8:f014
limit=5
run as seated fettle update pytrack.1.dfu --revision 1 --json
limit=60
refused "P001: no rule, in update mode"
check "P001: it says whose node it is, not that there is no board" matches "$err" "may not open"
run as seated fettle list
check "P001: list shows the board, and that it may not be opened" matches "$out" 'Pytrack.*(no permission|may not)'
run as seated fettle list --json
check "P001: list says so in JSON as well" says "$out" '"state":"no-permission"'
no_more_boards
boards pytrack,window=4500,flash=board.flash,log=board.log
wait_for 10 is_there 04d8:f013

# ---- the command of the hint, as root, mends it ----

run as seated fettle update pytrack.1.dfu --revision 1 --json
command=$(hint | grep -o 'sudo [^,;]*udev-rules --install')
note "the command: $command"
command=${command#sudo }
# shellcheck disable=SC2086 # it is typed as it stands
run ${command:-false}
ends_with 0 "the command of the hint, as root"
check "it has put a rule where udev reads it" [ -s /etc/udev/rules.d/60-fettle.rules ]
udevadm settle

begin as seated fettle update pytrack.1.dfu --revision 1 --wait=30 --json
check "at the seat: now a button is asked for" wait_for 20 matches "$err" "plug the usb cable in"
tell replug 1-1 button
end
check "at the seat: updated" is_updated
check "at the seat: the flash is right" shield_has pytrack.1.dfu board.flash

# ---- over SSH: somebody else sits at the seat, or nobody ----

over_ssh() { # FILE TITLE
    begin as remote fettle update "$1" --revision 1 --wait=30 --json
    wait_for 20 matches "$err" "plug the usb cable in"
    tell replug 1-1 button
    end
    check "$2: updated" is_updated
}
seat other
over_ssh pytrack.2.dfu "over SSH, in the group, somebody else at the seat"
seat
over_ssh pytrack.3.dfu "over SSH, in the group, nobody at a seat"

tell replug 1-1 button
wait_for 10 is_there 04d8:f014
run as stranger fettle update pytrack.1.dfu --revision 1 --json
ends_with 5 "over SSH, not in the group"
check "not in the group: nothing is asked for" asks_for_nothing
check "not in the group: the hint is the second command, and to log in again: $(hint)" \
    sh -c 'echo "$1" | grep -qE "(usermod -aG plugdev|adduser).*log in again"' sh "$(hint)"
wait_for 12 is_there 04d8:f013
run as stranger fettle update pytrack.1.dfu --revision 1 --wait=30 --json
ends_with 5 "over SSH, not in the group, before the board is in update mode"
check "not in the group: known before the button too" asks_for_nothing

sed 's/^plugdev:.*/&,stranger/' /etc/group >group.new
cat group.new >/etc/group
begin as stranger fettle update pytrack.1.dfu --revision 1 --wait=30 --json
wait_for 20 matches "$err" "plug the usb cable in"
tell replug 1-1 button
end
check "in the group, after logging in again: updated" is_updated
cat /run/test/group >/etc/group
no_more_boards
