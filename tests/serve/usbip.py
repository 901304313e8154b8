#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fettle-sim as a USB/IP host sees it.

    tests/serve/usbip.py

The host here was written from the protocol's text (the kernel's usbip_protocol.rst) and knows nothing of
the project: it lists, imports, and speaks DFU by hand. What boards hold is compared through flash=FILE.
Nothing sleeps: what takes time is asked for again until it is there, or LONGEST is over. TAP.
"""

import os
import random
import signal
import socket
import struct
import subprocess
import time

from desk import LONGEST, Program, content, log_of, make_sample, ok, path, perform, run, same, until

EPIPE, EPROTO, ECONNRESET = -32, -71, -104
OUT, IN = 0, 1


# ---- the host ----


class Closed(Exception):
    """The other end has closed the connection."""


class Stream:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LONGEST)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the next receive() says so

    def receive(self, size):
        data = b""
        while len(data) < size:
            try:
                piece = self.socket.recv(size - len(data))
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise Closed
            data += piece
        return data

    def is_closed(self):
        """Waits for the other end to close; whatever still comes counts for nothing."""
        try:
            while True:
                self.receive(1)
        except Closed:
            return True
        except socket.timeout:
            return False

    def close(self):
        self.socket.close()


class Device:
    def __init__(self, data):
        self.path = data[:256].rstrip(b"\0").decode()
        self.busid = data[256:288].rstrip(b"\0").decode()
        self.busnum, self.devnum, self.speed, self.vendor, self.product, self.bcd = struct.unpack(
            ">IIIHHH", data[288:306])
        (self.device_class, self.subclass, self.protocol, self.configuration, self.configurations,
         self.interface_count) = data[306:312]
        self.devid = self.busnum << 16 | self.devnum
        self.interfaces = []


def devlist(port):
    stream = Stream(port)
    stream.send(struct.pack(">HHI", 0x0111, 0x8005, 0))
    version, code, status, count = struct.unpack(">HHII", stream.receive(12))
    assert (version, code, status) == (0x0111, 0x0005, 0)
    devices = {}
    for _ in range(count):
        device = Device(stream.receive(312))
        device.interfaces = [tuple(stream.receive(4)) for _ in range(device.interface_count)]
        devices[device.busid] = device
    assert stream.is_closed()
    stream.close()
    return devices


class Refused(Exception):
    """An import that was answered with a status."""


class Board(Stream):
    def __init__(self, port, busid):
        super().__init__(port)
        self.seqnum = random.randrange(1, 1 << 20)
        self.send(struct.pack(">HHI32s", 0x0111, 0x8003, 0, busid.encode()))
        version, code, status = struct.unpack(">HHI", self.receive(8))
        assert (version, code) == (0x0111, 0x0003)
        if status:
            self.close()
            raise Refused(status)
        self.device = Device(self.receive(312))

    def submit(self, direction, endpoint, length, setup=bytes(8), data=b"", devid=None, packets=0):
        self.seqnum += 1
        self.send(struct.pack(">IIIIIIIIII", 1, self.seqnum, self.device.devid if devid is None else devid,
                              direction, endpoint, 0, length, 0, packets, 0) + setup + data)
        return self.seqnum

    def unlink(self, seqnum):
        self.seqnum += 1
        self.send(struct.pack(">IIIIII", 2, self.seqnum, self.device.devid, 0, 0, seqnum) + bytes(24))
        return self.seqnum

    def reply(self, direction=OUT):
        """(code, seqnum, status, actual_length, data)"""
        header = self.receive(48)
        code, seqnum = struct.unpack(">II", header[:8])
        status, length = struct.unpack(">iI", header[20:28])
        data = self.receive(length) if code == 3 and direction == IN else b""
        return code, seqnum, status, length, data

    def start(self, kind, request, value=0, index=0, data=0):
        """A control transfer; `data`: what goes out, or how much may come in."""
        direction = kind >> 7
        length = data if isinstance(data, int) else len(data)
        setup = struct.pack("<BBHHH", kind, request, value, index, length)
        return self.submit(direction, 0, length, setup, b"" if isinstance(data, int) else data)

    def control(self, kind, request, value=0, index=0, data=0):
        """(status, what came in, or how much was taken)"""
        seqnum = self.start(kind, request, value, index, data)
        code, answers, status, length, came = self.reply(kind >> 7)
        assert (code, answers) == (3, seqnum)
        return status, came if kind >> 7 else length

    def descriptor(self, kind, index=0, length=255, language=0):
        return self.control(0x80, 6, kind << 8 | index, language, length)

    def status(self):
        """(bStatus, bState)"""
        status, data = self.control(0xA1, 3, 0, 0, 6)
        assert status == 0 and len(data) == 6
        return data[0], data[4]

    def text(self, index):
        status, data = self.descriptor(3, index, 255, 0x0409)
        return data[2:].decode("utf-16-le") if status == 0 else None


class Server(Program):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, "--usbip", "127.0.0.1:0", **options)
        self.port = int(self.line().rsplit(":", 1)[1])

    def board(self, busid="1-1"):
        """Imports it, as soon as it is there and nobody else has it any more."""
        def attempt():
            try:
                return Board(self.port, busid)
            except Refused:
                return None
        return until(attempt)

    def listed(self, busid, product):
        return until(lambda: getattr(devlist(self.port).get(busid), "product", None) == product)


def refusal(port, busid):
    try:
        Board(port, busid).close()
        return 0
    except Refused as status:
        return status.args[0]


# ---- what must hold ----


def check_command_line():
    status, out, err = run("--help")
    ok(status == 0 and "example:" in out and "--usbip 127.0.0.1:3240" in out and not err, "--help has an example")
    for arguments, word in [(["nix", "--usbip", "127.0.0.1:0"], "nix"), (["dfu,nix=1"], "nix"), (["dfu"], "--usbip"),
                            (["--usbip", "127.0.0.1:0"], "board"), (["dfu", "--nix"], "--nix"),
                            (["dfu", "--usbip"], "HOST:PORT"), (["dfu", "--usbip", "127.0.0.1"], "HOST:PORT"),
                            (["dfu", "--usbip", "127.0.0.1:65536"], "HOST:PORT"),
                            (["dfu", "--usbip=0.0.0.0:0"], "--allow-remote"),
                            (["dfu,timing=none", "--usbip", "127.0.0.1:0"], "timing=none"),
                            (["dfu", "--usbip", "127.0.0.1:0", "--plug"], "--plug"), (["--plug"], "board"),
                            (["dfu,module=echo", "--plug"], "module"), (["pytrack,module=x", "--plug"], "module")]:
        status, out, err = run(*arguments)
        ok(status == 2 and word in err and not out, f"exit status 2, and a sentence: {' '.join(arguments)}")
    if not os.path.exists("/sys/devices/platform/vhci_hcd.0"):
        status, out, err = run("dfu", "--plug")
        ok(status == 1 and "vhci-hcd" in err and not out, "exit status 1: there are no ports to plug boards into")
    server = Server("dfu")
    status, out, err = run("dfu", "--usbip", f"127.0.0.1:{server.port}")
    ok(status == 1 and "cannot listen" in err, "exit status 1: somebody listens there")
    same(server.stop(), 0, "SIGTERM ends it well")


def check_descriptions():
    server = Server("pytrack,mode=dfu,window=off", "dfu,alternates=2,transfer=128", "pytrack,serial=Äb1")
    devices = devlist(server.port)
    same(sorted(devices), ["1-1", "1-2", "1-3"], "three boards are listed")
    loader, strict, app = devices["1-1"], devices["1-2"], devices["1-3"]
    same((loader.vendor, loader.product, loader.bcd), (0x04D8, 0xF014, 1), "ids of the loader")
    same((loader.speed, loader.configurations, loader.path), (2, 1, "sim:pytrack"), "full speed, and its path")
    same((loader.device_class, loader.interfaces), (0xFE, [(0xFE, 1, 0, 0)]), "its one interface")
    same((strict.vendor, strict.product, strict.interfaces), (0x1D50, 0x6003, [(0xFE, 1, 2, 0)]),
         "an interface with two alternate settings is one")
    same((app.product, app.interfaces), (0xF013, [(2, 2, 1, 0), (10, 0, 0, 0)]), "the application's two")
    same(len({device.devid for device in devices.values()}), 3, "each has a device id of its own")

    board = Board(server.port, "1-1")
    same(vars(board.device), {**vars(loader), "interfaces": []}, "the import says what the list said")
    status, device = board.descriptor(1, 0, 64)
    same((status, device), (0, bytes.fromhex("12010001fe010040d80414f00100000000") + b"\1"), "device descriptor")
    same(board.descriptor(1, 0, 8), (0, device[:8]), "its first eight bytes")
    status, configuration = board.descriptor(2)
    same((status, len(configuration), configuration[2]), (0, 27, 27), "configuration descriptor")
    same(configuration[18:], bytes.fromhex("092103000040000001"), "with a DFU functional descriptor of 64 bytes")
    same(board.control(0x00, 9, 1), (0, 0), "SET_CONFIGURATION")
    same(board.control(0x01, 11, 0, 0)[0], EPIPE, "a shield stalls SET_INTERFACE")
    same(board.control(0x80, 0, 0, 0, 2)[0], EPIPE, "and GET_STATUS")
    same(board.status(), (0, 2), "dfuIDLE")
    same(refusal(server.port, "1-1"), 2, "who is second hears that it is busy")
    same(refusal(server.port, "1-4"), 4, "there is no 1-4")
    same(refusal(server.port, "1-" + "1" * 30), 4, "nor one with the longest name")

    other = Board(server.port, "1-2")
    same(other.text(1), "Virtual", "a string")
    same([other.text(4), other.text(5)], ["Memory 0", "Memory 1"], "names of alternate settings")
    same(other.descriptor(6)[0], EPIPE, "no device qualifier")
    same([other.control(0x01, 11, number)[0] for number in (0, 1, 2)], [0, 0, EPIPE], "SET_INTERFACE")
    same(other.submit(OUT, 1, 3, data=b"abc") and other.reply()[2], EPIPE, "it has no endpoint 1")
    same(board.status(), (0, 2), "two imports at once")

    tty = Board(server.port, "1-3")
    same([tty.text(1), tty.text(2), tty.text(3)], ["Pycom", "Pytrack", "Äb1"], "strings of an application")
    same(tty.descriptor(1)[1][10:12], b"\x13\xf0", "its product id")
    same(tty.control(0x00, 9, 1), (0, 0), "SET_CONFIGURATION")
    coding = struct.pack("<IBBB", 115200, 0, 0, 8)
    same(tty.control(0x21, 0x20, 0, 0, coding), (0, 7), "SET_LINE_CODING")
    same(tty.control(0xA1, 0x21, 0, 0, 7), (0, coding), "GET_LINE_CODING")
    same(tty.control(0x21, 0x22, 3), (0, 0), "SET_CONTROL_LINE_STATE")
    same(tty.control(0x40, 1)[0], EPIPE, "a vendor request is stalled")
    seqnum = tty.submit(OUT, 2, 5, data=b"hello")
    same(tty.reply(), (3, seqnum, 0, 5, b""), "bytes to the application are taken")
    for stream in (board, other, tty):
        stream.close()
    same(server.stop(signal.SIGINT), 0, "SIGINT ends it well")


def make_payload(name, seed):
    subprocess.run([make_sample, "pytrack", path(name), str(seed)], stdout=subprocess.DEVNULL, check=True)
    return content(name)[:16384]


def check_pytrack():
    payload = make_payload("new.dfu", 7)
    server = Server("pytrack,mode=dfu,window=off,flash=pytrack.bin,enumerate=50")
    board = Board(server.port, "1-1")
    before = board.device
    board.control(0x00, 9, 1)
    taken = [board.control(0x21, 1, row, 0, payload[row * 64:row * 64 + 64]) for row in range(16, 256)]
    same(set(taken), {(0, 64)}, "a Pytrack takes 240 rows")
    same(board.status(), (0, 5), "dfuDNLOAD-IDLE")
    same(b"".join(board.control(0xA1, 2, row, 0, 64)[1] for row in range(16, 256)), payload[1024:],
         "and gives them back")
    same(board.control(0x21, 1), (0, 0), "the end marker")
    ok(board.is_closed(), "it leaves, and the connection is closed")
    board.close()
    same(content("pytrack.bin")[1024:], payload[1024:], "its memory holds what was sent")
    ok(server.listed("1-1", 0xF013), "it comes back under the same busid as its application")
    board = server.board()
    same(board.device.product, 0xF013, "and can be imported again")
    ok(board.device.devid != before.devid, "under another device id")
    same(board.text(2), "Pytrack", "it answers")
    board.close()
    same(server.stop(), 0, "the server ends well")


def download(board, image, size):
    """DFU 1.1 by hand; the state after each block, and at last."""
    states = set()
    for block in range(0, (len(image) + size - 1) // size):
        same_size = image[block * size:(block + 1) * size]
        assert board.control(0x21, 1, block, 0, same_size) == (0, len(same_size))
        states.add(board.status())
    assert board.control(0x21, 1, (len(image) + size - 1) // size)[0] == 0
    return states, until(lambda: (lambda status: status[1] in (2, 8, 10) and status)(board.status()))


def check_strict():
    image = random.Random(11).randbytes(5000)
    server = Server("dfu,flash=strict.bin,size=16KB,transfer=1024",
                    "dfu,flash=deaf.bin,size=16KB,tolerant=no,enumerate=50")
    board = Board(server.port, "1-1")
    board.descriptor(1, 0, 64)
    board.control(0x00, 9, 1)
    same(download(board, image, 1024), ({(0, 5)}, (0, 2)), "a tolerant board: dfuDNLOAD-IDLE, then dfuIDLE")
    same(content("strict.bin")[:5000], image, "its memory holds what was sent")
    same(board.control(0xA1, 2, 0, 0, 1024), (0, image[:1024]), "and can be read back")
    same(board.control(0x21, 1, 5, 0, b"late"), (EPIPE, 0), "a DNLOAD in between is stalled")
    same(board.status(), (15, 10), "dfuERROR, errSTALLEDPKT")
    same(board.control(0x21, 4), (0, 0), "CLRSTATUS")
    same(board.status(), (0, 2), "dfuIDLE again")
    same(board.control(0x23, 3, 4, 0), (0, 0), "a reset of the port, as Linux's own server takes it")
    same(board.status(), (0, 2), "changes nothing for a board that stays")

    other = Board(server.port, "1-2")
    other.descriptor(1, 0, 64)
    other.control(0x00, 9, 1)
    same(download(other, image, 256)[1], (0, 8), "one that isn't tolerant: dfuMANIFEST-WAIT-RESET")
    other.start(0x80, 6, 0x0100, 0, 64)
    ok(other.is_closed(), "enumeration after a reset: it leaves the bus")
    other.close()
    same(content("deaf.bin")[:5000], image, "its memory holds what was sent")
    same(server.board("1-2").status(), (0, 2), "and it starts anew")
    same(board.status(), (0, 2), "the other board saw nothing of it")
    same(server.stop(), 0, "the server ends well with boards imported")


def check_unlink():
    server = Server("pytrack,mode=dfu,window=off,fault=lose-reply@2,log=lost.log", "pytrack",
                    "pytrack,mode=dfu,window=off")
    board = Board(server.port, "1-1")
    same(board.status(), (0, 2), "an answer")
    lost = board.start(0xA1, 3, 0, 0, 6)
    ok(until(lambda: b"TIMEOUT" in content("lost.log")), "an answer that is lost")
    queued = board.start(0xA1, 3, 0, 0, 6)
    wish = board.unlink(queued)
    same(board.reply(), (4, wish, ECONNRESET, 0, b""), "a transfer behind one that waits is unlinked")
    wish = board.unlink(lost)
    same(board.reply(), (4, wish, ECONNRESET, 0, b""), "and the one that waits")
    same(board.status(), (0, 2), "then the board answers again")
    wish = board.unlink(board.seqnum)
    same(board.reply(), (4, wish, 0, 0, b""), "what was answered can't be unlinked any more")

    tty = Board(server.port, "1-2")
    waiting = [tty.submit(IN, 2, 64) for _ in range(16)] + [tty.submit(IN, 1, 10)]
    same(tty.control(0x80, 8, 0, 0, 1), (0, b"\1"), "endpoint 0 answers while others have nothing to say")
    wishes = [tty.unlink(seqnum) for seqnum in waiting]
    same(sorted(tty.reply() for _ in wishes), [(4, wish, ECONNRESET, 0, b"") for wish in wishes],
         "17 unlinks in a row")

    racer = Board(server.port, "1-3")
    good = True
    for _ in range(200):  # the answer and the wish cross: either, but never both and never none
        seqnum = racer.start(0xA1, 3, 0, 0, 6)
        wish = racer.unlink(seqnum)
        code, answers, status, _, _ = racer.reply(IN)
        if code == 3:
            good = good and (answers, status) == (seqnum, 0) and racer.reply() == (4, wish, 0, 0, b"")
        else:
            good = good and (answers, status) == (wish, ECONNRESET)
    ok(good, "200 unlinks that cross with the answer")
    same(racer.status(), (0, 2), "and the board goes on")
    many = [racer.start(0xA1, 3, 0, 0, 6) for _ in range(20)]
    same([racer.reply(IN)[1] for _ in many], many, "20 transfers at once, one after the other")
    same(server.stop(), 0, "the server ends well while transfers wait")


def check_garbage():
    server = Server("pytrack,mode=dfu,window=off", "dfu", "dfu,fault=no-permission", "dfu,fault=vanish@3,return=20")
    good = Board(server.port, "1-1")
    same(refusal(server.port, "1-3"), 1, "a board that may not be opened is refused")
    chance = random.Random(5)
    for name, data in [("nothing", b""), ("half a request", b"\x01\x11\x80"), ("noise", chance.randbytes(4000)),
                       ("another version", struct.pack(">HHI", 0x0100, 0x8005, 0)),
                       ("another request", struct.pack(">HHI", 0x0111, 0x8006, 0)),
                       ("half an import", struct.pack(">HHI", 0x0111, 0x8003, 0) + b"1-2")]:
        stream = Stream(server.port)
        stream.send(data)
        try:
            stream.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other end was faster
        ok(stream.is_closed(), f"{name}: closed")
        stream.close()

    def spoil(name, act):
        board = server.board("1-2")
        act(board)
        ok(board.is_closed(), f"{name}: closed")
        board.close()

    spoil("noise after an import", lambda board: board.send(chance.randbytes(480)))
    spoil("too much data", lambda board: board.submit(IN, 0, 65536))
    spoil("a length without end", lambda board: board.submit(OUT, 0, 0xFFFFFFFF))
    spoil("another device id", lambda board: board.submit(IN, 0, 0, devid=7))
    spoil("isochronous packets", lambda board: board.submit(IN, 0, 0, packets=1))
    spoil("another direction", lambda board: board.submit(2, 0, 0))
    spoil("an endpoint that can't be", lambda board: board.submit(IN, 16, 0))

    board = server.board("1-2")
    setup = struct.pack("<BBHHH", 0x21, 1, 0, 0, 256)
    board.submit(OUT, 0, 4, setup, b"four")
    same(board.reply()[2:4], (EPROTO, 0), "fewer bytes than the setup says")
    board.submit(IN, 0, 3, struct.pack("<BBHHH", 0xA1, 3, 0, 0, 6))
    same(board.reply()[2:4], (EPROTO, 0), "less room than the setup says")
    board.submit(IN, 0, 256, setup)
    same(board.reply()[2:4], (EPROTO, 0), "a direction that the setup contradicts")
    same(board.status(), (0, 2), "the board heard nothing of all that")
    same(good.status(), (0, 2), "nor did who has another one notice")
    same(len(devlist(server.port)), 4, "and the list is whole")

    board = server.board("1-4")
    same([board.status(), board.status()], [(0, 2)] * 2, "a board with a fault")
    board.start(0xA1, 3, 0, 0, 6)
    ok(board.is_closed(), "vanishes")
    ok(server.board("1-4"), "and comes back")
    same(server.stop(), 0, "the server ends well")


def check_persons():
    server = Server("pytrack,person=helpful,delay=0,window=off,enumerate=20", "pytrack,delay=0",
                    "pytrack,mode=unplugged,person=helpful,delay=0,window=off,enumerate=20",
                    "dfu,app-id=1d50:6002,enumerate=20,linger=5")
    board = server.board("1-2")
    still = board
    board = server.board("1-1")
    same(board.device.product, 0xF013, "a board with a person is there")
    ok(board.is_closed(), "the person unplugs it")
    board.close()
    ok(server.listed("1-1", 0xF014), "and plugs it in with the button held")
    ok(server.listed("1-3", 0xF014), "a board that isn't there is plugged in once somebody looks")
    board = server.board("1-1")
    same(board.status(), (0, 2), "update mode")
    same(still.text(2), "Pytrack", "nobody touches a board that has no person")
    board = server.board("1-4")
    same(board.device.product, 0x6002, "an application with DFU")
    same(board.control(0x21, 0, 1000, 1), (0, 0), "DETACH")
    ok(board.is_closed(), "it leaves")
    ok(server.listed("1-4", 0x6003), "into update mode")
    same(server.stop(), 0, "the server ends well")


CODING = 0x20
LINES = 0x22


def coding(baud, bits=8):
    return struct.pack("<IBBB", baud, 0, 0, bits)


class Line:
    """The data of an application: four IN requests wait at any time, OUT requests go in between."""

    def __init__(self, board):
        self.board = board
        self.waiting = [board.submit(IN, 2, 64) for _ in range(4)]
        self.sent = set()
        self.others = {}  # seqnum: (code, status, actual_length)
        self.data = b""
        self.is_good = True  # no answer is empty or too long, and they come in order

    def write(self, data):
        self.sent.add(self.board.submit(OUT, 2, len(data), data=data))
        return self.board.seqnum

    def take(self):
        header = self.board.receive(48)
        code, seqnum = struct.unpack(">II", header[:8])
        status, length = struct.unpack(">iI", header[20:28])
        if seqnum not in self.waiting:
            self.others[seqnum] = (code, status, length)
            self.sent.discard(seqnum)
            return
        self.is_good = self.is_good and (code, status) == (3, 0) and seqnum == self.waiting[0] and 1 <= length <= 64
        self.waiting.remove(seqnum)
        self.data += self.board.receive(length)
        self.waiting.append(self.board.submit(IN, 2, 64))

    def take_until(self, is_done):
        while not is_done():
            self.take()

    def take_answer(self, seqnum):
        self.take_until(lambda: seqnum in self.others)
        return self.others[seqnum]

    def loop(self, data, size=1000):
        """What comes back for `data`."""
        for at in range(0, len(data), size):
            self.write(data[at:at + size])
        self.take_until(lambda: not self.sent and len(self.data) >= len(data))
        came, self.data = self.data, b""
        return came


def check_line():
    server = Server("pytrack,module=echo,log=line.log", "pytrack,log=deaf.log")
    board = Board(server.port, "1-1")
    board.control(0x00, 9, 1)
    same(board.control(0x21, CODING, 0, 0, coding(115200)), (0, 7), "SET_LINE_CODING")
    same(board.control(0x21, CODING, 0, 0, coding(0))[0], EPIPE, "no rate is stalled")
    same(board.control(0x21, LINES, 2), (0, 0), "RTS alone")
    same(board.control(0x21, LINES, 1), (0, 0), "DTR alone")
    entries = [(entry["what"], entry.get("baud"), entry.get("data_bits"), entry.get("dtr"), entry.get("rts"))
               for entry in log_of("line.log") if entry["what"] in ("line-coding", "lines")]
    same(entries, [("line-coding", 115200, 8, None, None), ("lines", None, None, False, True),
                   ("lines", None, None, True, False)], "the log has rate, data bits and lines")
    ok({"SET_CONFIGURATION", "SET_LINE_CODING", "SET_CONTROL_LINE_STATE"} <= {entry["what"] for entry in log_of("line.log")},
       "and the requests of an application")

    line = Line(board)
    same(line.loop(b"hello"), b"hello", "the module sends back what it is sent")
    same(line.others, {max(line.others): (3, 0, 5)}, "which was taken whole")
    data = random.Random(3).randbytes(3000)
    same(line.loop(data), data, "3000 bytes")
    ok(line.is_good, "no answer was empty, or out of its order")
    wish = board.unlink(line.waiting.pop())
    same(board.reply(), (4, wish, ECONNRESET, 0, b""), "a request for data is unlinked")
    wish = board.unlink(line.waiting.pop(0))
    same(board.reply(), (4, wish, ECONNRESET, 0, b""), "also the one whose turn it is")
    same(line.loop(b"x"), b"x", "the next one gets what comes")
    board.close()

    board = server.board("1-1")
    board.control(0x21, CODING, 0, 0, coding(1200))
    line = Line(board)
    began = time.monotonic()
    line.loop(b"0123456789ab")
    ok(time.monotonic() - began >= 13 * 10 / 1200, "it takes the time of the line: 12 bytes there, one of them back")
    slow = line.write(bytes(64))
    line.take_answer(board.start(0x21, LINES, 3))
    ok(slow not in line.others, "control requests don't wait for data on its way")
    same(line.take_answer(board.unlink(slow)), (4, ECONNRESET, 0), "which is unlinked")
    board.close()

    board = server.board("1-1")
    board.control(0x21, CODING, 0, 0, coding(3000000, 5))
    board.submit(OUT, 2, 3, data=b"\2\x8c\0")
    same(board.reply()[2:4], (0, 3), "with five data bits")
    board.control(0x21, CODING, 0, 0, coding(3000000))
    line = Line(board)
    line.write(b"z")
    line.take_until(lambda: b"z" in line.data)
    ok(line.data.endswith(b"z") and b"\x8c" not in line.data, "nothing reaches the module")
    ok("028c00" in [entry.get("data") for entry in log_of("line.log")], "but the log")
    board.close()

    deaf = Board(server.port, "1-2")
    waits = deaf.submit(IN, 2, 64)
    seqnum = deaf.submit(OUT, 2, 5, data=b"hello")
    same(deaf.reply(), (3, seqnum, 0, 5, b""), "without a module bytes are taken")
    wish = deaf.unlink(waits)
    same(deaf.reply(), (4, wish, ECONNRESET, 0, b""), "and nothing comes back")
    same(server.stop(), 0, "the server ends well")


def check_module():
    server = Server("lopy4+pytrack")
    board = Board(server.port, "1-1")
    board.control(0x21, CODING, 0, 0, coding(115200, 5))
    line = Line(board)
    line.write(b"\x11")
    line.take_until(lambda: line.data[-2:] == b"\x08\0")
    ok(True, "with five data bits the PIC of a shield says its version")
    for step in ("028e00fe0000", "020e00fe0000", "028e00df0000", "020e00df0000", "020e00ff2000", "028e00ff2000"):
        line.write(bytes.fromhex(step))
    line.data = b""
    line.take_until(lambda: len(line.data) == 6)
    line.take_answer(board.start(0x21, CODING, 0, 0, coding(115200)))
    line.write(b"\xc0\0\x08\x24\0\0\0\0\0\x07\x07\x12\x20" + b"U" * 32 + b"\xc0")
    line.take_until(lambda: b"\xc0\1\x08" in line.data)
    ok(True, "and brings the module into its loader, which answers with eight")
    same(server.stop(), 0, "the server ends well")


def check_commands():
    server = Server("pytrack,window=off,enumerate=20", "dfu,bootable=no", "--commands", stdin=subprocess.PIPE)
    same(server.ask("show 1-1", 2), "ok app 04d8:f013 bootable", "show: an application")
    same(server.ask("show 1-2"), "ok update 1d50:6003 not-bootable", "show: update mode")
    same(server.ask("line 1-1"), "ok 115200 8 dtr=0 rts=0", "line: nothing was said")
    same(server.ask("line 1-2")[:4], "no: ", "line: a board without one")
    board = Board(server.port, "1-1")
    board.control(0x21, CODING, 0, 0, coding(57600, 5))
    board.control(0x21, LINES, 1)
    same(server.ask("line 1-1"), "ok 57600 5 dtr=1 rts=0", "line: what was said")
    same(server.ask("replug 1-1 button"), "ok", "replug, with the button held")
    ok(board.is_closed(), "it leaves")
    ok(until(lambda: server.ask("show 1-1") == "ok update 04d8:f014 bootable"), "and is back in update mode")
    same(server.ask("unplug 1-1"), "ok", "unplug")
    same(server.ask("show 1-1"), "ok nothing 0000:0000 bootable", "show: nothing")
    same(server.ask("unplug 1-1")[:4], "no: ", "unplug: it isn't plugged in")
    same(server.ask("plug 1-1"), "ok", "plug")
    same(server.ask("plug 1-1 button")[:4], "no: ", "plug: it is plugged in")
    ok(until(lambda: server.ask("show 1-1") == "ok app 04d8:f013 bootable"), "its application is back")
    board = Board(server.port, "1-2")
    same(server.ask("fault 1-2 stall"), "ok", "fault")
    same(board.control(0xA1, 3, 0, 0, 6)[0], EPIPE, "it has that fault")
    same(server.ask("fault 1-2"), "ok", "fault: none")
    same(board.control(0xA1, 3, 0, 0, 6)[0], 0, "it has none")
    for line in ["", "  ", "nix", "show", "show 1-3", "show 1-1 1-2", "plug 1-1 knob", "fault 1-1 nix", "fault 1-1 stall x",
                 "show " + "1" * 5000, "shöw 1-1"]:
        same(server.ask(line)[:4], "no: ", f"refused: {line:.20}")
    same(server.ask(b"\0\xff\1\n")[:4], "no: ", "refused: bytes that are no text")
    same([server.ask(b"show 1-2\nshow 1-2\nsh")] + [server.line(), server.ask(b"ow 1-2\r\n")],
         ["ok update 1d50:6003 not-bootable"] * 3, "lines and parts of lines")
    server.process.stdin.close()
    server.process.stdin = None
    ok(board.status() and devlist(server.port), "the end of input is no command")
    same(server.stop(), 0, "the server ends well")

    os.mkfifo(path("in"))
    server = Server("pytrack", "--commands", stdin=os.open(path("in"), os.O_RDONLY | os.O_NONBLOCK))
    server.line()
    answers = []
    for end in ("\n", "", "\n"):
        with open(path("in"), "w", encoding="ascii") as writer:
            writer.write("show 1-1" + end)
        answers.append(server.line())
    same(answers, ["ok app 04d8:f013 bootable"] * 3, "one writer after the other, over a FIFO")
    same(server.stop(), 0, "the server ends well")


def check_mute():
    server = Server("dfu,fault=mute@3,log=mute.log,enumerate=20", "pytrack", "--commands", stdin=subprocess.PIPE)
    board = Board(server.port, "1-1")
    same([board.status(), board.status()], [(0, 2)] * 2, "two requests are answered")
    third = board.start(0xA1, 3, 0, 0, 6)
    ok(until(lambda: "mute" in [entry["what"] for entry in log_of("mute.log")]), "not the third one")
    wish = board.unlink(third)
    same(board.reply(), (4, wish, ECONNRESET, 0, b""), "it can be unlinked")
    fourth = board.start(0x80, 6, 0x0100, 0, 18)
    wish = board.unlink(fourth)
    same(board.reply(), (4, wish, ECONNRESET, 0, b""), "nor any after it")
    same(server.ask("replug 1-1", 2), "ok", "with power anew")
    ok(board.is_closed() and server.board("1-1").status() == (0, 2), "it answers again")

    app = Board(server.port, "1-2")
    same(app.text(2), "Pytrack", "an application answers")
    same(server.ask("fault 1-2 mute"), "ok", "until it is mute")
    waits = [app.start(0x80, 6, 0x0100, 0, 18), app.submit(OUT, 2, 1, data=b"x"), app.submit(IN, 2, 64)]
    wishes = [app.unlink(seqnum) for seqnum in waits]
    same(sorted(app.reply()[1:3] for _ in wishes), [(wish, ECONNRESET) for wish in wishes],
         "requests wait, and data")
    same(server.stop(), 0, "the server ends well")


perform(check_command_line, check_descriptions, check_pytrack, check_strict, check_unlink, check_garbage, check_persons,
        check_line, check_module, check_commands, check_mute)
