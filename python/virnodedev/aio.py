# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Events in asyncio; no libvirt event loop is needed.

    async for event in conn.events():
        print(event.kind, event.device.name())

    with aio.dispatching(conn):    # callbacks of nodeDeviceEventRegisterAny() are called in the running loop
        ...
"""
from ._objects import NodeDeviceEvent, virConnect
from ._stream import Dispatching, EventStream

__all__ = ["Dispatching", "EventStream", "NodeDeviceEvent", "dispatching"]


def dispatching(conn: virConnect) -> Dispatching:
    """Adds the connection's event descriptor to the running loop, which then calls its callbacks."""
    return Dispatching(conn)
