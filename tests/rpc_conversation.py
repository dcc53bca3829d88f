# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay: has a recorded conversation with libvirt's daemon again, with `nodedev rpc`.

    rpc_conversation.py NODEDEV RECORDING

Prints JSON: each answer that is not, byte for byte, the daemon's, as [note, request, daemon's answer, answer here], all in
hexadecimal digits; an answer that does not come is "". What the lines of a recording are: tests/data/README.md.
"""
import json
import os
import select
import struct
import subprocess
import sys

import kit
from replay_machine import Udevd

KEEPALIVE = 0x6B656570
# What works here, and not in libvirt's node-device driver: it would write to the replay, or load modules.
LEFT_OUT = {118: "detach", 119: "reattach", 120: "reset", 301: "detach to a driver"}
PATIENCE = 10  # seconds for an answer


class Server:
    def __init__(self, program):
        self.process = subprocess.Popen([program, "rpc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        bufsize=0)

    def send(self, data):
        try:
            self.process.stdin.write(data)
        except BrokenPipeError:
            pass

    def read(self, length):
        data = b""
        while len(data) < length:
            if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
                return b""
            more = os.read(self.process.stdout.fileno(), length - len(data))
            if not more:
                return b""
            data += more
        return data

    def receive(self):
        head = self.read(4)
        return head and head + self.read(struct.unpack(">I", head)[0] - 4)

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(20)


def number(text, at):
    """The number at a place of a message in hexadecimal digits: 1 program, 3 procedure."""
    return int(text[8 * at:8 * at + 8] or "0", 16)


def main():
    udevd = Udevd()
    server, request, note, found, lines = None, "", "", [], 0
    is_read_only = is_left_out = False
    for line in kit.read(sys.argv[2]).splitlines():
        word, text = line[0], line[2:]
        # The daemon sends pings by its own clock.
        if word == "<" and number(text, 1) == KEEPALIVE and not note.startswith("keepalive"):
            continue
        if line == "= connected":
            if server:
                server.end()
            server = Server(sys.argv[1])
        elif word == "#":
            note = text
        elif word == "*":
            udevd.send(*text.split())
        elif word == ">":
            request = text
            if number(text, 3) == 1:
                is_read_only = text.endswith("1")
            is_left_out = number(text, 3) in LEFT_OUT and not is_read_only and len(text) > 56
            if not is_left_out:
                server.send(bytes.fromhex(text))
        elif word in "<=" and not is_left_out:
            expected, got = (text if word == "<" else ""), server.receive().hex()
            lines += 1
            if got != expected:
                found.append([note, request, expected, got])
    server.end()
    json.dump({"compared": lines, "different": found}, sys.stdout)


if __name__ == "__main__":
    main()
