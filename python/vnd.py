# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library through ctypes, for the tests: loaded by its soname, every prototype declared."""
import ctypes
from ctypes import c_char_p, c_int, c_uint, c_ulong, c_void_p, POINTER

lib = ctypes.CDLL("libvirnodedev.so.0")
libc = ctypes.CDLL(None)
libc.free.argtypes, libc.free.restype = [c_void_p], None


class Error(ctypes.Structure):
    """struct _virError."""

    _fields_ = [("code", c_int), ("domain", c_int), ("message", c_char_p), ("level", c_int), ("conn", c_void_p),
                ("dom", c_void_p), ("str1", c_char_p), ("str2", c_char_p), ("str3", c_char_p), ("int1", c_int),
                ("int2", c_int), ("net", c_void_p)]


ErrorFunc = ctypes.CFUNCTYPE(None, c_void_p, POINTER(Error))

# Result and arguments. Strings that the caller owns come as c_void_p, so that they can be freed.
PROTOTYPES = {
    "virInitialize": (c_int, []),
    "virGetVersion": (c_int, [POINTER(c_ulong), c_char_p, POINTER(c_ulong)]),
    "virSetErrorFunc": (None, [c_void_p, ErrorFunc]),
    "virGetLastError": (POINTER(Error), []),
    "virResetLastError": (None, []),
    "virConnectOpen": (c_void_p, [c_char_p]),
    "virConnectOpenReadOnly": (c_void_p, [c_char_p]),
    "virConnectClose": (c_int, [c_void_p]),
    "virConnectGetType": (c_char_p, [c_void_p]),
    "virConnectGetURI": (c_void_p, [c_void_p]),
    "virConnectGetLibVersion": (c_int, [c_void_p, POINTER(c_ulong)]),
    "virConnectIsAlive": (c_int, [c_void_p]),
    "virConnectIsSecure": (c_int, [c_void_p]),
    "virConnectIsEncrypted": (c_int, [c_void_p]),
    "virNodeNumOfDevices": (c_int, [c_void_p, c_char_p, c_uint]),
    "virNodeListDevices": (c_int, [c_void_p, c_char_p, POINTER(c_void_p), c_int, c_uint]),
    "virConnectListAllNodeDevices": (c_int, [c_void_p, POINTER(POINTER(c_void_p)), c_uint]),
    "virNodeDeviceLookupByName": (c_void_p, [c_void_p, c_char_p]),
    "virNodeDeviceLookupSCSIHostByWWN": (c_void_p, [c_void_p, c_char_p, c_char_p, c_uint]),
    "virNodeDeviceGetName": (c_char_p, [c_void_p]),
    "virNodeDeviceGetParent": (c_char_p, [c_void_p]),
    "virNodeDeviceNumOfCaps": (c_int, [c_void_p]),
    "virNodeDeviceListCaps": (c_int, [c_void_p, POINTER(c_void_p), c_int]),
    "virNodeDeviceGetXMLDesc": (c_void_p, [c_void_p, c_uint]),
    "virNodeDeviceFree": (c_int, [c_void_p]),
    "virNodeDeviceIsActive": (c_int, [c_void_p]),
    "virNodeDeviceIsPersistent": (c_int, [c_void_p]),
    "virNodeDeviceGetAutostart": (c_int, [c_void_p, POINTER(c_int)]),
    "virNodeDeviceSetAutostart": (c_int, [c_void_p, c_int]),
    "virNodeDeviceCreateXML": (c_void_p, [c_void_p, c_char_p, c_uint]),
    "virNodeDeviceDefineXML": (c_void_p, [c_void_p, c_char_p, c_uint]),
    "virNodeDeviceDestroy": (c_int, [c_void_p]),
    "virNodeDeviceUndefine": (c_int, [c_void_p, c_uint]),
    "virNodeDeviceCreate": (c_int, [c_void_p, c_uint]),
    "virNodeDeviceUpdate": (c_int, [c_void_p, c_char_p, c_uint]),
    "virNodeDeviceReset": (c_int, [c_void_p]),
    "virNodeDeviceDettach": (c_int, [c_void_p]),
    "virNodeDeviceDetachFlags": (c_int, [c_void_p, c_char_p, c_uint]),
    "virNodeDeviceReAttach": (c_int, [c_void_p]),
    "virConnectNodeDeviceEventDeregisterAny": (c_int, [c_void_p, c_int]),
    "vndNodeDeviceGetJSONDesc": (c_void_p, [c_void_p, c_uint]),
    "vndConnectGetAllDevicesXML": (c_void_p, [c_void_p, c_uint]),
    "vndConnectGetAllDevicesJSON": (c_void_p, [c_void_p, c_uint]),
}
for _name, (_result, _arguments) in PROTOTYPES.items():
    _function = getattr(lib, _name)
    _function.restype, _function.argtypes = _result, _arguments


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


@ErrorFunc
def _silent(_data, _error):
    pass


def silence():
    """No error is printed any more."""
    lib.virSetErrorFunc(None, _silent)


def all_devices(conn, flags=0):
    """Handles of all devices; the caller frees each."""
    array = POINTER(c_void_p)()
    n = lib.virConnectListAllNodeDevices(conn, ctypes.byref(array), flags)
    handles = [array[i] for i in range(max(n, 0))]
    libc.free(ctypes.cast(array, c_void_p))
    return n, handles
