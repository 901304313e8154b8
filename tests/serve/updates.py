#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whole updates of virtual ESP boards over lines as the system and others make them, in real time.

    tests/serve/updates.py

A pseudo terminal, RFC 2217, and ser2net, a server by others, between the two. fettle and the board are programs of their own;
what the board holds is compared byte by byte with the file. TAP.
"""

import json
import os
import shutil
import signal
import socket
import subprocess

from desk import LONGEST, Program, build, content, make_sample, ok, path, perform, same, until

fettle = os.environ.get("FETTLE", os.path.join(build, "fettle"))
CHIPS = "esp32", "esp32c3"
SIZE, FACTORY = 32768, 0x10000
# A pseudo terminal has no DTR and RTS: somebody has brought the chip into its loader. Behind a bridge the line stays then.
BY_HAND = ",mode=rom,bridge=cp210x"


class Board(Program):
    """A virtual board, and where its line is."""

    def __init__(self, chip, options, *way):
        self.flash = f"{chip}.flash"
        if os.path.exists(path(self.flash)):
            os.remove(path(self.flash))
        super().__init__(f"{chip}{options},flash={self.flash}", *way, "--commands", stdin=subprocess.PIPE)

    def holds(self, name):
        return content(self.flash)[FACTORY:FACTORY + SIZE] == content(name)


def update(file, port):
    """(exit status, the result)"""
    home = {**os.environ, "HOME": path("home"), "XDG_STATE_HOME": path("home")}
    done = subprocess.run([fettle, "update", file, "--board", port, "--no-stub", "--json"], cwd=path(""), env=home,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LONGEST, check=False)
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        print("# " + done.stderr.decode().replace("\n", "\n# "), flush=True)
        return done.returncode, {"outcome": "no JSON", "verified": "", "board": None}


def told(result):
    return result[0], result[1]["outcome"], result[1]["verified"], (result[1]["board"] or {}).get("mode")


def check_updates(name, chip, board, port, has_lines):
    file = f"{chip}.bin"
    if not os.path.exists(path(file)):
        subprocess.run([make_sample, "esp-app", chip, path(file), str(SIZE)], stdout=subprocess.DEVNULL, check=True)
    first = update(file, port)
    same(told(first), (0, "updated", "hash", "app"), f"{name}: written, proven, and its application runs")
    ok(board.holds(file), f"{name}: the board has the file, byte by byte")
    if not has_lines:
        same(board.ask("press 1-1 button"), "ok", f"{name}: somebody holds BOOT and presses RESET")
    second = update(file, port)
    same(told(second), (0, "unchanged", "hash", "app"), f"{name}: the second time nothing is written")
    ok(board.holds(file), f"{name}: and nothing has changed")
    ok(second[1]["wire"]["bytes_out"] * 10 < first[1]["wire"]["bytes_out"], f"{name}: with a tenth of the bytes at most")
    same(board.stop(signal.SIGTERM), 0, f"{name}: the board ends well")


def check_pty():
    for chip in CHIPS:
        board = Board(chip, BY_HAND, "--pty")
        board.line()
        node = board.line().removeprefix("plugged 1-1 pty ")
        check_updates(f"{chip} at {os.path.dirname(node)}", chip, board, node, False)


def check_link():
    """fettle-sim's own link, outside of /dev."""
    board = Board("esp32", BY_HAND, "--pty=port")
    board.line()
    board.line()
    check_updates("a link to it", "esp32", board, "./port", False)


def check_rfc2217():
    for chip in CHIPS:
        board = Board(chip, "", "--rfc2217", "127.0.0.1:0")
        port = board.line().removeprefix("listening on ")
        board.line()
        check_updates(f"{chip} over RFC 2217", chip, board, f"rfc2217://{port}", True)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Server:
    """ser2net, between a terminal and RFC 2217."""

    def __init__(self, node):
        self.port = free_port()
        with open(path("ser2net.yaml"), "w", encoding="utf-8") as file:
            file.write("connection: &only\n"
                       f"  accepter: telnet(rfc2217),tcp,127.0.0.1,{self.port}\n"
                       f"  connector: serialdev,{node},115200n81,local\n")
        self.process = subprocess.Popen(["ser2net", "-n", "-d", "-u", "-c", path("ser2net.yaml")], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        Program.running.append(self)
        until(self.listens)

    def listens(self):
        """Without being its client: what it has bound can't be bound again."""
        with socket.socket() as mine:
            try:
                mine.bind(("127.0.0.1", self.port))
            except OSError:
                return True
        return False

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=LONGEST)


def check_ser2net():
    if shutil.which("ser2net") is None:
        ok(True, "over ser2net # SKIP it is not installed")
        return
    for chip in CHIPS:
        board = Board(chip, BY_HAND, "--pty")
        board.line()
        server = Server(board.line().removeprefix("plugged 1-1 pty "))
        check_updates(f"{chip} behind ser2net", chip, board, f"rfc2217://127.0.0.1:{server.port}", False)
        server.stop()


perform(check_pty, check_link, check_rfc2217, check_ser2net)
