# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Opens connections, and tells versions."""
import ctypes
from typing import Any, Callable, List, Optional, Tuple, Union

from ._calls import called, handle, number
from ._library import decoded, put_string
from ._objects import virConnect
from ._prototypes import virConnectAuth, virConnectAuthCallbackPtr, virConnectCredential

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

    `auth` is [kinds of question, function, opaque], as libvirt's module takes it, for files of made-up devices that name
    users. The function gets a list of questions, each a list of kind, prompt, challenge, default and the answer to be
    filled in, and opaque; it returns 0.
    """
    if auth is None:
        return virConnect(handle("virConnectOpenAuth", uri, None, flags))
    kinds, function, opaque = auth
    asking = virConnectAuthCallbackPtr(lambda questions, count, _: _answer(function, opaque, questions[:count]))
    way = virConnectAuth((ctypes.c_int * len(kinds))(*kinds), len(kinds), ctypes.cast(asking, ctypes.c_void_p), None)
    return virConnect(handle("virConnectOpenAuth", uri, ctypes.byref(way), flags))


def _answer(function: Callable[..., Any], opaque: Any, questions: List[virConnectCredential]) -> int:
    asked = [[question.type, decoded(question.prompt), decoded(question.challenge), decoded(question.defresult), None]
             for question in questions]
    status = called(function, asked, opaque)
    for question, (*_, answer) in zip(questions, asked):
        if answer is not None:
            put_string(question, virConnectCredential.result, str(answer))
            question.resultlen = len(str(answer).encode())
    return -1 if status is None else int(status)


def getVersion(name: Optional[str] = None) -> Union[int, Tuple[int, int]]:
    """The level of libvirt that the library is compatible with, LIBVIR_VERSION_NUMBER; twice if a driver is named."""
    library, driver = ctypes.c_ulong(), ctypes.c_ulong()
    number("virGetVersion", ctypes.byref(library), name, ctypes.byref(driver))
    return library.value if name is None else (library.value, driver.value)


def virInitialize() -> int:
    """Prepares the library. Functions that need it do the same. Returns 0."""
    return number("virInitialize")


def vndVersion() -> int:
    """The library's own version, major * 1000000 + minor * 1000 + micro. Not in libvirt."""
    return number("vndVersion")
