#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fettle-sim's serial lines; lines.py has clients of its own and says what must hold.
# pyserial is the system's Python's, which another one may stand in front of.
python3 -c 'import serial' 2>/dev/null || PATH=/usr/bin:$PATH
exec python3 -B "$(dirname "$0")/lines.py" "$@"
