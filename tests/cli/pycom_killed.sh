#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 200 updates of a module are killed (SIGKILL) at random moments; pycom_killed.py says what must hold then.
exec python3 "$(dirname "$0")/pycom_killed.py" "$@"
