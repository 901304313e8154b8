#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 200 updates are killed (SIGKILL) at random moments; killed.py says what must hold then.
exec python3 "$(dirname "$0")/killed.py" "$@"
