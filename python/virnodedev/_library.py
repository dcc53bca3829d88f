# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Finds and loads the library, declares its functions, and takes strings and arrays from it."""
import ctypes
import os
from typing import Any, List, Optional

from ._prototypes import FUNCTIONS, Owned

SONAME = "libvirnodedev.so.0"


def _load() -> ctypes.CDLL:
    """The library of this wheel, else that of $VIRNODEDEV_LIBRARY, else the one that the loader finds."""
    bundled = os.path.join(os.path.dirname(os.path.abspath(__file__)), SONAME)
    path = bundled if os.path.exists(bundled) else os.environ.get("VIRNODEDEV_LIBRARY") or SONAME
    try:
        library = ctypes.CDLL(path)
        for name, (result, parameters) in FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, parameters
    except OSError as error:
        raise ImportError(
            "the library of virnodedev cannot be loaded (%s): install it (`make install`, then `ldconfig` as root), or "
            "the wheel that carries it (`make wheel`), or set VIRNODEDEV_LIBRARY to the path of a %s"
            % (error, SONAME), name=__package__, path=path) from error
    except AttributeError as error:
        raise ImportError("the library at '%s' does not fit this Python package (%s): both have to be of one version"
                          % (path, error), name=__package__, path=path) from error
    return library


lib = _load()
_free = ctypes.CDLL(None).free
_free.argtypes, _free.restype = [ctypes.c_void_p], None


_copy = ctypes.CDLL(None).strdup
_copy.argtypes, _copy.restype = [ctypes.c_char_p], ctypes.c_void_p


def put_string(structure: ctypes.Structure, field: Any, string: str) -> None:
    """Stores a copy of a text in a structure, for the library to free."""
    ctypes.c_void_p.from_buffer(structure, field.offset).value = _copy(string.encode())


def decoded(text: Optional[bytes]) -> Optional[str]:
    """A text of the library, which is UTF-8. A byte that is not is shown as an escape sequence."""
    return None if text is None else text.decode(errors="backslashreplace")


def taken(string: Owned) -> str:
    """The text of a string that the caller owns; frees the string."""
    try:
        return decoded(ctypes.string_at(string.value or 0)) or ""
    finally:
        _free(string)


def taken_bytes(array: Owned, size: int) -> bytes:
    """The bytes of an array that the caller owns; frees the array."""
    try:
        return ctypes.string_at(array.value or 0, size)
    finally:
        _free(array)


def taken_strings(array: Any, count: int) -> List[str]:
    """The texts of an array whose strings the caller owns; frees the strings."""
    return [taken(string) for string in array[:count]]


def taken_handles(array: Any, count: int) -> List[int]:
    """The handles of an array that the caller owns; frees the array, not the handles."""
    try:
        return list(array[:count])
    finally:
        _free(ctypes.cast(array, ctypes.c_void_p))
