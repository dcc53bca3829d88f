# SPDX-License-Identifier: LGPL-2.1-or-later
"""What may differ between the two sides, and why.

Lines of our output that match `ours`, and lines of libvirt's that match `theirs`, are not compared.
"""
import re
from collections import Counter

# `where` is a regular expression for what is compared: `SEQUENCE: STEP` or `device NAME`; `when` is one for text that has
# to be there.
RULES = [
    dict(name="detach without a hypervisor", where=r"detach: nodedev (detach|reattach|reset) ",
         ours=r"Device \w+ (detached|re-attached|reset)||\[status 0\]",
         theirs=r"2> error: Failed to (detach|re-attach|reset) device \w+|"
                r"2> error: this function is not supported by the connection driver: \w+||\[status 1\]",
         why="libvirt's node-device driver alone cannot detach, re-attach or reset; one of its hypervisor drivers has to be "
             "asked. Here there is no such driver, and any connection can."),
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
        """None if the lines are the same, else the name of the rule that explains it, or an empty text."""
        if ours == theirs:
            return None
        for rule in RULES:
            if not re.match(rule["where"], where) or not re.search(rule.get("when", ""), "\n".join(ours)):
                continue
            if strip(rule.get("ours"), ours) == strip(rule.get("theirs"), theirs):
                self.used[rule["name"]] += 1
                return rule["name"]
        return ""


def strip(pattern, lines):
    return [line for line in lines if pattern is None or not re.fullmatch(pattern, line)]
