#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program on a terminal of its own and shows what a person would have seen.

    terminal.py [--columns N] [--answer TEXT]... [--signal NAME@TEXT]... -- PROGRAM ARGS

Each answer is typed when the prompt "> " appears; each signal is sent once TEXT has been seen. What
came is written to standard output raw; the exit status is the program's (128 + n after a signal n).
With --check-columns it fails with 99 where a line that was drawn is as wide as the terminal.
"""
import argparse
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

LIMIT = 60  # seconds; a program that hangs is killed


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--columns", type=int, default=80)
    parser.add_argument("--answer", action="append", default=[])
    parser.add_argument("--signal", action="append", default=[])
    parser.add_argument("--check-columns", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    args.command = args.command[1:] if args.command[:1] == ["--"] else args.command
    return args


def start(args):
    child, terminal = pty.fork()
    if child == 0:
        size = struct.pack("HHHH", 25, args.columns, 0, 0)
        fcntl.ioctl(1, termios.TIOCSWINSZ, size)
        os.execvp(args.command[0], args.command)
    return child, terminal


def talk(args, child, terminal):
    seen = b""
    prompts = 0
    signals = [one.split("@", 1) for one in args.signal]
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:
            return seen
        if not data:
            return seen
        seen += data
        while prompts < len(args.answer) and seen.count(b"  > ") > prompts:
            os.write(terminal, args.answer[prompts].encode() + b"\n")
            prompts += 1
        while signals and signals[0][1].encode() in seen:
            os.kill(child, getattr(signal, "SIG" + signals.pop(0)[0]))
    os.kill(child, signal.SIGKILL)
    sys.stderr.write("terminal.py: did not end\n")
    return seen


def widest(seen):
    text = re.sub(r"\x1b\[[0-9;]*m", "", seen.decode("utf-8", "replace"))
    return max(len(line) for line in re.split(r"[\r\n]", text))


def main():
    args = parse()
    child, terminal = start(args)
    seen = talk(args, child, terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.stdout.buffer.write(seen)
    sys.stdout.buffer.flush()
    if args.check_columns and widest(seen) >= args.columns:
        sys.stderr.write(f"terminal.py: a line of {widest(seen)} on {args.columns} columns\n")
        sys.exit(99)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
