# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Prints the devices that come and go, from asyncio's own loop."""
import asyncio
from ctypes import CDLL, CFUNCTYPE, c_char_p, c_int, c_void_p

Callback = CFUNCTYPE(None, c_void_p, c_void_p, c_int, c_int, c_void_p)
lib = CDLL("libvirnodedev.so.0")
lib.virConnectOpen.argtypes, lib.virConnectOpen.restype = [c_char_p], c_void_p
lib.virNodeDeviceGetName.argtypes, lib.virNodeDeviceGetName.restype = [c_void_p], c_char_p
lib.vndConnectGetEventFD.argtypes = lib.vndConnectDispatchEvents.argtypes = [c_void_p]
lib.virConnectNodeDeviceEventRegisterAny.argtypes = [c_void_p, c_void_p, c_int, Callback, c_void_p, c_void_p]


@Callback
def changed(_conn, device, event, _detail, _opaque):
    print("new" if event == 0 else "gone", lib.virNodeDeviceGetName(device).decode(), flush=True)


async def main():
    conn = lib.virConnectOpen(b"nodedev:///system")
    asyncio.get_running_loop().add_reader(lib.vndConnectGetEventFD(conn), lib.vndConnectDispatchEvents, conn)
    if lib.virConnectNodeDeviceEventRegisterAny(conn, None, 0, changed, None, None) >= 0:
        await asyncio.Event().wait()


asyncio.run(main())
