# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay of the machine `modules`: makes, changes and removes mediated devices, and prints what the library says.

    mdev_steps.py session TOOL ARGS    a recorded session with TOOL; ARGS and what it prints are JSON
    mdev_steps.py calls                with a program that plays mdevctl: what each call gave, what mdevctl was asked
    mdev_steps.py failures             mdevctl hangs, prints too much, is killed, …
    mdev_steps.py sysfs                without mdevctl
    mdev_steps.py killed               a call that is killed, and then another, with and without mdevctl
    mdev_steps.py real                 with the mdevctl of this system
"""
import contextlib
import ctypes
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import termios
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, os.pardir, "python")]
import vnd  # noqa: E402
from fast_clock import takes_a_minute  # noqa: E402
from mdev_kernel import DEVICES, PARENT, TYPES  # noqa: E402
from replay_machine import KernelProcess, Machine, mounted  # noqa: E402
from syscalls import Refused, dies  # noqa: E402
from vnd import lib  # noqa: E402

FOLDER = "/etc/mdevctl.d/"
UUID = "11111111-2222-3333-4444-5555555555a%s"
LIVE, CONFIG = 1, 2


def play_kernel():
    return KernelProcess("mdev_kernel.py")


class Mdevctl:
    """The program that plays mdevctl, found in PATH before any other."""

    def __init__(self):
        self.folder = "/run/mdevctl-play"
        os.makedirs(self.folder + "/bin")
        os.symlink(os.path.join(HERE, "mdevctl.py"), self.folder + "/bin/mdevctl")
        os.environ["MDEVCTL_PLAY"] = self.folder
        os.environ["PATH"] = self.folder + "/bin:" + os.environ["PATH"]

    def shall(self, mode):
        with open(self.folder + "/mode", "w") as f:
            f.write(mode)

    def asked(self):
        """What it was asked since the last time."""
        try:
            with open(self.folder + "/log") as f:
                lines = f.read().splitlines()
        except FileNotFoundError:
            return []
        os.unlink(self.folder + "/log")
        return lines


def show(what, result):
    print("%s: %s" % (what, result))


def name(uuid, parent="mtty"):
    return "mdev_%s_%s" % (uuid.replace("-", "_"), parent.replace(":", "_").replace(".", "_"))


def xml(uuid=None, kind="mtty-1", parent="mtty_mtty", attributes=(), device="x"):
    return "<device><name>%s</name>%s<capability type='mdev'><type id='%s'/>%s%s</capability></device>" % (
        device, "<parent>%s</parent>" % parent if parent else "", kind, "<uuid>%s</uuid>" % uuid if uuid else "",
        "".join("<attr name='%s' value='%s'/>" % pair for pair in attributes))


def create(conn, text):
    return vnd.made(lib.virNodeDeviceCreateXML(conn, text.encode(), 0))


def define(conn, text):
    return vnd.made(lib.virNodeDeviceDefineXML(conn, text.encode(), 0))


def on_device(function):
    def call(conn, device_name, *arguments):
        device = lib.virNodeDeviceLookupByName(conn, device_name.encode())
        if not device:
            return vnd.error_line()
        result = "done" if function(device, *arguments) == 0 else vnd.error_line()
        lib.virNodeDeviceFree(device)
        return result
    return call


start = on_device(lambda device: lib.virNodeDeviceCreate(device, 0))
destroy = on_device(lib.virNodeDeviceDestroy)
undefine = on_device(lambda device: lib.virNodeDeviceUndefine(device, 0))
autostart = on_device(lib.virNodeDeviceSetAutostart)
update = on_device(lambda device, text, flags: lib.virNodeDeviceUpdate(device, text.encode(), flags))


def state(conn, device_name):
    device = lib.virNodeDeviceLookupByName(conn, device_name.encode())
    if not device:
        return "none"
    autostarts = ctypes.c_int()
    lib.virNodeDeviceGetAutostart(device, ctypes.byref(autostarts))
    found = "active %d persistent %d autostart %d" % (
        lib.virNodeDeviceIsActive(device), lib.virNodeDeviceIsPersistent(device), autostarts.value)
    lib.virNodeDeviceFree(device)
    return found


def description(conn, device_name):
    device = lib.virNodeDeviceLookupByName(conn, device_name.encode())
    text = vnd.owned(lib.virNodeDeviceGetXMLDesc(device, 0))
    lib.virNodeDeviceFree(device)
    return text


def attributes_of(conn, device_name):
    return re.findall("<attr name='(.*)' value='(.*)'/>", description(conn, device_name))


def wait_for(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def as_nobody(do, even_here=False):
    """Does something as a user without rights, or as this one where there is no other and that is as good; prints its
    result."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with contextlib.suppress(OSError):
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            if os.getuid() == 0 and not even_here:
                print("unprivileged: there is no other user")
            else:
                print("unprivileged:", do(lib.virConnectOpen(b"nodedev:///system")))
            sys.stdout.flush()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


def put(path, text):
    os.makedirs(os.path.dirname(FOLDER + path), exist_ok=True)
    with open(FOLDER + path, "w") as f:
        f.write(text)


# --- the recorded session -------------------------------------------------------

class Watcher:
    """A program that prints what it is told of devices."""

    def __init__(self, tool):
        self.process = subprocess.Popen([tool, "event", "--event", "lifecycle", "--loop"], stdout=subprocess.PIPE,
                                        text=True)
        self.lines = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout))
        self.reader.start()
        # Whether it listens already shows when it is told of something.
        while not self.lines:
            put("mtty/" + UUID % "0", '{"mdev_type":"mtty-1"}')
            time.sleep(0.2)
            os.unlink(FOLDER + "mtty/" + UUID % "0")
        wait_for(lambda: "Undefined" in self.lines[-1])
        self.lines.clear()

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.reader.join()
        return self.lines


def things():
    """Every device and every definition."""
    found = {os.path.join(parent, file) for parent in os.listdir(FOLDER) for file in os.listdir(FOLDER + parent)}
    return found | set(os.listdir(DEVICES))


def session(tool, commands, generated):
    """Commands are words for TOOL, or begin with `mdevctl`, `cat` or `kernel`. Names in which the recorded session had a
    new UUID are replaced by those that come instead, and back in the results."""
    kernel, _mdevctl, watcher = play_kernel(), Mdevctl(), Watcher(tool)
    results, names, events = [], {}, 0
    for command in commands:
        before = things()
        if command[0] == "kernel":
            kernel.order(command[1])
            # The definitions get another parent: each is undefined and defined. Then the parent itself.
            events += 2 * len(before) + 1
        else:
            other = command[0] in ("mdevctl", "cat")
            words = [names.get(word, word) for word in command]
            done = subprocess.run(words if other else [tool, *words], text=True, capture_output=True)
            results.append([done.stdout, done.stderr, done.returncode])
            events += len(before ^ things())
            new = re.match(r"Node device '?(mdev_(?!1{8})\w+)", done.stdout)
            if new:
                names[generated.pop(0)] = new[1]
        wait_for(lambda: len(watcher.lines) >= events)
    text = json.dumps({"results": results, "events": watcher.end()})
    for recorded, new in names.items():
        for form in (str, lambda text: text[5:41].replace("_", "-")):
            text = text.replace(form(new), form(recorded))
    kernel.end()
    print(text)


# --- calls ----------------------------------------------------------------------

HOSTILE = {
    "type": ["../mtty-1", "/mtty-1", "..", "-t", "--help", "a/b", "a&#10;b", "a&#x85;b", "x" * 256, ""],
    "attribute": ["../remove", "/remove", "-a", "a//b", "a/../b", "a/", "a&#10;b"],
    "uuid": ["../../x", "-u", "--help", "11111111-2222-3333-4444-5555555555aa/..",
             "11111111-2222-3333-4444-5555555555aa&#10;--live", "11111111-2222-3333-4444-5555555555a"],
    "parent": ["../mtty", "-p", "mtty_mtty&#10;--live", "nosuch", "computer", "pci_0000_00_1f_2/..", None],
}


def hostile(conn, do):
    for kind in HOSTILE["type"]:
        show("type %a" % kind[:20], do(conn, xml(UUID % "a", kind)))
    for attribute in HOSTILE["attribute"]:
        show("attribute %a" % attribute, do(conn, xml(UUID % "a", attributes=[(attribute, "1")])))
    for uuid in HOSTILE["uuid"]:
        show("uuid %a" % uuid, do(conn, xml(uuid)))
    for parent in HOSTILE["parent"]:
        show("parent %a" % parent, do(conn, xml(UUID % "a", parent=parent)))
    show("NUL", do(conn, xml(UUID % "a", "a&#0;b")).split("\n")[0])


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


def without_mdevctl():
    os.environ["PATH"] = "/nowhere"
    for folder in ("/usr/sbin", "/sbin"):
        if os.path.exists(folder + "/mdevctl"):
            subprocess.run(["/bin/mount", "--bind", "/dev/null", folder + "/mdevctl"], check=True)


# --- what can go wrong with a program ---------------------------------------------

def is_running(pid):
    try:
        with open("/proc/%s/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def children():
    """Those that this process started and did not wait for; orphans came to it because it is the first of its
    namespace."""
    with open("/proc/self/task/%d/children" % os.getpid()) as f:
        pids = set(map(int, f.read().split()))
    orphans = set()
    for pid in pids:
        with open("/proc/%d/comm" % pid) as f:
            if f.read() == "sleep\n":
                orphans.add(pid)
    return pids - orphans


def failures():
    vnd.silence()
    kernel, mdevctl = play_kernel(), Mdevctl()
    conn = lib.virConnectOpen(b"nodedev:///system")
    a = UUID % "a"
    # A host that leaves these to the system, or does not want to hear of children.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    create(conn, xml(a))
    define(conn, xml(UUID % "b"))

    def all_of(what):
        show(what + ", create", create(conn, xml(UUID % "c")))
        show(what + ", define", define(conn, xml(UUID % "c")))
        show(what + ", define again", define(conn, xml(UUID % "b")))
        show(what + ", start", start(conn, name(UUID % "b")))
        show(what + ", autostart", autostart(conn, name(UUID % "b"), 1))
        show(what + ", update", update(conn, name(UUID % "b"), xml(UUID % "b", "mtty-2"), CONFIG))
        show(what + ", undefine", undefine(conn, name(UUID % "b")))
        show(what + ", destroy", destroy(conn, name(a)))

    for mode in ("say Error: it is late", "silent", "kill"):
        mdevctl.shall(mode)
        all_of(mode)
    path = os.environ["PATH"]
    without_mdevctl()
    show("missing, define", define(conn, xml(UUID % "c")))
    show("missing, define again", define(conn, xml(UUID % "b")))
    show("missing, start", start(conn, name(UUID % "b")))
    show("missing, autostart", autostart(conn, name(UUID % "b"), 1))
    show("missing, update", update(conn, name(UUID % "b"), xml(UUID % "b"), CONFIG))
    show("missing, undefine", undefine(conn, name(UUID % "b")))
    os.environ["PATH"] = path
    mdevctl.shall("old")
    show("old, update", update(conn, name(UUID % "b"), xml(UUID % "b"), CONFIG))
    show("old, define again", define(conn, xml(UUID % "b")))
    mdevctl.shall("noise")
    show("noise", len(define(conn, xml(UUID % "c"))) < 1200)
    mdevctl.shall("deaf")
    show("deaf", define(conn, xml(UUID % "c", attributes=[("a", "x" * 300000)])))
    mdevctl.shall("print ../../x\nrubbish")
    show("rubbish", define(conn, xml()))
    mdevctl.shall("print")
    show("nothing printed", define(conn, xml()))
    show("not defined", define(conn, xml(UUID % "c")))
    show("nothing changed", state(conn, name(UUID % "b")) + ", " + state(conn, name(a)) + ", "
         + state(conn, name(UUID % "c")))
    mdevctl.shall("warn")
    show("warn", autostart(conn, name(UUID % "b"), 1))
    mdevctl.shall("")

    mdevctl.shall("hang")
    show("hang", takes_a_minute(lambda: autostart(conn, name(UUID % "b"), 0)))
    with open(mdevctl.folder + "/pids") as f:
        pids = f.read().split()
    wait_for(lambda: not any(map(is_running, pids)))
    mdevctl.shall("endless")
    show("endless", takes_a_minute(lambda: undefine(conn, name(UUID % "b"))))
    mdevctl.shall("")
    kernel.order("hidden")
    show("hidden", takes_a_minute(lambda: create(conn, xml(UUID % "d"))))
    show("left behind", os.path.exists(DEVICES + UUID % "d"))
    kernel.order("lost")
    show("lost", takes_a_minute(lambda: create(conn, xml(UUID % "e"))))
    kernel.order("appear")

    # Several devices whose attributes nobody tells, in one question.
    for letter in "01":
        create(conn, xml(UUID % letter))
    callouts = FOLDER + "scripts.d/callouts"
    os.makedirs(callouts)
    open(callouts + "/mtty.sh", "w").close()
    mdevctl.shall("hang")
    mdevctl.asked()
    text = takes_a_minute(lambda: vnd.owned(lib.vndConnectGetAllDevicesXML(conn, 0)))
    show("all, hang", [text.count("<name>" + name(UUID % letter)) for letter in "a01"])
    show("asked", len(mdevctl.asked()))
    mdevctl.shall("")
    os.unlink(callouts + "/mtty.sh")

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    show("children ignored", autostart(conn, name(UUID % "b"), 0))
    mdevctl.shall("say Error: no")
    show("children ignored", autostart(conn, name(UUID % "b"), 1))
    mdevctl.shall("")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    before = set(os.listdir("/proc/self/fd"))
    failed = []

    def work(number):
        for n in range(3):
            uuid = UUID.replace("a%s", "%d%d") % (number, n)
            for result, wanted in ((define(conn, xml(uuid)), name(uuid)), (undefine(conn, name(uuid)), "done")):
                if result != wanted:
                    failed.append(result)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    show("threads", failed)
    show("descriptors", len(set(os.listdir("/proc/self/fd")) - before))
    show("children", children() - {kernel.process.pid})
    lib.virConnectClose(conn)
    kernel.end()


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


# --- calls that are killed -----------------------------------------------------------

def connect():
    return lib.virConnectOpen(b"nodedev:///system")


def killed_in(mdevctl, mode, call, *arguments):
    """Makes a call in a process that mdevctl kills, and waits until both have ended. An orphan becomes a child of this
    process, the first of its namespace."""
    mdevctl.shall(mode)
    child = os.fork()
    if child == 0:
        call(connect(), *arguments)
        os._exit(1)
    ended = dict(os.waitpid(-1, 0) for _ in range(2))
    assert ended[child] == signal.SIGKILL, ended
    mdevctl.shall("")


def killed():
    vnd.silence()
    kernel, mdevctl, conn, a = play_kernel(), Mdevctl(), connect(), UUID % "a"

    def step(mode, title, call, *arguments, until=None):
        """The call, killed, and once more."""
        killed_in(mdevctl, mode, call, *arguments)
        if mode == "alone" and until:
            kernel.until(until)
        show("%s, %s" % (mode, title), state(conn, name(a)))
        show("%s again" % title, call(conn, *arguments))
        if mode == "neither" and until:
            kernel.until(until)
        show("then", state(conn, name(a)))

    for mode in ("alone", "neither"):
        step(mode, "create", create, xml(a), until="came")
        step(mode, "destroy", destroy, name(a), until="gone")
        step(mode, "define", define, xml(a))
        step(mode, "define other", define, xml(a, "mtty-2"))
        step(mode, "autostart", autostart, name(a), 1)
        step(mode, "start", start, name(a), until="came")
        step(mode, "undefine", undefine, name(a))
        destroy(conn, name(a))
        kernel.until("gone")
    mdevctl.asked()
    without_mdevctl()
    show("sysfs, create", dies(1, connect, lambda conn: create(conn, xml(a))))
    kernel.until("came")
    show("then", state(conn, name(a)))
    show("destroy", dies(1, connect, lambda conn: destroy(conn, name(a))))
    kernel.until("gone")
    show("then", [state(conn, name(a)), destroy(conn, name(a)), mdevctl.asked()])
    kernel.order("lost")
    show("lost, create", dies(1, connect, lambda conn: create(conn, xml(a))))
    kernel.until("create")
    show("then", state(conn, name(a)))
    kernel.order("appear")
    show("create again", create(conn, xml(a)))
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
    if sys.argv[1] == "session":
        session(sys.argv[2], *json.loads(sys.argv[3]))
    else:
        try:
            {f.__name__: f for f in (calls, failures, sysfs, killed, real)}[sys.argv[1]]()
        except Refused as e:
            print("system calls cannot be answered here: %s" % e, file=sys.stderr)
            sys.exit(77)
