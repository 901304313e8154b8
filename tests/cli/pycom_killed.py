#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the program (SIGKILL) at random moments of an update of a virtual module, and runs it again.

    tests/cli/pycom_killed.py [RUNS]     200 where nothing is said; $FETTLE_TEST_SEED repeats

A moment is a number of bytes of the board's own log, which a clean run has so and so many of: the log goes into a
terminal from which no more than that is read, so that the program stands still some bytes later, where the terminal
has no more room, and is killed there. Half of the moments are near a change of the flash, and half of those near the
rewriting of the config block. After each kill
the 52 bytes of the config block that can't be replaced are in the flash file, or in the state folder with a hash
that is right; and the next run ends well, with all of the flash as a clean run leaves it. TAP.
"""

import concurrent.futures
import hashlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import tty

AT_ONCE = 4
OVERSHOOT = 7500  # bytes: a terminal has more room in several pieces than in one
CONFIG_AT, SECTOR, CREDENTIALS, REGION_AT, IN865 = 0x3FF000, 0x1000, 52, 52, 7

fettle = os.path.abspath(os.environ.get("FETTLE", "build/fettle"))
make_sample = os.path.abspath(os.environ.get("FETTLE_MAKE_SAMPLE", "build/fettle-make-sample"))
runs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
seed = int(os.environ.get("FETTLE_TEST_SEED") or random.randrange(1 << 32))
PACKAGE = "LoPy4-1.20.3.r7.tar.gz"


def start(folder, options=""):
    board = "sim:lopy4+pytrack,timing=none,module-flash=m.flash" + options
    return subprocess.Popen([fettle, "update", PACKAGE, "--region", "IN865", "--board", board, "--json",
                             "--quiet", "--state-dir", "state"], cwd=folder, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(folder, options=""):
    """Exit status and the object that was printed."""
    program = start(folder, options)
    out, err = program.communicate()
    try:
        return program.returncode, json.loads(out), err
    except ValueError:
        return program.returncode, {}, err


def read(path):
    with open(path, "rb") as file:
        return file.read()


def run_and_kill(folder, count):
    """Was it killed? Its log goes into a terminal, and nobody reads more of it than so many bytes."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    program = start(folder, ",log=" + os.ttyname(theirs))
    left = count
    while left > 0 and program.poll() is None:
        if select.select([ours], [], [], 0.05)[0]:
            left -= len(os.read(ours, min(left, 4096)))
    stands_still(program)
    program.kill()
    program.communicate()
    os.close(ours)
    os.close(theirs)
    return program.returncode == -signal.SIGKILL


def stands_still(program):
    """Waits until it sleeps, which it does in nothing but a write into a terminal that is full, or is over."""
    while program.poll() is None:
        try:
            with open(f"/proc/{program.pid}/stat", encoding="ascii") as file:
                if file.read().rsplit(")", 1)[1].split()[0] == "S":
                    return
        except OSError:
            return


def terminal_room():
    """How many bytes it takes before anybody has read one."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    os.set_blocking(theirs, False)
    room = 0
    try:
        while True:
            room += os.write(theirs, b"x" * 64)
    except BlockingIOError:
        pass
    os.close(ours)
    os.close(theirs)
    return room


def backups(folder):
    """The contents of the state folder's copies whose hash is right."""
    root = os.path.join(folder, "state")
    for at, _, names in os.walk(root):
        if "config.bin" in names and "config.sha256" in names:
            content = read(os.path.join(at, "config.bin"))
            if read(os.path.join(at, "config.sha256")).split()[0].decode() == hashlib.sha256(content).hexdigest():
                yield content


def try_once(number, count, old, right, package):
    """(killed, changed by then, config block not on the board by then, complaint or None)"""
    with tempfile.TemporaryDirectory() as folder:
        flash_path = os.path.join(folder, "m.flash")
        for name, content in (("m.flash", old), (PACKAGE, package)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        killed = run_and_kill(folder, count)
        flash = read(flash_path)
        keys = old[CONFIG_AT:CONFIG_AT + CREDENTIALS]
        on_board = flash[CONFIG_AT:CONFIG_AT + CREDENTIALS] == keys
        saved = on_board or any(copy[:CREDENTIALS] == keys for copy in backups(folder))
        changed = flash not in (old, right)
        complaint = None if saved else f"kill {number} after {count} bytes of the log: the config block is gone"
        status, result, err = run(folder)
        if status != 0 or not result.get("ok") or read(flash_path) != right:
            complaint = complaint or (f"kill {number} after {count} bytes of the log: status {status}, "
                                      f"{result}, {err[-300:]}")
        return killed, changed, not on_board, complaint


def measure():
    """The flash before and after a clean run, the package, bytes of the log; and where in it flash changes."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([make_sample, "pycom-package", PACKAGE, "module=LoPy4", "layout=8MB", "version=1.20.3.r7"],
                       check=True, cwd=folder, stdout=subprocess.DEVNULL)
        subprocess.run([fettle, "list", "--board", "sim:lopy4+pytrack,timing=none,module-flash=m.flash"],
                       check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        old = read(os.path.join(folder, "m.flash"))
        status, result, err = run(folder, ",log=log")
        if status != 0:
            sys.exit(f"Bail out! the clean run: {result} {err}")
        at, changes, config = 0, [], []
        for line in read(os.path.join(folder, "log")).splitlines(keepends=True):
            entry = json.loads(line)
            at += len(line)
            if entry.get("what") in ("erase", "program"):
                changes.append(at)
                config += [at] if entry["address"] // SECTOR == CONFIG_AT // SECTOR else []
        return old, read(os.path.join(folder, "m.flash")), read(os.path.join(folder, PACKAGE)), at, changes, config


def is_right_flash(old, right):
    block = bytearray(old[CONFIG_AT:CONFIG_AT + SECTOR])
    block[REGION_AT] = IN865
    return right[CONFIG_AT:CONFIG_AT + SECTOR] == bytes(block) and right != old


def main():
    old, right, package, total, changes, config = measure()
    draw, room = random.Random(seed), terminal_room()

    def moment(number):
        if number % 2 == 0:
            return draw.randint(room, total)
        return draw.choice(config if number % 4 == 1 else changes) + draw.randint(-OVERSHOOT, 0)

    moments = [max(0, moment(number) - room) for number in range(runs)]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        tries = list(pool.map(lambda number: try_once(number, moments[number], old, right, package),
                              range(runs)))
    killed = sum(t[0] for t in tries)
    partly = sum(t[1] for t in tries)
    without = sum(t[2] for t in tries)
    complaints = [t[3] for t in tries if t[3]]
    for text in complaints[:5]:
        print("#", text)
    print(f"# FETTLE_TEST_SEED={seed}: {killed} of {runs} were killed before their end, {partly} with a part of "
          f"the flash written, {without} with the config block not on the board")
    print(("not " if complaints else "") + f"ok 1 - after {runs} kills the next run ended right each time, and "
          "nothing was lost")
    is_enough = killed > runs // 2 and partly > runs // 8 and is_right_flash(old, right)
    print(("" if is_enough else "not ") + "ok 2 - enough of them were killed in the middle of writing")
    print("1..2")
    return 1 if complaints or not is_enough else 0


sys.exit(main())
