# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Clients of nodedev rpc that are hostile, broken or slow: an error, or the end of this client, bounded memory, and nothing else.

By hand from RFC 4506 and the protocol's limits.
"""
import json
import os
import random
import struct
import time
import unittest

import kit
from rpc_raw import KEEPALIVE, NODEDEV, PORT, PROGRAM, Messages, Raw, embedded, text
from test_rpc_recorded import answered_procedures


class Hostile(unittest.TestCase):
    def test_framing(self):
        for data, words in ((struct.pack(">I", 0), "a message of 0 bytes"), (struct.pack(">I", 27), "a message of 27 bytes"),
                            (struct.pack(">I", (32 << 20) + 1), "a message of 33554433 bytes"),
                            (struct.pack(">I", 0xFFFFFFFF), "a message of 4294967295 bytes"),
                            (b"\0\0\0", "in the middle of a message"), (struct.pack(">I", 28) + b"x", "in the middle of a message"),
                            (struct.pack(">I", 32 << 20) + bytes(1000), "in the middle of a message"),
                            (Messages().message(1, kind=1), "a message that is no call")):
            with Raw() as raw:
                raw.send(data)
                status, complaint, left = raw.ended()
                self.assertEqual((status, left), (1, b""))
                self.assertIn(words, complaint)

    def test_the_end(self):
        with Raw() as raw:
            self.assertEqual(raw.open()[0], 0)
            self.assertEqual(raw.ended(), (0, "", b""))

    def test_another_yes(self):
        """Go's go-libvirt says by other numbers than 1 that a text is there (its initLibvirtComms)."""
        with Raw() as raw:
            self.assertEqual(raw.call(1, b"\1\0\0\0" + text(b"test:///default") + bytes(4))[0], 0)
            self.assertEqual(raw.call(110), (0, text(b"test:///default")))

    def test_what_is_unknown(self):
        with Raw() as raw:
            self.assertEqual(raw.call(3)[1][:4], struct.pack(">I", 1))  # not open yet
            self.assertEqual(raw.open()[0], 0)
            for more in ({"program": 1}, {"version": 2}):
                self.assertEqual(raw.call(1, **more)[1][:4], struct.pack(">I", 39))
            self.assertEqual(raw.call(9999)[1][:4], struct.pack(">I", 39))
            self.assertEqual(raw.call(22, status=1)[1][:4], struct.pack(">I", 39))
            status, found = raw.call(22, b"arguments")
            self.assertEqual((status, found[:8]), (1, struct.pack(">II", 3, 20)))
            self.assertIn(text(b"this function is not supported by the connection driver: domain_lookup_by_id"), found)
            self.assertEqual(raw.open()[1][:4], struct.pack(">I", 1))  # twice
            # A ping is answered, whatever the state.
            raw.send(struct.pack(">7I", 28, KEEPALIVE, 1, 1, 2, 0, 0))
            self.assertEqual(raw.receive(), ((KEEPALIVE, 1, 2, 2, 0, 0), b""))

    def test_arguments(self):
        """Of every procedure: none, too many, texts that are longer than the message, that hold a NUL, too long."""
        wrong = [b"", b"x", struct.pack(">I", 0xFFFFFFFF), struct.pack(">I", 5) + b"abc", text(b"a\0b"), struct.pack(">I", 2) * 3,
                 struct.pack(">I", (4 << 20) + 1) + bytes((4 << 20) + 4), bytes(64)]
        numbers = answered_procedures()
        self.assertGreater(len(numbers), 50)
        with Raw("test:///default") as raw:
            raw.open()
            for number in numbers:
                for payload in wrong:
                    if number == 2:  # it ends the connection
                        continue
                    status, found = raw.call(number, payload)
                    self.assertIn(status, (0, 1))
                    if status == 1:
                        self.assertGreater(len(found), 30)
            self.assertEqual(raw.call(111, bytes(8)), (0, struct.pack(">I", 4)))
            self.assertEqual(raw.ended(), (0, "", b""))
        self.note = "%d calls" % (len(numbers) * len(wrong))

    def conversation(self, raw):
        """Messages of a client that lists, listens, reads, makes a device and closes."""
        return [raw.message(66), raw.message(1, bytes(8)), raw.message(285, struct.pack(">II", 1, 0)), raw.message(374, bytes(8)),
                raw.message(114, text(b"computer") + bytes(4)), raw.message(123, text(PORT.encode()) + bytes(4)), raw.message(2)]

    def outcome(self, data):
        """How the program ends after that, and nothing more, was sent."""
        with Raw("test:///default") as raw:
            try:
                raw.send(data)
            except BrokenPipeError:  # it left this client in the middle
                pass
            return raw.ended()[0]

    def test_cut(self):
        """Anywhere: between messages it is the end, within one an error."""
        messages = self.conversation(Messages())
        whole, ends, at = b"".join(messages), {0}, 0
        for message in messages[:3]:
            at += len(message)
            ends.add(at)
        for length in range(at + 1):
            self.assertEqual(self.outcome(whole[:length]), 0 if length in ends else 1, length)
        self.note = "%d places" % (at + 1)

    def test_lengths(self):
        """Of each message, one too many and too few, and some that cannot be."""
        messages = self.conversation(Messages())
        for number, message in enumerate(messages):
            for length in (0, 27, len(message) - 1, len(message) + 1, 28, 1 << 25, (1 << 25) + 1, 0x7FFFFFFF, 0xFFFFFFFF):
                changed = messages[:number] + [struct.pack(">I", length) + message[4:]] + messages[number + 1:]
                self.assertIn(self.outcome(b"".join(changed)), (0, 1), (number, length))

    def test_serials(self):
        """Any will do; the answer has it."""
        with Raw("test:///default") as raw:
            raw.open()
            for serial in (0, 1, 1, 7, 0x7FFFFFFF, 0xFFFFFFFF, 0):
                raw.send(struct.pack(">7I", 28, PROGRAM, 1, 3, 0, serial, 0))
                self.assertEqual(raw.receive()[0], (PROGRAM, 1, 3, 1, serial, 0))

    def test_changed_conversations(self):
        """Bytes changed at random: it ends, by itself or with its input."""
        whole = b"".join(self.conversation(Messages()))
        self.assertEqual(self.outcome(whole), 0)
        chance = random.Random(1)
        for _ in range(60):
            data = bytearray(whole)
            for _ in range(chance.randrange(1, 5)):
                data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
            self.assertIn(self.outcome(bytes(data[:chance.randrange(len(data))] if chance.random() < 0.3 else data)), (0, 1))

    def test_zeros(self):
        """32 MiB of them: no message; as the longest message, which is no program's; and as arguments."""
        self.assertEqual(self.outcome(bytes(32 << 20)), 1)
        with Raw("test:///default") as raw:
            raw.open()
            raw.send(struct.pack(">I", 32 << 20) + bytes((32 << 20) - 4))
            header, found = raw.receive()
            self.assertEqual((header[5], found[:4]), (1, struct.pack(">I", 39)))
            status, found = raw.call(114, bytes((32 << 20) - 28))
            self.assertEqual((status, found[:4]), (1, struct.pack(">I", 39)))
            self.assertEqual(raw.call(3)[0], 0)
            self.assertLess(raw.memory(), 48 << 10)
            self.assertEqual(raw.ended()[0], 0)

    def test_recorded_conversations_changed(self):
        """A second of what `make fuzz` does for longer, under AddressSanitizer."""
        probe = os.path.join(kit.temp(), "probe")
        if kit.run("cc", "-fsanitize=address,undefined", "-x", "c", "-o", probe, "-", input="int main(void) { return 0; }", stdin=None) \
                .returncode != 0:
            self.skipTest("this compiler has no AddressSanitizer")
        self.note = kit.checked(os.path.join(kit.SCRIPTS, "fuzz-rpc"), "1", kit.LIBDIR).stdout

    def test_a_client_that_does_not_read(self):
        """Thousands of calls: it waits, and takes no memory for answers."""
        with Raw(embedded("base")) as raw:
            raw.open()
            raw.call(285, struct.pack(">II", 1, 0))
            before = raw.memory()
            calls = raw.message(285, struct.pack(">II", 1, 0)) * 1000
            os.set_blocking(raw.process.stdin.fileno(), False)
            sent, end = 0, time.monotonic() + 2
            while time.monotonic() < end:
                try:
                    sent += raw.process.stdin.raw.write(calls) or 0
                except BlockingIOError:
                    pass
                time.sleep(0.01)
            self.assertGreater(sent, len(calls))
            self.assertLess(raw.memory() - before, 1 << 10)
            self.note = "%d calls taken, %d KiB" % (sent // 36, raw.memory())
            raw.process.kill()

    def test_events_that_nobody_reads(self):
        """The kernel drops messages meanwhile; the difference is told, each device once, and no memory was taken."""
        found = json.loads(kit.played(self, "modules", "rpc_slow.py", NODEDEV))
        # What libvirt told when that host went (events.log): the host, its target and both of its disks.
        gone = ["scsi_host11", "scsi_target11_0_0", "scsi_11_0_0_0", "scsi_11_0_0_1", "scsi_generic_sg11", "scsi_generic_sg12",
                "block_sdh_33333333000005dc0", "block_sdi_33333333000005dc1"]
        self.assertEqual(found["told"], {name + " 1": 1 for name in gone})
        self.assertLess(found["updates"], found["flood"])
        self.assertTrue(found["alive"])
        self.assertLess(found["memory"], 16 << 10)
        self.note = "%d of %d updates came through, %d KiB" % (found["updates"], found["flood"], found["memory"])


if __name__ == "__main__":
    unittest.main()
