# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Event loops, the library's own and those of programs, and the descriptors and timers that they watch."""
import itertools
from typing import Any, Callable, Dict, Optional, Tuple, TypeVar

from ._calls import called, nothing, number, run
from ._prototypes import (virEventAddHandleFunc, virEventAddTimeoutFunc, virEventHandleCallback,
                          virEventRemoveHandleFunc, virEventRemoveTimeoutFunc, virEventTimeoutCallback,
                          virEventUpdateHandleFunc, virEventUpdateTimeoutFunc, virFreeCallback)

__all__ = ["_EventCB", "_TimerCB", "virEventAddHandle", "virEventAddTimeout", "virEventInvokeFreeCallback",
           "virEventRegisterDefaultImpl", "virEventRegisterImpl", "virEventRemoveHandle", "virEventRemoveTimeout",
           "virEventRunDefaultImpl", "virEventUpdateHandle", "virEventUpdateTimeout"]
_T = TypeVar("_T")
# libvirt's own module for asyncio, libvirtaio, uses these names.
_EventCB = Callable[[int, int, int, _T], object]
_TimerCB = Callable[[int, _T], object]

# --- Callbacks that are registered ---------------------------------------------------------------------------

# The callbacks that the library may call, by the number that it has as opaque pointer, until it frees that.
_kept: Dict[int, Any] = {}
_numbers = itertools.count(1)


def _give_back(key: Optional[int]) -> None:
    """Drops a callback, which the library does not call again."""
    _kept.pop(key or 0, None)


_given_back = virFreeCallback(_give_back)


def registered(name: str, keep: Any, *arguments: Any) -> int:
    """Calls a function whose last parameters are an opaque pointer, which stands for `keep`, and a function to free it."""
    key = next(_numbers)
    _kept[key] = keep
    try:
        return number(name, *arguments, key, _given_back)
    except BaseException:
        _kept.pop(key, None)
        raise


def check_callable(callback: Any) -> None:
    if not callable(callback):
        raise TypeError("a callback has to be callable, not %s" % type(callback).__name__)


# --- What a loop watches ---------------------------------------------------------------------

def _handle_event(watch: int, fd: int, events: int, key: Optional[int]) -> None:
    kept = _kept.get(key or 0)
    if kept is not None:
        called(kept[0], watch, fd, events, kept[1])


def _timeout_event(timer: int, key: Optional[int]) -> None:
    kept = _kept.get(key or 0)
    if kept is not None:
        called(kept[0], timer, kept[1])


_handle_callback = virEventHandleCallback(_handle_event)
_timeout_callback = virEventTimeoutCallback(_timeout_event)


def virEventAddHandle(fd: int, events: int, cb: _EventCB[_T], opaque: _T) -> int:
    """Has the event loop call cb(watch, fd, events, opaque) when something happens on a file descriptor.

    `events` are bits of VIR_EVENT_HANDLE_*, 0 to watch for nothing yet. Returns the number of the watch.
    """
    check_callable(cb)
    return registered("virEventAddHandle", (cb, opaque), fd, events, _handle_callback)


def virEventUpdateHandle(watch: int, events: int) -> None:
    """Changes what a watch waits for: bits of VIR_EVENT_HANDLE_*, 0 to pause. An unknown watch is ignored."""
    nothing("virEventUpdateHandle", watch, events)


def virEventRemoveHandle(watch: int) -> int:
    """Ends a watch. Returns 0; raises libvirtError when there is no such watch or no event loop."""
    return number("virEventRemoveHandle", watch)


def virEventAddTimeout(timeout: int, cb: _TimerCB[_T], opaque: _T) -> int:
    """Has the event loop call cb(timer, opaque) every `timeout` milliseconds; 0 is in every turn of the loop, negative
    makes a timer that is stopped. Returns the number of the timer."""
    check_callable(cb)
    return registered("virEventAddTimeout", (cb, opaque), timeout, _timeout_callback)


def virEventUpdateTimeout(timer: int, timeout: int) -> None:
    """Changes the interval of a timer, in milliseconds, and starts it anew; negative stops it. An unknown timer is
    ignored."""
    nothing("virEventUpdateTimeout", timer, timeout)


def virEventRemoveTimeout(timer: int) -> int:
    """Ends a timer. Returns 0; raises libvirtError when there is no such timer or no event loop."""
    return number("virEventRemoveTimeout", timer)


# --- Loops -----------------------------------------------------------------------------------

def virEventRegisterDefaultImpl() -> int:
    """Makes the library use its own event loop, which virEventRunDefaultImpl() runs. Returns 0."""
    return number("virEventRegisterDefaultImpl")


def virEventRunDefaultImpl() -> int:
    """Runs one turn of the library's own event loop: waits until something happens, then calls the callbacks for it.
    Returns 0.

    Other threads run meanwhile.
    """
    return number("virEventRunDefaultImpl")


def invoke_handle(watch: int, fd: int, event: int, opaque: Any, opaquecompat: Any = None) -> None:
    """A program's loop calls this when something happens on a descriptor, with the opaque value that its addHandle got.
    It may pass the first two members of that as two arguments instead."""
    callback, data = (opaque, opaquecompat) if callable(opaque) else opaque[:2]
    run(callback, watch, fd, event, data)


def invoke_timeout(timer: int, opaque: Any, opaquecompat: Any = None) -> None:
    """A program's loop calls this when a timer has run out, with the opaque value as for invoke_handle()."""
    callback, data = (opaque, opaquecompat) if callable(opaque) else opaque[:2]
    run(callback, timer, data)


def virEventInvokeFreeCallback(opaque: Tuple[Any, ...]) -> None:
    """To be called by a program's own loop, with the opaque value of its addHandle or addTimeout, once that is removed."""
    if opaque[2]:
        run(opaque[2], opaque[1])


# The functions of the program's loop. The library has them as long as the process lives.
_loop: Tuple[Any, ...] = ()


def virEventRegisterImpl(addHandle: Callable[[int, int, Callable[..., None], Any], int],
                         updateHandle: Callable[[int, int], object], removeHandle: Callable[[int], int],
                         addTimeout: Callable[[int, Callable[..., None], Any], int],
                         updateTimeout: Callable[[int, int], object], removeTimeout: Callable[[int], int]) -> None:
    """Gives the library the event loop of the program; the first loop stays.

    - addHandle(fd, events, cb, opaque) watches a descriptor and returns a number, -1 on failure. When something happens
      there, the loop calls cb(watch, fd, events, opaque)
    - addTimeout(milliseconds, cb, opaque) starts a timer and returns a number. When it has run out, the loop calls
      cb(timer, opaque)
    - updateHandle(watch, events), updateTimeout(timer, milliseconds) change them
    - removeHandle(watch), removeTimeout(timer) end them and return 0. Later, not within them, the
      loop calls virEventInvokeFreeCallback(opaque)
    """
    global _loop
    if _loop:
        return
    for function in (addHandle, updateHandle, removeHandle, addTimeout, updateTimeout, removeTimeout):
        check_callable(function)

    def status(result: Any) -> int:
        return result if isinstance(result, int) else -1

    def add_handle(fd: int, events: int, callback: Any, opaque: Optional[int], free: Any) -> int:
        return status(called(addHandle, fd, events, invoke_handle, (callback, opaque, free)))

    def add_timeout(timeout: int, callback: Any, opaque: Optional[int], free: Any) -> int:
        return status(called(addTimeout, timeout, invoke_timeout, (callback, opaque, free)))

    _loop = (virEventAddHandleFunc(add_handle),
             virEventUpdateHandleFunc(lambda watch, events: called(updateHandle, watch, events)),
             virEventRemoveHandleFunc(lambda watch: status(called(removeHandle, watch))),
             virEventAddTimeoutFunc(add_timeout),
             virEventUpdateTimeoutFunc(lambda timer, timeout: called(updateTimeout, timer, timeout)),
             virEventRemoveTimeoutFunc(lambda timer: status(called(removeTimeout, timer))))
    nothing("virEventRegisterImpl", *_loop)
