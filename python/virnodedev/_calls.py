# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Calls functions of the library and functions that it calls back, and gives handles back."""
import ctypes
import operator
import os
import threading
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Optional, Tuple

from ._errors import libvirtError
from ._library import decoded, lib, taken
from ._prototypes import FUNCTIONS


class _Thread(threading.local):
    # How many calls of this thread have not returned yet, or their error has not been read yet.
    calls = 0
    # What a callback raised that the call during which it ran has to raise again, such as KeyboardInterrupt.
    raised: Optional[BaseException] = None


_thread = _Thread()


# --- Calling ---------------------------------------------------------------------------------

def _text(value: object) -> Optional[bytes]:
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError("a str or None is wanted, not %s" % type(value).__name__)
    if "\0" in value:
        raise ValueError("embedded null character")
    return value.encode()


def _int(value: Any) -> int:
    number = operator.index(value)
    if not -1 << 31 <= number < 1 << 31:
        raise OverflowError("%d does not fit C's int" % number)
    return number


def _unsigned(value: Any) -> int:
    # The lower 32 bits count, as in libvirt's module.
    return operator.index(value) & 0xFFFFFFFF


def _same(value: Any) -> Any:
    return value


_CONVERSIONS: Dict[Any, Callable[[Any], Any]] = {
    ctypes.c_char_p: _text, ctypes.c_int: _int, ctypes.c_uint: _unsigned}
_converters: Dict[str, List[Callable[[Any], Any]]] = {
    name: [_CONVERSIONS.get(kind, _same) for kind in parameters] for name, (_, parameters) in FUNCTIONS.items()}


def run(function: Callable[..., Any], *arguments: Any, fails: Optional[Callable[[Any], bool]] = None,
        name: str = "") -> Any:
    """Calls a C function and returns its result. Raises libvirtError if `fails` is true of that.

    Raises again what a callback raised meanwhile to end the program, such as KeyboardInterrupt.
    """
    before = _thread.calls
    if before == 0:
        _give_back()
    try:
        _thread.calls = before + 1
        result = function(*arguments)
        if _thread.raised is not None:
            raised, _thread.raised = _thread.raised, None
            raise raised
        if fails is not None and fails(result):
            raise libvirtError("%s() failed" % name)
        return result
    finally:
        _thread.calls = before


def _call(name: str, fails: Callable[[Any], bool], arguments: Tuple[Any, ...]) -> Any:
    converted = [convert(argument) for convert, argument in zip(_converters[name], arguments)]
    return run(getattr(lib, name), *converted, fails=fails, name=name)


def number(name: str, *arguments: Any) -> int:
    """Calls a function that returns a number, or -1 for an error."""
    return int(_call(name, lambda result: result < 0, arguments))


def positive(name: str, *arguments: Any) -> int:
    """Calls a function that returns a number, or 0 for an error."""
    return int(_call(name, lambda result: result == 0, arguments))


def handle(name: str, *arguments: Any) -> int:
    """Calls a function that returns a handle, or NULL for an error."""
    return int(_call(name, lambda result: result is None, arguments))


def text(name: str, *arguments: Any) -> str:
    """Calls a function that returns a string to be freed, or NULL for an error."""
    return taken(_call(name, lambda result: not result.value, arguments))


def lent(name: str, *arguments: Any, wanted: bool = False) -> Optional[str]:
    """Calls a function that returns a string of the library's. NULL is an error if `wanted`, else None."""
    return decoded(_call(name, lambda result: wanted and result is None, arguments))


def nothing(name: str, *arguments: Any) -> None:
    """Calls a function without a result."""
    _call(name, lambda result: False, arguments)


# --- Being called ----------------------------------------------------------------------------

def _raise(error: BaseException) -> None:
    raise error


# ctypes reports to sys.unraisablehook what a function raises that was called by C.
_unraisable = ctypes.CFUNCTYPE(None, ctypes.py_object)(_raise)


def called(callback: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function of the program for the library, and returns its result; None if it raises.

    An Exception is reported to sys.unraisablehook. KeyboardInterrupt, SystemExit and their like are raised again by
    the call of this thread during which the function runs.
    """
    before = _thread.calls
    try:
        _thread.calls = 0
        return callback(*arguments)
    except Exception as error:
        _unraisable(error)
    except BaseException as error:
        if before:
            _thread.raised = error
        else:
            _unraisable(error)
    finally:
        _thread.calls = before
    return None


# --- Giving handles back ---------------------------------------------------------------------

# The number of this process, counted by fork(): a child must not give back the handles of its parent.
process = 0
_abandoned: Deque[Tuple[str, int]] = deque()


def _forked() -> None:
    global process
    process += 1
    _abandoned.clear()


os.register_at_fork(after_in_child=_forked)


def abandon(function: str, address: int) -> None:
    """Gives a handle back from a finalizer.

    Finalizers run at any moment, also between a call that failed and the reading of its error. To give a handle back
    would clear that error, so the handle waits for the thread's next call.
    """
    _abandoned.append((function, address))
    if _thread.calls == 0:
        _give_back()


def _give_back() -> None:
    while _abandoned:
        try:
            function, address = _abandoned.popleft()
        except IndexError:  # another thread took it
            return
        getattr(lib, function)(address)
