# SPDX-License-Identifier: LGPL-2.1-or-later
"""Opening connections, and versions."""
import ctypes
from typing import Any, List, Optional, Tuple, Union

from ._calls import handle, number
from ._objects import virConnect

__all__ = ["getVersion", "open", "openAuth", "openReadOnly", "virInitialize", "vndVersion"]


def open(name: Optional[str] = None) -> virConnect:
    """Opens a connection to the node devices that a URI names.

    "nodedev:///system" is this host, "nodedev:///embed?root=/DIR" a recorded machine, "test:///default" are made-up
    devices. None or "" is $LIBVIRT_DEFAULT_URI, else this host.
    """
    return virConnect(handle("virConnectOpen", name))


def openReadOnly(name: Optional[str] = None) -> virConnect:
    """Opens a connection that refuses functions that change the host."""
    return virConnect(handle("virConnectOpenReadOnly", name))


def openAuth(uri: Optional[str], auth: Optional[List[Any]], flags: int = 0) -> virConnect:
    """Opens a connection with flags, bits of VIR_CONNECT_RO and VIR_CONNECT_NO_ALIASES.

    `auth` is [kinds of question, function, opaque], as libvirt's module takes it; nothing is ever asked for.
    """
    return virConnect(handle("virConnectOpenAuth", uri, None, flags))


def getVersion(name: Optional[str] = None) -> Union[int, Tuple[int, int]]:
    """The level of libvirt that the library is compatible with, LIBVIR_VERSION_NUMBER; twice if a driver is named."""
    library, driver = ctypes.c_ulong(), ctypes.c_ulong()
    number("virGetVersion", ctypes.byref(library), name, ctypes.byref(driver))
    return library.value if name is None else (library.value, driver.value)


def virInitialize() -> int:
    """Makes the library ready, which every function that needs it does by itself. Returns 0."""
    return number("virInitialize")


def vndVersion() -> int:
    """The library's own version, major * 1000000 + minor * 1000 + micro. Not in libvirt."""
    return number("vndVersion")
