#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# fettle and Espressif's own host (npm: esptool-js), one after the other on the same virtual board, with the same content, and the
# same stub, which is the package's:
#
#   run.sh BENCH DESK        bench/esp and tests/fettle-esp-desk of a build folder
#
# The package is looked for where tests/judges/esptool-js has it, or in FETTLE_NODE_MODULES; without it, or without
# node, nothing is compared.
set -eu
bench=$1
desk=$2
here=$(cd "$(dirname "$0")" && pwd)
modules=${FETTLE_NODE_MODULES:-$here/../../tests/judges/esptool-js/node_modules}
stub=$modules/esptool-js/lib/targets/stub_flasher/esp32.json

if ! command -v node >/dev/null 2>&1 || ! [ -f "$stub" ]; then
    echo "1..0 # SKIP there is no node, or no package esptool-js"
    exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM HUP
"$bench" --write "$scratch"
peer() {
    for loader in stub rom; do
        for baud in 115200 921600; do
            node "$here/peer.mjs" "$desk" "$scratch" "$@" $loader $baud >>"$scratch/peer"
        done
    done
}
#    case         wanted       present
peer random       random       other
peer compressible compressible other
peer unchanged    random       random
peer sector       random       sector
sed -n 's/^unchanged /again /p' "$scratch/peer" >"$scratch/again"
cat "$scratch/again" >>"$scratch/peer"
"$bench" --stub "$stub" --peer "$scratch/peer"
