#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Espressif's own host at each of our virtual ESP boards: judge.mjs. FETTLE_ESP_DESK is the program that has
# the board; without node, or without the package, all of it is skipped.

set -u
cd "$(dirname "$0")" || exit 1
if ! command -v node >/dev/null 2>&1; then
    echo "1..0 # SKIP there is no node"
    exit 0
fi
number=0
failed=0
judge() {
    number=$((number + 1))
    output=$(node judge.mjs "$FETTLE_ESP_DESK" "$@" 2>&1)
    case $? in
    0) echo "ok $number - $*" ;;
    77) echo "ok $number - $* # SKIP esptool-js isn't installed" ;;
    *)
        echo "not ok $number - $*"
        echo "$output" | sed 's/^/# /'
        failed=1
        ;;
    esac
}
for board in esp8266 esp32 esp32,xtal=26 esp32,en-ms=10 esp32s2 esp32s3 esp32s3,bridge=cp210x \
    esp32c2 esp32c2,xtal=26 esp32c3 esp32c3,bridge=ch340 esp32c6; do
    judge "$board"
done
for board in esp32 esp32,xtal=26 esp32s3 esp32c3 esp32c2,xtal=26; do
    judge "$board" --no-stub
done
judge esp32 --baud 115200 --size 30000
echo "1..$number"
exit $failed
