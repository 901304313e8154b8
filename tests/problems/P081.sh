#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P081: plain firmware onto a board with flash encryption or secure boot: a dead board. What is burnt is read first; refused
# with the reason.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp32 new.bin 65536
sample esp-app esp32s3 s3.bin 65536
sample esp-bootloader esp32 boot.bin

for verb in "update new.bin" "update new.bin@0x10000" "update boot.bin" "erase --yes" "update new.bin --mass-erase --yes"; do
    attempt $verb --board $esp32,encryption=release
    refuses 8 esp-secured 'flash is encrypted' "P081 (a) encrypted: $verb"
    advises "whoever secured it; nothing was written" "P081 (a) encrypted: $verb"
done
for way in secure-boot=v1 secure-boot=v2 encryption=development; do
    attempt erase --yes --board $esp32,$way
    refuses 8 esp-secured 'an erase may leave it dead' "P081 (b) erase, $way"
done
attempt update boot.bin --board $esp32,secure-boot=v1
refuses 8 esp-secured 'bootloader and the digest of it must stay' "P081 (c) the bootloader, secure-boot=v1"
for way in encryption=release secure-boot=v2; do
    attempt info --board $esp32,$way
    ends_with 0 "P081 (d) info, $way"
    matches "$out" "\"(flash_encryption|secure_boot)\":true" "P081 (d) it is shown, $way"
    was_not_changed "P081 (d) and nothing is changed, $way"
done

# ---- secure download mode ----

sdm=$esp32s3,sdm=yes
attempt info --board $sdm
is_json '["board"]["chip"]["secure_download"]' true "P081 (e) info tells secure download mode"
attempt update s3.bin --board $sdm
refuses 4 answer-needed 'lets nobody read its partition table.*--address' "P081 (e) an application without an address"
attempt update s3.bin@0x10000 --board $sdm
ends_with 0 "P081 (e) one with an address"
is_json '["verified"]' '"none"' "P081 (e) nothing proves it"
matches "$err" 'nobody read or hash its flash, so nothing proves' "P081 (e) and that is said"
has_at 0x10000 s3.bin "P081 (e) the board has the file"
attempt read out.bin --flash-size 4MB --board $sdm
refuses 10 esp-secure-download "secure download mode, where it can't read its flash" "P081 (e) read"

# ---- flash encryption for developers, and secure boot version 2 ----

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
