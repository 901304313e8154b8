#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fettle-sim over USB/IP; usbip.py has a host of its own and says what must hold.
exec python3 -B "$(dirname "$0")/usbip.py" "$@"
