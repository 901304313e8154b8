#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Espressif's own host at each of our virtual ESP boards: judge.mjs, at a board of its own clock, and tcp.mjs, at one over
# TCP in real time. FETTLE_ESP_DESK and FETTLE_SIM are the programs that have the board; without node, or without the package,
# all of it is skipped.

set -u
cd "$(dirname "$0")" || exit 1
if ! command -v node >/dev/null 2>&1; then
    echo "1..0 # SKIP there is no node"
    exit 0
fi
number=0
failed=0
judge() { # BOARD OPTIONS...
    judge_by "" judge.mjs "$FETTLE_ESP_DESK" "$@"
}

judge_tcp() { # BOARD OPTIONS...
    judge_by "over TCP: " tcp.mjs "$FETTLE_SIM" "$@"
}

judge_by() { # WHERE JUDGE PROGRAM BOARD OPTIONS...
    number=$((number + 1))
    where=$1
    shift
    output=$(node "$@" 2>&1)
    status=$?
    shift 2
    case $status in
    0) echo "ok $number - $where$*" ;;
    77) echo "ok $number - $where$* # SKIP esptool-js isn't installed" ;;
    *)
        echo "not ok $number - $where$*"
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
for board in esp32 esp32c3; do
    judge_tcp "$board"
    judge_tcp "$board" --no-stub
done
echo "1..$number"
exit $failed
