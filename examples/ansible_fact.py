# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Prints a fact for Ansible: disks with model, size and links. Installed as /etc/ansible/facts.d/disks.fact, executable."""
import json
import sys

import virnodedev

with virnodedev.openReadOnly(sys.argv[1] if len(sys.argv) > 1 else None) as conn:
    disks = [parts["block"] for parts in conn.inventory("block").values() if "block" in parts]
members = ("model", "serial", "size", "rotational", "by_id")
print(json.dumps({disk["name"]: {member: disk.get(member) for member in members} for disk in disks}))
