#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A module that is updated by hand, over RFC 2217; module.py says what must hold.
exec python3 -B "$(dirname "$0")/module.py" "$@"
