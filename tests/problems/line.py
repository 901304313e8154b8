#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A serial line at whose other end is no chip: a pseudo terminal.

    line.py silent|echo|noise PROGRAM ARGS...

Runs PROGRAM with PORT in its arguments replaced by the terminal's name, and ends with its status. What the
program sends is swallowed, sent back, or answered by bytes that are neither text nor answers.
"""
import os
import random
import selectors
import subprocess
import sys
import threading
import tty


def main():
    kind, command = sys.argv[1], sys.argv[2:]
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    name = os.ttyname(theirs)
    chance = random.Random(1)
    program = subprocess.Popen([name if word == "PORT" else word for word in command], stdin=subprocess.DEVNULL)
    ended, end = os.pipe()
    threading.Thread(target=lambda: (program.wait(), os.close(end)), daemon=True).start()
    waits = selectors.DefaultSelector()
    waits.register(ours, selectors.EVENT_READ)
    waits.register(ended, selectors.EVENT_READ)
    while True:
        for key, _ in waits.select():
            if key.fd == ended:
                return program.wait()
            heard = os.read(ours, 4096)
            if kind == "echo":
                os.write(ours, heard)
            elif kind == "noise":
                os.write(ours, bytes(chance.randrange(0x80, 0xC0) for _ in heard))


sys.exit(main())
