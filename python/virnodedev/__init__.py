# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Node devices in this process, with the names of libvirt's Python module.

    import virnodedev as libvirt

    with libvirt.openReadOnly("nodedev:///system") as conn:
        for device in conn.listAllDevices(libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET):
            print(device.name(), device.parent())

Scripts for libvirt's node devices run unchanged. What is added: JSONDesc(), allDevicesXML() and allDevicesJSON(),
getEventFD() and dispatchEvents() for poll loops, events() and virnodedev.aio for asyncio, vndVersion().
"""
# Star imports are what type checkers take for public.
from ._constants import *
from ._constants import VIRNODEDEV_VERSION_MAJOR, VIRNODEDEV_VERSION_MICRO, VIRNODEDEV_VERSION_MINOR
from ._errors import *
from ._events import *
from ._objects import *
from ._open import *

__version__ = "%d.%d.%d" % (VIRNODEDEV_VERSION_MAJOR, VIRNODEDEV_VERSION_MINOR, VIRNODEDEV_VERSION_MICRO)
