#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P079: Guru Meditation after flashing: the header of the bootloader says other flash than there is.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
package wipy.tar.gz module=WiPy
wipy=sim:wipy+pytrack,timing=none,log=$log,module-flash=$flash
attempt update wipy.tar.gz --board "$wipy" --dry-run
matches "$err" 'header says dio, 40 MHz, 4 MB in the package; on this board it is made dio, 80 MHz, 8 MB' "P079 (a) it is said before anything is written"
was_not_changed "P079 (a) a dry run"
attempt update wipy.tar.gz --board "$wipy"
is_proven "P079 (b) the update"
is_equal "$(tail -c +4097 $flash | head -c 4 | od -An -tx1 | cut -d' ' -f4,5)" "02 3f" "P079 (b) the header is dio, 80 MHz, 8 MB"
package lopy.tar.gz module=LoPy layout=4MB
attempt update lopy.tar.gz --board "sim:lopy+pytrack,timing=none,log=$log,module-flash=$flash"
is_proven "P079 (c) 4 MB"
is_equal "$(tail -c +4097 $flash | head -c 4 | od -An -tx1 | cut -d' ' -f4,5)" "02 2f" "P079 (c) the header is dio, 80 MHz, 4 MB"
finish
