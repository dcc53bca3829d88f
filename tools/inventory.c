/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* nodedev inventory: the facts for which programs go to sysfs themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nodedev.h"

static const char *const parts[] = { "pci", "sriov", "vgpu", "net", "block", "usb", "scsi", "fc", "drm", "others" };

const char *inventory_part(int number)
{
    return number < (int)(sizeof(parts) / sizeof(parts[0])) ? parts[number] : NULL;
}

static unsigned int flags_of(const struct settings *settings)
{
    return (settings->given & OPTION_SLOW) != 0 ? VND_INVENTORY_SLOW : 0;
}

static int print_all(virConnectPtr conn, const struct settings *settings)
{
    char *json = vndConnectGetInventoryJSON(conn, settings->parts, flags_of(settings));

    if (json == NULL) {
        complain_library();
        return STATUS_FAILED;
    }
    put_json(json);
    free(json);
    return STATUS_OK;
}

/* Writes the member of a device to `out`, behind what is there. */
static int write_device(FILE *out, virConnectPtr conn, const char *name, const struct settings *settings)
{
    virNodeDevicePtr device = find_device(conn, name);
    char *json;
    int status;

    if (device == NULL)
        return STATUS_FAILED;
    json = vndNodeDeviceGetInventoryJSON(device, settings->parts, flags_of(settings));
    /* The names of devices need no escapes. */
    if (json != NULL)
        fprintf(out, "%s\"%s\":%s", ftell(out) > 1 ? "," : "", virNodeDeviceGetName(device), json);
    else
        complain_library();
    virNodeDeviceFree(device);
    status = json != NULL ? STATUS_OK : STATUS_FAILED;
    free(json);
    return status;
}

static int is_named_before(const struct settings *settings, int number)
{
    int i;

    for (i = 0; i < number; i++) {
        if (strcmp(settings->names[i], settings->names[number]) == 0)
            return 1;
    }
    return 0;
}

int inventory_run(virConnectPtr conn, const struct settings *settings)
{
    char *text = NULL;
    size_t length;
    int status = STATUS_OK;
    FILE *out;
    int i;

    if (settings->nnames == 0)
        return print_all(conn, settings);
    out = open_memstream(&text, &length);
    if (out == NULL) {
        complain("out of memory");
        return STATUS_FAILED;
    }
    fputs("{", out);
    for (i = 0; i < settings->nnames; i++) {
        if (!is_named_before(settings, i) && write_device(out, conn, settings->names[i], settings) != STATUS_OK)
            status = STATUS_FAILED;
    }
    fputs("}", out);
    if (fclose(out) != 0) {
        complain("out of memory");
        status = STATUS_FAILED;
    } else {
        put_json(text);
    }
    free(text);
    return status;
}
