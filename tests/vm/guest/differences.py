# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""What may differ between the two sides, and why.

Lines of our output that match `ours`, and lines of libvirt's that match `theirs`, are not compared.
"""
import re
from collections import Counter

# `where` is a regular expression for what is compared: `SEQUENCE: STEP` or `device NAME`; `when` is one for text that has
# to be there.
RULES = [
    dict(name="blank line after an error", where=r"\w+: (nodedev|readonly|pci|pci-readonly) ", when=r"\[status 1\]",
         theirs=r"", ours=r"",
         why="virsh ends each command with a blank line; nodedev prints none when the command failed."),
    dict(name="detach without a hypervisor", where=r"detach: nodedev (detach|reattach|reset) ",
         ours=r"Device \w+ (detached|re-attached|reset)||\[status 0\]",
         theirs=r"2> error: Failed to (detach|re-attach|reset) device \w+|"
                r"2> error: this function is not supported by the connection driver: \w+||\[status 1\]",
         why="libvirt's node-device driver alone cannot detach, re-attach or reset; one of its hypervisor drivers has to be "
             "asked. Here there is no such driver, and any connection can."),
    dict(name="bridges keep their driver", where=r"detach: (pci detach pci_0000_00_03_4|sh basename .*/0000:00:03.4/driver)",
         ours=r"2> error: Failed to detach device pci_0000_00_03_4|2> error: Requested operation is not valid: "
              r"PCI device 0000:00:03.4 is a bridge, which no VFIO driver takes|pcieport||\[status [01]\]",
         theirs=r"Device pci_0000_00_03_4 detached|2> basename: missing operand|2> Try 'basename .*||\[status [01]\]",
         why="No VFIO driver takes a bridge. libvirt takes it from its driver all the same, calls that success, and leaves it "
             "without one; the library refuses."),
    dict(name="reset of a bus", where=r"detach: pci reset pci_0000_06_01_0", when=r"^Device pci_0000_06_01_0 reset$",
         ours=r"Device pci_0000_06_01_0 reset||\[status 0\]",
         theirs=r"2> error: Failed to reset device pci_0000_06_01_0|2> error: internal error: Unable to reset PCI device "
                r"0000:06:01.0: internal error: Unusual value in /sys/bus/pci//devices/\S+/class: 0x\w+|2> ||\[status 1\]",
         why="The function's neighbours are detached, so its bus may be reset. libvirt looks for the bridge above and gives up "
             "at the class of some other device; the library resets the bus."),
    dict(name="Xen without Xen", where=r"detach: (pci detach pci_0000_02_00_0 --driver xen|sh ls -d .*02:00.0/driver)$",
         ours=r"2> error: Failed to detach device pci_0000_02_00_0|2> error: internal error: Failed to load PCI driver module "
              r"xen-pciback: .*|2> |/sys/\S+/driver||\[status [01]\]",
         theirs=r"Device pci_0000_02_00_0 detached|2> ls: cannot access .*||\[status [02]\]",
         why="libvirt takes the function from its driver, has no other for it, and calls that success; the library says that "
             "Xen's driver does not load here, and leaves the function alone."),
    dict(name="why a document is not valid", where=r"\w+: nodedev (define|create|update) ",
         when=r"XML document failed to validate against schema: ",
         ours=r"2> error: XML document failed to validate against schema: line \d+, column \d+: .*",
         theirs=r"2> error: XML document failed to validate against schema: Unable to validate doc against \S+|"
                r"2> (Expecting|Invalid sequence|Element|Did not expect|Extra element) .*|2> ",
         why="The words are those of libvirt's XML parser. The library names the place and what is wrong there."),
    dict(name="last IOMMU group", where=r"mdev: nodedev dumpxml ", when=r"<iommuGroup number='0'/>",
         ours=r" *<iommuGroup number='0'/>", theirs=r" *<iommuGroup number='\d+'/>",
         why="A mediated device that is not running has no IOMMU group: 0. libvirt's daemon remembers the one that it had last."),
    dict(name="sleeping functions", where=r"device pci_|detach: pci dumpxml ", when=r"<name>vfio-pci</name>",
         ours=r" *<link .*/>", theirs=r" *<link .*/>",
         why="vfio-pci lets a function sleep that nobody uses. libvirt wakes it to read its link; the library shows what "
             "is known without."),
]


class Explained:
    """The rules, and how often each was needed."""

    def __init__(self):
        self.used = Counter()

    def compare(self, where, theirs, ours):
        """The names of the rules that explain what differs, none if nothing does; None if they do not."""
        names = []
        for rule in RULES:
            if theirs == ours:
                break
            if re.match(rule["where"], where) and re.search(rule.get("when", ""), "\n".join(ours), re.M):
                stripped = strip(rule["theirs"], theirs), strip(rule["ours"], ours)
                if stripped != (theirs, ours):
                    names.append(rule["name"])
                    theirs, ours = stripped
        if theirs != ours:
            return None
        self.used.update(names)
        return names


def strip(pattern, lines):
    return [line for line in lines if not re.fullmatch(pattern, line)]
