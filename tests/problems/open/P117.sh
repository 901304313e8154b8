#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# P117: an ESP8266 that starts its application: its log comes at 74880 baud, and is no noise. And its ROM isn't spoken of as DFU.
FETTLE_SOURCE=${FETTLE_SOURCE:-$(cd "$(dirname "$0")/../../.." && pwd)}
. "$FETTLE_SOURCE/tests/problems/lib.sh"
. "$source/tests/problems/esp.sh"
sample esp-app esp8266 first.bin 65536
attempt update first.bin --board $esp8266,fault=stuck-app,person=none
refuses 12 esp-boot-mode 'GPIO0 was high' "P117 (f) its boot text is read"
attempt verify first.bin --board $esp8266
refuses 10 esp-cannot "can't (hash|read)" "P117 (g) verify, which its ROM can't"
advises '--stub' "P117 (g) verify, which its ROM can't"
finish
