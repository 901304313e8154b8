#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P049: the shield is updated, os.uname() of the module shows the old version, and it seems that nothing
# happened. A shield whose version changes is in test_desk.c.
# P049: reading the module's own version comes with its console.
. "$(dirname "$0")/lib.sh"
echo "# P049: reading the module's own version comes with its console"
sample pytrack new.dfu
board=sim:pytrack,timing=none,version=8,log=$log,flash=$flash

forget
run update new.dfu --board $board --revision 1 --json
ends_with 0 "P049 a Pytrack with a module is updated"
matches "$err" "firmware of Pytrack itself" "P049 it was the shield"
matches "$err" "module on it has its own, which is unchanged" "P049 the module's firmware is separate"
matches "$err" "os\.uname" "P049 where the module's version is seen"
matches "$err" "fettle (list|info)" "P049 where the shield's is seen"
is_json '["board"]["parts"][0]["name"]' '"shield"' "P049 the part is named"
is_json '["board"]["parts"][0]["version_before"]' '"8"' "P049 its version before"
is_json '["board"]["parts"][0]["version_after"]' '"8"' "P049 and after"

# The place that is named shows it, and a board that carries no module is spared the sentence.
run list --board $board
matches "$out" "pytrack.* 0\.08 " "P049 the list shows the shield's version"
sample raw 5000 new.bin
run update new.bin --board sim:dfu,timing=none
ends_with 0 "P049 a board without a module"
says_not "$err" "module" "P049 hears nothing of modules"
finish
