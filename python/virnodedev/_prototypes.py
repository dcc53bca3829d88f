# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The structures, callbacks and functions of virnodedev.h, for ctypes.

Made from include/virnodedev.h by scripts/python-header; not to be edited.
"""

from ctypes import (CFUNCTYPE, POINTER, Structure, c_char, c_char_p, c_int, c_uint, c_ulong, c_ulonglong,
                    c_void_p)
from typing import Any, Dict, Tuple

# An address that stands for a connection or device.
Handle = c_void_p


class Owned(c_void_p):
    """A string that the caller frees. Being a class of its own, ctypes leaves it as it is."""


class virConnectCredential(Structure):
    _fields_ = [
        ("type", c_int),
        ("prompt", c_char_p),
        ("challenge", c_char_p),
        ("defresult", c_char_p),
        ("result", c_char_p),
        ("resultlen", c_uint),
    ]


class virConnectAuth(Structure):
    _fields_ = [
        ("credtype", POINTER(c_int)),
        ("ncredtype", c_uint),
        ("cb", c_void_p),
        ("cbdata", c_void_p),
    ]


class virError(Structure):
    _fields_ = [
        ("code", c_int),
        ("domain", c_int),
        ("message", c_char_p),
        ("level", c_int),
        ("conn", Handle),
        ("dom", Handle),
        ("str1", c_char_p),
        ("str2", c_char_p),
        ("str3", c_char_p),
        ("int1", c_int),
        ("int2", c_int),
        ("net", Handle),
    ]


class virNodeInfo(Structure):
    _fields_ = [
        ("model", c_char * 32),
        ("memory", c_ulong),
        ("cpus", c_uint),
        ("mhz", c_uint),
        ("nodes", c_uint),
        ("sockets", c_uint),
        ("cores", c_uint),
        ("threads", c_uint),
    ]


class virNodeCPUStats(Structure):
    _fields_ = [
        ("field", c_char * 80),
        ("value", c_ulonglong),
    ]


class virNodeMemoryStats(Structure):
    _fields_ = [
        ("field", c_char * 80),
        ("value", c_ulonglong),
    ]


virConnectAuthCallbackPtr = CFUNCTYPE(c_int, POINTER(virConnectCredential), c_uint, c_void_p)
virConnectCloseFunc = CFUNCTYPE(None, Handle, c_int, c_void_p)
virFreeCallback = CFUNCTYPE(None, c_void_p)
virConnectNodeDeviceEventGenericCallback = CFUNCTYPE(None, Handle, Handle, c_void_p)
virErrorFunc = CFUNCTYPE(None, c_void_p, POINTER(virError))
virEventHandleCallback = CFUNCTYPE(None, c_int, c_int, c_int, c_void_p)
virEventAddHandleFunc = CFUNCTYPE(c_int, c_int, c_int, virEventHandleCallback, c_void_p, virFreeCallback)
virEventUpdateHandleFunc = CFUNCTYPE(None, c_int, c_int)
virEventRemoveHandleFunc = CFUNCTYPE(c_int, c_int)
virEventTimeoutCallback = CFUNCTYPE(None, c_int, c_void_p)
virEventAddTimeoutFunc = CFUNCTYPE(c_int, c_int, virEventTimeoutCallback, c_void_p, virFreeCallback)
virEventUpdateTimeoutFunc = CFUNCTYPE(None, c_int, c_int)
virEventRemoveTimeoutFunc = CFUNCTYPE(c_int, c_int)
virConnectNodeDeviceEventLifecycleCallback = CFUNCTYPE(None, Handle, Handle, c_int, c_int, c_void_p)

# Result and parameters of each function.
FUNCTIONS: Dict[str, Tuple[Any, Tuple[Any, ...]]] = {
    "vndVersion": (c_ulong, ()),
    "virGetVersion": (c_int, (POINTER(c_ulong), c_char_p, POINTER(c_ulong))),
    "virInitialize": (c_int, ()),
    "virConnectOpen": (Handle, (c_char_p,)),
    "virConnectOpenReadOnly": (Handle, (c_char_p,)),
    "virConnectOpenAuth": (Handle, (c_char_p, POINTER(virConnectAuth), c_uint)),
    "virConnectRef": (c_int, (Handle,)),
    "virConnectClose": (c_int, (Handle,)),
    "virConnectIsAlive": (c_int, (Handle,)),
    "virConnectIsEncrypted": (c_int, (Handle,)),
    "virConnectIsSecure": (c_int, (Handle,)),
    "virConnectSetKeepAlive": (c_int, (Handle, c_int, c_uint)),
    "virConnectRegisterCloseCallback": (c_int, (Handle, virConnectCloseFunc, c_void_p, virFreeCallback)),
    "virConnectUnregisterCloseCallback": (c_int, (Handle, virConnectCloseFunc)),
    "virConnectGetType": (c_char_p, (Handle,)),
    "virConnectGetVersion": (c_int, (Handle, POINTER(c_ulong))),
    "virConnectGetLibVersion": (c_int, (Handle, POINTER(c_ulong))),
    "virConnectGetHostname": (Owned, (Handle,)),
    "virConnectGetURI": (Owned, (Handle,)),
    "virConnectGetCapabilities": (Owned, (Handle,)),
    "virConnectGetSysinfo": (Owned, (Handle, c_uint)),
    "virConnectGetMaxVcpus": (c_int, (Handle, c_char_p)),
    "virNodeDeviceGetName": (c_char_p, (Handle,)),
    "virNodeDeviceGetParent": (c_char_p, (Handle,)),
    "virNodeDeviceNumOfCaps": (c_int, (Handle,)),
    "virNodeDeviceListCaps": (c_int, (Handle, POINTER(Owned), c_int)),
    "virNodeDeviceGetXMLDesc": (Owned, (Handle, c_uint)),
    "virNodeDeviceRef": (c_int, (Handle,)),
    "virNodeDeviceFree": (c_int, (Handle,)),
    "virNodeDeviceIsActive": (c_int, (Handle,)),
    "virNodeDeviceIsPersistent": (c_int, (Handle,)),
    "virNodeDeviceGetAutostart": (c_int, (Handle, POINTER(c_int))),
    "virNodeDeviceDettach": (c_int, (Handle,)),
    "virNodeDeviceDetachFlags": (c_int, (Handle, c_char_p, c_uint)),
    "virNodeDeviceReAttach": (c_int, (Handle,)),
    "virNodeDeviceReset": (c_int, (Handle,)),
    "virNodeDeviceCreateXML": (Handle, (Handle, c_char_p, c_uint)),
    "virNodeDeviceDestroy": (c_int, (Handle,)),
    "virNodeDeviceDefineXML": (Handle, (Handle, c_char_p, c_uint)),
    "virNodeDeviceUndefine": (c_int, (Handle, c_uint)),
    "virNodeDeviceCreate": (c_int, (Handle, c_uint)),
    "virNodeDeviceSetAutostart": (c_int, (Handle, c_int)),
    "virNodeDeviceUpdate": (c_int, (Handle, c_char_p, c_uint)),
    "virConnectNodeDeviceEventRegisterAny": (c_int, (Handle, Handle, c_int, virConnectNodeDeviceEventGenericCallback, c_void_p, virFreeCallback)),
    "virConnectNodeDeviceEventDeregisterAny": (c_int, (Handle, c_int)),
    "virNodeNumOfDevices": (c_int, (Handle, c_char_p, c_uint)),
    "virNodeListDevices": (c_int, (Handle, c_char_p, POINTER(Owned), c_int, c_uint)),
    "virConnectListAllNodeDevices": (c_int, (Handle, POINTER(POINTER(Handle)), c_uint)),
    "virNodeDeviceLookupByName": (Handle, (Handle, c_char_p)),
    "virNodeDeviceLookupSCSIHostByWWN": (Handle, (Handle, c_char_p, c_char_p, c_uint)),
    "virGetLastError": (POINTER(virError), ()),
    "virGetLastErrorCode": (c_int, ()),
    "virGetLastErrorDomain": (c_int, ()),
    "virGetLastErrorMessage": (c_char_p, ()),
    "virResetLastError": (None, ()),
    "virResetError": (None, (POINTER(virError),)),
    "virFreeError": (None, (POINTER(virError),)),
    "virSaveLastError": (POINTER(virError), ()),
    "virCopyLastError": (c_int, (POINTER(virError),)),
    "virConnCopyLastError": (c_int, (Handle, POINTER(virError))),
    "virConnGetLastError": (POINTER(virError), (Handle,)),
    "virConnResetLastError": (None, (Handle,)),
    "virSetErrorFunc": (None, (c_void_p, virErrorFunc)),
    "virConnSetErrorFunc": (None, (Handle, c_void_p, virErrorFunc)),
    "virDefaultErrorFunc": (None, (POINTER(virError),)),
    "virEventRegisterImpl": (None, (virEventAddHandleFunc, virEventUpdateHandleFunc, virEventRemoveHandleFunc, virEventAddTimeoutFunc, virEventUpdateTimeoutFunc, virEventRemoveTimeoutFunc)),
    "virEventRegisterDefaultImpl": (c_int, ()),
    "virEventRunDefaultImpl": (c_int, ()),
    "virEventAddHandle": (c_int, (c_int, c_int, virEventHandleCallback, c_void_p, virFreeCallback)),
    "virEventUpdateHandle": (None, (c_int, c_int)),
    "virEventRemoveHandle": (c_int, (c_int,)),
    "virEventAddTimeout": (c_int, (c_int, virEventTimeoutCallback, c_void_p, virFreeCallback)),
    "virEventUpdateTimeout": (None, (c_int, c_int)),
    "virEventRemoveTimeout": (c_int, (c_int,)),
    "vndNodeDeviceGetJSONDesc": (Owned, (Handle, c_uint)),
    "vndConnectGetAllDevicesXML": (Owned, (Handle, c_uint)),
    "vndConnectGetAllDevicesJSON": (Owned, (Handle, c_uint)),
    "vndConnectGetInventoryJSON": (Owned, (Handle, c_char_p, c_uint)),
    "vndNodeDeviceGetInventoryJSON": (Owned, (Handle, c_char_p, c_uint)),
    "vndConnectRecord": (c_int, (Handle, c_int, c_uint)),
    "vndConnectGetEventFD": (c_int, (Handle,)),
    "vndConnectDispatchEvents": (c_int, (Handle,)),
    "vndNodeDeviceGetAssignability": (c_int, (Handle, POINTER(Owned), c_uint)),
    "vndNodeDeviceSetVGPUType": (c_int, (Handle, c_char_p, c_uint)),
    "vndNodeDeviceSetVirtualFunctions": (c_int, (Handle, c_uint, c_uint)),
    "virNodeGetInfo": (c_int, (Handle, POINTER(virNodeInfo))),
    "virNodeGetFreeMemory": (c_ulonglong, (Handle,)),
    "virNodeGetCellsFreeMemory": (c_int, (Handle, POINTER(c_ulonglong), c_int, c_int)),
    "virNodeGetCPUMap": (c_int, (Handle, POINTER(Owned), POINTER(c_uint), c_uint)),
    "virNodeGetCPUStats": (c_int, (Handle, c_int, POINTER(virNodeCPUStats), POINTER(c_int), c_uint)),
    "virNodeGetMemoryStats": (c_int, (Handle, c_int, POINTER(virNodeMemoryStats), POINTER(c_int), c_uint)),
}
