# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The library through ctypes, for the tests: loaded by its soname, with the prototypes of the Python package."""
import ctypes
from ctypes import c_void_p, POINTER

from virnodedev._prototypes import FUNCTIONS, Owned, virErrorFunc

lib = ctypes.CDLL("libvirnodedev.so.0")
libc = ctypes.CDLL(None)
libc.free.argtypes, libc.free.restype = [c_void_p], None


def plain(kind):
    """The type of a parameter or result for the tests: strings that the caller owns are addresses, to be freed or not."""
    return {Owned: c_void_p, POINTER(Owned): POINTER(c_void_p)}.get(kind, kind)


# Functions that take other callbacks are declared by the tests that call them.
for _name, (_result, _arguments) in FUNCTIONS.items():
    if virErrorFunc in _arguments or not any(issubclass(kind, virErrorFunc.__base__) for kind in _arguments):
        _function = getattr(lib, _name)
        _function.restype, _function.argtypes = plain(_result), [plain(kind) for kind in _arguments]


def owned(pointer):
    """The text of a string that the caller has to free; frees it."""
    if not pointer:
        return None
    text = ctypes.string_at(pointer).decode()
    libc.free(pointer)
    return text


def last_error():
    """The fields of this thread's last error, or None."""
    e = lib.virGetLastError()
    if not e:
        return None
    text = {n: (lambda b: None if b is None else b.decode())(getattr(e[0], n))
            for n in ("message", "str1", "str2", "str3")}
    return dict(text, **{n: getattr(e[0], n) for n in ("code", "domain", "level", "int1", "int2")})


def error_line():
    """Code, domain, errno or line, and message of this thread's last error."""
    return "%(code)d %(domain)d %(int1)d %(message)s" % last_error()


def made(device):
    """The name of a device that a call returned, or the error; frees the handle."""
    if not device:
        return error_line()
    name = lib.virNodeDeviceGetName(device).decode()
    lib.virNodeDeviceFree(device)
    return name


@virErrorFunc
def _silent(_data, _error):
    pass


def silence():
    """Has the library print no errors."""
    lib.virSetErrorFunc(None, _silent)


def all_devices(conn, flags=0):
    """Handles of all devices; the caller frees each."""
    array = POINTER(c_void_p)()
    n = lib.virConnectListAllNodeDevices(conn, ctypes.byref(array), flags)
    handles = [array[i] for i in range(max(n, 0))]
    libc.free(ctypes.cast(array, c_void_p))
    return n, handles
