# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Runs a sequence of commands, once with this project's program and once with libvirt's virsh.

A sequence is a text file, a step a line:

  title TEXT                what the following steps are about
  nodedev COMMAND ARG...    `nodedev COMMAND` here, `virsh nodedev-COMMAND` there
  readonly COMMAND ARG...   the same over a read-only connection
  pci COMMAND ARG...        as nodedev; libvirt is asked through its QEMU driver
  pci-readonly COMMAND ARG...
  sh TEXT                   shell that changes none
  do TEXT                   shell that changes a device
  xml NAME                  a file, whose lines follow, indented by two blanks
  # TEXT                    a comment

$NEW is the device that was created or defined last, $FC_HOST the host adapter that takes virtual ports,
$FC_WWNN and $FC_WWPN its world wide names.
"""
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field

OURS, THEIRS = "virnodedev", "libvirt"
BUILD = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "build")
NODEDEV = os.path.join(BUILD, "nodedev")
NODEDEV_URI, QEMU_URI = "nodedev:///system", "qemu:///system"
CHANGES = {"create", "define", "undefine", "start", "destroy", "update", "autostart", "detach", "reattach", "reset"}
TIMEOUT = 100  # seconds; libvirt gives up on a new device after 60


@dataclass
class Step:
    """One line of a sequence, and what it printed."""
    kind: str
    text: str
    title: str
    lines: list = field(default_factory=list)  # as compared: stdout, `2> ` and stderr, `[status N]`
    seconds: float = 0.0


def read(path):
    """The steps of a file; an `xml` step has the document as its lines."""
    steps, title, document = [], "", None
    with open(path) as f:
        for line in f:
            line = line.rstrip("\n")
            if document is not None and line.startswith("  "):
                document.lines.append(line[2:])
                continue
            document = None
            if not line or line.startswith("#"):
                continue
            kind, _, text = line.partition(" ")
            if kind == "title":
                title = text
                continue
            steps.append(Step(kind, text, title))
            if kind == "xml":
                document = steps[-1]
    return steps


def command(side, kind, words):
    """The command line that does a step on one side."""
    uri = QEMU_URI if side == THEIRS and kind.startswith("pci") else NODEDEV_URI
    program = [NODEDEV] if side == OURS else ["virsh"]
    readonly = ["-r"] if kind.endswith("readonly") else []
    name = words[0] if side == OURS else "nodedev-" + words[0]
    return [*program, *readonly, "-c", uri, name, *words[1:]]


def settle(side, seconds):
    """Waits until udevd is done; libvirt's daemon follows it and mdevctl's files, a moment later."""
    subprocess.run(["udevadm", "settle"], check=True)
    if side == THEIRS:
        time.sleep(seconds)


def run(path, side, variables, work):
    """Runs the steps of a file on one side, in a new folder; returns them with what they printed."""
    os.makedirs(work)
    variables = dict(variables)
    steps = read(path)
    for step in steps:
        expand = lambda text: re.sub(r"\$([A-Z_]+)\b", lambda m: variables.get(m[1], m[0]), text)  # noqa: E731
        if step.kind == "xml":
            with open(os.path.join(work, step.text), "w") as f:
                f.write(expand("\n".join(step.lines)) + "\n")
            step.lines = []
            continue
        text = expand(step.text)
        words = ["bash", "-c", text] if step.kind in ("sh", "do") else command(side, step.kind, text.split())
        begin = time.monotonic()
        try:
            done = subprocess.run(words, cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, errors="replace", timeout=TIMEOUT)
            step.lines = [*done.stdout.splitlines(), *("2> " + line for line in done.stderr.splitlines()),
                          "[status %d]" % done.returncode]
        except subprocess.TimeoutExpired:
            sys.exit("%s: %s: no answer after %d seconds: %s" % (os.path.basename(path), side, TIMEOUT, " ".join(words)))
        step.seconds = time.monotonic() - begin
        made = re.search(r"^Node device '?(\w+)'? (created|defined) from", "\n".join(step.lines), re.M)
        if made:
            variables["NEW"] = made[1]
        if step.kind == "do":
            settle(side, 4)  # may be many devices
        elif words[0] != "bash" and step.lines[-1] == "[status 0]" and text.split()[0] in CHANGES:
            settle(side, 1)
    return steps


class Normal:
    """Puts names that a run is free to choose in place by their order of appearance: the numbers of new SCSI
    hosts, generated UUIDs and world wide names."""

    def __init__(self, hosts):
        self.hosts = hosts  # highest number of a host that was there before
        self.seen = {}

    def _name(self, kind, text):
        known = self.seen.setdefault(kind, [])
        if text not in known:
            known.append(text)
        return "%s%d" % (kind, known.index(text) + 1)

    def _host(self, match):
        number = int(match[2])
        return match[0] if number <= self.hosts else match[1] + self._name("NEW", match[2])

    def __call__(self, line):
        line = re.sub(r"\b((?:scsi_)?host)(\d+)\b", self._host, line)
        line = re.sub(r"\bvport-(\d+:\d+)-(\d+)\b", lambda m: "vport-%s-%s" % (m[1], self._name("N", m[2])), line)
        # Those of the sequences start with 1111.
        line = re.sub(r"\b(mdev_)?(?!1111)[0-9a-f]{8}([-_])[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{12}",
                      lambda m: (m[1] or "") + self._name("UUID", m[0].replace("mdev_", "").replace("-", "_")), line)
        return re.sub(r"\b5001a4a[0-9a-f]{9}\b", lambda m: "5001a4a" + self._name("WWN", m[0]), line)
