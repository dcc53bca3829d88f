# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events in asyncio; no libvirt event loop is needed.

    async for event in conn.events():
        print(event.kind, event.device.name())

    with aio.dispatching(conn):    # callbacks of nodeDeviceEventRegisterAny() are called in the running loop
        ...
"""
import asyncio
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Callable, List, NamedTuple, Optional, Sequence, Type

from . import _calls
from ._constants import (VIR_NODE_DEVICE_EVENT_CREATED, VIR_NODE_DEVICE_EVENT_DEFINED, VIR_NODE_DEVICE_EVENT_DELETED,
                         VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, VIR_NODE_DEVICE_EVENT_ID_UPDATE,
                         VIR_NODE_DEVICE_EVENT_UNDEFINED)
from ._nodedev import virNodeDevice

if TYPE_CHECKING:
    from ._connect import virConnect

_LIFECYCLE = {VIR_NODE_DEVICE_EVENT_CREATED: "created", VIR_NODE_DEVICE_EVENT_DELETED: "deleted",
              VIR_NODE_DEVICE_EVENT_DEFINED: "defined", VIR_NODE_DEVICE_EVENT_UNDEFINED: "undefined"}
EVENTS = (VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, VIR_NODE_DEVICE_EVENT_ID_UPDATE)


class NodeDeviceEvent(NamedTuple):
    """What happened to a device."""

    device: virNodeDevice
    #: VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE or VIR_NODE_DEVICE_EVENT_ID_UPDATE.
    eventID: int
    #: One of VIR_NODE_DEVICE_EVENT_* for a lifecycle event, else 0.
    event: int = 0
    #: 0; libvirt keeps it for particulars.
    detail: int = 0

    @property
    def kind(self) -> str:
        """In a word: "created", "deleted", "defined", "undefined" or "updated"."""
        if self.eventID == VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE:
            return _LIFECYCLE.get(self.event, str(self.event))
        return "updated"


class Dispatching:
    """The running loop dispatches a connection's events, until close() or the end of the `with` block."""

    def __init__(self, conn: "virConnect") -> None:
        self.conn = conn
        self.loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._fd = conn.getEventFD()
        self._open = True
        # A loop has one reader for each descriptor.
        readers = conn._readers
        readers[self.loop] = readers.get(self.loop, 0) + 1
        if readers[self.loop] == 1:
            self.loop.add_reader(self._fd, conn.dispatchEvents)
        conn._attached.add(self)

    def __enter__(self) -> "Dispatching":
        return self

    def __exit__(self, exc_type: Optional[Type[BaseException]], exc_value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    def close(self) -> None:
        """Ends it, from any thread. The end of the connection does it, too."""
        if not self._open:
            return
        self._open = False
        self.conn._attached.discard(self)
        # A child of fork() must leave alone what its parent's loop waits for.
        if self.conn._process == _calls.process:
            self._detach()

    def _detach(self) -> None:
        readers = self.conn._readers
        readers[self.loop] -= 1
        if readers[self.loop] == 0:
            del readers[self.loop]
            self.in_loop(self.loop.remove_reader, self._fd)

    def in_loop(self, function: Callable[..., object], *arguments: object) -> None:
        """Calls a function in the thread of the loop. One that is closed waits for nothing any more."""
        if threading.get_ident() == self._thread:
            function(*arguments)
        elif not self.loop.is_closed():
            try:
                self.loop.call_soon_threadsafe(function, *arguments)
            except RuntimeError:  # closed meanwhile
                pass


def dispatching(conn: "virConnect") -> Dispatching:
    """Adds the connection's event descriptor to the running loop, which then calls its callbacks."""
    return Dispatching(conn)


class _Subscription(Dispatching):
    """Puts events into a queue; None is the end."""

    def __init__(self, conn: "virConnect", dev: Optional[virNodeDevice], eventIDs: Sequence[int]) -> None:
        super().__init__(conn)
        self.queue: "asyncio.Queue[Optional[NodeDeviceEvent]]" = asyncio.Queue()
        self._ids: List[int] = []
        try:
            for event_id in eventIDs:
                self._ids.append(conn.nodeDeviceEventRegisterAny(dev, event_id, self._happened, event_id))
        except BaseException:
            self.close()
            raise

    def _happened(self, _conn: "virConnect", device: virNodeDevice, *rest: int) -> None:
        # Before the opaque value, which is the event's number, comes what the kind of event has of its own.
        self.in_loop(self.queue.put_nowait, NodeDeviceEvent(device, rest[-1], *rest[:-1]))

    def _detach(self) -> None:
        for callback_id in self._ids:
            self.conn.nodeDeviceEventDeregisterAny(callback_id)
        super()._detach()
        self.in_loop(self.queue.put_nowait, None)


class EventStream:
    """The events of a connection, from the moment it is made; an asynchronous iterator.

    Made by virConnect.events() in the loop that reads it. It ends with close(), with the connection, with an `async
    with` block, or when nobody refers to it any more. Events wait in memory until they are read.
    """

    def __init__(self, conn: "virConnect", dev: Optional[virNodeDevice] = None,
                 eventIDs: Sequence[int] = EVENTS) -> None:
        self._subscription = _Subscription(conn, dev, eventIDs)

    def __aiter__(self) -> "EventStream":
        return self

    async def __anext__(self) -> NodeDeviceEvent:
        queue = self._subscription.queue
        event = await queue.get()
        if event is None:
            queue.put_nowait(None)  # for who else reads
            raise StopAsyncIteration
        return event

    async def __aenter__(self) -> "EventStream":
        return self

    async def __aexit__(self, exc_type: Optional[Type[BaseException]], exc_value: Optional[BaseException],
                        traceback: Optional[TracebackType]) -> None:
        self.close()

    def close(self) -> None:
        """Ends the stream, from any thread. What happened before can still be read."""
        self._subscription.close()

    def __del__(self) -> None:
        subscription = getattr(self, "_subscription", None)
        if subscription is None:
            return
        # Not here: finalizers run at any moment, also between a call and its error.
        if subscription.loop.is_closed():
            subscription.close()
        else:
            try:
                subscription.loop.call_soon_threadsafe(subscription.close)
            except RuntimeError:  # closed meanwhile
                subscription.close()
