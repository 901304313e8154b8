#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fettle's lines over TCP with ser2net, a server by others, at the other end; ser2net.py says what must hold.
PATH=$PATH:/usr/sbin
command -v ser2net >/dev/null || {
    echo "1..0 # SKIP ser2net is not installed"
    exit 0
}
exec python3 -B "$(dirname "$0")/ser2net.py" "$@"
