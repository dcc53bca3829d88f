# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""A client of virt-manager's virtinst (Debian: virtinst): lets it parse the documents of all devices and prints
what it made of them as JSON.
"""
import json
import sys
from xml.etree.ElementTree import canonicalize

sys.path.insert(0, sys.argv[1])
import virtinst  # noqa: E402
from virtinst import DeviceHostdev, NodeDevice  # noqa: E402


def described(device):
    found = {"type": device.device_type, "parent": device.parent, "is_pci_bridge": device.is_pci_bridge(),
             "nodes": [node.path for node in device.devnodes]}
    for word in ("vendor_name", "product_name", "vendor_id", "product_id", "bus", "device", "slot", "function", "domain",
                 "interface", "address", "block", "drive_type", "size", "host", "target", "lun", "type_id"):
        value = getattr(device, word, None)
        found[word] = value
    if found["type"] in ("pci", "usb_device", "scsi"):
        hostdev = DeviceHostdev(device.conn)
        hostdev.set_from_nodedev(device)
        found["hostdev"] = hostdev.get_xml()
    return found


connection = virtinst.VirtinstConnection(sys.argv[2])
connection.open(None, None)
result = {}
for handle in connection.listAllDevices(0):
    parsed = NodeDevice(connection, parsexml=handle.XMLDesc(0))
    # What it writes is what it read, but for the kind of quotes.
    assert parsed.name == handle.name() and canonicalize(parsed.get_xml()) == canonicalize(handle.XMLDesc(0))
    result[parsed.name] = described(parsed)
assert {device.name for device in connection.fetch_all_nodedevs()} == set(result)
print(json.dumps(result))
