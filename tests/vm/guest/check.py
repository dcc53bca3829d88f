# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""check.py REPORT: runs in the guest; compares this project with the guest's libvirt and writes a report.

  --only NAME   one part: devices, mdev, vport, detach, assign or timing
  --rounds N    of the timing (5)

Exit status: 0 when every difference is one of those that differences.py names, else 1.
"""
import argparse
import difflib
import glob
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter

import assign
import sequence
from differences import RULES, Explained
from sequence import BUILD, NODEDEV, NODEDEV_URI, OURS, THEIRS

HERE = os.path.dirname(os.path.realpath(__file__))
WORK = "/tmp/check"
LIBRARIES = {OURS: os.path.join(BUILD, "libvirnodedev.so.0"), THEIRS: "libvirt.so.0"}
CAPABILITIES = ("system pci usb_device usb net scsi_host scsi_target scsi storage fc_host vports scsi_generic drm mdev_types "
                "mdev ccw css vdpa ap_card ap_queue ap_matrix vpd ccwgroup ccwgroup_member").split()
LISTS = [[], ["--all"], ["--inactive"], ["--persistent"], ["--transient"], ["--tree"],
         *(["--all", "--cap", cap] for cap in CAPABILITIES), ["--cap", "net,storage"]]
BY_HAND = "a write, mdevctl"
FC_CARD = "enp3s0"
UUID = "11111111-2222-3333-4444-55555555551"

# The machine is compared as it comes up and after this.
BUSY = """
    cd /sys/bus/pci/devices
    echo 2 >0000:01:00.0/sriov_numvfs
    udevadm settle
    for function in 0000:01:10.0 0000:02:00.0; do
        echo vfio-pci >$function/driver_override
        echo $function >$function/driver/unbind
        echo $function >/sys/bus/pci/drivers_probe
    done
    echo 2101001b32a9da4e:2001001b32a9da4e >/sys/class/fc_host/$HOST/vport_create
    mdevctl start -u {0}0 -p mtty --type mtty-1
    mdevctl define -u {0}1 -p mtty --type mtty-2
""".format(UUID)
IDLE = """
    cd /sys/bus/pci/devices
    echo >0000:02:00.0/driver_override
    echo 0000:02:00.0 >0000:02:00.0/driver/unbind
    echo 0000:02:00.0 >/sys/bus/pci/drivers_probe
    echo 0 >0000:01:00.0/sriov_numvfs
    echo 2101001b32a9da4e:2001001b32a9da4e >/sys/class/fc_host/$HOST/vport_delete
    mdevctl stop -u {0}0
    mdevctl undefine -u {0}1
""".format(UUID)
STATES = [
    ("as it comes up", ""),
    ("two virtual functions; one, and a card, bound to vfio-pci; a virtual port; a mediated device that runs and one that "
     "is defined", BUSY),
]


def shell(text, **env):
    done = subprocess.run(["bash", "-euc", text], env=dict(os.environ, **env), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit("check: %s\n%s" % (text, done.stdout))
    return done.stdout.strip()


def say(text):
    print(text, file=sys.stderr, flush=True)


def libvirtd(action):
    shell("%s/libvirtd %s" % (HERE, action))


SAME, EXPLAINED, DIFFERENT = "same", "explained", "DIFFERENT"


class Report:
    """The text, and the number of differences that nothing explains."""

    def __init__(self):
        self.text = []
        self.unexplained = []

    def add(self, *lines):
        self.text += lines

    def table(self, head, rows):
        self.add("", "| " + " | ".join(head) + " |", "|" + "---|" * len(head))
        self.add(*("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows), "")

    def compare(self, explained, where, theirs, ours):
        """What came out, and the names of the rules that explain it."""
        names = explained.compare(where, theirs, ours)
        if names is not None:
            return EXPLAINED if names else SAME, names
        self.unexplained.append("".join(line + "\n" for line in difflib.unified_diff(
            theirs, ours, "libvirt: " + where, "virnodedev: " + where, lineterm="")))
        return DIFFERENT, []


# --- all devices ----------------------------------------------------------------------------------

def list_names(side, options):
    program = [NODEDEV, "-c", NODEDEV_URI, "list"] if side == OURS else ["virsh", "-c", NODEDEV_URI, "nodedev-list"]
    done = subprocess.run([*program, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return [*done.stdout.splitlines(), "[status %d]" % done.returncode]


def describe_all(side):
    return json.loads(shell("python3 %s/api.py %s" % (HERE, LIBRARIES[side])))


def compare_devices(report, explained, fc_host):
    report.add("## All devices", "",
               "Every device's XML, parent, capabilities and states through the C API of both libraries, and %d forms of "
               "`nodedev list` and `virsh nodedev-list`, line by line." % len(LISTS))
    rows = []
    host = fc_host.removeprefix("scsi_")
    for state, change in STATES:
        say("devices: " + state)
        shell(change, HOST=host)
        sequence.settle(THEIRS, 4)
        theirs, ours = describe_all(THEIRS), describe_all(OURS)
        count = Counter()
        for name in sorted(theirs.keys() | ours.keys()):
            pages = [json.dumps(side.get(name), indent=1).replace("\\n", "\n").splitlines() for side in (theirs, ours)]
            count[report.compare(explained, "device %s" % name, *pages)[0]] += 1
        lists = Counter(report.compare(explained, "list " + " ".join(options),
                                       *(list_names(side, options) for side in (THEIRS, OURS)))[0] for options in LISTS)
        rows.append((state, len(theirs), len(ours), count[SAME], count[EXPLAINED], count[DIFFERENT],
                     "%d of %d" % (lists[SAME], len(LISTS))))
    shell(IDLE, HOST=host)
    sequence.settle(THEIRS, 4)
    report.table(("state of the machine", "libvirt has", "virnodedev has", "same", "explained", "different", "lists the same"),
                 rows)


# --- sequences ------------------------------------------------------------------------------------

def compare_sequence(report, explained, name, variables):
    path = os.path.join(HERE, "sequences", name + ".seq")
    results = {}
    for side in (THEIRS, OURS):
        say("%s: %s" % (name, side))
        hosts = max(int(host[4:]) for host in os.listdir("/sys/class/scsi_host"))
        normal = sequence.Normal(hosts)
        # The same folder for both: messages name files.
        shutil.rmtree(os.path.join(WORK, name), ignore_errors=True)
        steps = sequence.run(path, side, variables, os.path.join(WORK, name))
        for step in steps:
            step.lines = [normal(line) for line in step.lines]
        results[side] = steps
    count, title, lines = Counter(), None, []
    for theirs, ours in zip(results[THEIRS], results[OURS]):
        if ours.kind == "xml":
            continue
        if ours.title != title:
            title = ours.title
            lines += ["", title, ""]
        what = "%s %s" % (ours.kind, ours.text)
        mark, names = report.compare(explained, "%s: %s" % (name, what), theirs.lines, ours.lines)
        count[mark] += 1
        status = re.sub(r"^\[(.*)\]$", r"\1", ours.lines[-1])
        lines.append("    %-9s  %-8s  %s%s" % (mark, status, what, "".join("  (%s)" % name for name in names)))
    seconds = {side: sum(step.seconds for step in steps if step.kind not in ("sh", "do", "xml"))
               for side, steps in results.items()}
    return (name, sum(count.values()), count[SAME], count[EXPLAINED], count[DIFFERENT],
            "%.1f s" % seconds[THEIRS], "%.1f s" % seconds[OURS]), lines


def compare_sequences(report, explained, names, variables):
    report.add("## Sequences", "",
               "The same commands with `virsh` and then with `nodedev`, from the same state: standard output, error output and "
               "exit status, line by line. Generated UUIDs, world wide names and the numbers of new SCSI hosts are replaced "
               "by their order of appearance. The last two columns are the time that the programs ran: each `nodedev` looks at the "
               "whole host first, `virsh` asks a daemon that knows it.")
    rows, details = [], []
    for name in names:
        row, lines = compare_sequence(report, explained, name, variables)
        rows.append(row)
        details += ["", "### " + name, *lines]
    report.table(("sequence", "steps", "same", "explained", "different", "virsh", "nodedev"), rows)
    report.add("Steps, with their exit status:", *details, "")


# --- assigning ---------------------------------------------------------------------------------

def check_assigning(report):
    report.add("## Assigning, and virtual functions", "",
               "What libvirt does not do: `nodedev assignable` says whether a function can be assigned, and VFIO proves it; "
               "`nodedev vfs` has drivers make virtual functions, and the inventory tells of them.")
    say("assigning")
    rows = assign.check()
    report.table(("what", "wanted", "found", "the same"), rows)
    report.unexplained += ["%s: %r, not %r\n" % (what, found, wanted) for what, wanted, found, same in rows if same != "yes"]


# --- timing ---------------------------------------------------------------------------------------

def median(values):
    return sorted(values)[len(values) // 2]


def compare_timing(report, rounds, fc_host):
    report.add("## How long a new device takes", "",
               "`virNodeDeviceCreateXML` called %d times, milliseconds, median and longest. \"After the uevent\" is the time from "
               "the kernel's message of the new device to the return of the call; \"udevd\" is the time from the kernel's "
               "message to udevd's of the same device. The last two rows are what both libraries do in the end, by hand: the "
               "kernel tells of the device before the write is over and before mdevctl ends. libvirt's daemon runs "
               "for its own rows only. The processor is emulated: everything takes many times as long as on a real one." % rounds)
    rows = []
    for side, library in (*LIBRARIES.items(), (BY_HAND, "-")):
        say("timing: " + side)
        libvirtd("start" if side == THEIRS else "stop")
        measured = json.loads(shell("python3 %s/timing.py %s %d %s" % (HERE, library, rounds, fc_host)))
        for kind, results in measured.items():
            cells = []
            for key in ("call", "return", "udevd"):
                values = [1000 * r[key] for r in results if r[key] is not None]
                cells += ["%.0f" % median(values), "%.0f" % max(values)] if values else ["", ""]
            rows.append((kind, side, *cells))
    libvirtd("start")
    report.table(("device", "by", "call", "longest", "after the uevent", "longest", "udevd", "longest"), rows)


# --- all of it ------------------------------------------------------------------------------------

def prepare():
    """Loads the drivers, makes the Fibre Channel host; returns what sequences call by name."""
    shell("modprobe -a mtty vfio-pci fcoe; ls /sys/class/fc_host | grep -q . || "
          "echo %s >/sys/module/libfcoe/parameters/create; udevadm settle" % FC_CARD)
    libvirtd("start")
    host = min(glob.glob("/sys/class/fc_host/host*"))

    def fact(name):
        with open(os.path.join(host, name)) as f:
            return f.read().strip().removeprefix("0x")

    return {"FC_HOST": "scsi_" + os.path.basename(host), "FC_WWNN": fact("node_name"), "FC_WWPN": fact("port_name")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report")
    parser.add_argument("--only")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    report, explained = Report(), Explained()
    variables = prepare()
    report.add("# On a real kernel, beside the real libvirt", "",
               "Made by `make vm-check` (tests/vm): one run in a virtual machine, virnodedev and libvirt in the same guest.", "",
               *("- " + line for line in open("/host/versions").read().splitlines()), "")
    if args.only in (None, "devices"):
        compare_devices(report, explained, variables["FC_HOST"])
    names = [name for name in ("mdev", "vport", "detach") if args.only in (None, name)]
    if names:
        compare_sequences(report, explained, names, variables)
    if args.only in (None, "assign"):
        check_assigning(report)
    if args.only in (None, "timing"):
        compare_timing(report, args.rounds, variables["FC_HOST"])
    report.add("## Differences", "", "Explained:", "",
               *("- **%s** (%d times): %s" % (rule["name"], explained.used[rule["name"]], rule["why"]) for rule in RULES))
    report.add("", "Not explained: %s" % (len(report.unexplained) or "none"))
    for diff in report.unexplained:
        report.add("", "```diff", diff.rstrip("\n"), "```")
    with open(args.report, "w") as f:
        f.write("\n".join(report.text) + "\n")
    return 1 if report.unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
