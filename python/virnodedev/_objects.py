# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Connections and their devices, as in libvirt's module."""
import ctypes
import json
from types import TracebackType
from typing import (TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple, Type, TypeVar,
                    cast)

from . import _calls
from ._calls import abandon, called, handle, lent, number, positive, text
from ._constants import (VIR_NODE_DEVICE_EVENT_CREATED, VIR_NODE_DEVICE_EVENT_DEFINED, VIR_NODE_DEVICE_EVENT_DELETED,
                         VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, VIR_NODE_DEVICE_EVENT_ID_UPDATE,
                         VIR_NODE_DEVICE_EVENT_UNDEFINED)
from ._errors import ErrorTuple, error_tuple
from ._events import check_callable, registered
from ._library import decoded, lib, taken, taken_bytes, taken_handles, taken_strings
from ._prototypes import (Handle, Owned, virConnectCloseFunc, virConnectNodeDeviceEventGenericCallback,
                          virConnectNodeDeviceEventLifecycleCallback, virFreeCallback, virNodeCPUStats, virNodeInfo,
                          virNodeMemoryStats)

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from ._stream import Dispatching, EventStream

__all__ = ["virConnect", "virNodeDevice"]
_T = TypeVar("_T")
_LIFECYCLE = {VIR_NODE_DEVICE_EVENT_CREATED: "created", VIR_NODE_DEVICE_EVENT_DELETED: "deleted",
              VIR_NODE_DEVICE_EVENT_DEFINED: "defined", VIR_NODE_DEVICE_EVENT_UNDEFINED: "undefined"}


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
        # A child of fork() must not give back the handles of its parent.
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
        """The name of the device above this one; None for "computer", and when the device went away."""
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
        """The description of the device, an XML document; flags: VIR_NODE_DEVICE_XML_INACTIVE or 0."""
        return text("virNodeDeviceGetXMLDesc", self._o, flags)

    def JSONDesc(self, flags: int = 0) -> str:
        """The facts of XMLDesc() in JSON; the same flags. Not in libvirt."""
        return text("vndNodeDeviceGetJSONDesc", self._o, flags)

    def assignability(self, flags: int = 0) -> Tuple[int, str]:
        """Whether it can be assigned to a virtual machine, one of VND_ASSIGNABLE_*, and a report with the reasons: JSON, or
        text with VND_ASSIGNABILITY_TEXT. For PCI functions and mediated devices. Not in libvirt."""
        report = Owned()
        verdict = number("vndNodeDeviceGetAssignability", self._o, ctypes.byref(report), flags)
        return verdict, taken(report)

    def setVirtualFunctions(self, count: int, flags: int = 0) -> None:
        """Has the driver of a physical PCI function make that many virtual functions; flags: VND_VIRTUAL_FUNCTIONS_FORCE or 0.
        Not in libvirt."""
        number("vndNodeDeviceSetVirtualFunctions", self._o, count, flags)

    def setVGPUType(self, vgpuType: Optional[str], flags: int = 0) -> None:
        """Makes a virtual function of a GPU a vGPU of the type with that number or name; None: of none. Not in libvirt."""
        number("vndNodeDeviceSetVGPUType", self._o, vgpuType, flags)

    def inventory(self, parts: Optional[str] = None, flags: int = 0) -> Dict[str, Any]:
        """Facts beside the description, by the part of the inventory; see virConnect.inventory(). Not in libvirt."""
        return cast(Dict[str, Any], json.loads(text("vndNodeDeviceGetInventoryJSON", self._o, parts, flags)))

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
        """Takes a PCI function from its driver and binds it to another one; None is the one of dettach(). Returns 0."""
        return number("virNodeDeviceDetachFlags", self._o, driverName, flags)

    def reAttach(self) -> int:
        """Gives a PCI function back to the driver that the host has for it. Returns 0."""
        return number("virNodeDeviceReAttach", self._o)

    def reset(self) -> int:
        """Brings a PCI function into the state that it has after power-on. Returns 0."""
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


class NodeDeviceEvent(NamedTuple):
    """What happened to a device."""

    device: virNodeDevice
    #: VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE or VIR_NODE_DEVICE_EVENT_ID_UPDATE.
    eventID: int
    #: One of VIR_NODE_DEVICE_EVENT_* for a lifecycle event, else 0.
    event: int = 0
    #: 0. libvirt has it for details of the event.
    detail: int = 0

    @property
    def kind(self) -> str:
        """In a word: "created", "deleted", "defined", "undefined" or "updated"."""
        if self.eventID == VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE:
            return _LIFECYCLE.get(self.event, str(self.event))
        return "updated"


# Registered as close callback. The library never calls it, because its connections do not close by themselves.
_closed = virConnectCloseFunc(lambda _conn, _reason, _opaque: None)


def _ulong(name: str, *arguments: Any) -> int:
    result = ctypes.c_ulong()
    number(name, *arguments, ctypes.byref(result))
    return result.value


def _stats(name: str, kind: Any, conn: Optional[int], which: int, flags: int) -> Dict[str, int]:
    count = ctypes.c_int()
    number(name, conn, which, None, ctypes.byref(count), flags)
    values = (kind * count.value)()
    number(name, conn, which, values, ctypes.byref(count), flags)
    return {decoded(value.field) or "": value.value for value in values[:count.value]}


class virConnect:
    """A connection to the node devices of one host, from open(), openReadOnly() or openAuth().

    After close() every method raises libvirtError (VIR_ERR_INVALID_CONN); devices that came from it
    can still be used. As a context manager it is closed at the end.
    """

    def __init__(self, _obj: Optional[int] = None) -> None:
        if _obj is None:
            raise TypeError("connections come from open(), openReadOnly() and openAuth()")
        self._o: Optional[int] = _obj
        self._process = _calls.process
        # See _stream.Source.
        self._attached: "Set[Dispatching]" = set()
        self._readers: "Dict[AbstractEventLoop, int]" = {}

    def __del__(self) -> None:
        if getattr(self, "_o", None):
            abandon("virConnectClose", self._o or 0)

    def __enter__(self) -> "virConnect":
        return self

    def __exit__(self, exc_type_: Optional[Type[BaseException]], exc_value_: Optional[BaseException],
                 traceback_: Optional[TracebackType]) -> None:
        self.close()

    def c_pointer(self) -> Optional[int]:
        """The address of the library's handle; None after close()."""
        return self._o

    def close(self) -> int:
        """Closes the connection.

        Returns 0 when it is gone, 1 when devices or event registrations keep it alive. Streams of events() end.
        """
        for attached in list(self._attached):
            attached.close()
        left = number("virConnectClose", self._o)
        self._o = None
        return left

    # --- The connection and its host ---

    def getURI(self) -> str:
        """The URI, which opens the same devices again."""
        return text("virConnectGetURI", self._o)

    def getType(self) -> str:
        """The kind of connection: "nodedev", or "TEST" for made-up devices."""
        return lent("virConnectGetType", self._o, wanted=True) or ""

    def getHostname(self) -> str:
        """The name of the host."""
        return text("virConnectGetHostname", self._o)

    def getVersion(self) -> int:
        """The version of what the connection leads to: major * 1000000 + minor * 1000 + release."""
        return _ulong("virConnectGetVersion", self._o)

    def getLibVersion(self) -> int:
        """The level of libvirt at the other end, which is this library: LIBVIR_VERSION_NUMBER."""
        return _ulong("virConnectGetLibVersion", self._o)

    def getCapabilities(self) -> str:
        """What the host is, as an XML document: processors, pages of memory, NUMA cells. No guests."""
        return text("virConnectGetCapabilities", self._o)

    def getInfo(self) -> List[Any]:
        """The model of the processors, memory in MiB, processors online, MHz, NUMA cells, sockets of a cell, cores of a
        socket, threads of a core."""
        info = virNodeInfo()
        number("virNodeGetInfo", self._o, ctypes.byref(info))
        return [decoded(info.model), info.memory >> 10, info.cpus, info.mhz, info.nodes, info.sockets, info.cores,
                info.threads]

    def getFreeMemory(self) -> int:
        """The host's free memory in bytes."""
        return positive("virNodeGetFreeMemory", self._o)

    def getCellsFreeMemory(self, startCell: int, maxCells: int) -> List[int]:
        """The free memory of each NUMA cell in bytes, of at most maxCells cells from startCell on."""
        free = (ctypes.c_ulonglong * max(maxCells, 0))()
        found = number("virNodeGetCellsFreeMemory", self._o, free, startCell, maxCells)
        return list(free[:found])

    def getCPUMap(self, flags: int = 0) -> Tuple[int, List[bool], int]:
        """The number of processors, whether each is online, and how many are."""
        bits, online = Owned(), ctypes.c_uint()
        total = number("virNodeGetCPUMap", self._o, ctypes.byref(bits), ctypes.byref(online), flags)
        taken = taken_bytes(bits, (total + 7) // 8)
        return total, [bool(taken[cpu // 8] >> cpu % 8 & 1) for cpu in range(total)], online.value

    def getCPUStats(self, cpuNum: int, flags: int = 0) -> Dict[str, int]:
        """The time that a processor spent on each thing, in nanoseconds; of all with VIR_NODE_CPU_STATS_ALL_CPUS."""
        return _stats("virNodeGetCPUStats", virNodeCPUStats, self._o, cpuNum, flags)

    def getMemoryStats(self, cellNum: int, flags: int = 0) -> Dict[str, int]:
        """The memory of a NUMA cell by its use, in KiB; of all with VIR_NODE_MEMORY_STATS_ALL_CELLS."""
        return _stats("virNodeGetMemoryStats", virNodeMemoryStats, self._o, cellNum, flags)

    def getSysinfo(self, flags: int = 0) -> str:
        """The host's SMBIOS data; not offered (VIR_ERR_NO_SUPPORT)."""
        return text("virConnectGetSysinfo", self._o, flags)

    def getMaxVcpus(self, type: Optional[str]) -> int:
        """How many processors a virtual machine can have: as many as the host has."""
        return number("virConnectGetMaxVcpus", self._o, type)

    def isAlive(self) -> int:
        """1: a connection in process works until it is closed."""
        return number("virConnectIsAlive", self._o)

    def isSecure(self) -> int:
        """1: nothing leaves the process."""
        return number("virConnectIsSecure", self._o)

    def isEncrypted(self) -> int:
        """0: nothing leaves the process."""
        return number("virConnectIsEncrypted", self._o)

    def setKeepAlive(self, interval: int, count: int) -> int:
        """For connections to other hosts; does nothing here. Returns 0."""
        return number("virConnectSetKeepAlive", self._o, interval, count)

    def registerCloseCallback(self, cb: Callable[["virConnect", int, _T], object], opaque: _T) -> int:
        """Has cb called when the connection closes by itself, which a connection in the process never does. Returns 0."""
        check_callable(cb)
        return number("virConnectRegisterCloseCallback", self._o, _closed, None, virFreeCallback())

    def unregisterCloseCallback(self) -> None:
        """Ends what registerCloseCallback() began."""
        number("virConnectUnregisterCloseCallback", self._o, _closed)

    def virConnGetLastError(self) -> Optional[ErrorTuple]:
        """The last error of the connection in any thread, as a tuple (see libvirtError)."""
        return error_tuple(lib.virConnGetLastError(self._o))

    def virConnResetLastError(self) -> None:
        """Forgets the last error of the connection."""
        lib.virConnResetLastError(self._o)

    # --- Devices ---

    def _device(self, name: str, *arguments: Any) -> virNodeDevice:
        return virNodeDevice(self, handle(name, self._o, *arguments))

    def listAllDevices(self, flags: int = 0) -> List[virNodeDevice]:
        """The devices, "computer" first, parents before children; flags: bits of VIR_CONNECT_LIST_NODE_DEVICES_*."""
        array = ctypes.POINTER(Handle)()
        count = number("virConnectListAllNodeDevices", self._o, ctypes.byref(array), flags)
        return [virNodeDevice(self, address) for address in taken_handles(array, count)]

    def listDevices(self, cap: Optional[str], flags: int = 0) -> List[str]:
        """The names of the devices that have a capability such as "pci", of all for None; flags: 0."""
        room = self.numOfDevices(cap, flags)
        names = (Owned * room)()
        return taken_strings(names, number("virNodeListDevices", self._o, cap, names, room, flags))

    def numOfDevices(self, cap: Optional[str], flags: int = 0) -> int:
        """How many devices have a capability such as "pci", or how many there are for None; flags: 0."""
        return number("virNodeNumOfDevices", self._o, cap, flags)

    def allDevicesXML(self, flags: int = 0) -> str:
        """Every device in one XML document, a <node> of <device> elements; flags as listAllDevices(). Not in libvirt."""
        return text("vndConnectGetAllDevicesXML", self._o, flags)

    def allDevicesJSON(self, flags: int = 0) -> str:
        """Every device in one JSON array; flags as listAllDevices(). Not in libvirt."""
        return text("vndConnectGetAllDevicesJSON", self._o, flags)

    def inventory(self, parts: Optional[str] = None, flags: int = 0) -> Dict[str, Dict[str, Any]]:
        """Facts that descriptions do not have, by the names of devices: an object for each part of the inventory.

        parts names some of these, such as "pci,net"; flags: VND_INVENTORY_SLOW or 0. Not in libvirt.
        """
        return cast(Dict[str, Dict[str, Any]], json.loads(text("vndConnectGetInventoryJSON", self._o, parts, flags)))

    def record(self, fd: int, flags: int = 0) -> None:
        """Writes a recording of the machine, a .tar.gz, to a file descriptor; flags: VND_RECORD_ANONYMOUS or 0. Not in libvirt.

        open("nodedev:///embed?root=/FILE.tar.gz") gives the same devices anywhere.
        """
        number("vndConnectRecord", self._o, fd, flags)

    def nodeDeviceLookupByName(self, name: str) -> virNodeDevice:
        """The device of this name. Raises libvirtError (VIR_ERR_NO_NODE_DEVICE) if there is none."""
        return self._device("virNodeDeviceLookupByName", name)

    def nodeDeviceLookupSCSIHostByWWN(self, wwnn: str, wwpn: str, flags: int = 0) -> virNodeDevice:
        """The Fibre Channel host adapter of two world-wide names of 16 hexadecimal digits; flags: 0."""
        return self._device("virNodeDeviceLookupSCSIHostByWWN", wwnn, wwpn, flags)

    def nodeDeviceCreateXML(self, xmlDesc: str, flags: int = 0) -> virNodeDevice:
        """Makes a virtual Fibre Channel port or a mediated device; flags: VIR_NODE_DEVICE_CREATE_XML_VALIDATE or 0."""
        return self._device("virNodeDeviceCreateXML", xmlDesc, flags)

    def nodeDeviceDefineXML(self, xmlDesc: str, flags: int = 0) -> virNodeDevice:
        """Keeps the description of a device that can be started later; flags: VIR_NODE_DEVICE_DEFINE_XML_VALIDATE or 0."""
        return self._device("virNodeDeviceDefineXML", xmlDesc, flags)

    # --- Events ---

    def nodeDeviceEventRegisterAny(self, dev: Optional[virNodeDevice], eventID: int, cb: Callable[..., object],
                                   opaque: Any) -> int:
        """Has a function called at events of a device, or of all for None.

        - VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE: cb(conn, dev, event, detail, opaque), event one of VIR_NODE_DEVICE_EVENT_*
        - VIR_NODE_DEVICE_EVENT_ID_UPDATE: cb(conn, dev, opaque)

        It is called in the thread that runs the event loop, or calls dispatchEvents(). Returns a number for
        nodeDeviceEventDeregisterAny(); until then the registration keeps the connection alive.
        """
        check_callable(cb)

        # Each registration needs a C function of its own: the library refuses to register one twice.
        def update(_conn: int, device: int, _opaque: int) -> None:
            called(lambda: cb(self, self._borrowed(device), opaque))

        def lifecycle(_conn: int, device: int, event: int, detail: int, _opaque: int) -> None:
            called(lambda: cb(self, self._borrowed(device), event, detail, opaque))

        function: Any = (virConnectNodeDeviceEventLifecycleCallback(lifecycle)
                         if eventID == VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE
                         else virConnectNodeDeviceEventGenericCallback(update))
        generic = ctypes.cast(function, virConnectNodeDeviceEventGenericCallback)
        return registered("virConnectNodeDeviceEventRegisterAny", function, self._o, dev and dev._o, eventID, generic)

    def nodeDeviceEventDeregisterAny(self, callbackID: int) -> None:
        """Ends a registration."""
        number("virConnectNodeDeviceEventDeregisterAny", self._o, callbackID)

    def _borrowed(self, address: int) -> virNodeDevice:
        # The handle that a callback gets belongs to the library.
        number("virNodeDeviceRef", address)
        return virNodeDevice(self, address)

    def getEventFD(self) -> int:
        """A descriptor that is readable while dispatchEvents() has something to do, for a program's own poll loop.

        From this call on, registrations of the connection need no libvirt event loop. The descriptor belongs to the
        library: do not read or close it. Not in libvirt.
        """
        return number("vndConnectGetEventFD", self._o)

    def dispatchEvents(self) -> int:
        """Calls the registered callbacks for all events since the last time, in this thread. Returns their number.

        Returns at once if there are none. Not in libvirt.
        """
        return number("vndConnectDispatchEvents", self._o)

    def events(self, dev: Optional[virNodeDevice] = None,
               eventIDs: Sequence[int] = (VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE,
                                          VIR_NODE_DEVICE_EVENT_ID_UPDATE)) -> "EventStream[NodeDeviceEvent]":
        """The events of a device, or of all, for `async for` in the running asyncio loop: see aio.EventStream.
        Not in libvirt."""
        from ._stream import EventStream
        return EventStream(self, NodeDeviceEvent, dev, eventIDs)
