# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Mediated devices on the recorded machine `modules`, with programs that play the kernel and mdevctl.

The session is that of libvirt 12.8.0's virsh on the real machine (tests/data/mdev/transcript.txt). What mdevctl is asked,
and the errors of calls, are what libvirt 12.8.0 asked and said on a machine with the same driver; where nothing of it
was recorded they are worked out by hand from libvirt's documented behaviour. What the library does otherwise is in
README.md, "Differences from libvirt".
"""
import json
import os
import re
import sys
import unittest

import fast_clock
import foreign
import kit

TOOL = os.path.join(kit.PREFIX, "bin", "nodedev")
RECORDED = os.path.join(kit.DATA, "mdev")
FOLDER = "/host/out/seq-mdev"  # of the session's files
UUID = "11111111-2222-3333-4444-5555555555a%s"
NAME = "mdev_11111111_2222_3333_4444_5555555555a%s_mtty"


def replay(*arguments, script="mdev_steps.py"):
    """Runs a script of this folder in a replay."""
    return kit.run(os.path.join(kit.SCRIPTS, "replay"), kit.machine_archive("modules"), sys.executable,
                   os.path.join(kit.ROOT, "tests", script), *arguments, timeout=300,
                   env=foreign.environment(PYTHONDONTWRITEBYTECODE="1", LD_PRELOAD=fast_clock.library()))


class Session:
    """The recorded session as commands and what each printed."""

    def __init__(self, folder):
        self.commands, self.expected = [], []
        self.folder = folder
        instance = 10
        for part in re.split(r"^# == ", kit.read(os.path.join(RECORDED, "transcript.txt")), flags=re.M):
            for path, text in re.findall(r"^--- (\S+)\n(.*?</device>\n)", part, re.M | re.S):
                self.put(os.path.basename(path), text)
            # What was done between the recorded commands.
            if part.startswith("behind"):
                for n in range(10, instance - 1):  # the last was one too many
                    self.add(["destroy", "mdev_11111111_2222_3333_4444_5555555555%d_mtty" % n])
            if part.startswith("daemon"):
                self.add("mdevctl define -u 11111111-2222-3333-4444-555555555503 -p mtty --type mtty-2".split())
            found = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*?)(.*)\[rc=(\d)\]$", part, re.M)
            for index, (command, output, last, status) in enumerate(found):
                if part.startswith("module") and index in (0, 3):
                    self.add(["kernel", "unload" if index == 0 else "load"])
                if command.startswith("mdevctl list"):
                    continue
                words = command.replace("virsh -c nodedev:///system nodedev-", "").replace(FOLDER, folder).split()
                if "/tmp/m.xml" in words:
                    file = "m%d.xml" % instance
                    self.put(file, "<device><parent>mtty_mtty</parent><capability type='mdev'><type id='mtty-2'/><uuid>"
                                   "11111111-2222-3333-4444-5555555555%d</uuid></capability></device>" % instance)
                    words[words.index("/tmp/m.xml")] = os.path.join(folder, file)
                    output = output.replace("/tmp/m.xml", os.path.join(FOLDER, file))
                    instance += 1
                self.add(words, (command, (output + last).strip("\n"), int(status)))

    def put(self, name, text):
        with open(os.path.join(self.folder, name), "w") as f:
            f.write(text)

    def add(self, command, expected=None):
        self.commands.append(command)
        if command[0] != "kernel":
            self.expected.append(expected)


A, B, C, D, E = (UUID % letter for letter in "abcde")
NAME_A, NAME_B, NAME_C, NAME_D, NAME_E = (NAME % letter for letter in "abcde")
ELSEWHERE = NAME_A.replace("mtty", "0000_02_00_0")
CONFIG = "unsupported configuration: "
INTERNAL = "1 22 -1 internal error: "
INVALID = "55 22 -1 Requested operation is not valid: "
UNSUPPORTED = "84 22 -1 Operation not supported: "
MISSING = "38 22 2 Cannot find 'mdevctl' in path: No such file or directory"
MODIFY_A = INTERNAL + "Unable to modify mediated device '%s': " % NAME_A
NOT_LIVE = ("Error: Live modification is not supported for this device type. Changing the device configuration requires "
            "stopping and restarting the device.\n")
PROBE = "  asked: mdevctl [modify] [--defined] [--live] [--jsonfile] [b] [--help]"
TOLD = "  told: lifecycle %s %s 0"
UPDATED = "  told: update " + NAME_A


def asked(words, json=""):
    line = "  asked: mdevctl" + "".join(" [%s]" % word for word in words.split())
    return line.replace("--parent ", "--parent=") + (" <%s>" % json if json else "")


def with_json(command, kind, uuid=A, more="", attributes="", parent="mtty"):
    words = "%s --parent=%s --jsonfile=/dev/stdin %s %s" % (command, parent, "--uuid=" + uuid if uuid else "", more)
    return asked(words, '{"mdev_type":"%s","start":"manual"%s}' % (kind, attributes))


def hostile():
    """Names that could lead elsewhere. libvirt hands types and attributes like these to mdevctl."""
    for kind, shown in (("../mtty-1", "../mtty-1"), ("/mtty-1", "/mtty-1"), ("..", ".."), ("-t", "-t"),
                        ("--help", "--help"), ("a/b", "a/b"), ("a&#10;b", "a\\nb"), ("a&#x85;b", "a\\u{85}b"),
                        ("x" * 20, "x" * 256)):
        yield "type %a: 67 22 -1 %sinvalid type id '%s' for 'new device'" % (kind, CONFIG, shown)
    yield "type '': 67 22 -1 %smissing type id attribute for 'new device'" % CONFIG
    for name, shown in [(name, name) for name in ("../remove", "/remove", "-a", "a//b", "a/../b", "a/")] + [
            ("a&#10;b", "a\\nb")]:
        yield "attribute %a: 67 22 -1 %sinvalid attribute name '%s' for 'new device'" % (name, CONFIG, shown)
    for uuid in ("../../x", "-u", "--help", A + "/..", A + "&#10;--live", A[:-1]):
        yield "uuid %a: %sInvalid uuid '%s' for new mdev device" % (uuid, INTERNAL, uuid.replace("&#10;", "\n"))
    for parent in ("../mtty", "-p", "mtty_mtty&#10;--live", "nosuch"):
        yield "parent %a: 67 22 -1 %sinvalid parent device '%s'" % (parent, CONFIG, parent.replace("&#10;", "\n"))
    yield ("parent 'computer': 32 22 -1 failed to parse configuration file Unable to find address for parent device "
           "'computer'")
    yield "parent 'pci_0000_00_1f_2/..': 67 22 -1 %sinvalid parent device 'pci_0000_00_1f_2/..'" % CONFIG
    yield "parent None: 67 22 -1 %smissing parent device" % CONFIG
    yield "NUL: 35 22 -1 at line 1: xmlParseCharRef: invalid xmlChar value 0"


ATTRIBUTES = ',"attrs":[{"b":"é\\"\\\\/1"},{"nvidia/vgpu_params":"x y"},{"b":"2"}]'
CALLS = [
    *hostile(), *hostile(), "nothing: came of it",
    "create: " + NAME_A, with_json("start", "mtty-2"),
    "create again: " + INTERNAL + "Unable to start mediated device: Error: Device already exists\n",
    with_json("start", "mtty-2"),
    "state: active 1 persistent 0 autostart 0",
    "undefine: " + INVALID + "Node device '%s' is not defined" % NAME_A,
    "autostart: " + INVALID + "cannot set autostart for transient device",
    "start: " + INVALID + "Device is already active",
    "update config: " + INVALID + "transient node devices do not have any persistent config",
    "update: 67 22 -1 " + CONFIG + "Cannot update device '%s', type mismatch (current type 'mtty-2')" % NAME_A,
    "update: " + MODIFY_A + NOT_LIVE, PROBE, with_json("modify", "mtty-2", more="--live"),
    "unprivileged: " + INTERNAL + "Unable to destroy '%s': device in use" % NAME_A,
    "destroy: " + INTERNAL + "Unable to destroy '%s': Unknown error" % NAME_A, asked("stop --uuid=" + A),
    "destroy: done", asked("stop --uuid=" + A), "gone: none", TOLD % (NAME_A, "DELETED"),
    "create without uuid: True", with_json("start", "mtty-1", uuid=""),
    "define: " + NAME_A, with_json("define", "mtty-1", attributes=ATTRIBUTES), TOLD % (NAME_A, "DEFINED"),
    "state: active 0 persistent 1 autostart 0",
    "define the same: " + NAME_A, PROBE, with_json("modify", "mtty-1", more="--defined", attributes=ATTRIBUTES),
    "define another: " + NAME_A, PROBE, with_json("modify", "mtty-2", more="--defined"), UPDATED,
    "autostart: done", asked("modify --parent=mtty --uuid=%s --auto" % A), UPDATED,
    "state: active 0 persistent 1 autostart 1",
    "autostart again: done",
    "autostart off: done", asked("modify --parent=mtty --uuid=%s --manual" % A), UPDATED,
    "destroy: " + INVALID + "Device '%s' is not active" % NAME_A,
    "update live: " + INVALID + "node device is not active",
    *["%s: 67 22 -1 %sCannot update device '%s, uuid mismatch (current uuid '%s')" % (what, CONFIG, NAME_A, A)
      for what in ("update uuid", "update without uuid")],
    "update parent: 67 22 -1 " + CONFIG
    + "Cannot update device '%s', parent address mismatch (current parent address 'mtty')" % NAME_A,
    "update no parent: 67 22 -1 " + CONFIG + "missing parent device",
    "update other parent: 67 22 -1 " + CONFIG + "invalid parent device 'nosuch'",
    "update computer: 32 22 -1 failed to parse configuration file Unable to find address for parent device 'computer'",
    "update type: 67 22 -1 " + CONFIG + "invalid type id '../x' for 'x'",
    "update attribute: 67 22 -1 " + CONFIG + "invalid attribute name '../x' for 'x'",
    "update: done", PROBE, with_json("modify", "mtty-1", more="--defined", attributes=',"attrs":[{"q":"1"}]'), UPDATED,
    "update again: done", PROBE, with_json("modify", "mtty-1", more="--defined"), UPDATED,
    "start: done", asked("start --parent=mtty --uuid=" + A),
    "state: active 1 persistent 1 autostart 0",
    "update both: " + MODIFY_A + NOT_LIVE, PROBE, with_json("modify", "mtty-1", more="--defined --live"),
    "attributes: []",
    "update live: done", PROBE,
    with_json("modify", "mtty-1", more="--live", attributes=',"attrs":[{"q":"1"},{"r":"x"}]'), UPDATED,
    "attributes: [('q', '1'), ('r', 'x')]", asked("list --dumpjson --uuid=" + A),
    "attributes, read-only: []", "attributes of all, read-only: []",
    "attributes: []", asked("list --dumpjson --uuid=" + A),
    "attributes: []",
    "undefine: done", asked("undefine --parent=mtty --uuid=" + A), TOLD % (NAME_A, "UNDEFINED"), UPDATED,
    "state: active 1 persistent 0 autostart 0",
    "define elsewhere: " + ELSEWHERE, asked("stop --uuid=" + A), with_json("define", "mtty-1", parent="0000:02:00.0"),
    TOLD % (NAME_A, "DELETED"), TOLD % (ELSEWHERE, "DEFINED"),
    "define here: " + NAME_A, with_json("define", "mtty-1"), TOLD % (NAME_A, "DEFINED"),
    "autostart there: done", asked("modify --parent=0000:02:00.0 --uuid=%s --auto" % A),
    "  told: update " + ELSEWHERE,
    "here: active 0 persistent 1 autostart 0", "there: active 0 persistent 1 autostart 1",
    "start here: done", asked("start --parent=mtty --uuid=" + A),
    "here: active 1 persistent 1 autostart 0", "there: active 0 persistent 1 autostart 1",
    "undefine here: done", asked("undefine --parent=mtty --uuid=" + A), TOLD % (NAME_A, "UNDEFINED"),
    "there: active 0 persistent 1 autostart 1",
    "undefine: done", asked("undefine --parent=0000:02:00.0 --uuid=" + A), TOLD % (ELSEWHERE, "UNDEFINED"),
]

# What each call says when mdevctl fails, and how it goes on. The probe fails as well.
FAILING = [
    ("create", INTERNAL + "Unable to start mediated device: %s"),
    ("define", INTERNAL + "Unable to define mediated device: %s"),
    ("define again", UNSUPPORTED + "Unable to modify mediated device '%s': modify unsupported" % NAME_B),
    ("start", INTERNAL + "Unable to create mediated device: %s"),
    ("autostart", INTERNAL + "Unable to set autostart on '" + NAME_B + "': %s"),
    ("update", UNSUPPORTED + "Unable to modify mediated device '%s': modify unsupported" % NAME_B),
    ("undefine", INTERNAL + "Unable to undefine mediated device: %s"),
    ("destroy", INTERNAL + "Unable to destroy '" + NAME_A + "': %s"),
]
KILLED = {
    "create": "start --parent=mtty --jsonfile=/dev/stdin --uuid=" + C,
    "define": "define --parent=mtty --jsonfile=/dev/stdin --uuid=" + C,
    "start": "start --parent=mtty --uuid=" + B,
    "autostart": "modify --parent=mtty --uuid=%s --auto" % B,
    "undefine": "undefine --parent=mtty --uuid=" + B,
    "destroy": "stop --uuid=" + A,
}


def failing(mode, said):
    for call, text in FAILING:
        if "%s" in text:
            text %= said.replace("error", "Error") if call == "autostart" and said == "Unknown error" else said
        yield "%s, %s: %s" % (mode, call, text)


def killed():
    for call, text in FAILING:
        command = KILLED.get(call)
        signal = INTERNAL + "Child process (mdevctl %s) unexpected fatal signal 9" % command
        yield "kill, %s: %s" % (call, signal if command else text)


AUTOSTART_B = INTERNAL + "Unable to set autostart on '%s': " % NAME_B
DID_NOT_END = "mdevctl did not end within 60 seconds and was killed; see with 'mdevctl list' what it has done"
NOT_SEEN = "mediated device '%s' was started and did not appear within 60 seconds; "
FAILURES = [
    *failing("say Error: it is late", "Error: it is late\n"), *failing("silent", "Unknown error"), *killed(),
    *["missing, %s: %s" % (call, MISSING)
      for call in ("define", "define again", "start", "autostart", "update", "undefine")],
    *["old, %s: %sUnable to modify mediated device '%s': modify unsupported" % (call, UNSUPPORTED, NAME_B)
      for call in ("update", "define again")],
    "noise: True",
    "deaf: " + INTERNAL + "Unable to define mediated device: Unknown error",
    *["%s: %sUnable to define mediated device: mdevctl printed '%s' in place of the new UUID" % (what, INTERNAL, text)
      for what, text in (("rubbish", "../../x\\nrubbish"), ("nothing printed", ""))],
    "not defined: " + INTERNAL + "mdevctl has defined '%s', but /etc/mdevctl.d has no definition of it" % NAME_C,
    "nothing changed: active 0 persistent 1 autostart 0, active 1 persistent 0 autostart 0, none",
    "warn: done",
    "hang: " + AUTOSTART_B + DID_NOT_END,
    "endless: " + INTERNAL + "Unable to undefine mediated device: " + DID_NOT_END,
    "hidden: " + INTERNAL + NOT_SEEN % NAME_D + "it was stopped again",
    "left behind: False",
    "lost: " + INTERNAL + NOT_SEEN % NAME_E + "stopping it failed: internal error: Unable to stop mediated device: "
    "Error: Device is not active\n",
    "all, hang: [1, 1, 1]", "asked: 1",
    "children ignored: done", "children ignored: " + AUTOSTART_B + "Error: no\n",
    "threads: []", "descriptors: 0", "children: set()",
]

PARENT = "/sys/devices/virtual/mtty/mtty"
CREATE = "Unable to start mediated device: cannot write '%s' to %s/mdev_supported_types/mtty-1/create: %%s" % (A, PARENT)
REMOVE = "cannot write '1' to %s/%%s/remove: %%s" % PARENT
SYSFS = [
    *hostile(),
    "attributes: " + UNSUPPORTED
    + "Unable to start mediated device: only mdevctl can set its attributes, and it is not installed",
    "no such type: " + INTERNAL + "Unable to start mediated device: Parent mtty does not support mdev type mtty-9",
    "parent without types: " + INTERNAL
    + "Unable to start mediated device: Parent 0000:02:00.0 does not support mdev type mtty-1",
    "unprivileged: 38 22 13 " + CREATE % "Permission denied",
    "full: 38 22 28 " + CREATE % "No space left on device",
    "nothing: [set(), []]",
    "create: " + NAME_A,
    "kernel: [\"create mtty-1 '%s'\", 'came %s']" % (A, A),
    "told: lifecycle %s CREATED 0" % NAME_A,
    "state: active 1 persistent 0 autostart 0",
    "unprivileged: 38 22 13 " + REMOVE % (A, "Permission denied"),
    "full: 38 22 28 " + REMOVE % (A, "No space left on device"),
    "destroy: done",
    "kernel: [\"remove %s '1'\", 'gone %s']" % (A, A),
    "told: ['lifecycle %s DELETED 0']" % NAME_A,
    "without uuid: True", "destroy: done", "destroy: done",
    "hidden: " + INTERNAL + NOT_SEEN % NAME_D + "it was stopped again",
    "no group: ['%s', False, 'done']" % NAME_D,
    "lost: " + INTERNAL + NOT_SEEN % NAME_E + "stopping it failed: " + REMOVE % (E, "No such file or directory"),
]

def state(active, persistent, autostart):
    return "active %d persistent %d autostart %d" % (active, persistent, autostart)


def killed(title, alone, neither, last, result, again="done"):
    """What is there when mdevctl did its work alone, or had not begun; the next call has what result and leaves what."""
    yield from ("alone, %s: %s" % (title, alone), "%s again: %s" % (title, again), "then: " + last)
    yield from ("neither, %s: %s" % (title, neither), "%s again: %s" % (title, result), "then: " + last)


NOT_FOUND = "53 22 -1 Node device not found: no node device with matching name '%s'" % NAME_A
TRANSIENT, DEFINED = state(1, 0, 0), state(0, 1, 0)
KILLED_CALLS = [
    [*killed("create", TRANSIENT, "none", TRANSIENT, NAME_A,
             INTERNAL + "Unable to start mediated device: Error: Device already exists\n")],
    [*killed("destroy", "none", TRANSIENT, "none", "done", NOT_FOUND)],
    [*killed("define", DEFINED, "none", DEFINED, NAME_A, NAME_A)],
    # Who changes a definition is killed when it asks whether mdevctl can do that.
    [*killed("define other", DEFINED, DEFINED, DEFINED, NAME_A, NAME_A)],
    [*killed("autostart", state(0, 1, 1), DEFINED, state(0, 1, 1), "done")],
    [*killed("start", state(1, 1, 1), state(0, 1, 1), state(1, 1, 1), "done", INVALID + "Device is already active")],
    [*killed("undefine", TRANSIENT, state(1, 1, 1), TRANSIENT, "done",
             INVALID + "Node device '%s' is not defined" % NAME_A)],
]
KILLED_IN_SYSFS = [
    "sysfs, create: True", "then: " + TRANSIENT, "destroy: True", "then: %r" % ["none", NOT_FOUND, []],
    "lost, create: True", "then: none", "create again: " + NAME_A,
]

# mdevctl before 1.3 cannot modify a device from JSON.
WRITTEN = '{"mdev_type": "mtty-2", "start": "manual", "attrs": [{"b": "é\\"\\\\/1"}, {"a": "0x1"}, {"b": "2"}]}'
REAL = [
    "create: " + NAME_A, "attributes: [('q', '1'), ('r', 'x')]", "attributes: []", "destroy: done", "destroy: done",
    "no such type: " + INTERNAL + "Unable to start mediated device: Error: Parent mtty does not support mdev type mtty-9",
    "define: " + NAME_A, "state: active 0 persistent 1 autostart 0",
    "file: " + WRITTEN, 'list: [{"mtty": [{"%s": %s}]}]' % (A, WRITTEN),
    "    <type id='mtty-2'/>", "    <attr name='b' value='é&quot;\\/1'/>", "    <attr name='a' value='0x1'/>",
    "    <attr name='b' value='2'/>",
    "autostart: done", "state: active 0 persistent 1 autostart 1",
    "update: (done|" + re.escape(UNSUPPORTED) + "Unable to modify mediated device '%s': modify unsupported)" % NAME_A,
    "undefine: done", "state: none",
    "define: " + NAME_A, "start: done", "state: active 1 persistent 1 autostart 0",
    "destroy: done", "state: active 0 persistent 1 autostart 0", "undefine: done", "define: " + NAME_A, "define: " + ELSEWHERE, "autostart: done",
    "state: ['active 0 persistent 1 autostart 0', 'active 0 persistent 1 autostart 1']", "start: done", "destroy: done",
    "undefine: done", "state: ['none', 'active 0 persistent 1 autostart 1']", "undefine: done",
    "nothing: set()",
]


class Mdev(unittest.TestCase):
    def steps(self, *arguments, script="mdev_steps.py"):
        done = replay(*arguments, script=script)
        if done.returncode == kit.SKIPPED:
            self.skipTest(done.stderr.strip())
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def lines(self, step, expected):
        """Compares what a step prints; lines that need another user are left out where there is none."""
        found, expected = self.steps(step), "\n".join(expected) + "\n"
        if "unprivileged: there is no other user\n" in found:
            self.note = "without the user nobody"
            found, expected = (re.sub("^unprivileged: .*\n", "", text, flags=re.M) for text in (found, expected))
        self.assertEqual(found, expected)

    def test_calls(self):
        """What mdevctl is asked, and what each call gives."""
        self.lines("calls", CALLS)

    def test_failures(self):
        self.lines("failures", FAILURES)

    def test_sysfs(self):
        """Without mdevctl."""
        self.lines("sysfs", SYSFS)

    def test_killed(self):
        """A process is killed while mdevctl works for it, or with mdevctl, or when it has written to sysfs; what the next
        call makes of that follows from what mdevctl and the kernel then have."""
        calls = [line for mode in (slice(3), slice(3, None)) for lines in KILLED_CALLS for line in lines[mode]]
        self.lines("killed", calls + KILLED_IN_SYSFS)

    def test_real(self):
        """The mdevctl of this system understands, and is understood."""
        foreign.need("mdevctl", foreign.program("mdevctl"))
        found = self.steps("real")
        update = next(line for line in REAL if line.startswith("update: "))
        self.assertRegex(found, "(?m)^%s$" % update)
        self.assertEqual(re.sub("(?m)^update: .*", lambda _: update, found), "\n".join(REAL) + "\n")

    def test_session(self):
        """The recorded virsh session, command by command, and the events of its watcher."""
        folder = os.path.join(kit.temp(), "mdev")
        os.makedirs(folder, exist_ok=True)
        session = Session(folder)
        self.assertEqual(len([e for e in session.expected if e]), 131)
        generated = ["mdev_281d5913_db78_4a31_8574_5aac99db8bb5_mtty", "mdev_f9df3cdf_f744_40ec_b17e_e0d91cacfdd7_mtty"]
        found = json.loads(self.steps(TOOL, json.dumps([session.commands, generated]), script="mdev_session.py"))
        self.assertEqual(len(found["results"]), len(session.expected))
        for (out, errors, status), expected in zip(found["results"], session.expected):
            if expected is None:
                self.assertEqual((errors, status), ("", 0))
                continue
            command, text, code = expected
            with self.subTest(command):
                errors = "".join("2> " + line for line in errors.splitlines(True))
                printed = (out + errors).replace(folder, FOLDER).strip("\n")
                if "<path>" not in text and "number='0'" in printed:
                    # The daemon remembered the group of a device that was gone.
                    text = text.replace("number='32'", "number='0'")
                # What a schema does not allow, libvirt says in the words of libxml2.
                printed, text = (re.sub("(?s)(against schema: ).*", r"\1", both) for both in (printed, text))
                self.assertEqual((printed, status), (text, code))
        recorded = re.findall(r"^\S+ \S+: (event .*)$", kit.read(os.path.join(RECORDED, "events-lifecycle.log")), re.M)
        self.assertEqual(len(recorded), 57)
        # Then the daemon went, and the watcher with it.
        self.assertEqual([line.rstrip("\n") for line in found["events"][:len(recorded)]], recorded)


if __name__ == "__main__":
    unittest.main()
