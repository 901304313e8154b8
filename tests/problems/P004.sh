#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P004: "Wrong boot mode detected (0x13)": the chip restarts, and its boot pin was high. The boot text is read, the other ways
# are tried, a person is told what to press, and it goes on by itself then.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
press='hold BOOT.*(EN|RESET).*let'

attempt update new.bin --board $esp32,person=none,fault=stuck-app
refuses 12 esp-boot-mode 'boot:0x13: GPIO0 was high' "P004 (a) the boot pin is never low"
advises "$press" "P004 (a) the boot pin is never low"
matches "$err" 'restarted, but not into its loader' "P004 (a) what was seen is said"
matches_not "$err" 'timed? ?out|does not answer|0x0?7' "P004 (a) and nothing else"
[ "$(resets)" -ge 7 ]
ok $? "P004 (a) it was tried several times ($(resets) starts)"
grep '"what":"lines"' $log | grep -q '"dtr":true,"rts":true'
ok $? "P004 (a) with both lines changed at once"
grep '"what":"lines"' $log | awk '/"dtr":true,"rts":true/ { tight = 1; next }
                                  /"dtr":false,"rts":true/ { other += !tight } { tight = 0 } END { exit !other }'
ok $? "P004 (a) and with one after the other"
is_equal "$(lines_at_end)" "false false" "P004 (a) the lines are let go of"

attempt update new.bin --board $esp32,fault=stuck-app@1,fault=stuck-app@2
is_proven "P004 (b) the third try works"
has_at 0x10000 new.bin "P004 (b) the board has the file"
matches_not "$err" 'BOOT' "P004 (b) nobody had to press anything"

attempt update new.bin --board $esp32,circuit=none
is_proven "P004 (c) no auto-reset circuit, and somebody presses the buttons"
matches "$err" "Please do this now.*$press" "P004 (c) what to press is said"
has_at 0x10000 new.bin "P004 (c) it went on by itself"

attempt update new.bin --board $esp32,circuit=none --reset none
is_proven "P004 (d) the same with --reset none"
! grep '"what":"lines"' $log | grep -q true
ok $? "P004 (d) which leaves the lines alone"

# A person is asked for BOOT and RESET, presses them, and the application starts all the same. The chip did restart, and
# its boot text said why; the last word must not be that it doesn't restart.
sample esp-app esp32s3 s3.bin 65536

attempt update new.bin --board $esp32,fault=stuck-app
refuses 12 esp-boot-mode 'boot:0x13: GPIO0 was high' "P004 (e) BOOT had no effect"
matches_not "$err" 'does not restart' "P004 (e) it did restart"
attempt update s3.bin --board $esp32s3,fault=stuck-app,person=none
matches_not "$err" 'does not restart' "P004 (f) a chip with USB of its own did restart, too"
finish
