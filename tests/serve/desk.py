# SPDX-License-Identifier: Apache-2.0
"""What the tests of fettle-sim have in common: TAP, files, and the program while it runs.

Nothing sleeps: what takes time is asked for again until it is there, or LONGEST is over.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

LONGEST = 60  # seconds, also under sanitizers on a busy machine

build = os.path.abspath(os.environ.get("FETTLE_BUILD", "build"))
program = os.environ.get("FETTLE_SIM", os.path.join(build, "fettle-sim"))
make_sample = os.environ.get("FETTLE_MAKE_SAMPLE", os.path.join(build, "fettle-make-sample"))
folder = tempfile.TemporaryDirectory()
tests = failed = 0


def ok(is_good, name):
    global tests, failed
    tests += 1
    failed += not is_good
    print(("" if is_good else "not ") + f"ok {tests} - {name}", flush=True)


def same(got, wanted, name):
    ok(got == wanted, name)
    if got != wanted:
        print(f"# got {got!r:.200}\n# not {wanted!r:.200}", flush=True)


def path(name):
    return os.path.join(folder.name, name)


def content(name):
    with open(path(name), "rb") as file:
        return file.read()


def until(ask):
    """What `ask` returns, as soon as it is true."""
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        value = ask()
        if value:
            return value
        time.sleep(0.005)
    return None


def log_of(name):
    """The whole lines of a log=FILE so far."""
    return [json.loads(line) for line in content(name).decode().split("\n")[:-1]]


def run(*arguments):
    """(status, standard output, standard error) of a program that ends by itself"""
    done = subprocess.run([program, *arguments], cwd=folder.name, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=LONGEST, check=False)
    return done.returncode, done.stdout, done.stderr


class Program:
    running = []

    def __init__(self, *arguments, stdin=subprocess.DEVNULL):
        self.process = subprocess.Popen([program, *arguments], cwd=folder.name, stdin=stdin, stdout=subprocess.PIPE,
                                        bufsize=0)
        self.running.append(self)

    def line(self):
        return self.process.stdout.readline().decode().rstrip("\n")

    def ask(self, command, boards=0):
        """The answer to a command; `boards`: the lines that stand before it."""
        self.process.stdin.write(command if isinstance(command, bytes) else command.encode() + b"\n")
        for _ in range(boards):
            self.line()
        return self.line()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.rest = self.process.communicate(timeout=LONGEST)[0].decode()
        return self.process.returncode


def perform(*checks):
    """Runs them, and ends this program."""
    with folder:
        try:
            for check in checks:
                check()
            print(f"1..{tests}")
            sys.exit(1 if failed else 0)
        finally:
            for left in Program.running:
                left.process.kill()
                left.process.wait()
