#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes files for the tests of problems and behaviours, right ones and wrong ones:

    files.py dfuse OUT [NAME=VALUE...] [ALTERNATE:ADDRESS:FILE...]  DfuSe (UM0391), elements in this order
    files.py suffix OUT FILE [NAME=VALUE...]                        FILE with a DFU suffix (DFU 1.1 appendix B)
    files.py app OUT SIZE ADDRESS [SEED]                            what a Cortex-M starts at ADDRESS
    files.py hex OUT ADDRESS FILE                                   Intel HEX
    files.py filled OUT SIZE BYTE                                   the same byte again and again
    files.py put TARGET OFFSET FILE                                 writes FILE into TARGET

NAME is vendor, product or bcd; of dfuse also element_size, element_count and image_size, each of them a lie. Numbers are
decimal or hex with 0x.
"""

import struct
import sys
import zlib

SPEC_DFU, SPEC_DFUSE = 0x0100, 0x011A
TARGET_HEADER_SIZE = 274
PREFIX_SIZE = 11


def number(text):
    return int(text, 0)


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


def split_options(words):
    options = dict(word.split("=", 1) for word in words if "=" in word)
    return {name: number(value) for name, value in options.items()}, [word for word in words if "=" not in word]


def with_suffix(content, spec, options):
    content += struct.pack("<HHHH3sB", options.get("bcd", 0xFFFF), options.get("product", 0xFFFF),
                           options.get("vendor", 0xFFFF), spec, b"UFD", 16)
    return content + struct.pack("<I", zlib.crc32(content) ^ 0xFFFFFFFF)


def dfuse(words):
    options, elements = split_options(words)
    options = {"vendor": 0x0483, "product": 0xDF11, "bcd": 0, **options}
    targets = []  # those of one memory that stand together
    for element in elements:
        alternate, address, path = element.split(":", 2)
        if not targets or targets[-1][0] != number(alternate):
            targets.append((number(alternate), []))
        data = content_of(path)
        size = options.get("element_size", len(data))
        targets[-1][1].append(struct.pack("<II", number(address), size) + data)
    body = b""
    for alternate, parts in targets:
        data = b"".join(parts)
        body += struct.pack("<6sBI255sII", b"Target", alternate, 0, b"", len(data),
                            options.get("element_count", len(parts))) + data
    size = options.get("image_size", PREFIX_SIZE + len(body))
    return with_suffix(struct.pack("<5sBIB", b"DfuSe", 1, size, len(targets)) + body, SPEC_DFUSE, options)


def suffix(words):
    options, (path,) = split_options(words)
    return with_suffix(content_of(path), SPEC_DFU, options)


def app(words):
    size, address, seed = number(words[0]), number(words[1]), number(words[2]) if len(words) > 2 else 1
    content = bytearray(struct.pack("<II", 0x20001000, address + 0x101))
    while len(content) < size:
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        content.append(seed >> 24)
    return bytes(content)


def record(kind, offset, data):
    line = bytes([len(data), offset >> 8, offset & 0xFF, kind]) + data
    return b":" + (line + bytes([-sum(line) & 0xFF])).hex().upper().encode() + b"\n"


def intel_hex(words):
    address, data, text = number(words[0]), content_of(words[1]), b""
    for i in range(0, len(data), 16):
        at = address + i
        if i == 0 or at % 0x10000 == 0:
            text += record(4, 0, struct.pack(">H", at >> 16))
        text += record(0, at & 0xFFFF, data[i:i + 16])
    return text + record(1, 0, b"")


def filled(words):
    return bytes([number(words[1])]) * number(words[0])


def put(path, words):
    with open(path, "r+b") as file:
        file.seek(number(words[0]))
        file.write(content_of(words[1]))


def main():
    verb, out, words = sys.argv[1], sys.argv[2], sys.argv[3:]
    if verb == "put":
        put(out, words)
        return
    makers = {"dfuse": dfuse, "suffix": suffix, "app": app, "hex": intel_hex, "filled": filled}
    content = makers[verb](words)
    with open(out, "wb") as file:
        file.write(content)


main()
