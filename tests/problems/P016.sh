#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P016: firmware for another chip is written, and the board doesn't boot. Chip and revision are compared before anything is
# erased; both are named.
. "$(dirname "$0")/lib.sh"
. "$source/tests/problems/esp.sh"
for chip in esp8266 esp32 esp32s3 esp32c3; do
    sample esp-app $chip $chip.bin 65536
done

wrong() { # FILE BOARD SENTENCE
    attempt update "$1" --board "$2"
    refuses 8 image-not-for-board "$3" "P016 (a) $1 at ${2%%,*}"
    advises 'file that is made for this board' "P016 (a) $1 at ${2%%,*}"
}
wrong esp32s3.bin $esp32 'it is for ESP32-S3, and this is an ESP32$|it is for ESP32-S3, and this is an ESP32 '
wrong esp32.bin $esp32s3 'it is for ESP32, and this is an ESP32-S3'
wrong esp32c3.bin $esp32s3 'it is for ESP32-C3, and this is an ESP32-S3'
wrong esp8266.bin $esp32 'it is for ESP8266, and this is an ESP32'
wrong esp32.bin $esp8266 'it is for ESP32, and this is an ESP8266'
wrong esp32s3.bin@0x10000 $esp32 'it is for ESP32-S3'

attempt update esp32s3.bin --board $esp32
is_equal "$(requests_to erase 1)" 0 "P016 (b) nothing was erased before"
attempt update esp32.bin --board $esp32s3 --mass-erase --yes
refuses 8 image-not-for-board 'it is for ESP32, ' "P016 (c) also before a mass erase"

attempt update esp32.bin --chip esp32s3 --board $esp32
refuses 8 esp-other-chip 'has an ESP32, and not an ESP32-S3' "P016 (d) another chip than was named"
advises 'leave out --chip' "P016 (d) another chip than was named"
attempt update esp32.bin --chip esp32 --board $esp32
is_proven "P016 (d) the chip that was named"

# ---- and its revision ----

sample esp-app esp32 v3.bin 65536 1 300
sample esp-app esp32 v4.bin 65536 1 400
attempt update v4.bin --board $esp32,revision=300
refuses 8 image-not-for-board 'wants revision 4\.0 or later of the chip, and this one has 3\.0' "P016 (e) a newer chip is needed"
attempt update v3.bin --board $esp32,revision=300
is_proven "P016 (e) just new enough"
attempt update v3.bin --board $esp32,revision=101
refuses 8 image-not-for-board 'revision 3\.0 or later .* this one has 1\.1' "P016 (e) an older chip"
finish
