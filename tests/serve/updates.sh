#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whole updates over lines as the system and others make them; updates.py says what must hold.
PATH=$PATH:/usr/sbin
exec python3 -B "$(dirname "$0")/updates.py" "$@"
