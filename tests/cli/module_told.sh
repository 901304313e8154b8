#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is told of modules and their packages: to programs (JSON), to people (info, help), and to strangers (--report), who must learn
# nothing that identifies one.
. "$(dirname "$0")/lib.sh"

sample pysense shield.dfu
"$FETTLE_MAKE_SAMPLE" pycom-package FiPy.tar.gz module=FiPy layout=8MB,4MB version=1.20.2.r4 >/dev/null
board=sim:fipy+pysense,timing=none,flash=shield.flash,module-flash=module.flash

# ---- a package ----

run info FiPy.tar.gz
says "$out" "made for   FiPy" "info names the module of a package"
says "$out" "1.20.2.r4" "and the version in it"
says "$out" "4 MB, 8 MB (shown)" "and its layouts, and which of them is shown"
run info FiPy.tar.gz --json
is_valid info
has '["image"]["fits"]' '["FiPy"]'
has '["image"]["version"]' '"1.20.2.r4"'

# ---- a module ----

run info --module=fipy --board $board --state-dir state --json
ends_with 0 "a look at the module"
is_valid info
has '["board"]["identity"]["name"]' '"FiPy"'
has '["board"]["identity"]["lora_mac"]' '"70b3d54990fc402e"'
has '["board"]["identity"]["sigfox_id"]' '"0000004d"'
says "$out" '{"name":"Sigfox private key","set":true}' "which secrets are set"
has '["board"]["carrier"]["answers"]' 'true'
run backup saved.bin --board $board --state-dir state --json
is_valid backup
has '["board"]["identity"]["lora_mac"]' '"70b3d54990fc402e"'
has '["board"]["radio"]["region"]' '"EU868"'
run update FiPy.tar.gz --board $board --state-dir state --json
is_valid update
has '["board"]["identity"]["name"]' '"FiPy"'
has '["state_dir"]' '"state"'

# ---- a report ----

for verb in "info --module" "backup again.bin" "pycom region"; do
    # shellcheck disable=SC2086
    run $verb --board $board --state-dir state --report report.txt
    ends_with 0 "$verb with a report"
    ! grep -qi -e 70b3d54990fc402e -e ce4c44f519df9b74 -e 0000004d -e 'Wi-Fi network: ' report.txt
    ok $? "it names nothing that identifies the module"
    [ "$(wc -c <report.txt)" -lt 400000 ]
    ok $? "and can be sent"
done
run backup again.bin --board $board --state-dir state --report report.txt --overwrite
says report.txt "transfers that went well are left out" "what is left out is counted"

# ---- refused before the shield is touched ----

for wish in "--region XX 2" "--country Nowhere 2" "--region CN470 8"; do
    # shellcheck disable=SC2086
    set -- $wish
    cp shield.flash before 2>/dev/null || : >before
    run update shield.dfu FiPy.tar.gz --revision 1 "$1" "$2" --board $board --state-dir state --json
    ends_with "$3" "both with $1 $2"
    has '["outcome"]' '"refused"'
    cmp -s shield.flash before || [ ! -e shield.flash ]
    ok $? "and the shield was left alone"
    says_not "$err" "leave --region out" "the hint says nothing that wasn't typed"
done

# ---- what is asked before something is erased ----

run erase --module --board $board --state-dir state --no-input
ends_with 4 "an erase asks"
says "$err" "but the config block" "and says what stays"
run help erase
says "$out" "modules" "its help names modules"

# ---- help's own example ----

run backup example.bin --board sim:lopy4+pytrack,timing=none --state-dir other
example=$("$FETTLE" help restore | sed -n 's/^.*fettle restore saved.bin --mac \([0-9a-f]*\) .*/\1/p')
run restore example.bin --mac "$example" --board sim:lopy4+pytrack,timing=none --state-dir other
ends_with 0 "help's example of a restore names that board's MAC"

# ---- secured ----

run update FiPy.tar.gz --board sim:fipy+pysense,timing=none,secure-boot=v1 --state-dir other
ends_with 8 "a module with secure boot"
says "$err" "secure boot is on" "and why"
says_not "$err" "flash is" "it isn't taken for encrypted"
finish
