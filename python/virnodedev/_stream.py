# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Events of a connection in asyncio loops. `Source` says what a connection has to offer for that."""
import asyncio
import threading
from types import TracebackType
from typing import Any, Callable, Dict, Generic, List, Optional, Protocol, Sequence, Set, Type, TypeVar

from . import _calls
from ._errors import libvirtError

_Event = TypeVar("_Event")


class Source(Protocol):
    """A connection, as far as waiting for its events needs it."""

    _process: int
    #: What has to end when the connection is closed.
    _attached: "Set[Dispatching]"
    #: How many `Dispatching` there are in each loop.
    _readers: Dict[asyncio.AbstractEventLoop, int]

    def getEventFD(self) -> int: ...
    def dispatchEvents(self) -> int: ...
    def nodeDeviceEventRegisterAny(self, dev: Any, eventID: int, cb: Callable[..., object], opaque: Any) -> int: ...
    def nodeDeviceEventDeregisterAny(self, callbackID: int) -> None: ...


class _Reader:
    """Dispatches events when the loop calls it. Of several failures in a row it raises the first alone, for the loop to
    report."""

    def __init__(self, dispatch: Callable[[], int]) -> None:
        self._dispatch = dispatch
        self._failing = False

    def __call__(self) -> None:
        was_failing, self._failing = self._failing, True
        try:
            self._dispatch()
        except libvirtError:
            if not was_failing:
                raise
        else:
            self._failing = False


class Dispatching:
    """The running loop dispatches a connection's events, until close() or the end of the `with` block."""

    def __init__(self, conn: Source) -> None:
        self.conn = conn
        self.loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._fd = conn.getEventFD()
        self._open = True
        # A loop can have one reader for a descriptor.
        readers = conn._readers
        readers[self.loop] = readers.get(self.loop, 0) + 1
        if readers[self.loop] == 1:
            self.loop.add_reader(self._fd, _Reader(conn.dispatchEvents))
        conn._attached.add(self)

    def __enter__(self) -> "Dispatching":
        return self

    def __exit__(self, exc_type: Optional[Type[BaseException]], exc_value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    def close(self) -> None:
        """Ends the dispatching; any thread may call it. The end of the connection does the same."""
        if not self._open:
            return
        self._open = False
        self.conn._attached.discard(self)
        # A child of fork() shares the loop's epoll with its parent, and must not change what that waits for.
        if self.conn._process == _calls.process:
            self._detach()

    def _detach(self) -> None:
        readers = self.conn._readers
        readers[self.loop] -= 1
        if readers[self.loop] == 0:
            del readers[self.loop]
            self.in_loop(self.loop.remove_reader, self._fd)

    def in_loop(self, function: Callable[..., object], *arguments: object) -> None:
        """Calls a function in the thread of the loop, unless the loop is closed."""
        if threading.get_ident() == self._thread:
            function(*arguments)
        elif not self.loop.is_closed():
            try:
                self.loop.call_soon_threadsafe(function, *arguments)
            except RuntimeError:  # the loop was closed meanwhile
                pass


class _Subscription(Dispatching, Generic[_Event]):
    """Puts events into a queue; None is the end."""

    def __init__(self, conn: Source, event: Callable[..., _Event], dev: Any, eventIDs: Sequence[int]) -> None:
        super().__init__(conn)
        self.queue: "asyncio.Queue[Optional[_Event]]" = asyncio.Queue()
        self._event = event
        self._ids: List[int] = []
        try:
            for event_id in eventIDs:
                self._ids.append(conn.nodeDeviceEventRegisterAny(dev, event_id, self._happened, event_id))
        except BaseException:
            self.close()
            raise

    def _happened(self, _conn: Source, device: Any, *rest: int) -> None:
        # The last argument is the opaque value, here the event's number. Before it comes what only a lifecycle event has.
        self.in_loop(self.queue.put_nowait, self._event(device, rest[-1], *rest[:-1]))

    def _detach(self) -> None:
        for callback_id in self._ids:
            self.conn.nodeDeviceEventDeregisterAny(callback_id)
        super()._detach()
        self.in_loop(self.queue.put_nowait, None)


class EventStream(Generic[_Event]):
    """The events of a connection, from the moment it is made; an asynchronous iterator.

    Made by virConnect.events() in the loop that reads it. It ends with close(), with the connection, with an `async
    with` block, or when nobody refers to it any more. Events wait in memory until they are read.
    """

    def __init__(self, conn: Source, event: Callable[..., _Event], dev: Any, eventIDs: Sequence[int]) -> None:
        self._subscription = _Subscription(conn, event, dev, eventIDs)

    def __aiter__(self) -> "EventStream[_Event]":
        return self

    async def __anext__(self) -> _Event:
        queue = self._subscription.queue
        event = await queue.get()
        if event is None:
            queue.put_nowait(None)  # for other readers
            raise StopAsyncIteration
        return event

    async def __aenter__(self) -> "EventStream[_Event]":
        return self

    async def __aexit__(self, exc_type: Optional[Type[BaseException]], exc_value: Optional[BaseException],
                        traceback: Optional[TracebackType]) -> None:
        self.close()

    def close(self) -> None:
        """Ends the stream; any thread may call it. Events from before can still be read."""
        self._subscription.close()

    def __del__(self) -> None:
        subscription = getattr(self, "_subscription", None)
        if subscription is None:
            return
        # Not closed here: finalizers run at any moment, also between a call that failed and the reading of its error.
        if subscription.loop.is_closed():
            subscription.close()
        else:
            try:
                subscription.loop.call_soon_threadsafe(subscription.close)
            except RuntimeError:  # the loop was closed meanwhile
                subscription.close()
