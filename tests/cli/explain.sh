#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every failure has a page, offline, and other programs' messages lead to it.
. "$(dirname "$0")/lib.sh"

run explain --json
ends_with 0 "all of them"
is_valid explain
python3 -c '
import json, sys
for code in json.load(open(sys.argv[1]))["codes"]:
    print(code["slug"], code["exit"])' "$out" >slugs
[ "$(wc -l <slugs)" -ge 38 ]
ok $? "at least 38 failures are known"

run explain
says "$out" "usb-permission" "the list for people"

bad=0
while read -r slug exit; do
    run explain "$slug"
    { [ "$status" -eq 0 ] && grep -q "^$slug (exit status $exit;" "$out" && grep -q "What to do: " "$out"; } || {
        bad=$((bad + 1))
        echo "# no page: $slug"
    }
done <slugs
ok $bad "each has a page with its exit status and what to do"

# leads_to SLUG TEXT
leads_to() {
    run explain "$2" --json
    is_valid explain
    got=$(python3 -c '
import json, sys
value = json.load(open(sys.argv[1]))
print(" ".join(one["slug"] for one in value["codes"] + value["notes"]))' "$out")
    [ "$got" = "$1" ]
    ok $? "\"$2\" leads to \"$1\" ($got)"
}
leads_to completion-lost "dfu-util: Error sending completion packet"
leads_to completion-lost "unable to read DFU status after completion"
leads_to usb-permission "Cannot open DFU device 04d8:f014 found on devnum 12 (LIBUSB_ERROR_ACCESS)"
leads_to no-update-mode "Lost device after RESET?"
leads_to no-board "No DFU capable USB device available"
leads_to "" "Cannot set alt interface zero"
leads_to "" "Runtime device already in DFU state ?!?"
leads_to file-cut "Invalid DFU suffix signature"
leads_to file-cut "File too short for DFU suffix"
leads_to several-boards "More than one DFU capable USB device found! Try --list"
leads_to board-refused "status is errWRITE"
leads_to usb-permission "LIBUSB_ERROR_ACCESS"
leads_to tried-again tried-again

run explain Runtime device already in DFU state
says "$out" "Harmless" "words need no quotes"

run explain usb-permision
ends_with 2 "an unknown name"
says "$err" "usb-permission" "the nearest one is named"
run explain zzzz --json
is_valid explain
has '["error"]["code"]' '"usage"'
finish
