# SPDX-License-Identifier: LGPL-2.1-or-later
"""How functions of the library are called, how it calls back, and how handles are given back."""
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
    # How many calls of this thread are under way or have not told their error yet.
    calls = 0
    # What a callback raised that must get out of the call that led to it, such as KeyboardInterrupt.
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
    """The result of a C function; libvirtError where `fails` says that it tells of one.

    What a callback inside raised to end the program comes out of here.
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
    """Calls a function that gives a number, and -1 for an error."""
    return int(_call(name, lambda result: result < 0, arguments))


def positive(name: str, *arguments: Any) -> int:
    """Calls a function that gives a number, and 0 for an error."""
    return int(_call(name, lambda result: result == 0, arguments))


def handle(name: str, *arguments: Any) -> int:
    """Calls a function that gives a handle, and NULL for an error."""
    return int(_call(name, lambda result: result is None, arguments))


def text(name: str, *arguments: Any) -> str:
    """Calls a function that gives a string to be freed, and NULL for an error."""
    return taken(_call(name, lambda result: not result.value, arguments))


def lent(name: str, *arguments: Any, wanted: bool = False) -> Optional[str]:
    """Calls a function that lends a string; NULL is an error if a string is wanted, else None."""
    return decoded(_call(name, lambda result: wanted and result is None, arguments))


def nothing(name: str, *arguments: Any) -> None:
    """Calls a function without a result."""
    _call(name, lambda result: False, arguments)


# --- Being called ----------------------------------------------------------------------------

def _raise(error: BaseException) -> None:
    raise error


# What a function raises that C called, ctypes gives to sys.unraisablehook.
_unraisable = ctypes.CFUNCTYPE(None, ctypes.py_object)(_raise)


def called(callback: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a program's function that the library calls; None when it raises.

    An Exception is told to sys.unraisablehook. What is none (KeyboardInterrupt, SystemExit) comes out of the call of
    this thread that led here.
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

# Processes are counted: a child of fork() must leave the devices of its parent alone.
process = 0
_abandoned: Deque[Tuple[str, int]] = deque()


def _forked() -> None:
    global process
    process += 1
    _abandoned.clear()


os.register_at_fork(after_in_child=_forked)


def abandon(function: str, address: int) -> None:
    """Gives a handle back from a finalizer.

    Finalizers run at any moment, also between a call that failed and the question for its error, which giving a
    handle back would clear. There the handle waits for the thread's next call.
    """
    _abandoned.append((function, address))
    if _thread.calls == 0:
        _give_back()


def _give_back() -> None:
    while _abandoned:
        try:
            function, address = _abandoned.popleft()
        except IndexError:  # another thread was faster
            return
        getattr(lib, function)(address)
