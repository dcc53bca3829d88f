/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
#include <poll.h>
#include <stdio.h>
#include <virnodedev.h>

static void changed(virConnectPtr conn, virNodeDevicePtr device, int event, int detail, void *data) {
    (void)conn, (void)detail, (void)data;
    printf("%s %s\n", event == VIR_NODE_DEVICE_EVENT_CREATED ? "new" : "gone", virNodeDeviceGetName(device));
    fflush(stdout);
}

int main(void) {
    virConnectPtr conn = virConnectOpen("nodedev:///system");
    struct pollfd fd = {vndConnectGetEventFD(conn), POLLIN, 0};
    int id = virConnectNodeDeviceEventRegisterAny(conn, NULL, VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE,
                                                  VIR_NODE_DEVICE_EVENT_CALLBACK(changed), NULL, NULL);
    while (id >= 0 && poll(&fd, 1, -1) > 0)
        vndConnectDispatchEvents(conn);
    return 1;
}
