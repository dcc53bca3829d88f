/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * Loaded before the library (LD_PRELOAD): takes its calls that change devices, says on standard error what was
 * called, and reports success.
 */
#include <stdio.h>

#include <virnodedev.h>

static int say(const char *function, virNodeDevicePtr device)
{
    fprintf(stderr, "%s %s\n", function, virNodeDeviceGetName(device));
    return 0;
}

static virNodeDevicePtr make(const char *function, virConnectPtr conn, const char *xml, unsigned int flags)
{
    fprintf(stderr, "%s %u %s", function, flags, xml);
    return virNodeDeviceLookupByName(conn, "scsi_host11");
}

virNodeDevicePtr virNodeDeviceCreateXML(virConnectPtr conn, const char *xml, unsigned int flags)
{
    return make("CreateXML", conn, xml, flags);
}

virNodeDevicePtr virNodeDeviceDefineXML(virConnectPtr conn, const char *xml, unsigned int flags)
{
    return make("DefineXML", conn, xml, flags);
}

int virNodeDeviceDestroy(virNodeDevicePtr device)
{
    return say("Destroy", device);
}

int virNodeDeviceUndefine(virNodeDevicePtr device, unsigned int flags)
{
    fprintf(stderr, "%u ", flags);
    return say("Undefine", device);
}

int virNodeDeviceCreate(virNodeDevicePtr device, unsigned int flags)
{
    fprintf(stderr, "%u ", flags);
    return say("Create", device);
}

int virNodeDeviceSetAutostart(virNodeDevicePtr device, int autostart)
{
    fprintf(stderr, "%d ", autostart);
    return say("SetAutostart", device);
}

int virNodeDeviceUpdate(virNodeDevicePtr device, const char *xml, unsigned int flags)
{
    fprintf(stderr, "%u %s", flags, xml);
    return say("Update", device);
}

int virNodeDeviceDettach(virNodeDevicePtr device)
{
    return say("Dettach", device);
}

int virNodeDeviceDetachFlags(virNodeDevicePtr device, const char *driver, unsigned int flags)
{
    fprintf(stderr, "%s %u ", driver, flags);
    return say("DetachFlags", device);
}

int virNodeDeviceReAttach(virNodeDevicePtr device)
{
    return say("ReAttach", device);
}

int virNodeDeviceReset(virNodeDevicePtr device)
{
    return say("Reset", device);
}
