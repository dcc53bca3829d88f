# SPDX-License-Identifier: LGPL-2.1-or-later
"""Node devices."""
import ctypes
from typing import TYPE_CHECKING, List, Optional

from . import _calls
from ._calls import abandon, lent, number, text
from ._library import taken_strings
from ._prototypes import Owned

if TYPE_CHECKING:
    from ._connect import virConnect

__all__ = ["virNodeDevice"]


class virNodeDevice:
    """A device of a host.

    It stands for a name: when the device goes away the object stays usable, and what needs the device raises
    libvirtError (VIR_ERR_NO_NODE_DEVICE). It keeps its connection alive, also beyond virConnect.close().
    """

    def __init__(self, conn: "virConnect", _obj: Optional[int] = None) -> None:
        if _obj is None:
            raise TypeError("devices come from the methods of a connection")
        self._conn = conn
        self._o = _obj
        self._process = _calls.process

    def __del__(self) -> None:
        # A child of fork() has no right to the handles of its parent.
        if getattr(self, "_o", None) and self._process == _calls.process:
            abandon("virNodeDeviceFree", self._o)

    def connect(self) -> "virConnect":
        """The connection that the device came from."""
        return self._conn

    def c_pointer(self) -> int:
        """The address of the library's handle."""
        return self._o

    def name(self) -> str:
        """The name, also that of a device that went away."""
        return lent("virNodeDeviceGetName", self._o) or ""

    def parent(self) -> Optional[str]:
        """The name of the device that this one is a part of; None for "computer", and when the device went away."""
        return lent("virNodeDeviceGetParent", self._o)

    def numOfCaps(self) -> int:
        """How many capabilities the device has."""
        return number("virNodeDeviceNumOfCaps", self._o)

    def listCaps(self) -> List[str]:
        """The names of the capabilities, such as "pci" or "net"."""
        room = self.numOfCaps()
        names = (Owned * room)()
        return taken_strings(names, number("virNodeDeviceListCaps", self._o, names, room))

    def XMLDesc(self, flags: int = 0) -> str:
        """All that is known of the device, as an XML document; flags: VIR_NODE_DEVICE_XML_INACTIVE or 0."""
        return text("virNodeDeviceGetXMLDesc", self._o, flags)

    def JSONDesc(self, flags: int = 0) -> str:
        """The facts of XMLDesc() as JSON text; flags as there. Not in libvirt."""
        return text("vndNodeDeviceGetJSONDesc", self._o, flags)

    def isActive(self) -> int:
        """1 if the device is there now, 0 if there is only its definition."""
        return number("virNodeDeviceIsActive", self._o)

    def isPersistent(self) -> int:
        """1 if the device has a definition that outlives it, 0 if not."""
        return number("virNodeDeviceIsPersistent", self._o)

    def autostart(self) -> int:
        """1 if the device is started with the host, 0 if not."""
        started = ctypes.c_int()
        number("virNodeDeviceGetAutostart", self._o, ctypes.byref(started))
        return started.value

    def setAutostart(self, autostart: int) -> int:
        """Chooses whether a defined device is started with the host. Returns 0."""
        return number("virNodeDeviceSetAutostart", self._o, autostart)

    def dettach(self) -> int:
        """Takes a PCI function from its driver and binds it to the VFIO driver that fits it best. Returns 0."""
        return number("virNodeDeviceDettach", self._o)

    def detachFlags(self, driverName: Optional[str], flags: int = 0) -> int:
        """Takes a PCI function from its driver and binds it to another one; None is what dettach() takes. Returns 0."""
        return number("virNodeDeviceDetachFlags", self._o, driverName, flags)

    def reAttach(self) -> int:
        """Gives a PCI function back to the driver that the host has for it. Returns 0."""
        return number("virNodeDeviceReAttach", self._o)

    def reset(self) -> int:
        """Resets a PCI function that nobody else would reset. Returns 0."""
        return number("virNodeDeviceReset", self._o)

    def create(self, flags: int = 0) -> int:
        """Starts a defined device. Returns 0."""
        return number("virNodeDeviceCreate", self._o, flags)

    def destroy(self) -> int:
        """Removes a device that nodeDeviceCreateXML() or create() made. Returns 0."""
        return number("virNodeDeviceDestroy", self._o)

    def undefine(self, flags: int = 0) -> int:
        """Drops the definition of the device. Returns 0."""
        return number("virNodeDeviceUndefine", self._o, flags)

    def update(self, xmlDesc: str, flags: int = 0) -> int:
        """Changes a mediated device, its definition, or both, as bits of VIR_NODE_DEVICE_UPDATE_AFFECT_* say; xmlDesc is
        the whole new description. Returns 0."""
        return number("virNodeDeviceUpdate", self._o, xmlDesc, flags)
