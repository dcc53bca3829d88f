# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay: plays the kernel's PCI core for one thread: drivers come and go as it writes to sysfs.

The rules are those of the kernel's drivers/pci/pci-driver.c and drivers/base/bus.c: driver_override alone says who may
take a function, else the driver of its identity does; a probe that nobody answers is no error. A function forgets what
was set up in configuration space when it comes back from D3hot (PCI Bus Power Management 1.2, 5.4) and when its bus is reset.
"""
import errno
import os
import shutil

from replay_machine import Tree, read, write
from syscalls import libc

BUS = "/sys/bus/pci"
GROUP = "/dev/vfio/25"
VFIO = {"vfio-pci", "acme-vfio-pci"}
POWER_CONTROL = {"0000:03:00.0": 0xCC}  # where the PMCSR is, as `lspci` says: capabilities at c8
BRIDGE_CONTROL = 0x3E
SET_UP = [(0x04, 2), (0x0C, 1), (0x10, 36), (0x3C, 1)]  # command, cache line, addresses, interrupt line


class Kernel(Tree):
    def __init__(self):
        super().__init__()
        self.log = []
        self.errors = {}      # name of the file that is written: errnos, one for each time; 0 lets it pass
        self.closed = {}      # path: errno of opening it
        self.instead = {}     # path: the file that is opened in its place
        self.refusing = {"e1000"}  # drivers that take nothing
        self.vanishing = None  # name of the file whose write makes the function go
        self.sleeping = False  # whether functions in D3cold stay there
        self.host = {}        # the driver that the kernel would choose
        self.opened_override = ""  # what the file held that was opened last, maybe to be overwritten
        self.recorded = {}    # configuration space
        self.forgetful = set()  # functions that were reset
        self.late = {}        # functions that do not answer at so many looks after they come back from D3hot
        self.silent = {}      # those that are coming back, and how many such looks are left
        for address in os.listdir(BUS + "/devices"):
            self.host[address] = self.driver(address)
            self.set_override(address, "(null)\n")
            self.recorded[address] = self.config(address)
        for driver in ("vfio-pci", "pci-stub", "uio_pci_generic", "e1000"):
            os.makedirs("%s/drivers/%s" % (BUS, driver), exist_ok=True)
        for driver in os.listdir(BUS + "/drivers"):
            open("%s/drivers/%s/unbind" % (BUS, driver), "w").close()
        open(BUS + "/drivers_probe", "w").close()
        os.makedirs("/dev/vfio", exist_ok=True)

    def device(self, address):
        return os.path.realpath("%s/devices/%s" % (BUS, address))

    def driver(self, address):
        try:
            return os.path.basename(os.readlink(self.device(address) + "/driver"))
        except OSError:
            return None

    def override(self, address):
        text = read(self.device(address) + "/driver_override")
        return None if text == "(null)\n" else text.strip()

    def set_override(self, address, text):
        write_new(self.device(address) + "/driver_override", text)

    def start_over(self, address, driver=None):
        """The function is set up and bound to a driver, in place of the host's if one is named."""
        if (self.driver(address), self.override(address)) != (driver or self.host[address], driver):
            if self.driver(address) is not None:
                self.unbind(address)
            self.set_override(address, driver + "\n" if driver else "(null)\n")
            self.probe(address)
        self.come_back(address)
        self.forgetful.discard(address)

    def power(self, address, control, status, state):
        os.makedirs(self.device(address) + "/power", exist_ok=True)
        write_new(self.device(address) + "/power/control", control + "\n")
        write_new(self.device(address) + "/power/runtime_status", status + "\n")
        write_new(self.device(address) + "/power_state", state + "\n")

    # --- what the thread does --------------------------------------------------

    def opened(self, path):
        if path.endswith("/driver_override") and os.path.exists(path):
            self.opened_override = read(path)
        return self.instead.get(path) or self.closed.get(path)

    def read(self, path):
        if not path.endswith("/config"):
            return
        address = path.split("/")[-2]
        if self.silent.get(address):
            self.silent[address] -= 1
            return
        if address in self.silent:
            self.answer(address)
        self.log.append("read %s config" % address)

    def written(self, path, data, offset):
        if not path.startswith("/sys/"):
            return None
        name = os.path.basename(path)
        address = next((part for part in reversed(path.split("/")) if part in self.host), None)
        text = data.decode(errors="backslashreplace")
        if name == "config":
            self.configure(address, data, offset)
        else:
            self.log.append("%s %r" % (path[path.index(address):] if address else path[len(BUS) + 1:], text))
        if self.vanishing == name:
            self.vanishing = None
            self.remove(self.device(address or text))
            return errno.ENODEV
        if self.errors.get(name):
            error = self.errors[name].pop(0)
            if error and name == "driver_override":
                self.set_override(address, self.opened_override)
            if error:
                return error
        return None if name == "config" else self.act(name, address, text)

    def act(self, name, address, text):
        if name == "driver_override":
            self.set_override(address, "(null)\n" if text == "\n" else text + "\n")
        elif name == "unbind":
            self.unbind(text)
        elif name == "drivers_probe":
            return self.probe(text)
        elif name == "control" and text == "on" and not self.sleeping:
            self.power(address, "on", "active", "D0")
        elif name == "control":
            write(self.device(address) + "/power/control", text + "\n")
        else:
            return errno.EINVAL
        return 0

    def configure(self, address, data, offset):
        header_type = self.recorded[address][0x0E] & 0x7F
        value = int.from_bytes(data, "little")
        if offset == POWER_CONTROL.get(address):
            self.log.append("%s power control %04x" % (address, value))
            if value & 3 == 0:
                self.forget(address)
                if address in self.late:
                    self.silent[address] = self.late.pop(address)
                    self.fall_off(address)
        elif (offset, header_type) == (BRIDGE_CONTROL, 1):
            self.log.append("%s bridge control %04x" % (address, value))
            for other in self.host:
                if self.device(other).startswith(self.device(address) + "/"):
                    self.hold_in_reset(other, value & 0x40)
        elif self.log[-1:] != ["%s set up" % address]:
            self.log.append("%s set up" % address)

    def hold_in_reset(self, address, is_held):
        if is_held:
            self.fall_off(address)
        else:
            self.answer(address)

    def answer(self, address):
        """The function answers after its reset."""
        self.silent.pop(address, None)
        self.come_back(address)
        self.forget(address)

    def config(self, address):
        with open(self.device(address) + "/config", "rb") as f:
            return f.read()

    def fall_off(self, address):
        """The function falls off its bus: reads of its configuration space give ones."""
        with open(self.device(address) + "/config", "r+b") as f:
            f.write(b"\xff" * len(self.recorded[address]))

    def come_back(self, address):
        with open(self.device(address) + "/config", "r+b") as f:
            f.write(self.recorded[address])

    def forget(self, address):
        self.forgetful.add(address)
        with open(self.device(address) + "/config", "r+b") as f:
            for at, size in SET_UP:
                f.seek(at)
                f.write(bytes(size))

    def switch_off(self, address):
        """As `forget`, when all but the command register was put back."""
        self.forgetful.add(address)
        with open(self.device(address) + "/config", "r+b") as f:
            f.seek(4)
            f.write(bytes(2))

    def compare(self):
        """How those that were reset are set up, beside how they were."""
        for address in sorted(self.forgetful & set(os.listdir(BUS + "/devices"))):
            is_same = self.config(address) == self.recorded[address]
            yield "%s is %s" % (address, "as before" if is_same else "another")
        self.forgetful.clear()

    def unbind(self, address):
        os.unlink(self.device(address) + "/driver")
        shutil.rmtree(self.device(address) + "/vfio-dev", ignore_errors=True)

    def probe(self, address):
        if not os.path.exists(BUS + "/devices/" + address):
            return errno.EINVAL
        if self.driver(address) is not None:
            return 0
        driver = self.override(address) or self.host[address]
        folder = "%s/drivers/%s" % (BUS, driver)
        if driver is None or driver in self.refusing or not os.path.isdir(folder):
            return 0
        device = self.device(address)
        os.symlink(os.path.relpath(folder, device), device + "/driver")
        if driver in VFIO:
            os.makedirs(device + "/vfio-dev/vfio0")
            write_new(device + "/vfio-dev/vfio0/dev", "1:250\n")
            write_new(GROUP, "")
        return 0


class SharedLog(list):
    """A log that several processes write, each line with the number of its process. Each write takes a moment."""

    def __init__(self, path):
        super().__init__()
        self.file = open(path, "a")

    def append(self, line):
        super().append(line)
        print(os.getpid(), line, file=self.file, flush=True)
        libc.poll(None, 0, 1)  # not by the clock, which a test changes


def write_new(path, text):
    with open(path, "w") as f:
        f.write(text)
