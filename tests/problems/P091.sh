#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P091: exit 0 and "Done!" though the board refused the image: dfuERROR after the end marker isn't looked at.
# P091: the half of the dfu-util front end comes with it.
. "$(dirname "$0")/lib.sh"
echo "# P091: the half that needs the dfu-util front end comes with it"
sample raw 5000 new.bin

refused() { # CASE STATUS OPTIONS
    forget
    # shellcheck disable=SC2086 # options of the command line
    run update new.bin --board "sim:dfu,timing=none,log=$log,flash=$flash,fault=status=$2$3" $4 --json
    ends_with 10 "P091 $1"
    is_json '["ok"]' false "P091 $1: it isn't done"
    is_json '["outcome"]' '"failed"' "P091 $1: it failed"
    is_json '["error"]["code"]' '"firmware-refused"' "P091 $1: the board refused the firmware"
    is_json '["error"]["device"]["name"]' "\"$2\"" "P091 $1: with its own reason"
    is_json '["verified"]' '"none"' "P091 $1: nothing is called proven"
    matches "$err" "the board refused the firmware.*$2" "P091 $1: a person reads it"
    matches_not "$err" "ok: |updated|done" "P091 $1: no word of success"
    # Looked at after the end marker, then cleared.
    awk '/"what":"DNLOAD"/ && /"wLength":0,/ { ended = 1 }
         ended && /"what":"GETSTATUS"/ && /"answer":"0[7a]0000000a00"/ { seen = 1 }
         seen && /"what":"CLRSTATUS"/ { cleared = 1 }
         END { exit !cleared }' $log
    ok $? "P091 $1: the status was read, and CLRSTATUS sent"
    was_asked violation 0 "P091 $1: nothing was asked that its state forbids"
}
refused "(a) errVERIFY" errVERIFY "" ""
refused "(b) errFIRMWARE" errFIRMWARE "" ""
refused "(c) errVERIFY, not tolerant" errVERIFY ,tolerant=no ""
refused "(d) errVERIFY, with an application" errVERIFY ,app-id=1d50:6002 "--wait=5"
refused "(e) errVERIFY, a slow manifestation" errVERIFY ,manifest-poll=3000 ""
refused "(f) errVERIFY, not read back" errVERIFY "" "--no-verify"

# A DfuSe loader refuses when it is to start it. What it has written is read back by then, and right; the update isn't.
files app app.bin 5000 0x08000000
for name in errVERIFY errFIRMWARE; do
    forget_all
    run update app.bin --board sim:stm32f4,timing=none,log=$log,flash=$flash,fault=status=$name --json
    ends_with 10 "P091 (h) DfuSe, $name"
    is_json '["outcome"]' '"failed"' "P091 (h) $name: it failed"
    is_json '["error"]["device"]["name"]' "\"$name\"" "P091 (h) $name: with its own reason"
    matches "$err" "the board refused the firmware.*$name" "P091 (h) $name: a person reads it"
    matches_not "$err" "ok: |updated|done" "P091 (h) $name: no word of success"
    awk '/"what":"DNLOAD"/ && /"wLength":0,/ { ended = 1 } ended && /"what":"CLRSTATUS"/ { cleared = 1 } END { exit !cleared }' $log
    ok $? "P091 (h) $name: CLRSTATUS was sent"
done

# The board is left such that the next run goes.
forget
run update new.bin --board sim:dfu,timing=none,log=$log,flash=$flash,fault=status=errVERIFY@1 --json
ends_with 10 "P091 (g) refused once"
run update new.bin --board sim:dfu,timing=none,log=$log,flash=$flash --json
ends_with 0 "P091 (g) the next run"
finish
