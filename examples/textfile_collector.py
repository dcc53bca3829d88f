# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Prints errors of PCI Express links as metrics; put the output into a .prom file of node_exporter's textfile collector."""
import sys

import virnodedev

with virnodedev.openReadOnly(sys.argv[1] if len(sys.argv) > 1 else None) as conn:
    devices = conn.inventory("pci")
print("# TYPE nodedev_pci_errors_total counter")
for name, parts in devices.items():
    for kind, count in parts.get("pci", {}).get("aer", {}).items():
        print('nodedev_pci_errors_total{device="%s",kind="%s"} %d' % (name, kind, count))
