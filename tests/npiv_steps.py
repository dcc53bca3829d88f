# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay of the machine `npiv`: makes and removes virtual ports, and prints what the library says.

    npiv_steps.py session TOOL COMMANDS   the commands (a JSON list of lists) with TOOL; prints their results as JSON
    npiv_steps.py calls                   calls that fail or succeed: what each gave, what was written
    npiv_steps.py killed                  calls that are killed when they have written, and the next one
    npiv_steps.py timeout [full]          a port that never comes; with `full` it cannot be deleted either
"""
import contextlib
import json
import os
import subprocess
import sys
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "python")]
import vnd  # noqa: E402
from fast_clock import takes_a_minute  # noqa: E402
from npiv_kernel import HOST, PORT  # noqa: E402
from replay_machine import KernelProcess, Machine, mounted  # noqa: E402
from syscalls import Refused, dies  # noqa: E402
from vnd import lib  # noqa: E402

CREATE, DELETE = HOST + "/vport_create", HOST + "/vport_delete"
WWNN, WWPN = "2001001b32a9da4e", "2101001b32a9da4e"


def play_kernel(delay):
    return KernelProcess("npiv_kernel.py", delay)


def refusing(path):
    """What is no number is an invalid argument to this file, as another port of the same names is to the real one."""
    return mounted("/proc/self/oom_score_adj", path)


def session(tool, commands):
    kernel, results = play_kernel("0"), []
    for command in commands:
        there = os.path.exists(PORT)
        with refusing(CREATE) if there and "create" in command else contextlib.nullcontext():
            done = subprocess.run([tool, *command], text=True, capture_output=True)
        results.append([done.stdout, done.stderr, done.returncode])
        if done.returncode == 0 and command[0] in ("create", "destroy"):
            kernel.until("came" if command[0] == "create" else "gone")
    assert kernel.silent()
    kernel.end()
    print(json.dumps(results))


def xml(parent="<parent>scsi_host12</parent>", wwnn=WWNN, wwpn=WWPN, fc_host=True):
    names = "<capability type='fc_host'><wwnn>%s</wwnn><wwpn>%s</wwpn></capability>" % (wwnn, wwpn)
    return "<device>%s<capability type='scsi_host'>%s</capability></device>" % (parent, names if fc_host else "")


def create(conn, text):
    return vnd.made(lib.virNodeDeviceCreateXML(conn, text.encode(), 0))


def destroy(conn, name):
    device = lib.virNodeDeviceLookupByName(conn, name.encode())
    result = "destroyed" if lib.virNodeDeviceDestroy(device) == 0 else vnd.error_line()
    lib.virNodeDeviceFree(device)
    return result


def as_nobody(do):
    """Does something as a user without rights; prints its result."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        except OSError:
            print("unprivileged: there is no other user")
        else:
            print("unprivileged:", do(lib.virConnectOpen(b"nodedev:///system")))
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def written_by_this_process():
    with open("/proc/self/io") as f:
        return int(dict(line.split(":") for line in f)["syscw"])


def calls():
    vnd.silence()
    kernel = play_kernel("0.2")
    conn = lib.virConnectOpen(b"nodedev:///system")

    def show(what, result):
        print("%s: %s" % (what, result))

    # Names and parents that are refused, and nothing is written.
    for wwn in ("zzz", "../../../../../etc/passwd", "2101001b32a9da4", "2101001b32a9da4e0", "0x01001b32a9da4e",
                "2101001b32a9da4e\n", "+101001b32a9da4e", "2101001b32a9da4e:1", "\u0662101001b32a9da4e"):
        show("wwpn %a" % wwn, create(conn, xml(wwpn=wwn)))
    show("wwnn zzz", create(conn, xml(wwnn="zzz")))
    show("no fc_host", create(conn, xml(fc_host=False)))
    show("parent computer", create(conn, xml("<parent>computer</parent>")))
    show("parent ../host12", create(conn, xml("<parent>../host12</parent>")))
    show("other wwpn of the parent", create(conn, xml("<parent wwnn='1000525400000201' wwpn='2000525400000202'/>")))
    show("destroy scsi_host0", destroy(conn, "scsi_host0"))
    show("destroy scsi_host12", destroy(conn, "scsi_host12"))
    as_nobody(lambda conn: create(conn, xml()))
    with mounted("/dev/full", CREATE):
        show("full", create(conn, xml()))
    show("silent", kernel.silent())

    # A port comes, in one write; upper case and leading zeros are the kernel's to print otherwise.
    before = written_by_this_process()
    name = create(conn, xml(wwnn=WWNN.upper(), wwpn="0" + WWPN[1:]))
    writes = written_by_this_process() - before
    show("create", name)
    show("writes", writes)
    show("kernel", kernel.until("came")[0])
    show("lookup", bool(lib.virNodeDeviceLookupSCSIHostByWWN(conn, WWNN.encode(), WWPN[1:].encode(), 0)))
    port = lib.virNodeDeviceLookupByName(conn, b"scsi_host13")
    os.rename(DELETE, DELETE + "-not")
    show("no vport_delete", destroy(conn, "scsi_host13"))
    os.rename(DELETE + "-not", DELETE)
    with mounted("/dev/full", DELETE):
        show("full", destroy(conn, "scsi_host13"))
    as_nobody(lambda conn: destroy(conn, "scsi_host13"))
    show("silent", kernel.silent())
    show("destroy", destroy(conn, "scsi_host13"))
    show("kernel", kernel.until("gone")[0])
    show("destroy again", "destroyed" if lib.virNodeDeviceDestroy(port) == 0 else vnd.error_line())
    lib.virNodeDeviceFree(port)

    # Older kernels have the attributes in the other class.
    os.rename(CREATE, "/sys/class/scsi_host/host12/vport_create")
    show("scsi_host", create(conn, xml("")))
    show("kernel", kernel.until("came")[0])
    show("destroy", destroy(conn, "scsi_host13"))
    show("kernel", kernel.until("gone")[0])
    os.rename("/sys/class/scsi_host/host12/vport_create", "/sys/vport_create")
    show("no vport_create", create(conn, xml("")))
    show("parent without vport_create", create(conn, xml()))
    os.rename("/sys/vport_create", CREATE)

    # A watcher is told, and whoever waits is quick.
    machine, quickest = Machine(), 1.0
    for _ in range(3):
        show("create", create(machine.conn, xml()))
        quickest = min(quickest, time.monotonic() - float(kernel.until("came")[-1].split()[1]))
        show("told", machine.take())
        show("destroy", destroy(machine.conn, "scsi_host13"))
        kernel.until("gone")
        show("told", machine.take())
    show("quick", quickest < 0.05 or quickest)
    lib.virConnectClose(conn)
    kernel.end()


def connect():
    return lib.virConnectOpen(b"nodedev:///system")


def killed():
    vnd.silence()
    kernel = play_kernel("0.2")
    conn = connect()

    def show(what, result):
        print("%s: %s" % (what, result))

    def lookup():
        device = lib.virNodeDeviceLookupSCSIHostByWWN(conn, WWNN.encode(), WWPN.encode(), 0)
        found = bool(device)
        lib.virNodeDeviceFree(device)
        return found

    show("create", dies(1, connect, lambda conn: create(conn, xml())))
    kernel.until("came")
    show("lookup", lookup())
    with refusing(CREATE):
        show("create again", create(conn, xml()))
    show("destroy", dies(1, connect, lambda conn: destroy(conn, "scsi_host13")))
    kernel.until("gone")
    show("lookup", lookup())
    show("create again", create(conn, xml()))
    kernel.until("came")
    show("destroy again", destroy(conn, "scsi_host13"))
    kernel.until("gone")
    lib.virConnectClose(conn)
    kernel.end()


def timeout(*full):
    vnd.silence()
    kernel = play_kernel("never")
    conn = lib.virConnectOpen(b"nodedev:///system")
    with mounted("/dev/full", DELETE) if full else contextlib.nullcontext():
        print(takes_a_minute(lambda: create(conn, xml())))
    print(kernel.line())
    if full:
        time.sleep(0.2)
        print("silent:", kernel.silent())
    else:
        print(kernel.line())
    kernel.end()


if __name__ == "__main__":
    if sys.argv[1] == "session":
        session(sys.argv[2], json.loads(sys.argv[3]))
    else:
        try:
            {"calls": calls, "killed": killed, "timeout": timeout}[sys.argv[1]](*sys.argv[2:])
        except Refused as e:
            print("system calls cannot be answered here: %s" % e, file=sys.stderr)
            sys.exit(77)
