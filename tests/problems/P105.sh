#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P105: errWRITE from a board with Zephyr: alternate setting 0 is the image that runs, and can't be written.
. "$(dirname "$0")/lib.sh"
sample raw 5000 new.bin
board=sim:zephyr25,timing=none,person=none,log=$log,flash=$flash

forget
run update new.bin --board $board --json
ends_with 10 "P105 (a) the first memory"
is_json '["error"]["device"]["name"]' '"errWRITE"' "P105 (a) the board's own reason is told"
matches "$err" 'running|image that runs' "P105 (a) what it means: this is the image that runs"
matches "$err" '\-\-memory (1|image_1)' "P105 (a) and the one next action: the other memory, by number or name"

forget
run update new.bin --board $board --memory 1 --json
ends_with 0 "P105 (b) the other one"
is_json '["outcome"]' '"updated"' "P105 (b) is updated"
forget
run update new.bin --board $board --memory image_1 --json
ends_with 0 "P105 (c) by its name"
finish
