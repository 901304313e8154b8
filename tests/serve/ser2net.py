#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fettle's serial lines over RFC 2217 and TCP, served by ser2net from a pseudo-terminal.

    tests/serve/ser2net.py

The test holds the terminal's other end, and sees there what rate was set. A pseudo-terminal has no control lines: ser2net
doesn't answer then, which fettle must take for what it is. TAP.
"""

import os
import socket
import subprocess
import termios
import tty

from desk import LONGEST, Program, build, ok, path, perform, same, until

tool = os.environ.get("FETTLE_SERIAL_TOOL", os.path.join(build, "tests", "fettle-serial-tool"))
ALL = bytes(range(256))
NOT_THERE = "error why=5 system=25"  # FETTLE_WHY_SYSTEM, ENOTTY


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Server:
    """ser2net, and the other end of its terminal."""

    def __init__(self, accepter):
        self.end, terminal = os.openpty()
        tty.setraw(terminal)
        self.terminal = terminal  # kept, so that the other end isn't hung up meanwhile
        self.port = free_port()
        with open(path("ser2net.yaml"), "w", encoding="utf-8") as file:
            file.write("connection: &only\n"
                       f"  accepter: {accepter},127.0.0.1,{self.port}\n"
                       f"  connector: serialdev,{os.ttyname(terminal)},9600n81,local\n")
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

    def rate(self):
        return termios.tcgetattr(self.end)[5]

    def send(self, data):
        os.write(self.end, data)

    def receive(self, size):
        data = b""
        while len(data) < size:
            data += os.read(self.end, size - len(data))
        return data

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=LONGEST)
        os.close(self.end)
        os.close(self.terminal)


class Tool:
    def __init__(self, port, *verbs):
        self.process = subprocess.Popen([tool, port, "115200", "8", "0", "0", *verbs], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, bufsize=0)
        Program.running.append(self)

    def line(self):
        return self.process.stdout.readline().decode().rstrip("\n")

    def end(self):
        rest = self.process.communicate(timeout=LONGEST)[0].decode()
        return self.process.returncode, rest


def text(data):
    return "".join(f"\\x{byte:02x}" for byte in data)


def shown(data):
    return "read " + "".join(chr(byte) if 0x20 < byte < 0x7F and byte != 0x5C else f"\\x{byte:02x}" for byte in data)


def check_rfc2217():
    server = Server("telnet(rfc2217),tcp")
    client = Tool(f"rfc2217://127.0.0.1:{server.port}", "read", "1", "baud", "921600", "read", "1", "write", text(ALL),
                  "read", "256", "lines", "1,0", "read", "4", "discard", "-", "bits", "8", "read", "3", "read", "1")
    same(client.line(), "open ok", "opens, although the terminal has no control lines")
    same(server.rate(), termios.B115200, "at the rate that was asked for")
    server.send(b"a")
    same([client.line(), client.line()], ["read a", "baud ok"], "another rate")
    same(server.rate(), termios.B921600, "which is set when it has answered")
    server.send(b"b")
    same([client.line(), client.line()], ["read b", "write ok"], "writes")
    same(server.receive(256), ALL, "all bytes as they are")
    server.send(ALL)
    same(client.line(), shown(ALL), "and back")
    same(client.line(), "lines " + NOT_THERE, "no control lines: not there, rather than failed")
    server.send(b"sync, and what is old")
    # the server forgets, too, before it answers to the next request
    same([client.line(), client.line(), client.line()], ["read sync", "discard ok", "bits ok"], "forgets what has come")
    server.send(b"new")
    same(client.line(), "read new", "and nothing that comes after it")
    other = Tool(f"rfc2217://127.0.0.1:{server.port}")
    status, said = other.end()
    same(status, 1, "a second client isn't let in")
    # ser2net talks of options first, or not at all
    ok(said == "open gone\n" or said.startswith(f"cannot reach 127.0.0.1:{server.port}: "), f"and is told so: {said!r}")
    server.process.kill()
    same(client.line(), "read gone", "a server that goes takes the board with it")
    same(client.end(), (0, ""), "the client ends well")
    server.stop()


def check_tcp():
    server = Server("tcp")
    client = Tool(f"tcp://127.0.0.1:{server.port}", "write", text(ALL), "read", "256", "baud", "9600", "bits", "8",
                  "lines", "0,0")
    same([client.line(), client.line()], ["open ok", "write ok"], "plain TCP: writes")
    same(server.receive(256), ALL, "plain TCP: all bytes as they are")
    server.send(ALL)
    same(client.line(), shown(ALL), "plain TCP: and back")
    for what in "baud", "bits", "lines":
        same(client.line(), f"{what} {NOT_THERE}", f"plain TCP: no {what}")
    same(client.end(), (0, ""), "plain TCP: the client ends well")
    server.stop()


def check_other_server():
    server = Server("tcp")
    status, said = Tool(f"rfc2217://127.0.0.1:{server.port}").end()
    same((status, said), (1, f"cannot reach 127.0.0.1:{server.port}: what answers there does not speak RFC 2217\n"),
         "a server of another kind is named")
    server.stop()


perform(check_rfc2217, check_tcp, check_other_server)
