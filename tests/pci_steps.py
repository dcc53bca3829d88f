# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Detaches, re-attaches and resets PCI functions of the replayed machine `base`, and prints what was written,
what came of it, and who drives the function then.

    pci_steps.py steps | transcript FILE

With `transcript` it repeats the commands of a session with libvirt's virsh and prints what virsh would.
"""
import contextlib
import ctypes
import fcntl
import itertools
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "python")]
import vnd  # noqa: E402
from fast_clock import takes_a_minute  # noqa: E402
from pci_kernel import GROUP, Kernel, SharedLog, write_new  # noqa: E402
from replay_machine import read, write  # noqa: E402
from syscalls import Refused, Thread, dies, in_child, libc, status_of  # noqa: E402
from vnd import lib  # noqa: E402

NIC = "0000:03:00.0"
MODULES_ALIAS = "/lib/modules/%s/modules.alias" % os.uname().release
MODPROBE = r"""#!/bin/sh
echo "modprobe $*, input $(readlink /proc/self/fd/0), LC_ALL $LC_ALL" >>/run/modprobe.log
implement() { mkdir -p "/sys/module/$1/drivers/$2"; }
case "$*" in
    -c) printf 'options x y=1\nblacklist forbidden-too\nblacklist shut_out\n' ;;
    "-b acme_vfio_pci") implement acme_vfio_pci pci:acme-vfio-pci; mkdir /sys/bus/pci/drivers/acme-vfio-pci
        : >/sys/bus/pci/drivers/acme-vfio-pci/unbind ;;
    "-b silent" | "-b shut-out") ;;
    "-b usb-only") implement usb_only usb:usb-only ;;
    "-b liar") implement liar pci:nowhere ;;
    "-b forbidden_too") exit 1 ;;
    *) echo "modprobe: FATAL: Module $2 not found in directory /lib/modules/7.2.13+deb14-amd64" >&2; exit 1 ;;
esac
"""


TURNS = "/run/virnodedev"
PR_SET_NAME = 15


def node_name(address):
    return "pci_" + re.sub("[:.]", "_", address)


def do(conn, name, what, driver=None):
    """The error of a call, or None."""
    device = lib.virNodeDeviceLookupByName(conn, name.encode())
    calls = {
        "dettach": lambda: lib.virNodeDeviceDettach(device),
        "detach": lambda: lib.virNodeDeviceDetachFlags(device, driver, 0),
        "reattach": lambda: lib.virNodeDeviceReAttach(device),
        "reset": lambda: lib.virNodeDeviceReset(device),
    }
    failed = not device or calls[what]() != 0
    error = vnd.last_error() if failed else None
    if device:
        lib.virNodeDeviceFree(device)
    return error


def assignable(conn):
    """The verdict on the function, the file of its group and the codes of the reasons."""
    device = lib.virNodeDeviceLookupByName(conn, node_name(NIC).encode())
    report = ctypes.c_void_p()
    verdict = lib.vndNodeDeviceGetAssignability(device, ctypes.byref(report), 0)
    found = json.loads(vnd.owned(report.value))
    lib.virNodeDeviceFree(device)
    return [verdict, found["vfio"]["group"], *(reason["code"] for reason in found["reasons"])]


def connect():
    """A connection that has read the machine, which takes long where each call is answered."""
    conn = lib.virConnectOpen(b"nodedev:///system")
    lib.virNodeDeviceFree(lib.virNodeDeviceLookupByName(conn, b"computer"))
    return conn


class Session:
    def __init__(self):
        self.kernel = Kernel()
        self.thread = Thread(self.kernel)
        vnd.silence()
        self.conn = connect()
        os.makedirs("/run/bin")
        write_new("/run/bin/modprobe", MODPROBE)
        os.chmod("/run/bin/modprobe", 0o755)
        os.environ["PATH"] = "/run/bin:" + os.environ["PATH"]

    def do(self, name, what, driver=None, conn=None):
        return self.thread.call(do, conn or self.conn, name, what, driver)

    def step(self, words, what, address=NIC, driver=None, call=lambda do: do()):
        print("# " + words)
        del self.kernel.log[:]
        write_new("/run/modprobe.log", "")
        error = call(lambda: self.do(node_name(address), what, None if driver is None else driver.encode()))
        print(read("/run/modprobe.log"), end="")
        for line in self.kernel.log:
            print(line)
        for line in self.kernel.compare():
            print(line)
        if error:
            print("{code} {domain} {int1} {message}".format(**error).rstrip("\n"))
        else:
            print("done")
        if os.path.exists(self.kernel.device(address)):
            print("bound to %s, override %s" % (self.kernel.driver(address), self.kernel.override(address)))


def drivers(session):
    kernel, step = session.kernel, session.step
    step("detach", "detach")
    step("detach again", "detach")
    step("re-attach", "reattach")
    step("re-attach again", "reattach")
    write_new("/run/modules.alias", "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
              "alias vfio_pci:v00008086d000010D3sv*sd*bc*sc*i* acme_vfio_pci\n")
    kernel.instead[MODULES_ALIAS] = "/run/modules.alias"
    step("detach to the best variant, which is loaded", "detach", driver="vfio")
    step("detach to a driver by name", "detach", driver="vfio-pci")
    step("detach to a module's driver", "detach", driver="acme_vfio_pci")
    step("re-attach", "reattach")
    for name in ("bogus", "silent", "shut-out", "usb-only", "liar", "forbidden_too", "xen", "kvm"):
        step("module " + name, "detach", driver=name)
    for name in ("", "..", "../../../devices", "a/b", "-r", "--show", "a\nb", "x" * 129, "\x7f"):
        step("name %.20r" % name, "detach", driver=name)
    kernel.instead.clear()
    modalias = kernel.device(NIC) + "/modalias"
    text = read(modalias)
    write(modalias, "usb:v1D6B\n")
    step("alias of another bus", "detach")
    write(modalias, text)


def failures(session):
    kernel, step = session.kernel, session.step
    step("a driver that does not take it", "detach", driver="e1000")
    kernel.errors["driver_override"] = [13]
    step("driver_override refused", "detach")
    kernel.errors["unbind"] = [16]
    step("unbind refused", "detach")
    kernel.errors["drivers_probe"] = [22]
    step("probe refused", "detach")
    kernel.errors["drivers_probe"] = [22] * 2
    step("probe refused for ever", "detach")
    step("re-attach after that", "reattach")
    step("detach", "detach")
    kernel.errors["unbind"] = [16]
    step("unbind refused on the way back", "reattach")
    kernel.errors["driver_override"] = [13]
    step("driver_override refused on the way back", "reattach")
    kernel.errors["drivers_probe"] = [22]
    step("probe refused on the way back", "reattach")
    step("re-attach", "reattach")
    override = kernel.device(NIC) + "/driver_override"
    kernel.closed[override] = 13
    for what in ("detach", "reattach", "reset"):
        step("no privilege: " + what, what)
    kernel.closed[override] = 2
    step("no driver_override", "detach")
    kernel.closed.clear()
    step("a bridge", "detach", "0000:00:03.0")
    group = kernel.device(NIC) + "/iommu_group"
    target = os.readlink(group)
    os.unlink(group)
    step("no IOMMU", "detach")
    os.symlink(target, group)
    step("detach", "detach")
    kernel.closed[GROUP] = 16
    for what in ("detach", "reattach", "reset"):
        step("in use: " + what, what, driver="pci-stub")
    step("in use, but as it should be", "detach", driver="vfio-pci")
    print("assignable", *session.thread.call(assignable, session.conn))
    kernel.closed.clear()
    print("assignable", *session.thread.call(assignable, session.conn))
    os.unlink(GROUP)
    # Its number is that of /dev/full.
    write(kernel.device(NIC) + "/vfio-dev/vfio0/dev", "1:7\n")
    with open("/dev/full"):
        step("in use through its own node", "reattach")
    step("re-attach", "reattach")


def resets(session):
    kernel, step = session.kernel, session.step
    step("reset through power states", "reset")
    kernel.late[NIC] = 3
    step("reset of one that takes its time to answer", "reset")
    kernel.late[NIC] = 10 ** 9
    step("reset of one that answers only after its bus was reset", "reset")
    control = kernel.device(NIC) + "/power/control"
    kernel.power(NIC, "auto", "suspended", "D3cold")
    step("reset of a sleeping one", "reset")
    print("control", read(control), end="")
    kernel.power(NIC, "auto", "suspended", "D3cold")
    kernel.sleeping = True
    step("reset of one that does not wake", "reset")
    print("control", read(control), end="")
    kernel.sleeping = False
    kernel.power(NIC, "on", "active", "D0")
    kernel.errors["config"] = [5]
    step("reset when power states cannot be written", "reset")
    kernel.closed[kernel.device(NIC) + "/config"] = 13
    step("reset of closed configuration space", "reset")
    kernel.closed.clear()
    kernel.fall_off(NIC)
    for what in ("reset", "detach", "reattach"):
        step("fallen off its bus: " + what, what)
    kernel.come_back(NIC)
    kernel.forget(NIC)
    step("reset of one whose reset was not finished", "reset")
    kernel.come_back(NIC)
    kernel.switch_off(NIC)
    step("reset of one whose reset was all but finished", "reset")
    kernel.come_back(NIC)
    step("reset of a bridge", "reset", "0000:00:03.0")
    step("reset on a root bus", "reset", "0000:00:00.0")
    step("reset by the kernel", "reset", "0000:01:00.0")
    neighbours = ["0000:09:%02x.0" % slot for slot in (3, 4, 5, 6)]
    step("reset beside others", "reset", "0000:09:01.0")
    for address in neighbours:
        assert session.do(node_name(address), "detach", b"pci-stub") is None
    kernel.forget("0000:09:05.0")
    step("reset with the bus, where one reset was not finished", "reset", "0000:09:01.0")
    kernel.come_back("0000:09:05.0")
    step("reset with the bus", "reset", "0000:09:01.0")
    step("detach", "detach")
    step("reset of a detached one", "reset")


def vanishing(session):
    kernel, step = session.kernel, session.step
    step("re-attach again", "reattach")
    for name in ("driver_override", "unbind", "drivers_probe"):
        device = kernel.device(NIC)
        kernel.vanishing = name
        step("gone at " + name, "detach")
        kernel.put_back(device)
        kernel.set_override(NIC, "(null)\n")
        kernel.probe(NIC)
    kernel.vanishing = "config"
    step("gone at config", "reset")


@contextlib.contextmanager
def another(work, *arguments, user=0, milliseconds=-1):
    """A process `virsh` that does something and then stays, that long or until it is ended, with its number."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            libc.prctl(PR_SET_NAME, b"virsh", 0, 0, 0)
            kept = None
            with contextlib.suppress(OSError):  # an ordinary user's namespace has no other user
                os.setuid(user)
                kept = work(*arguments)
            os.write(write_end, b"x")
            libc.poll(None, 0, milliseconds)
            del kept
        finally:
            os._exit(1)
    os.read(read_end, 1)
    try:
        yield child
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(read_end)
        os.close(write_end)


def left_behind(session):
    """What a detach that was killed, or a person, left behind."""
    kernel, step = session.kernel, session.step
    kernel.set_override(NIC, "vfio-pci\n")
    step("only driver_override is left: reattach", "reattach")
    kernel.set_override(NIC, "pci-stub\n")
    kernel.errors["driver_override"] = [13]
    step("driver_override cannot be cleared", "reattach")
    step("reattach", "reattach")
    kernel.set_override(NIC, "e1000e\n")
    step("driver_override names the host's driver: reattach", "reattach")
    step("detach to a stub", "detach", driver="pci-stub")
    kernel.set_override(NIC, "(null)\n")
    step("a stub without driver_override: reattach", "reattach")
    for driver in ("vfio-pci", "pci-stub"):
        step("detach to " + driver, "detach", driver=driver)
        kernel.host[NIC] = driver
        step("%s takes it by its identity: reattach" % driver, "reattach")
        kernel.set_override(NIC, "(null)\n")
        step("the same without driver_override", "reattach")
        kernel.host[NIC] = "e1000e"
        step("reattach when it does not", "reattach")


def is_killed(kernel, writes, address, *call):
    """Whether a process that makes that call is killed after so many writes; else it has made it."""
    return dies(writes, connect, lambda conn: do(conn, node_name(address), *call), kernel)


# What is called, to which driver, who drives the function before: None for the host's driver.
CHANGES = [("detach", "vfio-pci", None), ("detach", "uio_pci_generic", None), ("detach", "e1000", None),
           ("reattach", None, "vfio-pci"), ("reattach", None, "uio_pci_generic")]


def killed(session):
    """What the next call makes of one that was killed after its first, its second write and so on."""
    kernel = session.kernel
    for what, driver, before in CHANGES:
        for then in ("detach", "reattach"):
            for writes in itertools.count(1):
                kernel.start_over(NIC, before)
                if not is_killed(kernel, writes, NIC, what, driver and driver.encode()):
                    break
                session.step("%s %s killed after write %d, then %s" % (what, driver or before, writes, then), then,
                             driver=(driver or before) if then == "detach" else None)
    kernel.start_over(NIC)


def killed_resets(session):
    kernel = session.kernel
    for writes in itertools.count(1):
        kernel.start_over(NIC)
        if not is_killed(kernel, writes, NIC, "reset"):
            break
        session.step("reset killed after write %d, then reset" % writes, "reset")
    functions = ["0000:09:%02x.0" % slot for slot in (1, 3, 4, 5, 6)]
    for writes in (1, 2, 16, 80, 81):
        kernel.start_over("0000:08:00.0")
        for address in functions:
            kernel.start_over(address, None if address == functions[0] else "pci-stub")
        assert is_killed(kernel, writes, functions[0], "reset")
        session.step("reset with the bus killed after write %d, then reset" % writes, "reset", functions[0])


# What the calls of the two processes write, each.
TURN = re.compile(r"(%(nic)s/driver_override 'vfio-pci'\ndrivers/e1000e/unbind '%(nic)s'\ndrivers_probe '%(nic)s'\n|"
                  r"drivers/vfio-pci/unbind '%(nic)s'\n%(nic)s/driver_override '\\n'\ndrivers_probe '%(nic)s'\n|"
                  r"read %(nic)s config\n%(nic)s power control 0003\n%(nic)s power control 0000\n"
                  r"read %(nic)s config\n%(nic)s set up\n)+" % {"nic": NIC})


def turns_of(log):
    """The processes that wrote a shared log, and what each wrote before another did."""
    lines = [line.split(" ", 1) for line in read(log).splitlines(True)]
    turns = ["".join(line for _, line in group) for _, group in itertools.groupby(lines, lambda line: line[0])]
    return {int(pid) for pid, _ in lines}, turns


def two_at_once(session):
    """Two processes change one function again and again: what one call writes, the other process never divides."""
    kernel = session.kernel
    kernel.start_over(NIC)

    def work(conn):
        kernel.log = SharedLog("/run/pci.log")
        errors = []
        for number in range(1, 501):
            errors += [do(conn, node_name(NIC), what) for what in ("detach", "reset", "reattach", "reset")]
            if number >= 10:
                if len(turns_of("/run/pci.log")[1]) > 2:
                    break
                # The one that waits looks at the lock now and then: without a pause it may find it taken each time.
                libc.poll(None, 0, 50)
        return len(list(filter(None, errors)))
    children = [in_child(kernel, connect, work) for _ in range(2)]
    print("# two processes at once")
    print("errors", *map(status_of, children))
    pids, turns = turns_of("/run/pci.log")
    print("divided", [turn for turn in turns if not TURN.fullmatch(turn)])
    print("both", pids == set(children), len(turns) > 2)
    print("set up as before", kernel.config(NIC) == kernel.recorded[NIC])
    print("bound to %s, override %s" % (kernel.driver(NIC), kernel.override(NIC)))


def lock(path):
    file = os.open(path, os.O_RDONLY)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def disturb(paths):
    """Locks what this user can."""
    for path in paths:
        with contextlib.suppress(PermissionError):
            yield lock(path)


def turns(session):
    kernel, step = session.kernel, session.step
    step("detach", "detach")
    file = "%s/%s" % (TURNS, NIC)
    print("%s: %o, %s: %o" % (TURNS, os.stat(TURNS).st_mode, NIC, os.stat(file).st_mode))
    with another(lambda: list(disturb([file, kernel.device(NIC) + "/driver_override"])), user=65534):
        step("another user holds what he can: reattach", "reattach")
    for what in ("detach", "reattach", "reset"):
        with another(lock, file) as pid:
            step("another program is at work: " + what, what,
                 call=lambda do: hide(takes_a_minute(do), pid))
    with another(lock, file, milliseconds=300):
        step("another program was at work: detach", "detach")
    step("re-attach", "reattach")
    with another(lock, lock_file("0000:09:03.0")) as pid:
        step("another program is at work beside it: reset", "reset", "0000:09:01.0", call=lambda do: hide(do(), pid))
    os.chmod(file, 0o644)
    step("a lock that others can open", "detach")
    os.unlink(file)
    os.symlink("/run/modprobe.log", file)
    step("a lock that leads elsewhere", "detach")
    os.unlink(file)
    os.rename(TURNS, TURNS + ".old")
    os.symlink(TURNS + ".old", TURNS)
    step("locks that lead elsewhere", "detach")
    os.unlink(TURNS)
    open(TURNS, "w").close()
    step("locks in a file", "detach")
    os.unlink(TURNS)
    os.mkdir(TURNS, 0o755)
    step("locks in a folder of others", "detach")
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "ro,mode=700", "tmpfs", TURNS], check=True)
    step("locks cannot be made", "detach")
    step("re-attach", "reattach")
    subprocess.run(["/bin/umount", TURNS], check=True)
    os.rmdir(TURNS)


def lock_file(address):
    path = "%s/%s" % (TURNS, address)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    return path


def hide(error, pid):
    """The error without the process's number."""
    return dict(error, message=error["message"].replace("process %d " % pid, "process N "))


def transcript(session, file):
    """virsh's commands on devices, once more."""
    read_only = lib.virConnectOpenReadOnly(b"nodedev:///system")
    words = {"detach": ("detach", "detached"), "reattach": ("re-attach", "re-attached"), "reset": ("reset", "reset")}
    commands = re.findall(r"^\$ (virsh (-r )?-c qemu:///system nodedev-(\w+) (\S+)(?: --driver (\S+))?|"
                          r"readlink (\S+)|cat (\S+))$", read(file), re.M)
    for line, only, what, name, driver, link, attribute in commands:
        print("$ " + line)
        if link:
            print(os.readlink(link))
        elif attribute:
            print(read(attribute), end="")
        elif what == "dumpxml":
            device = lib.virNodeDeviceLookupByName(session.conn, name.encode())
            print(vnd.owned(lib.virNodeDeviceGetXMLDesc(device, 0)))
        elif what in words:
            call = "dettach" if what == "detach" and not driver else what
            error = session.do(name, call, driver.encode() if driver else None, only and read_only)
            if error is None:
                print("Device %s %s" % (name, words[what][1]))
            elif error["code"] == 53:
                print("2> error: Could not find matching device '%s'" % name)
            else:
                print("2> error: Failed to %s device %s" % (words[what][0], name))
            if error:
                print("2> error: " + error["message"].rstrip("\n"))


def main():
    try:
        session = Session()
    except Refused as e:
        print("system calls cannot be answered here: %s" % e, file=sys.stderr)
        return 77
    if sys.argv[1] == "transcript":
        transcript(session, sys.argv[2])
    else:
        for part in (drivers, failures, left_behind, killed, resets, killed_resets, turns, two_at_once, vanishing):
            part(session)
    return 0


for function in ("virNodeDeviceDettach", "virNodeDeviceDetachFlags", "virNodeDeviceReAttach", "virNodeDeviceReset"):
    assert getattr(lib, function).restype is ctypes.c_int
# The threads that answer wait for ever.
status = main()
sys.stdout.flush()
os._exit(status)
