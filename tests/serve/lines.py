#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fettle-sim's serial lines as clients see them.

    tests/serve/lines.py

The client of RFC 2217 was written from its text and knows nothing of the project; pyserial's, where it is installed, is
another one. What reached a board is compared through log=FILE. TAP.
"""

import os
import random
import select
import signal
import socket
import struct
import subprocess
import termios
import time
import tty

from desk import LONGEST, Program, log_of, ok, path, perform, run, same, until

try:
    import serial
except ImportError:
    serial = None

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
BINARY, ECHO, GO_AHEAD, COM_PORT = 0, 1, 3, 44
BAUDRATE, DATASIZE, PARITY, STOPSIZE, CONTROL, PURGE = 1, 2, 3, 4, 5, 12
DTR_ON, DTR_OFF, RTS_ON, RTS_OFF = 8, 9, 11, 12
ECHOING = "pytrack,module=echo"


class Lines(Program):
    """The program, and the port of each board."""

    def __init__(self, way, *arguments, **options):
        self.count = sum(argument[0] != "-" for argument in arguments)
        super().__init__(*arguments, "--" + way, "127.0.0.1:0", **options)
        self.ports, self.names = [], []
        for _ in range(self.count):
            self.ports.append(int(self.line().removeprefix("listening on 127.0.0.1:")))
            self.names.append(self.line())


class Client:
    """Bytes, over TCP."""

    def __init__(self, port, room=None):
        self.socket = socket.socket()
        self.socket.settimeout(LONGEST)
        if room is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""

    def send(self, data):
        self.socket.sendall(data)

    def fill(self):
        """Takes what comes next; False: the other end has closed."""
        try:
            piece = self.socket.recv(65536)
        except ConnectionResetError:
            piece = b""
        self.take(piece)
        return bool(piece)

    def take(self, piece):
        self.data += piece

    def receive(self, size):
        while len(self.data) < size and self.fill():
            pass
        data, self.data = self.data[:size], self.data[size:]
        return data

    def receive_until(self, end):
        while end not in self.data and self.fill():
            pass
        return end in self.data

    def is_closed(self):
        while self.fill():
            pass
        return True

    def is_quiet(self):
        return not self.data and not select.select([self.socket], [], [], 0)[0]

    def close(self):
        self.socket.close()


class Telnet(Client):
    """RFC 2217: what isn't data is kept in `heard`, a tuple each."""

    def __init__(self, port, agrees=True):
        super().__init__(port)
        self.left, self.heard = b"", []
        if agrees:
            self.send(bytes([IAC, WILL, BINARY, IAC, DO, BINARY, IAC, WILL, COM_PORT]))
            self.wait_for((DO, COM_PORT))

    def take(self, piece):
        """Telnet's own, byte by byte, from what was left on."""
        rest = self.left + piece
        at = 0
        while at < len(rest):
            size = self.size_at(rest, at)
            if at + size > len(rest):
                break
            unit = rest[at:at + size]
            if unit[0] != IAC or unit[1] == IAC:
                self.data += unit[-1:]
            elif unit[1] == SB:
                self.heard.append(tuple(unit[2:-2].replace(b"\xff\xff", b"\xff")))
            else:
                self.heard.append(tuple(unit[1:]))
            at += size
        self.left = rest[at:]

    @staticmethod
    def size_at(rest, at):
        """Of a unit; beyond the end if there is more to come."""
        if rest[at] != IAC:
            return 1
        if at + 1 == len(rest) or rest[at + 1] == IAC:
            return 2
        if rest[at + 1] != SB:
            return 3
        end = at + 2
        while rest[end:end + 2] != bytes([IAC, SE]):
            if end >= len(rest):
                return len(rest)
            end += 2 if rest[end] == IAC else 1
        return end + 2 - at

    def wait_for(self, unit):
        while unit not in self.heard:
            if not self.fill():
                return False
        self.heard.remove(unit)
        return True

    def command(self, code, *value):
        data = bytes(value).replace(b"\xff", b"\xff\xff")
        self.send(bytes([IAC, SB, COM_PORT, code]) + data + bytes([IAC, SE]))

    def ask(self, code, *value):
        """The value of the answer."""
        self.command(code, *value)
        while not any(unit[:2] == (COM_PORT, code + 100) for unit in self.heard):
            if not self.fill():
                return None
        answer = next(unit for unit in self.heard if unit[:2] == (COM_PORT, code + 100))
        self.heard.remove(answer)
        return answer[2:]

    def baud(self, rate):
        return struct.unpack(">I", bytes(self.ask(BAUDRATE, *struct.pack(">I", rate))))[0]

    def say(self, data):
        self.send(data.replace(b"\xff", b"\xff\xff"))

    def loop(self, data):
        """What comes back for `data`."""
        self.say(data)
        return self.receive(len(data))


def told(name):
    """The log: what the board was told, in order."""
    return [(entry["baud"], entry["data_bits"]) if entry["what"] == "line-coding" else (entry["dtr"], entry["rts"])
            for entry in log_of(name) if entry["what"] in ("line-coding", "lines")]


def written(name):
    return sum(entry["count"] for entry in log_of(name) if entry["what"] == "write")


# ---- what must hold ----


def check_command_line():
    for arguments, word in [(["dfu", "--tcp", "127.0.0.1:0"], "no serial line"), (["dfu", "--pty"], "no serial line"),
                            (["esp32", "--usbip", "127.0.0.1:0"], "--rfc2217"), (["esp32", "--plug"], "--rfc2217"),
                            (["lopy+expansion2", "--usbip", "127.0.0.1:0"], "--rfc2217"),
                            (["pytrack", "--pty", "--tcp", "127.0.0.1:0"], "only one"),
                            (["pytrack", "--rfc2217"], "HOST:PORT"), (["pytrack", "--tcp=nix:1"], "HOST:PORT"),
                            (["pytrack", "--tcp", "0.0.0.0:0"], "--allow-remote"), (["--pty"], "no board"),
                            (["pytrack*2", "--tcp", "127.0.0.1:65535"], "no port")]:
        status, out, err = run(*arguments)
        ok(status == 2 and word in err and not out, f"exit status 2, and a sentence: {' '.join(arguments)}")
    server = Lines("tcp", "pytrack")
    status, out, err = run("pytrack", "--tcp", f"127.0.0.1:{server.ports[0]}")
    ok(status == 1 and "cannot listen" in err, "exit status 1: somebody listens there")
    same(server.stop(signal.SIGINT), 0, "SIGINT ends it well")


def check_tcp():
    server = Lines("tcp", ECHOING + ",log=1.log", "pysense,module=echo,log=2.log")
    same(server.names, ["1-1 sim:pytrack", "1-2 sim:pysense"], "each board has a name")
    first, second = Client(server.ports[0]), Client(server.ports[1])
    data = random.Random(1).randbytes(3000)
    first.send(data)
    second.send(b"\xff\xfd\x2c\r\0")
    same(first.receive(3000), data, "3000 bytes there and back")
    same(second.receive(5), b"\xff\xfd\x2c\r\0", "bytes as they are, over the next board's port")
    same(written("1.log"), 3000, "no more has reached the board")
    waiting = Client(server.ports[0])
    waiting.send(b"next")
    first.send(b"again")
    same(first.receive(5), b"again", "a second client comes, and the first one is still served")
    ok(waiting.is_quiet(), "the second one isn't")
    first.close()
    same(waiting.receive(4), b"next", "until the first one has left")
    waiting.send(b"last words")
    waiting.close()
    ok(until(lambda: written("1.log") == 3019), "what a client says before it leaves reaches the board")
    same(told("1.log")[:2], [(115200, 8), (False, False)], "a line starts with 115200 baud and 8 bits")
    same(server.stop(), 0, "SIGTERM ends it well, with a client there")
    ok(second.is_closed(), "who is cut off")


def check_negotiation():
    server = Lines("rfc2217", ECHOING)
    client = Telnet(server.ports[0], agrees=False)
    client.send(bytes([IAC, DO, ECHO, IAC, WILL, GO_AHEAD, IAC, WILL, 24, IAC, DO, 31, IAC, DO, COM_PORT]))
    for unit, name in [((WILL, BINARY), "BINARY is offered"), ((DO, BINARY), "and wanted"), ((WILL, ECHO), "ECHO"),
                       ((DO, GO_AHEAD), "SUPPRESS-GO-AHEAD"), ((DONT, 24), "a strange one is refused"),
                       ((WONT, 31), "both ways"), ((WILL, COM_PORT), "COM-PORT-OPTION")]:
        ok(client.wait_for(unit), name)
    client.send(bytes([IAC, DONT, BINARY, IAC, WONT, BINARY]) + b"a\r\0b")
    same(client.receive(4), b"a\r\0b", "text: CR NUL there, and back")
    same(client.heard, [(COM_PORT, 107, 0)], "and nothing else was said but the state of the modem lines")
    client.close()
    same(server.stop(), 0, "the server ends well")


def check_rfc2217():
    server = Lines("rfc2217", ECHOING + ",log=line.log")
    client = Telnet(server.ports[0])
    same(client.baud(921600), 921600, "SET-BAUDRATE")
    same(client.baud(0), 921600, "which can be asked")
    same(client.ask(DATASIZE, 7), (7,), "SET-DATASIZE")
    same([client.ask(DATASIZE, 4), client.ask(PARITY, 2), client.ask(STOPSIZE, 2)], [(7,), (1,), (1,)],
         "what the line doesn't have is answered with what holds")
    same(client.ask(DATASIZE, 8), (8,), "8 bits again")
    same([client.ask(CONTROL, value) for value in (DTR_ON, RTS_ON, DTR_OFF, 10, 7)],
         [(DTR_ON,), (RTS_ON,), (DTR_OFF,), (RTS_ON,), (DTR_OFF,)], "DTR and RTS")
    same(told("line.log"), [(115200, 8), (False, False), (921600, 8), (921600, 7), (921600, 8), (True, False),
                            (True, True), (False, True)], "the board was told, in this order")
    data = bytes(range(256)) * 64
    same(client.loop(data), data, "16 KiB of all values there and back")
    same(written("line.log"), len(data), "no more has reached the board")
    same(client.ask(PURGE, 3), (3,), "PURGE-DATA")
    client.command(8)
    client.say(b"1")
    ok(until(lambda: written("line.log") == len(data) + 1), "FLOWCONTROL-SUSPEND: the board gets bytes")
    same((client.ask(CONTROL, 10), client.is_quiet()), ((RTS_ON,), True), "the client none, but answers")
    same(client.ask(PURGE, 1), (1,), "PURGE-DATA of what has come")
    client.command(9)
    same(client.loop(b"2"), b"2", "FLOWCONTROL-RESUME: what comes after that")
    other = Telnet(server.ports[0], agrees=False)
    client.close()
    ok(other.wait_for((DO, BINARY)), "the next client")
    other.send(bytes([IAC, WILL, COM_PORT]))
    same(other.baud(0), 115200, "begins with 115200 baud")
    same(told("line.log")[8:], [(False, False), (115200, 8), (False, False)], "and both lines are off when one leaves")
    same(server.stop(), 0, "the server ends well")


def check_garbage():
    server = Lines("rfc2217", ECHOING)
    chance = random.Random(5)
    for _ in range(20):
        client = Client(server.ports[0])
        client.send(bytes(chance.choice((IAC, SB, SE, COM_PORT, WILL, DO, 1, 5, 0, 13, chance.randrange(256)))
                          for _ in range(600)))
        client.close()
    client = Client(server.ports[0])
    client.send(bytes([IAC, SB, COM_PORT, 1]) + bytes(100000))
    client.close()
    client = Telnet(server.ports[0])
    same(client.loop(b"still here"), b"still here", "it has survived what isn't Telnet")
    client.close()
    same(server.stop(), 0, "the server ends well")


def check_deaf_client():
    server = Lines("rfc2217", ECHOING + ",log=deaf.log")
    client = Telnet(server.ports[0])
    client.baud(3000000)
    client.socket.setblocking(False)
    try:
        while True:
            client.send(bytes(65536))
    except BlockingIOError:
        pass
    ok(until(lambda: written("deaf.log") > 10000), "a client that sends and doesn't read")
    client.close()
    client = Telnet(server.ports[0])
    same(client.loop(b"hello"), b"hello", "is no trouble for the next one")

    client.close()

    client = Client(server.ports[0], room=4096)
    client.send(bytes([IAC, WILL, COM_PORT]))
    client.receive_until(bytes([107, 0, IAC, SE]))
    client.data = b""
    question = bytes([IAC, SB, COM_PORT, CONTROL, 7, IAC, SE])
    asked = 0
    client.socket.setblocking(False)
    while select.select([], [client.socket], [], 0.3)[1]:
        asked += client.socket.send((question * 10000)[asked % len(question):])
    client.socket.settimeout(LONGEST)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    size = asked - asked % len(question)
    answers = question.replace(bytes([CONTROL, 7]), bytes([CONTROL + 100, DTR_OFF])) * (size // len(question))
    ok(client.receive(size) == answers, "nor is one with many questions that reads the answers later")
    same(server.stop(), 0, "the server ends well")


def check_departures():
    server = Lines("tcp", ECHOING, "--commands", stdin=subprocess.PIPE)
    client = Client(server.ports[0])
    client.send(b"x")
    same(client.receive(1), b"x", "a board is there")
    same(server.ask("press 1-1")[:4], "no: ", "a board without a reset button")
    same(server.ask("unplug 1-1"), "ok", "it is unplugged")
    ok(client.is_closed(), "the connection is closed")
    client = Client(server.ports[0])
    client.send(b"y")
    ok(server.ask("show 1-1").startswith("ok nothing") and client.is_quiet(), "the next one waits")
    same(server.ask("plug 1-1 button"), "ok", "it is back in update mode, which is no serial line")
    ok(until(lambda: server.ask("show 1-1").startswith("ok update")) and client.is_quiet(), "it waits on")
    same(server.ask("replug 1-1"), "ok", "until it is back in its application")
    same(client.receive(1), b"y", "then it is served")
    same(server.ask("fault 1-1 no-permission"), "ok", "a board that may not be opened")
    client.close()
    ok(Client(server.ports[0]).is_closed(), "closes the connection at once")
    same(server.stop(), 0, "the server ends well")


def open_raw(name, speed):
    line = os.open(path(name), os.O_RDWR | os.O_NOCTTY)
    tty.setraw(line, termios.TCSANOW)
    set_speed(line, speed)
    return line


def set_speed(line, speed):
    settings = termios.tcgetattr(line)
    settings[4] = settings[5] = speed
    termios.tcsetattr(line, termios.TCSANOW, settings)


def loop(line, data):
    """What comes back for `data`, as long as there is a line."""
    came = b""
    try:
        os.write(line, data)
        while len(came) < len(data) and select.select([line], [], [], LONGEST)[0]:
            piece = os.read(line, len(data))
            if not piece:
                break
            came += piece
    except OSError:
        pass
    return came


def check_pty():
    os.symlink("nowhere", path("port"))
    server = Program(ECHOING + ",enumerate=20,log=pty.log", "pysense", "--pty=port", "--commands", stdin=subprocess.PIPE)
    same([server.line(), server.line()], ["1-1 sim:pytrack", "1-2 sim:pysense"], "two boards")
    plugged = dict(line.removeprefix("plugged ").split(" pty ") for line in (server.line(), server.line()))
    same([os.readlink(path(name)) for name in ("port", "port.2")], [plugged["1-1"], plugged["1-2"]],
         "a link each; one that was left behind is replaced")
    line = os.open(path("port"), os.O_RDWR | os.O_NOCTTY)
    same(loop(line, b"\3raw\r\n"), b"\3raw\r\n", "who opens it and sets nothing finds it raw")
    os.close(line)
    ok(until(lambda: [entry["what"] for entry in log_of("pty.log")][-1] == "close"), "and leaves")
    line = open_raw("port", termios.B230400)
    data = bytes(range(256)) * 8
    same(loop(line, data), data, "bytes there and back, as they are")
    same(told("pty.log"), [(115200, 8), (False, False), (230400, 8), (False, False)], "at the rate that the client has set")
    set_speed(line, termios.B57600)
    same(loop(line, b"slower"), b"slower", "at another one")
    same(server.ask("line 1-1"), "ok 57600 8 dtr=0 rts=0", "which the board was told")
    os.write(line, b"unread")
    ok(until(lambda: written("pty.log") == len(data) + 18), "a client that leaves without having read")
    os.close(line)
    ok(until(lambda: [entry["what"] for entry in log_of("pty.log")][-1] == "close"), "the board notices")
    line = open_raw("port", termios.B115200)
    same(loop(line, b"new"), b"new", "the next client finds nothing of it")
    same(server.ask("replug 1-1"), "ok", "the board leaves")
    same(server.line(), "left 1-1", "and is said to")
    same(loop(line, b"x"), b"", "the line is hung up")
    ok(not os.path.lexists(path("port")) or os.readlink(path("port")) != plugged["1-1"], "the link is gone")
    ok(server.line().startswith("plugged 1-1 pty /dev/"), "another one comes")
    os.close(line)
    line = open_raw("port", termios.B115200)
    same(loop(line, b"back"), b"back", "under the same link")
    os.close(line)
    same(server.stop(), 0, "the program ends well")
    same(sorted(server.rest.split("\n")), ["", "left 1-1", "left 1-2"], "it says so")
    same([os.path.lexists(path(name)) for name in ("port", "port.2")], [False, False], "and takes its links away")
    with open(path("file"), "w", encoding="ascii"):
        pass
    status, _, err = run("pytrack", "--pty=file")
    ok(status == 1 and "cannot make the link" in err, "a file is no link, and stays")


def check_esp():
    server = Lines("rfc2217", "esp32,log=esp.log", "esp32,person=helpful,delay=0", "--commands", stdin=subprocess.PIPE)
    client = Telnet(server.ports[0])
    for value in (DTR_OFF, RTS_ON):
        client.ask(CONTROL, value)
    client.ask(PURGE, 1)
    client.data = b""
    for value in (DTR_ON, RTS_OFF):
        client.command(CONTROL, value)
    ok(client.receive_until(b"waiting for download"), "an ESP32 is reset into its loader over DTR and RTS")
    client.ask(CONTROL, DTR_OFF)
    client.data = b""
    client.say(b"\xc0\0\x08\x24\0\0\0\0\0\x07\x07\x12\x20" + b"U" * 32 + b"\xc0")
    ok(client.receive_until(b"\xc0\1\x08"), "and answers SYNC")
    client.close()
    ok(Telnet(server.ports[1]).receive_until(b"waiting for download"), "a person presses what one without lines needs")
    client = Telnet(server.ports[0])
    same(server.ask("press 1-1"), "ok", "its button")
    ok(client.receive_until(b"boot:0x13"), "lets it start its application")
    same(server.ask("press 1-1 button"), "ok", "with BOOT held")
    ok(client.receive_until(b"waiting for download"), "its loader")
    same(server.stop(), 0, "the server ends well")


SYNC = b"\xc0\0\x08\x24\0\0\0\0\0\x07\x07\x12\x20" + b"U" * 32 + b"\xc0"
ENTER = ["02 8C 00 DF 00 00", "02 0C 00 DF 00 00", "02 8E 00 FE 00 00", "02 0E 00 FE 00 00", "02 8E 00 DF 00 00",
         "02 0E 00 DF 00 00", "02 0E 00 FF 20 00", "02 8E 00 FF 20 00"]


def check_modules():
    server = Lines("rfc2217", "lopy+expansion2", "lopy4+pytrack", "esp32", "--commands", stdin=subprocess.PIPE)
    same(server.names, ["1-1 sim:lopy+expansion2", "1-2 sim:lopy4+pytrack", "1-3 sim:esp32"], "modules on carriers have names")
    client = Telnet(server.ports[0])
    same(server.ask("press 1-1 wire"), "ok", "G23 to ground, and reset")
    ok(client.receive_until(b"waiting for download"), "brings a module into its loader")
    client.say(SYNC)
    ok(client.receive_until(b"\xc0\1\x08"), "which answers SYNC")
    ok(server.ask("show 1-1").startswith("ok update 0403:6015"), "and is shown")
    same(server.ask("press 1-1 unwire"), "ok", "the wire is taken off, and reset")
    ok(client.receive_until(b"; LoPy with ESP32"), "its firmware says what it is")
    same([server.ask("press 1-3 wire")[:4], server.ask("press 1-1 knob")[:4]], ["no: "] * 2, "others have no such wire")
    client.close()
    client = Telnet(server.ports[1])
    same(client.ask(DATASIZE, 5), (5,), "five data bits")
    client.ask(PURGE, 1)
    client.data = b""
    client.say(b"\x11")
    same(client.receive(2), b"\x08\0", "are for the PIC, which says its version")
    for step in ENTER:
        client.say(bytes.fromhex(step))
    same(len(client.receive(8)), 8, "it obeys, and answers each command")
    same(client.ask(DATASIZE, 8), (8,), "eight are for the module,")
    client.say(SYNC)
    ok(client.receive_until(b"\xc0\1\x08"), "which is in its loader now")
    client.close()
    same(server.stop(), 0, "the server ends well")


def check_module_on_pty():
    """Of one whose bridge has nothing but bytes: a pseudo terminal of Linux has eight data bits, whatever it is told."""
    server = Program("lopy+expansion2", "--pty=port", "--commands", stdin=subprocess.PIPE)
    same([server.line(), server.line()[:16]], ["1-1 sim:lopy+expansion2", "plugged 1-1 pty "], "a module behind a bridge")
    line = open_raw("port", termios.B115200)
    pressed, came = None, b""
    end = time.monotonic() + LONGEST
    while b"waiting for download" not in came and time.monotonic() < end:
        # Until the server knows that somebody listens, what the board says is lost: then it is said again.
        if not select.select([line], [], [], 0.5)[0]:
            pressed = server.ask("press 1-1 wire")
        else:
            came += os.read(line, 64)
    same(pressed, "ok", "it is wired")
    ok(b"waiting for download" in came, "and says so to whoever has opened the pseudo terminal")
    os.close(line)
    same(server.stop(), 0, "the program ends well")


def check_pyserial():
    if serial is None:
        print("# pyserial isn't installed", flush=True)
        return
    server = Lines("rfc2217", ECHOING + ",log=py.log")
    line = serial.serial_for_url(f"rfc2217://127.0.0.1:{server.ports[0]}", baudrate=460800, timeout=LONGEST)
    data = bytes(range(256)) * 20
    line.write(data)
    same(line.read(len(data)), data, "pyserial: bytes there and back")
    line.baudrate = 57600
    line.bytesize = 7
    line.dtr = False
    line.rts = False
    line.reset_input_buffer()
    line.write(b"end")
    same(line.read(3), b"end", "pyserial: after a purge")
    line.close()
    same(told("py.log"), [(115200, 8), (False, False), (460800, 8), (True, False), (True, True), (57600, 8), (57600, 7),
                          (False, True), (False, False)], "pyserial: rate, data bits, DTR and RTS")
    same(written("py.log"), len(data) + 3, "pyserial: nothing else has reached the board")
    same(server.stop(), 0, "the server ends well")


perform(check_command_line, check_tcp, check_negotiation, check_rfc2217, check_garbage, check_deaf_client, check_departures,
        check_pty, check_esp, check_modules, check_module_on_pty, check_pyserial)
