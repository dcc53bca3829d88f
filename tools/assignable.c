/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* nodedev assignable: whether devices can be assigned to a virtual machine, and why not. */
#include <stdlib.h>

#include "nodedev.h"

/* Prints what there is to know of a device. Returns its exit status. */
static int show_assignability(virConnectPtr conn, const char *name, int as_json)
{
    virNodeDevicePtr device = find_device(conn, name);
    char *report = NULL;
    int answer;

    if (device == NULL)
        return STATUS_FAILED;
    answer = vndNodeDeviceGetAssignability(device, &report, as_json ? 0 : VND_ASSIGNABILITY_TEXT);
    if (answer < 0)
        complain_library();
    else if (as_json)
        put_json(report);
    else
        put("%s", report);
    free(report);
    virNodeDeviceFree(device);
    switch (answer) {
    case VND_ASSIGNABLE_YES:
        return STATUS_OK;
    case VND_ASSIGNABLE_TOGETHER:
        return STATUS_ASSIGNABLE_TOGETHER;
    case VND_ASSIGNABLE_NO:
        return STATUS_NOT_ASSIGNABLE;
    default:
        return STATUS_FAILED;
    }
}

/* Which of two exit statuses says the worse. */
static int worse(int one, int other)
{
    static const int order[] = { STATUS_FAILED, STATUS_NOT_ASSIGNABLE, STATUS_ASSIGNABLE_TOGETHER };
    size_t i;

    for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        if (one == order[i] || other == order[i])
            return order[i];
    }
    return STATUS_OK;
}

int assignable_run(virConnectPtr conn, const struct settings *settings)
{
    int as_json = (settings->given & OPTION_JSON) != 0;
    int status = STATUS_OK;
    int i;

    for (i = 0; i < settings->nnames; i++)
        status = worse(status, show_assignability(conn, settings->names[i], as_json));
    if (!as_json)
        put_end(settings);
    return status;
}
