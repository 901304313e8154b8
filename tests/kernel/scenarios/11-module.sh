# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# A shield and the module on it over the same cable: a person plugs a Pytrack in with its button held, and an armed
# fettle updates the shield; it comes back as a serial port, its version is read with five data bits through the
# kernel's own driver, and the module behind it is updated without anybody touching anything.

rule
seat seated
fettle-make-sample pytrack pytrack.dfu 1 >/dev/null
fettle-make-sample pycom-package LoPy4-1.20.3.tar.gz module=LoPy4 version=1.20.3 layout=8MB size=16384 >/dev/null
boards lopy4+pytrack,mode=unplugged,updated-version=7,flash=shield.flash,module-flash=module.flash,log=board.log

is_armed() {
    matches "$err" "plug the usb cable in"
}

# five_bits: how often the line was told to have five data bits
five_bits() {
    grep '"what":"line-coding"' board.log | grep -c '"data_bits":5'
}

begin as seated fettle update pytrack.dfu --revision 1 --wait=60 --json
wait_for 30 is_armed
ok $? "with nothing plugged in fettle waits, and says what to press"
tell plug 1-1 button
end
check "the shield is updated, and read back" is_updated
check "the shield's memory is the file's" shield_has pytrack.dfu shield.flash
check "it is back as /dev/ttyACM0" wait_for 10 is_tty ttyACM0
check "its version was asked for with five data bits" [ "$(five_bits)" -ge 1 ]
check "and is the new one's: 7" says "$out" '"version_after":"7"'

# module: the package onto what is behind the same port
module() {
    run as seated fettle update LoPy4-1.20.3.tar.gz --board /dev/ttyACM0 --json
}
module
check "the module behind it: updated, proven by its own hash" is_updated hash
check "by way of the shield's PIC" says "$out" '"answers":true'
check "nothing was to be pressed or wired" not matches "$err" "please do this"
check "its application runs again" says "$out" '"mode":"app"'
check "its ids and keys were saved before" says "$out" '"slug":"backed-up"'
sum=$(md5sum <module.flash)
module
check "the second time nothing is written" well_and says "$out" '"outcome":"unchanged"'
check "and that is proven, too" says "$out" '"verified":"hash"'
check "the module's flash is as it was" [ "$sum" = "$(md5sum <module.flash)" ]
no_more_boards
