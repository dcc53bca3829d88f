# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
from ctypes import CDLL, POINTER, byref, c_char_p, c_uint, c_void_p

lib = CDLL("libvirnodedev.so.0")
lib.virConnectOpen.argtypes, lib.virConnectOpen.restype = [c_char_p], c_void_p
lib.virConnectListAllNodeDevices.argtypes = [c_void_p, POINTER(POINTER(c_void_p)), c_uint]
lib.virNodeDeviceGetName.argtypes, lib.virNodeDeviceGetName.restype = [c_void_p], c_char_p
conn = lib.virConnectOpen(b"nodedev:///system")
devices = POINTER(c_void_p)()
for i in range(lib.virConnectListAllNodeDevices(conn, byref(devices), 0)):
    print(lib.virNodeDeviceGetName(devices[i]).decode())
