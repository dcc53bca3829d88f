# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay of the machine `modules`: makes, changes and removes mediated devices, and prints what the library says.

    mdev_steps.py calls       with a program that plays mdevctl: what each call gave, what mdevctl was asked
    mdev_steps.py failures    mdevctl hangs, prints too much, is killed, …
    mdev_steps.py sysfs       without mdevctl
    mdev_steps.py killed      a call that is killed, and then another, with and without mdevctl
    mdev_steps.py real        with the mdevctl of this system
"""
import contextlib
import fcntl
import json
import os
import re
import subprocess
import sys
import termios

from fast_clock import takes_a_minute
from mdev_failures import failures, killed
from mdev_kernel import DEVICES, PARENT, TYPES
from mdev_tools import (
    CONFIG, FOLDER, LIVE, Mdevctl, UUID, as_nobody, attributes_of, autostart, create, define, description, destroy, hostile,
    name, play_kernel, show, start, state, things, undefine, update, without_mdevctl, xml)
from replay_machine import Machine, mounted
from syscalls import Refused
# Where mdev_tools says that it is.
import vnd
from vnd import lib


# --- calls ----------------------------------------------------------------------

def calls():
    kernel, mdevctl, machine = play_kernel(), Mdevctl(), Machine()
    conn = machine.conn

    def step(what, result, told=True):
        show(what, result)
        for line in mdevctl.asked():
            print("  asked:", line)
        for line in machine.take() if told else ():
            print("  told:", line)

    hostile(conn, create)
    hostile(conn, define)
    step("nothing", "came of it")

    a = UUID % "a"
    step("create", create(conn, xml(a, "mtty-2")), told=False)
    machine.take()
    step("create again", create(conn, xml(a, "mtty-2")))
    show("state", state(conn, name(a)))
    step("undefine", undefine(conn, name(a)))
    step("autostart", autostart(conn, name(a), 1))
    step("start", start(conn, name(a)))
    step("update config", update(conn, name(a), xml(a, "mtty-2"), CONFIG))
    step("update", update(conn, name(a), xml(a, "mtty-1"), 0))
    step("update", update(conn, name(a), xml(a, "mtty-2"), 0))
    busy(kernel, a)
    mdevctl.shall("silent")
    step("destroy", destroy(conn, name(a)))
    mdevctl.shall("")
    step("destroy", destroy(conn, name(a)), told=False)
    kernel.until("gone")
    step("gone", state(conn, name(a)))

    given = create(conn, xml()).replace("_", "-")[5:41]
    asked = [line.replace(given, "NEW") for line in mdevctl.asked()]
    show("create without uuid", os.path.exists(DEVICES + given))
    print("  asked:", *asked)
    destroy(conn, name(given))
    kernel.until("gone")
    mdevctl.asked()
    machine.take()

    attributes = [("b", "é&quot;\\/1"), ("nvidia/vgpu_params", "x y"), ("a", ""), ("b", "2")]
    step("define", define(conn, xml(a, attributes=attributes)))
    show("state", state(conn, name(a)))
    step("define the same", define(conn, xml(a, attributes=attributes)))
    step("define another", define(conn, xml(a.upper().replace("-", ""), "mtty-2")))
    step("autostart", autostart(conn, name(a), 1))
    show("state", state(conn, name(a)))
    step("autostart again", autostart(conn, name(a), 7))
    step("autostart off", autostart(conn, name(a), 0))
    step("destroy", destroy(conn, name(a)))
    step("update live", update(conn, name(a), xml(a), LIVE))
    step("update uuid", update(conn, name(a), xml(UUID % "b"), 0))
    step("update without uuid", update(conn, name(a), xml(), 0))
    step("update parent", update(conn, name(a), xml(a, parent="pci_0000_02_00_0"), 0))
    step("update no parent", update(conn, name(a), xml(a, parent=None), LIVE))
    step("update other parent", update(conn, name(a), xml(a, parent="nosuch"), LIVE))
    step("update computer", update(conn, name(a), xml(a, parent="computer"), LIVE))
    step("update type", update(conn, name(a), xml(a, "../x"), CONFIG))
    step("update attribute", update(conn, name(a), xml(a, attributes=[("../x", "1")]), CONFIG))
    step("update", update(conn, name(a), xml(a, "mtty-1", attributes=[("q", "1")]), 0))
    step("update again", update(conn, name(a), xml(a, "mtty-1"), CONFIG))
    step("start", start(conn, name(a)), told=False)
    kernel.until("came " + a)
    show("state", state(conn, name(a)))
    machine.take()
    step("update both", update(conn, name(a), xml(a), LIVE | CONFIG))
    step("attributes", attributes_of(conn, name(a)))
    callouts = FOLDER + "scripts.d/callouts"
    os.makedirs(callouts, exist_ok=True)
    open(callouts + "/mtty.sh", "w").close()
    machine.take()
    mdevctl.shall("live")
    step("update live", update(conn, name(a), xml(a, attributes=[("q", "1"), ("r", "x")]), LIVE))
    step("attributes", attributes_of(conn, name(a)))
    looking = lib.virConnectOpenReadOnly(b"nodedev:///system")
    step("attributes, read-only", attributes_of(looking, name(a)))
    step("attributes of all, read-only", re.findall("<attr ", vnd.owned(lib.vndConnectGetAllDevicesXML(looking, 0))))
    lib.virConnectClose(looking)
    mdevctl.shall("silent")
    step("attributes", attributes_of(conn, name(a)))
    mdevctl.shall("")
    os.unlink(callouts + "/mtty.sh")
    step("attributes", attributes_of(conn, name(a)))
    machine.take()
    step("undefine", undefine(conn, name(a)))
    show("state", state(conn, name(a)))
    destroy(conn, name(a))
    kernel.until("gone")
    step("define elsewhere", define(conn, xml(a, parent="pci_0000_02_00_0")))
    step("define here", define(conn, xml(a)))
    step("autostart there", autostart(conn, name(a, "0000:02:00.0"), 1))
    show("here", state(conn, name(a)))
    show("there", state(conn, name(a, "0000:02:00.0")))
    step("start here", start(conn, name(a)), told=False)
    kernel.until("came " + a)
    show("here", state(conn, name(a)))
    show("there", state(conn, name(a, "0000:02:00.0")))
    machine.take()
    destroy(conn, name(a))
    kernel.until("gone")
    machine.take()
    mdevctl.asked()
    step("undefine here", undefine(conn, name(a)))
    show("there", state(conn, name(a, "0000:02:00.0")))
    step("undefine", undefine(conn, name(a, "0000:02:00.0")))
    lib.virConnectClose(conn)
    kernel.end()


@contextlib.contextmanager
def busy_file(path):
    """A file that cannot be opened: a terminal in exclusive mode (ioctl_tty(2), TIOCEXCL)."""
    os.makedirs("/dev/pts", exist_ok=True)
    subprocess.run(["mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666", "devpts", "/dev/pts"], check=True)
    master = os.open("/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(master, termios.TIOCSPTLCK if hasattr(termios, "TIOCSPTLCK") else 0x40045431, b"\0" * 4)
    slave = os.open("/dev/pts/0", os.O_RDWR | os.O_NOCTTY)
    os.chmod("/dev/pts/0", 0o666)
    fcntl.ioctl(slave, termios.TIOCEXCL)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink("/dev/pts/0", path)
    try:
        yield
    finally:
        os.unlink(path)
        os.close(slave)
        os.close(master)
        subprocess.run(["umount", "/dev/pts"], check=True)


def busy(_kernel, uuid):
    with busy_file("/dev/vfio/32"):
        as_nobody(lambda conn: destroy(conn, name(uuid)), even_here=True)


# --- without mdevctl ---------------------------------------------------------------

def sysfs():
    kernel, machine = play_kernel(), Machine()
    without_mdevctl()
    conn, a = machine.conn, UUID % "a"
    machine.take()
    hostile(conn, create)
    show("attributes", create(conn, xml(a, attributes=[("a", "1")])))
    show("no such type", create(conn, xml(a, "mtty-9")))
    show("parent without types", create(conn, xml(a, parent="pci_0000_02_00_0")))
    as_nobody(lambda conn: create(conn, xml(a)))
    with mounted("/dev/full", TYPES + "mtty-1/create"):
        show("full", create(conn, xml(a)))
    show("nothing", [things(), machine.take()])
    show("create", create(conn, xml(a)))
    show("kernel", kernel.until("came"))
    show("told", machine.take()[-1])
    show("state", state(conn, name(a)))
    as_nobody(lambda conn: destroy(conn, name(a)))
    with mounted("/dev/full", PARENT + "/" + a + "/remove"):
        show("full", destroy(conn, name(a)))
    show("destroy", destroy(conn, name(a)))
    show("kernel", kernel.until("gone"))
    show("told", machine.take())
    first, second = create(conn, xml()), create(conn, xml())
    show("without uuid", first != second and first.startswith("mdev_") and len(first) == 46)
    for made_name in (first, second):
        show("destroy", destroy(conn, made_name))
        kernel.until("gone")
    kernel.order("hidden")
    show("hidden", takes_a_minute(lambda: create(conn, xml(UUID % "d"))))
    kernel.until("gone")
    kernel.order("ungrouped")
    made_name = create(conn, xml(UUID % "d"))
    show("no group", [made_name, "iommuGroup" in description(conn, made_name), destroy(conn, made_name)])
    kernel.until("gone")
    kernel.order("lost")
    show("lost", takes_a_minute(lambda: create(conn, xml(UUID % "e"))))
    lib.virConnectClose(conn)
    kernel.end()


# --- with the mdevctl of this system --------------------------------------------------

# The script of a type that knows attributes: mdevctl's manual, "Get-attributes".
CALLOUT = r'''#!/bin/sh
case "$*" in *"-e get -a attributes"*) echo '[{"q": "1"}, {"r": "x"}]' ;; esac
'''


def real():
    vnd.silence()
    kernel = play_kernel()
    for folder in ("callouts", "notifiers"):  # mdevctl wants them
        os.makedirs(FOLDER + "scripts.d/" + folder)
    conn = lib.virConnectOpen(b"nodedev:///system")
    a = UUID % "a"
    show("create", create(conn, xml(a)))
    kernel.until("came " + a)
    script = FOLDER + "scripts.d/callouts/mtty.sh"
    with open(script, "w") as f:
        f.write(CALLOUT)
    os.chmod(script, 0o755)
    show("attributes", attributes_of(conn, name(a)))
    os.unlink(script)
    show("attributes", attributes_of(conn, name(a)))
    show("destroy", destroy(conn, name(a)))
    kernel.until("gone " + a)
    given = create(conn, xml()).replace("_", "-")[5:41]
    kernel.until("came " + given)
    show("destroy", destroy(conn, name(given)))
    kernel.until("gone " + given)
    show("no such type", create(conn, xml(a, "mtty-9")).splitlines()[0])
    show("define", define(conn, xml(a, "mtty-2", attributes=[("b", "é&quot;\\/1"), ("a", "0x1"), ("b", "2")])))
    show("state", state(conn, name(a)))
    with open(FOLDER + "mtty/" + a) as f:
        show("file", json.dumps(json.load(f), ensure_ascii=False))
    listed = subprocess.run(["mdevctl", "list", "--dumpjson", "--defined"], capture_output=True, check=True).stdout
    show("list", json.dumps(json.loads(listed), ensure_ascii=False))
    device = lib.virNodeDeviceLookupByName(conn, name(a).encode())
    for line in vnd.owned(lib.virNodeDeviceGetXMLDesc(device, 0)).splitlines():
        if "<type" in line or "<attr" in line:
            print(line)
    lib.virNodeDeviceFree(device)
    show("autostart", autostart(conn, name(a), 1))
    show("state", state(conn, name(a)))
    show("update", update(conn, name(a), xml(a), CONFIG))
    show("undefine", undefine(conn, name(a)))
    show("state", state(conn, name(a)))
    show("define", define(conn, xml(a)))
    show("start", start(conn, name(a)))
    kernel.until("came " + a)
    show("state", state(conn, name(a)))
    show("destroy", destroy(conn, name(a)))
    kernel.until("gone " + a)
    show("state", state(conn, name(a)))
    show("undefine", undefine(conn, name(a)))
    elsewhere = name(a, "0000:02:00.0")
    for parent in ("mtty_mtty", "pci_0000_02_00_0"):
        show("define", define(conn, xml(a, parent=parent)))
    show("autostart", autostart(conn, elsewhere, 1))
    show("state", [state(conn, name(a)), state(conn, elsewhere)])
    show("start", start(conn, name(a)))
    kernel.until("came " + a)
    show("destroy", destroy(conn, name(a)))
    kernel.until("gone " + a)
    show("undefine", undefine(conn, name(a)))
    show("state", [state(conn, name(a)), state(conn, elsewhere)])
    show("undefine", undefine(conn, elsewhere))
    show("nothing", things() - {"scripts.d/callouts", "scripts.d/notifiers"})
    lib.virConnectClose(conn)
    kernel.end()


if __name__ == "__main__":
    try:
        {f.__name__: f for f in (calls, failures, sysfs, killed, real)}[sys.argv[1]]()
    except Refused as e:
        print("system calls cannot be answered here: %s" % e, file=sys.stderr)
        sys.exit(77)
