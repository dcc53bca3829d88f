/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* nodedev create, destroy, define, undefine, start, update, autostart, detach, reattach, reset, vfs and vgpu. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "nodedev.h"

/* Whether success is not reported, as by virsh. */
static int is_quiet(const struct settings *settings)
{
    return (settings->given & OPTION_QUIET) != 0;
}

static int destroy(virNodeDevicePtr device, const struct settings *settings)
{
    (void)settings;
    return virNodeDeviceDestroy(device);
}

static int undefine(virNodeDevicePtr device, const struct settings *settings)
{
    (void)settings;
    return virNodeDeviceUndefine(device, 0);
}

static int start(virNodeDevicePtr device, const struct settings *settings)
{
    (void)settings;
    return virNodeDeviceCreate(device, 0);
}

static int autostart(virNodeDevicePtr device, const struct settings *settings)
{
    return virNodeDeviceSetAutostart(device, (settings->given & OPTION_DISABLE) == 0);
}

static int detach(virNodeDevicePtr device, const struct settings *settings)
{
    if (settings->driver != NULL)
        return virNodeDeviceDetachFlags(device, settings->driver, 0);
    return virNodeDeviceDettach(device);
}

static int reattach(virNodeDevicePtr device, const struct settings *settings)
{
    (void)settings;
    return virNodeDeviceReAttach(device);
}

static int reset(virNodeDevicePtr device, const struct settings *settings)
{
    (void)settings;
    return virNodeDeviceReset(device);
}

/* What commands do to a device, and virsh's words around its name as the user wrote it. */
static const struct change {
    const char *command;
    unsigned int option; /* the option that must be given, or 0 */
    int (*apply)(virNodeDevicePtr device, const struct settings *settings);
    const char *done[2];
    const char *failed[2];
} changes[] = {
    { "destroy", 0, destroy,
      { "Destroyed node device '", "'" }, { "Failed to destroy node device '", "'" } },
    { "undefine", 0, undefine,
      { "Undefined node device '", "'" }, { "Failed to undefine node device '", "'" } },
    { "start", 0, start, { "Device ", " started" }, { "Failed to start device ", "" } },
    { "autostart", OPTION_DISABLE, autostart,
      { "Device ", " unmarked as autostarted" },
      { "failed to unmark device ", " as autostarted" } },
    { "autostart", 0, autostart,
      { "Device ", " marked as autostarted" }, { "failed to mark device ", " as autostarted" } },
    { "detach", 0, detach, { "Device ", " detached" }, { "Failed to detach device ", "" } },
    { "reattach", 0, reattach,
      { "Device ", " re-attached" }, { "Failed to re-attach device ", "" } },
    { "reset", 0, reset, { "Device ", " reset" }, { "Failed to reset device ", "" } }
};

int change_device(virConnectPtr conn, const struct settings *settings)
{
    const struct change *change = changes;
    const char *name = settings->names[0];
    virNodeDevicePtr device = find_device(conn, name);
    int status = STATUS_OK;

    if (device == NULL)
        return STATUS_FAILED;
    while (strcmp(change->command, settings->command) != 0 ||
           (settings->given & change->option) != change->option)
        change++;
    if (change->apply(device, settings) < 0) {
        complain("%s%s%s", change->failed[0], name, change->failed[1]);
        complain_library();
        status = STATUS_FAILED;
    } else if (!is_quiet(settings)) {
        put("%s%s%s\n", change->done[0], name, change->done[1]);
        put_end(settings);
    }
    virNodeDeviceFree(device);
    return status;
}

/* How a device is made from a file, and virsh's words around its name and the file's. */
struct making {
    virNodeDevicePtr (*make)(virConnectPtr conn, const char *xml, unsigned int flags);
    unsigned int validate;
    const char *done[3];
    const char *failed[2];
};

static int make_device(virConnectPtr conn, const struct settings *settings,
                       const struct making *making)
{
    const char *path = settings->names[0];
    virNodeDevicePtr device;
    char *xml = read_file(path);

    if (xml == NULL)
        return STATUS_FAILED;
    device = making->make(conn, xml,
                          (settings->given & OPTION_VALIDATE) != 0 ? making->validate : 0);
    free(xml);
    if (device == NULL) {
        complain("%s%s%s", making->failed[0], path, making->failed[1]);
        complain_library();
        return STATUS_FAILED;
    }
    if (!is_quiet(settings)) {
        put("%s%s%s%s%s\n", making->done[0], virNodeDeviceGetName(device), making->done[1], path,
            making->done[2]);
        put_end(settings);
    }
    virNodeDeviceFree(device);
    return STATUS_OK;
}

int change_create(virConnectPtr conn, const struct settings *settings)
{
    static const struct making making = {
        virNodeDeviceCreateXML, VIR_NODE_DEVICE_CREATE_XML_VALIDATE,
        { "Node device ", " created from ", "" }, { "Failed to create node device from ", "" }
    };

    return make_device(conn, settings, &making);
}

int change_define(virConnectPtr conn, const struct settings *settings)
{
    static const struct making making = {
        virNodeDeviceDefineXML, VIR_NODE_DEVICE_DEFINE_XML_VALIDATE,
        { "Node device '", "' defined from '", "'" }, { "Failed to define node device from '", "'" }
    };

    return make_device(conn, settings, &making);
}

/* Returns 0, or -1 after an error line when options contradict each other. */
int change_check(const struct settings *settings)
{
    if ((settings->given & OPTION_CURRENT) != 0 &&
        (settings->given & (OPTION_LIVE | OPTION_CONFIG)) != 0) {
        complain("Options --current and --%s are mutually exclusive",
                 (settings->given & OPTION_LIVE) != 0 ? "live" : "config");
        return -1;
    }
    return 0;
}

/* What an update with these flags changes, in virsh's words. */
static const char *update_target(virNodeDevicePtr device, unsigned int flags)
{
    const unsigned int both =
        VIR_NODE_DEVICE_UPDATE_AFFECT_CONFIG | VIR_NODE_DEVICE_UPDATE_AFFECT_LIVE;

    if (flags == VIR_NODE_DEVICE_UPDATE_AFFECT_CURRENT)
        flags = virNodeDeviceIsActive(device) == 1 ? VIR_NODE_DEVICE_UPDATE_AFFECT_LIVE
                                                   : VIR_NODE_DEVICE_UPDATE_AFFECT_CONFIG;
    if (flags == both)
        return "persistent config and live state";
    return flags == VIR_NODE_DEVICE_UPDATE_AFFECT_CONFIG ? "persistent config" : "live state";
}

int change_update(virConnectPtr conn, const struct settings *settings)
{
    const char *path = settings->names[1];
    unsigned int flags = VIR_NODE_DEVICE_UPDATE_AFFECT_CURRENT;
    virNodeDevicePtr device = find_device(conn, settings->names[0]);
    const char *name, *target;
    int status = STATUS_FAILED;
    char *xml;

    if (device == NULL)
        return STATUS_FAILED;
    if ((settings->given & OPTION_CONFIG) != 0)
        flags |= VIR_NODE_DEVICE_UPDATE_AFFECT_CONFIG;
    if ((settings->given & OPTION_LIVE) != 0)
        flags |= VIR_NODE_DEVICE_UPDATE_AFFECT_LIVE;
    xml = read_file(path);
    if (xml != NULL) {
        target = update_target(device, flags);
        name = virNodeDeviceGetName(device); /* here, because it would clear the error of the update */
        if (virNodeDeviceUpdate(device, xml, flags) < 0) {
            complain("Failed to update node device %s from '%s'", name, path);
            complain_library();
        } else {
            if (!is_quiet(settings)) /* no blank line follows, as in virsh */
                put("Updated node device %s %s\n", name, target);
            status = STATUS_OK;
        }
        free(xml);
    }
    virNodeDeviceFree(device);
    return status;
}

/* A number that says how many virtual functions there shall be. Returns 0, or -1 after an error line. */
static int parse_count(const char *text, unsigned int *count)
{
    unsigned long number;
    char *end;

    errno = 0;
    number = strtoul(text, &end, 10);
    if (strspn(text, "0123456789") != strlen(text) || end == text || errno != 0 || number > INT_MAX) {
        complain("'%s' is not a number of virtual functions", text);
        return -1;
    }
    *count = (unsigned int)number;
    return 0;
}

int change_vfs(virConnectPtr conn, const struct settings *settings)
{
    const char *name = settings->names[0];
    unsigned int flags = (settings->given & OPTION_FORCE) != 0 ? VND_VIRTUAL_FUNCTIONS_FORCE : 0;
    virNodeDevicePtr device;
    unsigned int count;
    int status = STATUS_OK;

    if (parse_count(settings->names[1], &count) < 0)
        return STATUS_USAGE;
    device = find_device(conn, name);
    if (device == NULL)
        return STATUS_FAILED;
    if (vndNodeDeviceSetVirtualFunctions(device, count, flags) < 0) {
        complain("Failed to set the number of virtual functions of device %s", name);
        complain_library();
        status = STATUS_FAILED;
    } else if (!is_quiet(settings)) {
        put("Device %s has %u virtual functions\n", name, count);
        put_end(settings);
    }
    virNodeDeviceFree(device);
    return status;
}

int change_vgpu(virConnectPtr conn, const struct settings *settings)
{
    const char *name = settings->names[0], *type = settings->names[1];
    virNodeDevicePtr device = find_device(conn, name);
    int status = STATUS_OK;

    if (device == NULL)
        return STATUS_FAILED;
    if (vndNodeDeviceSetVGPUType(device, strcmp(type, "none") == 0 ? NULL : type, 0) < 0) {
        complain("Failed to set the vGPU type of device %s", name);
        complain_library();
        status = STATUS_FAILED;
    } else if (!is_quiet(settings)) {
        put("Device %s has vGPU type %s\n", name, type);
        put_end(settings);
    }
    virNodeDeviceFree(device);
    return status;
}
