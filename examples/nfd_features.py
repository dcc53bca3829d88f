# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Prints labels for node-feature-discovery; put the output into a file of its features.d folder."""
import sys

import virnodedev

with virnodedev.openReadOnly(sys.argv[1] if len(sys.argv) > 1 else None) as conn:
    devices = conn.inventory("pci,sriov").values()
for pci in (parts["pci"] for parts in devices if "pci" in parts):
    print("example.com/pci-%04x_%04x.present=true" % (pci["class"]["id"] >> 8, pci["vendor"]["id"]))
if any(parts.get("sriov", {}).get("total") for parts in devices):
    print("example.com/sriov.capable=true")
