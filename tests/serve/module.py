#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A LoPy on an Expansion Board 2.0 over RFC 2217, in real time: fettle on one side, the board and a hand on the other.

    tests/serve/module.py

The hand does what fettle asks for, or something else: each wrong turn has a sentence of its own. TAP.
"""

import os
import subprocess

from desk import LONGEST, Program, build, content, make_sample, ok, path, perform, same, until

fettle = os.environ.get("FETTLE", os.path.join(build, "fettle"))
PACKAGE = "LoPy-1.20.2.r6.tar.gz"
FACTORY, APPLICATION, REGION = 0x10000, 16384, 0x3FF000 + 52
IN865 = 7
WIRE, UNWIRE = "Connect G23 (P2) with GND by a wire", "Take the wire between G23 (P2) and GND off"


class Board(Program):
    def __init__(self):
        if os.path.exists(path("lopy.flash")):
            os.remove(path("lopy.flash"))
        super().__init__("lopy+expansion2,flash=lopy.flash,log=lopy.log", "--rfc2217", "127.0.0.1:0", "--commands",
                         stdin=subprocess.PIPE)
        self.port = self.line().removeprefix("listening on ")
        self.line()


class Update:
    """fettle in the background, and what it has said so far."""

    def __init__(self, board, *options):
        home = {**os.environ, "HOME": path("home"), "XDG_STATE_HOME": path("home")}
        with open(path("said"), "wb") as said:
            self.process = subprocess.Popen([fettle, "update", PACKAGE, "--board", f"rfc2217://{board.port}", "--no-stub",
                                             *options], cwd=path(""), env=home, stdin=subprocess.DEVNULL,
                                            stdout=said, stderr=said)
        Program.running.append(self)

    @staticmethod
    def said():
        return " ".join(content("said").decode().split())

    def says(self, sentence):
        return until(lambda: sentence in self.said() or self.process.poll() is not None) and sentence in self.said()

    def ends(self):
        return self.process.wait(timeout=LONGEST)


def make_package():
    subprocess.run([make_sample, "pycom-package", path(PACKAGE), "module=LoPy", "layout=4MB", f"size={APPLICATION}"],
                   stdout=subprocess.DEVNULL, check=True)


def check_update():
    make_package()
    board = Board()
    update = Update(board, "--wait=60", "--country", "India")
    ok(update.says(WIRE), "the wire on G23 is asked for")
    same(board.ask("press 1-1"), "ok", "a hand presses reset without it")
    ok(update.says("G23 (P2) is not connected with GND"), "that is said, and it waits on")
    same(board.ask("press 1-1 wire"), "ok", "a hand wires it, and presses reset")
    ok(update.says(UNWIRE), "it goes on by itself, and asks for the wire to be taken off")
    same(board.ask("press 1-1"), "ok", "a hand presses reset with the wire still there")
    ok(update.says("is still there"), "that is said, and it waits on")
    same(board.ask("press 1-1 unwire"), "ok", "a hand takes it off")
    same(update.ends(), 0, "updated")
    ok(update.says("the board's own hash of it agrees"), "and proven")
    ok(update.says("India: 865-867 MHz, so IN865"), "the region is explained")
    flash = content("lopy.flash")
    same(flash[REGION], IN865, "it is stored, and right")
    ok(flash[FACTORY:FACTORY + 1] == b"\xe9", "the application is there")
    first = len(flash)
    again = Update(board, "--wait=60")
    ok(again.says(WIRE), "a second time")
    board.ask("press 1-1 wire")
    ok(again.says(UNWIRE), "it only looks")
    board.ask("press 1-1 unwire")
    same(again.ends(), 0, "and ends well")
    ok(again.says("had this firmware already"), "nothing is written")
    same((len(content("lopy.flash")), content("lopy.flash") == flash), (first, True), "nothing has changed")
    board.stop()


def check_nobody():
    board = Board()
    update = Update(board, "--wait=3", "--country", "India")
    same(update.ends(), 12, "nobody there: exit status 12")
    ok(update.says("reset button, and run the same command again"), "what to do is said")
    board.stop()


perform(check_update, check_nobody)
