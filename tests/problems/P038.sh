#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P038: an update with the wrong module chosen: a SiPy's package on a FiPy, a FiPy's on a LoPy4.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
. "$source/tests/problems/module.sh"
package SiPy-1.20.2.r6.tar.gz module=SiPy layout=4MB
package FiPy-1.20.2.r6.tar.gz module=FiPy
package LoPy4-1.20.2.r6.tar.gz
fipy=sim:fipy+pytrack,timing=none,log=$log,module-flash=$flash
attempt update SiPy-1.20.2.r6.tar.gz --board "$fipy"
refuses 8 image-not-for-board 'for a SiPy, which has 4 MB of flash, and this board has 8 MB' "P038 (a) a package for 4 MB on 8 MB"
attempt update FiPy-1.20.2.r6.tar.gz --board "$lopy4"
refuses 8 image-not-for-board 'LoPy4.*FiPy|FiPy.*LoPy4' "P038 (b) a FiPy's package on what says that it is a LoPy4"
advises '--module=fipy' "P038 (b)"
run update FiPy-1.20.2.r6.tar.gz --module=fipy --board "$lopy4" --json
is_proven "P038 (c) somebody says that it is one"
rm -f $log
run update FiPy-1.20.2.r6.tar.gz --board "$lopy4" --json
ends_with 0 "P038 (d) that is remembered of this module"
is_json '["outcome"]' '"unchanged"' "P038 (d) unchanged"
rm -f $log
run update LoPy4-1.20.2.r6.tar.gz --board "$lopy4" --json
refuses 8 image-not-for-board 'FiPy' "P038 (e) and the other package is refused now"
attempt update LoPy4-1.20.2.r6.tar.gz --board "$lopy4"
is_proven "P038 (f) the right package needs no word"
notes_not no-backup "P038 (f)"
attempt update LoPy4-1.20.2.r6.tar.gz --module=lopy --board "$lopy4"
refuses 8 image-not-for-board 'for a LoPy4, and --module says LoPy' "P038 (g) the package names another module than --module"
was_not_changed "P038 (g)"
finish
