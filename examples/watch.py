# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Prints this host's network interfaces, then those that come and go, with the Python package."""
import asyncio
import sys

import virnodedev as libvirt


async def main(uri):
    with libvirt.openReadOnly(uri) as conn:
        events = conn.events()
        for device in conn.listAllDevices(libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET):
            print("here", device.name())
        print("watching", flush=True)
        async for event in events:
            if event.device.name().startswith("net_"):
                print(event.kind, event.device.name(), flush=True)


try:
    asyncio.run(main(*sys.argv[1:] or ["nodedev:///system"]))
except KeyboardInterrupt:
    pass
