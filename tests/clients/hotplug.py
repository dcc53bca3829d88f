# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay: a network interface goes, comes and changes while a client listens.

    hotplug.py CLIENT [ARGUMENT...]

The client prints "ready" when it listens; what it prints later is passed on.
"""
import os
import subprocess
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, *more)
                for more in ([], [os.pardir, "python"])]
from replay_machine import Machine  # noqa: E402

INTERFACE = "/sys/devices/pci0000:80/0000:80:00.0/0000:81:00.0/net/enp129s0"


def main():
    client = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
    said = client.stdout.readline()
    if said == "ready\n":
        machine = Machine()
        machine.remove(INTERFACE)
        machine.udevd.send("remove", INTERFACE, SUBSYSTEM="net", INTERFACE="enp129s0")
        machine.put_back(INTERFACE)
        machine.udevd.send("add", INTERFACE)
        machine.udevd.send("change", INTERFACE)
        said = ""
    try:
        said += client.communicate(timeout=20)[0]
    except subprocess.TimeoutExpired:
        client.kill()
        said += client.communicate()[0]
    sys.stdout.write(said)
    sys.exit(client.returncode)


main()
