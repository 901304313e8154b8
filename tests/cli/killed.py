#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the program (SIGKILL) at 200 random moments of an update of a virtual shield, and runs it again.

    tests/cli/killed.py [SEED]

The board's memory is a file that the board writes through row by row, so what a killed run leaves is
exactly what the board had got. Half of the next runs find the board where its person left it, in its
application or its loader; the other half find it still in update mode with the download open, as a
loader is that waits for more. Each next run must end well, with proof, and with the right memory. TAP.
"""

import concurrent.futures
import json
import os
import random
import signal
import subprocess
import sys
import tempfile

RUNS = 200
AT_ONCE = 8  # they mostly wait: the board takes real time to write
LONGEST = 1.4  # seconds: reading, writing and reading back, and a little more
FROM, TO = 0x0400, 0x3F00

fettle = os.path.abspath(os.environ.get("FETTLE", "build/fettle"))
make_sample = os.path.abspath(os.environ.get("FETTLE_MAKE_SAMPLE", "build/fettle-make-sample"))
seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 32)


def start(folder, options):
    return subprocess.Popen([fettle, "update", "new.dfu", "--board", "sim:pytrack,flash=flash.bin" + options,
                             "--revision", "1", "--json", "--quiet", "--state-dir", "state"],
                            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)


def run_and_kill(folder, after):
    """Was it killed, or was it faster?"""
    program = start(folder, ",mode=dfu,window=off")
    try:
        program.communicate(timeout=after)
        return False
    except subprocess.TimeoutExpired:
        program.kill()
        program.communicate()
        return program.returncode == -signal.SIGKILL


def run(folder, options):
    """Exit status and the object that was printed."""
    program = start(folder, ",timing=none" + options)
    out, _ = program.communicate()
    return program.returncode, json.loads(out)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def written_rows(before, flash, wanted):
    rows = range(FROM, TO, 64)
    return sum(flash[at:at + 64] == wanted[at:at + 64] != before[at:at + 64] for at in rows)


def try_once(number, old, new):
    """(killed, rows written by then, complaint or None)"""
    after = random.Random(seed * RUNS + number).uniform(0, LONGEST)
    with tempfile.TemporaryDirectory() as folder:
        flash_path = os.path.join(folder, "flash.bin")
        for name, content in (("flash.bin", old), ("new.dfu", new)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        wanted = new[:16384]
        killed = run_and_kill(folder, after)
        rows = written_rows(old, read(flash_path), wanted)
        options = ",mode=dfu,downloading=yes,window=off" if number % 2 else ""
        status, result = run(folder, options)
        flash = read(flash_path)
        is_right = (status == 0 and result["ok"] and result["verified"] == "readback"
                    and flash[FROM:TO] == wanted[FROM:TO])
        return killed, rows, None if is_right else f"run {number}{options}: status {status}, {result}"


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([make_sample, "pytrack", "new.dfu"], check=True, cwd=folder, stdout=subprocess.DEVNULL)
        subprocess.run([fettle, "list", "--board", "sim:pytrack,timing=none,flash=flash.bin"], check=True,
                       cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        old = read(os.path.join(folder, "flash.bin"))
        new = read(os.path.join(folder, "new.dfu"))
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        tries = list(pool.map(lambda number: try_once(number, old, new), range(RUNS)))
    killed = sum(was_killed for was_killed, _, _ in tries)
    partly = sum(0 < rows < (TO - FROM) // 64 for _, rows, _ in tries)
    complaints = [complaint for _, _, complaint in tries if complaint]
    for text in complaints[:5]:
        print("#", text)
    print(f"# seed {seed}: {killed} of {RUNS} were killed before their end, {partly} with some rows written "
          "and some not")
    print(("not " if complaints else "") + f"ok 1 - after {RUNS} kills the next run ended right each time")
    is_enough = killed > RUNS // 2 and partly > RUNS // 4
    print(("" if is_enough else "not ") + "ok 2 - enough of them were killed in the middle of writing")
    print("1..2")
    return 1 if complaints or not is_enough else 0


sys.exit(main())
