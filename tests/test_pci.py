# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""PCI functions that are detached, re-attached and reset on the replayed machine `base`, whose kernel is played.

What is written follows libvirt's documented behaviour (driver_override, unbind, drivers_probe; a newline to clear
the first, which comes second here when the function is given back) and the kernel's
(Documentation/ABI/testing/sysfs-bus-pci); the messages are libvirt's, and the library's own where libvirt does not
look. What a call makes of another that was killed is worked out by hand from what that one's writes left. The
transcript is that of libvirt 12.8.0 on the real machine.
"""
import difflib
import os
import re
import unittest

import fast_clock
import kit

TRANSCRIPT = os.path.join(kit.DATA, "pci", "transcript.txt")

NIC = "0000:03:00.0"
DIRECTORY = "/sys/devices/pci0000:00/0000:00:03.2/" + NIC
DONE = "done"
INTERNAL = "1 0 -1 internal error: "
LOAD = INTERNAL + "Failed to load PCI driver module %s: "
FATAL = "modprobe: FATAL: Module %s not found in directory /lib/modules/7.2.13+deb14-amd64"
IN_USE = "55 0 -1 Requested operation is not valid: PCI device %s is in use by driver vfio-pci: %s is open"
GONE = "53 22 -1 Node device not found: no node device with matching name 'pci_0000_03_00_0'"
AS_BEFORE = "(it is bound to %s as before)"


def override(text):
    return "%s/driver_override %r" % (NIC, text)


def unbind(driver):
    return "drivers/%s/unbind '%s'" % (driver, NIC)


PROBE = "drivers_probe '%s'" % NIC


def bind(old, new):
    """To a driver, or with a newline to the host's: as long as another one than the host's is bound, its name stands there."""
    return [unbind(old), override(new), PROBE] if new == "\n" else [override(new), unbind(old), PROBE]


def state(driver, override=None):
    return "bound to %s, override %s" % (driver, override)


HOST = state("e1000e")
VFIO = state("vfio-pci", "vfio-pci")
ACME = state("acme-vfio-pci", "acme-vfio-pci")
ROOT_PORT = state("pcieport")


def modprobe(*arguments):
    return "modprobe %s, input /dev/null, LC_ALL C" % " ".join(arguments)


def to_vfio(title):
    return (title, bind("e1000e", "vfio-pci"), DONE, VFIO)


def to_host(title, old="vfio-pci"):
    return (title, bind(old, "\n"), DONE, HOST)


def module(name, lines, result):
    return ("module " + name, lines, result, HOST)


DRIVERS = [
    to_vfio("detach"),
    ("detach again", [], DONE, VFIO),
    to_host("re-attach"),
    ("re-attach again", [], DONE, HOST),
    ("detach to the best variant, which is loaded",
     [modprobe("-b", "acme_vfio_pci"), *bind("e1000e", "acme-vfio-pci")], DONE, ACME),
    ("detach to a driver by name", bind("acme-vfio-pci", "vfio-pci"), DONE, VFIO),
    ("detach to a module's driver", bind("vfio-pci", "acme-vfio-pci"), DONE, ACME),
    to_host("re-attach", "acme-vfio-pci"),
    module("bogus", [modprobe("-b", "bogus"), modprobe("-c")], LOAD % "bogus" + FATAL % "bogus"),
    module("silent", [modprobe("-b", "silent"), modprobe("-c")],
           INTERNAL + "modprobe reported success loading module 'silent', but module is missing from /sys/module"),
    module("shut-out", [modprobe("-b", "shut-out"), modprobe("-c")],
           LOAD % "shut-out" + "administratively prohibited"),
    module("usb-only", [modprobe("-b", "usb-only")],
           INTERNAL + "module 'usb-only' does not implement any pci driver"),
    module("liar", [modprobe("-b", "liar")],
           INTERNAL + "pci driver 'nowhere' supposedly loaded by module 'liar' not found in sysfs"),
    module("forbidden_too", [modprobe("-b", "forbidden_too"), modprobe("-c")],
           LOAD % "forbidden_too" + "administratively prohibited"),
    module("xen", [modprobe("-b", "xen-pciback"), modprobe("-c")], LOAD % "xen-pciback" + FATAL % "xen-pciback"),
    module("kvm", [], "74 22 -1 argument unsupported: "
                      "'legacy KVM' device assignment is no longer supported on this system"),
    *[("name %.20r" % name, [], "8 22 -1 invalid argument: '%s' cannot be the name of a driver" % shown, HOST)
      for name, shown in (("", ""), ("..", ".."), ("../../../devices", "../../../devices"), ("a/b", "a/b"),
                          ("-r", "-r"), ("--show", "--show"), ("a\nb", r"a\nb"), ("x" * 129, "x" * 129),
                          ("\x7f", r"\x7f"))],
    ("alias of another bus", [],
     INTERNAL + "device modalias file %s/modalias content has improper format" % DIRECTORY, HOST),
]

# What is tried to get the former driver back: its name alone makes sure that it is asked.
BACK_TO_HOST = [override("e1000e"), PROBE, override("\n")]

FAILURES = [
    ("a driver that does not take it", bind("e1000e", "e1000") + BACK_TO_HOST,
     INTERNAL + "PCI device %s was not taken by driver e1000, and was then bound to no driver; "
                "the kernel's log may say why " % NIC + AS_BEFORE % "e1000e", HOST),
    ("driver_override refused", [override("vfio-pci")],
     "38 0 13 Failed to add driver 'vfio-pci' to driver_override interface of PCI device '%s': Permission denied" % NIC,
     HOST),
    ("unbind refused", [override("vfio-pci"), unbind("e1000e"), override("\n")],
     "38 0 16 Failed to unbind PCI device '%s' from e1000e " % NIC + AS_BEFORE % "e1000e" +
     ": Device or resource busy", HOST),
    ("probe refused", bind("e1000e", "vfio-pci") + BACK_TO_HOST,
     "38 0 22 Failed to trigger a probe for PCI device '%s' " % NIC + AS_BEFORE % "e1000e" + ": Invalid argument", HOST),
    ("probe refused for ever", bind("e1000e", "vfio-pci") + BACK_TO_HOST,
     "38 0 22 Failed to trigger a probe for PCI device '%s' (and it could not be given back to e1000e: "
     "it is bound to no driver, its driver_override is not set): Invalid argument" % NIC, state(None)),
    ("re-attach after that", [override("\n"), PROBE], DONE, HOST),
    to_vfio("detach"),
    ("unbind refused on the way back", [unbind("vfio-pci")],
     "38 0 16 Failed to unbind PCI device '%s' from vfio-pci " % NIC + AS_BEFORE % "vfio-pci" +
     ": Device or resource busy", VFIO),
    ("driver_override refused on the way back", [*bind("vfio-pci", "\n")[:2], override("vfio-pci"), PROBE],
     "38 0 13 Failed to clear driver_override interface of PCI device '%s' " % NIC + AS_BEFORE % "vfio-pci"
     + ": Permission denied", VFIO),
    ("probe refused on the way back", bind("vfio-pci", "\n") + [override("vfio-pci"), PROBE],
     "38 0 22 Failed to trigger a probe for PCI device '%s' " % NIC + AS_BEFORE % "vfio-pci" + ": Invalid argument",
     VFIO),
    to_host("re-attach"),
    *[("no privilege: " + what, [], "38 0 13 cannot write %s/driver_override: Permission denied" % DIRECTORY, HOST)
      for what in ("detach", "reattach", "reset")],
    ("no driver_override", [], "38 0 2 cannot write %s/driver_override: No such file or directory" % DIRECTORY, HOST),
    ("a bridge", [], "55 22 -1 Requested operation is not valid: "
                     "PCI device 0000:00:03.0 is a bridge, which no VFIO driver takes", ROOT_PORT),
    ("no IOMMU", [], "74 22 -1 argument unsupported: VFIO device assignment is currently not supported on this "
                     "system: PCI device %s is in no IOMMU group" % NIC, HOST),
    to_vfio("detach"),
    ("in use: detach", [], IN_USE % (NIC, "/dev/vfio/25"), VFIO),
    ("in use: reattach", [], IN_USE % (NIC, "/dev/vfio/25"), VFIO),
    ("in use: reset", [], INTERNAL + "Not resetting active device " + NIC, VFIO),
    ("in use, but as it should be", [], IN_USE % (NIC, "/dev/vfio/25"), VFIO, "assignable 0 /dev/vfio/25 held",
     "assignable 1 /dev/vfio/25"),
    ("in use through its own node", [], IN_USE % (NIC, "/dev/vfio/devices/vfio0"), VFIO),
    to_host("re-attach"),
]


AGAIN = (INTERNAL + "PCI device %s was bound to %%s again, which takes it by its identity: see the driver's option 'ids' "
         "and its files new_id and remove_id" % NIC)
CLEAR = [override("\n")]

LEFT_BEHIND = [
    ("only driver_override is left: reattach", CLEAR, DONE, HOST),
    ("driver_override cannot be cleared", CLEAR,
     "38 0 13 Failed to clear driver_override interface of PCI device '%s': Permission denied" % NIC,
     state("e1000e", "pci-stub")),
    ("reattach", CLEAR, DONE, HOST),
    ("driver_override names the host's driver: reattach", bind("e1000e", "\n"), DONE, HOST),
    ("detach to a stub", bind("e1000e", "pci-stub"), DONE, state("pci-stub", "pci-stub")),
    to_host("a stub without driver_override: reattach", "pci-stub"),
    *[step for driver in ("vfio-pci", "pci-stub") for step in (
        ("detach to " + driver, bind("e1000e", driver), DONE, state(driver, driver)),
        ("%s takes it by its identity: reattach" % driver, bind(driver, "\n") + [override(driver)],
         AGAIN % driver + " " + AS_BEFORE % driver, state(driver, driver)),
        ("the same without driver_override", bind(driver, "\n"), AGAIN % driver + " " + AS_BEFORE % driver,
         state(driver)),
        to_host("reattach when it does not", driver))],
]


def killed(call, then, *outcomes, ends=None):
    """What the next call writes and says after each write at which the first one was killed; or they all end so."""
    for number, outcome in enumerate(outcomes, 1):
        title = "%s killed after write %d, then %s" % (call, number, then)
        yield (title, *((outcome, DONE, ends) if ends else outcome))


NOT_TAKEN = INTERNAL + ("PCI device %s was not taken by driver e1000, and was then bound to no driver; "
                        "the kernel's log may say why " % NIC)
# The probe finds no driver, and there was none before: what is left is what stood in driver_override.
TRIED_AGAIN = [override("e1000"), PROBE]
STILL_NONE = NOT_TAKEN + AS_BEFORE % "no driver"
STILL_HOSTS = NOT_TAKEN + AS_BEFORE % "e1000e"

KILLED = [
    *[step for driver in ("vfio-pci", "uio_pci_generic") for step in (
        *killed("detach " + driver, "detach", bind("e1000e", driver), [override(driver), PROBE], [],
                ends=state(driver, driver)),
        *killed("detach " + driver, "reattach", CLEAR, [*CLEAR, PROBE], bind(driver, "\n"), ends=HOST))],
    *killed("detach e1000", "detach",
            (bind("e1000e", "e1000") + [override("e1000e"), PROBE, override("e1000")], STILL_HOSTS,
             state("e1000e", "e1000")),
            (TRIED_AGAIN, STILL_NONE, state(None, "e1000")),
            (TRIED_AGAIN, STILL_NONE, state(None, "e1000")),
            (TRIED_AGAIN + [override("e1000e")], STILL_NONE, state(None, "e1000e")),
            (bind("e1000e", "e1000") + [override("e1000e"), PROBE], STILL_HOSTS, state("e1000e", "e1000e")),
            (bind("e1000e", "e1000") + BACK_TO_HOST, STILL_HOSTS, HOST)),
    # When the driver has just been given back by its name, nobody knows that it is the host's choice as well.
    *killed("detach e1000", "reattach", CLEAR, *[[*CLEAR, PROBE]] * 3, bind("e1000e", "\n"), [], ends=HOST),
    *[step for driver in ("vfio-pci", "uio_pci_generic") for step in (
        *killed("reattach " + driver, "detach", *[[override(driver), PROBE]] * 2, bind("e1000e", driver),
                ends=state(driver, driver)),
        *killed("reattach " + driver, "reattach", *[[*CLEAR, PROBE]] * 2, [], ends=HOST))],
]


def by_power(address):
    """D3hot and D0 (PCI Bus Power Management 1.2, 3.2.4), then what was set up, once the function answers."""
    return ["read %s config" % address, "%s power control 0003" % address, "%s power control 0000" % address,
            *set_up(address)]


def by_bus(bridge):
    """Secondary Bus Reset, bit 6 of the bridge's control register; the one beside it is SERR# enable."""
    return ["read %s config" % bridge, "%s bridge control 0042" % bridge, "%s bridge control 0002" % bridge]


def set_up(address):
    return ["read %s config" % address, "%s set up" % address]


POWER = "%s/power/control " % NIC
BUS = ["0000:09:%02x.0" % slot for slot in (1, 3, 4, 5, 6)]
UNABLE = INTERNAL + "Unable to reset PCI device %s: "

BUS_DIRECTORY = "/sys/devices/pci0000:00/0000:00:03.4/0000:08:00.0"


def set_up_again(directory):
    return "write 1 to %s/remove and then to /sys/bus/pci/rescan, and the kernel sets it up again" % directory


def not_set_up(address, directory, given=None):
    what = "its command register enables neither ports nor memory"
    if given is not None:
        what = "its base address 0 is 0x0, not %#x" % given
    return (
        "PCI device %s is not set up any more: %s, as after a reset that was not finished. "
        "Nothing was changed. To mend it, %s" % (address, what, set_up_again(directory)))


# What a reset writes that takes the bus, and how the functions there are set up then.
WITH_BUS = [*["read %s config" % address for address in BUS], *by_bus("0000:08:00.0"),
            *[line for address in BUS for line in set_up(address)], *["%s is as before" % address for address in BUS]]

RESETS = [
    ("reset through power states", [*by_power(NIC), NIC + " is as before"], DONE, HOST),
    ("reset of one that takes its time to answer", [*by_power(NIC), NIC + " is as before"], DONE, HOST),
    ("reset of one that answers only after its bus was reset",
     [*by_power(NIC)[:3], *by_bus("0000:00:03.2"), *set_up(NIC), NIC + " is as before"], DONE, HOST),
    ("reset of a sleeping one", [POWER + "'on'", *by_power(NIC), POWER + "'auto'", NIC + " is as before"], DONE, HOST,
     "control auto"),
    ("reset of one that does not wake", [POWER + "'on'", POWER + "'auto'"],
     INTERNAL + "PCI device %s is suspended and does not wake" % NIC, HOST, "control auto"),
    ("reset when power states cannot be written",
     [*by_power(NIC)[:2], *by_bus("0000:00:03.2"), *set_up(NIC), NIC + " is as before"], DONE, HOST),
    ("reset of closed configuration space", [], "38 0 13 cannot open %s/config: Permission denied" % DIRECTORY, HOST),
    ("fallen off its bus: reset", [], INTERNAL + "PCI device %s does not answer" % NIC, HOST),
    ("fallen off its bus: detach", [], INTERNAL + "PCI device %s does not answer" % NIC, HOST),
    ("fallen off its bus: reattach", [], DONE, HOST),
    ("reset of one whose reset was not finished", ["read %s config" % NIC, NIC + " is another"],
     INTERNAL + not_set_up(NIC, DIRECTORY, 0xFE440000), HOST),
    ("reset of one whose reset was all but finished", ["read %s config" % NIC, NIC + " is another"],
     INTERNAL + not_set_up(NIC, DIRECTORY), HOST),
    ("reset of a bridge", ["read 0000:00:03.0 config"],
     INTERNAL + "Invalid attempt to reset PCI device 0000:00:03.0. Only PCI endpoint devices can be reset", ROOT_PORT),
    ("reset on a root bus", ["read 0000:00:00.0 config"],
     UNABLE % "0000:00:00.0" + "no FLR, PM reset or bus reset available", state(None)),
    ("reset by the kernel", ["read 0000:01:00.0 config"], DONE, state("igb")),
    ("reset beside others", ["read 0000:09:01.0 config"],
     UNABLE % "0000:09:01.0" +
     "internal error: Active 0000:09:03.0 devices on bus with 0000:09:01.0, not doing bus reset", state("e1000")),
    ("reset with the bus, where one reset was not finished",
     ["read %s config" % address for address in BUS[:4]] + ["0000:09:05.0 is another"],
     UNABLE % "0000:09:01.0" + "internal error: " + not_set_up("0000:09:05.0", BUS_DIRECTORY + "/0000:09:05.0", 0xFDAF8000), state("e1000")),
    ("reset with the bus", WITH_BUS, DONE, state("e1000")),
    to_vfio("detach"),
    ("reset of a detached one", [], DONE, VFIO),
]

def killed_reset(number, written, *ends):
    return ("reset killed after write %d, then reset" % number, written, *ends, HOST)


READ = "read %s config" % NIC
ANOTHER = NIC + " is another"

# D3hot; D0, which forgets everything; twelve registers of four bytes, the first base address last; cache line and
# latency, two of PCI Express 1, four of MSI with 64 bits, one of MSI-X; the command register.
KILLED_RESETS = [
    killed_reset(1, [*by_power(NIC), NIC + " is as before"], DONE),
    *[killed_reset(number, [READ], INTERNAL + not_set_up(NIC, DIRECTORY, 0xFE440000)) for number in range(2, 14)],
    *[killed_reset(number, [READ], INTERNAL + not_set_up(NIC, DIRECTORY)) for number in range(14, 23)],
    killed_reset(23, [*by_power(NIC), NIC + " is as before"], DONE),
]

def killed_bus_reset(number, written, *ends):
    return ("reset with the bus killed after write %d, then reset" % number, written, *ends, state("e1000"))


def not_set_up_beside(address, given=None):
    return UNABLE % BUS[0] + "internal error: " + not_set_up(address, "%s/%s" % (BUS_DIRECTORY, address), given)


# Reset begins; it ends, and all have forgotten everything; the first function's registers are put back; all but the
# last one's command register; everything. Without capabilities there are fourteen, with MSI of 64 bits four more, with MSI-X
# another one: 14, 19, 18, 14 and 14.
KILLED_BUS_RESETS = [
    killed_bus_reset(1, [], INTERNAL + (
        "PCI device %s does not answer: bridge 0000:08:00.0 holds its bus in reset, as after one that was not finished. "
        "Nothing was changed. Clear bit 6 of the bridge's control register (setpci -s 0000:08:00.0 BRIDGE_CONTROL=0:40). "
        "Then %s" % (BUS[0], set_up_again("%s/%s" % (BUS_DIRECTORY, BUS[0]))))),
    killed_bus_reset(2, ["read %s config" % BUS[0]],
                     INTERNAL + not_set_up(BUS[0], "%s/%s" % (BUS_DIRECTORY, BUS[0]), 0xFDAC0000)),
    killed_bus_reset(16, ["read %s config" % address for address in BUS[:2]], not_set_up_beside(BUS[1], 0xFDAF0000)),
    killed_bus_reset(80, ["read %s config" % address for address in BUS], not_set_up_beside(BUS[4])),
    killed_bus_reset(81, WITH_BUS, DONE),
]

LOCKED = "55 0 -1 Requested operation is not valid: PCI device %s is being changed by process N (virsh)"
TURNS = "/run/virnodedev"


def not_roots_alone(path):
    return "29 0 -1 operation forbidden: %s is not root's alone: remove it" % path


TAKING_TURNS = [
    ("detach", bind("e1000e", "vfio-pci"), DONE, VFIO,
     "%s: 40700, %s: 100600" % (TURNS, NIC)),
    to_host("another user holds what he can: reattach"),
    *[("another program is at work: " + what, [], LOCKED % NIC + " and was for 60 seconds", HOST) for what in ("detach", "reattach", "reset")],
    to_vfio("another program was at work: detach"),
    to_host("re-attach"),
    ("another program is at work beside it: reset", ["read 0000:09:01.0 config"],
     UNABLE % "0000:09:01.0" + LOCKED[len("55 0 -1 "):] % "0000:09:03.0", state("e1000")),
    ("a lock that others can open", [], not_roots_alone(TURNS + "/" + NIC), HOST),
    ("a lock that leads elsewhere", [], not_roots_alone(TURNS + "/" + NIC), HOST),
    ("locks that lead elsewhere", [], not_roots_alone(TURNS), HOST),
    ("locks in a file", [], not_roots_alone(TURNS), HOST),
    ("locks in a folder of others", [], not_roots_alone(TURNS), HOST),
    to_vfio("locks cannot be made"),
    to_host("re-attach"),
]

TWO_AT_ONCE = [("two processes at once", ["errors 0 0", "divided []", "both True True", "set up as before True"], HOST)]

VANISHING = [
    ("re-attach again", [], DONE, HOST),
    ("gone at driver_override", [override("vfio-pci")], GONE),
    # There is nothing left to look at: the probe fails, and so does the one that was to bring it back.
    ("gone at unbind", [*bind("e1000e", "vfio-pci"), PROBE], GONE),
    ("gone at drivers_probe", [*bind("e1000e", "vfio-pci"), PROBE], GONE),
    ("gone at config", by_power(NIC)[:2], GONE),
]


def text_of(steps):
    lines = []
    for title, written, *rest in steps:
        lines += ["# " + title, *written, *rest]
    return "".join(line + "\n" for line in lines)


# In place of what virsh said: libvirt leaves the function without a driver, and says that it was detached.
OTHERWISE = {
    "nodedev-detach pci_0000_03_00_0 --driver xen":
        "2> error: Failed to detach device pci_0000_03_00_0\n"
        "2> error: internal error: Failed to load PCI driver module xen-pciback: " + FATAL % "xen-pciback" + "\n",
    "nodedev-detach pci_0000_00_03_0":
        "2> error: Failed to detach device pci_0000_00_03_0\n"
        "2> error: Requested operation is not valid: PCI device 0000:00:03.0 is a bridge, which no VFIO driver takes\n",
}
PLAYED = re.compile(r"virsh (-r )?-c qemu:///system nodedev-(detach|reattach|reset|dumpxml) |readlink |cat ")


def session(text):
    """The commands that pci_steps.py repeats, with what they printed."""
    found = []
    for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ |# ).*\n)*)", text, re.M):
        if PLAYED.match(command):
            expected = next((said for words, said in OTHERWISE.items() if command.endswith(words)), None)
            lines = [line for line in output.split("\n") if line not in ("", "2> ") and not line.startswith("[rc=")]
            found.append("$ %s\n%s" % (command, expected or "".join(line + "\n" for line in lines)))
    return "".join(found)


class Pci(unittest.TestCase):
    def play(self, *arguments):
        return kit.played(self, "base", "pci_steps.py", *arguments, env=kit.environment(LD_PRELOAD=fast_clock.library()))

    def same(self, name, expected, found):
        if expected != found:
            lines = difflib.unified_diff(expected.splitlines(), found.splitlines(), "expected", "found", lineterm="")
            self.fail("see " + kit.details("pci-%s.diff" % name, "\n".join(lines) + "\n"))

    def test_steps(self):
        found = self.play("steps")
        steps = (DRIVERS + FAILURES + LEFT_BEHIND + KILLED + RESETS + KILLED_RESETS + KILLED_BUS_RESETS + TAKING_TURNS
                 + TWO_AT_ONCE + VANISHING)
        self.same("steps", text_of(steps), found)
        self.note = "%d steps" % len(steps)

    def test_transcript(self):
        expected = session(kit.read(TRANSCRIPT))
        found = re.sub(r"\n+", "\n", self.play("transcript", TRANSCRIPT))
        self.same("transcript", expected, found)
        self.note = "%d commands" % expected.count("$ ")


if __name__ == "__main__":
    unittest.main()
