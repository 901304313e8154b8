#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P081: flash encryption for developers, and secure boot version 2: what is written plain or unsigned would not start.
FETTLE_SOURCE=${FETTLE_SOURCE:-$(cd "$(dirname "$0")/../../.." && pwd)}
. "$FETTLE_SOURCE/tests/problems/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
sample esp-app esp32s3 s3.bin 65536

for at in new.bin new.bin@0x10000; do
    attempt update $at --board $esp32,encryption=development
    refuses 8 esp-secured 'encrypted' "P081 (f) $at onto encrypted flash"
    matches_not "$err" 'no partition table' "P081 (f) $at: there is one, encrypted"
done
attempt update new.bin --board $esp32,secure-boot=v2
matches "$err" 'signed|secure boot' "P081 (g) an unsigned application with secure boot is told of"
attempt update s3.bin --board $esp32s3,secure-boot=v2
matches "$err" 'signed|secure boot' "P081 (g) the same of an ESP32-S3"

# ---- where nothing can be read, the words are of the chip ----

attempt verify s3.bin@0x10000 --board $esp32s3,sdm=yes
refuses 10 esp-secure-download 'secure download mode' "P081 (h) verify in secure download mode"
attempt read out.bin --board $esp32s3,sdm=yes
refuses 10 esp-secure-download 'secure download mode' "P081 (h) read, without asking for a size first"
finish
