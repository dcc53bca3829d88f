# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay of the machine `modules`: what can go wrong with mdevctl, and with who calls it."""
import os
import signal
import threading

from fast_clock import takes_a_minute
from mdev_kernel import DEVICES
from mdev_tools import (
    CONFIG, FOLDER, Mdevctl, UUID, autostart, connect, create, define, destroy, name, play_kernel, show, start, state,
    undefine, update, wait_for, without_mdevctl, xml)
from syscalls import dies
# Where mdev_tools says that it is.
import vnd
from vnd import lib


# --- what can go wrong with the program ---------------------------------------------

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


# --- calls that are killed -----------------------------------------------------------

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
