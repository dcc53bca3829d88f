/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * A connection that is closed while other threads list, describe, change devices and dispatch events: each call does its work or says
 * that there is no such connection or device.
 */
#include "workers.h"

#define THREADS 6
#define ROUNDS 12
#define REGISTER virConnectNodeDeviceEventRegisterAny
#define LIFECYCLE VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE
#define CALLBACK VIR_NODE_DEVICE_EVENT_CALLBACK

static const char port[] = "<device><parent>scsi_host1</parent><capability type='scsi_host'>"
                           "<capability type='fc_host'><wwnn>2000000043214321</wwnn>"
                           "<wwpn>1000000043214321</wwpn></capability></capability></device>";

static virConnectPtr shared;
static pthread_barrier_t together;

/* What has failed may have failed because the connection is closed, or another thread was first. */
static void may_fail(int is_error)
{
    switch (virGetLastErrorCode()) {
    case VIR_ERR_OK:
        assert(!is_error);
        return;
    case VIR_ERR_INVALID_CONN:
    case VIR_ERR_INVALID_NODE_DEVICE:
    case VIR_ERR_NO_NODE_DEVICE:
    case VIR_ERR_INTERNAL_ERROR: /* the port is there already */
        assert(is_error);
        return;
    default:
        fprintf(stderr, "%s\n", virGetLastErrorMessage());
        abort();
    }
}

static void list(void)
{
    virNodeDevicePtr *devices = NULL;
    int n = virConnectListAllNodeDevices(shared, &devices, 0), i;

    may_fail(n < 0);
    for (i = 0; i < n; i++) {
        char *xml = virNodeDeviceGetXMLDesc(devices[i], 0);

        may_fail(!xml);
        free(xml);
        assert(virNodeDeviceFree(devices[i]) == 0);
    }
    free(devices);
}

static void change(void)
{
    virNodeDevicePtr device = virNodeDeviceCreateXML(shared, port, 0);

    may_fail(!device);
    if (device) {
        may_fail(virNodeDeviceDestroy(device) < 0);
        assert(virNodeDeviceFree(device) == 0);
    }
}

static void told(virConnectPtr conn, virNodeDevicePtr device, int event, int detail, void *data)
{
    (void)conn, (void)data;
    assert(virNodeDeviceGetName(device) && event >= 0 && detail == 0);
}

static void *use(void *data)
{
    int number = *(int *)data, i;

    pthread_barrier_wait(&together);
    for (i = 0; i < 5; i++) {
        if (number % 3 == 0)
            list();
        else if (number % 3 == 1)
            change();
        else
            may_fail(vndConnectDispatchEvents(shared) < 0);
    }
    return NULL;
}

static void silent(void *data, virErrorPtr error)
{
    (void)data, (void)error;
}

int main(void)
{
    int round;

    virSetErrorFunc(NULL, silent);
    assert(pthread_barrier_init(&together, NULL, THREADS + 1) == 0);
    for (round = 0; round < ROUNDS; round++) {
        struct workers workers;
        int number, i;

        shared = virConnectOpen("test:///default");
        assert(shared && vndConnectGetEventFD(shared) >= 0);
        number = REGISTER(shared, NULL, LIFECYCLE, CALLBACK(told), NULL, NULL);
        assert(number >= 0);
        start_workers(&workers, THREADS, use);
        pthread_barrier_wait(&together);
        for (i = 0; i < round; i++)
            assert(virConnectRef(shared) == 0);
        assert(virConnectNodeDeviceEventDeregisterAny(shared, number) == 0);
        while (virConnectClose(shared) == 1)
            continue;
        join_workers(&workers);
        assert(virConnectClose(shared) == -1 && virGetLastErrorCode() == VIR_ERR_INVALID_CONN);
    }
    pthread_barrier_destroy(&together);
    return 0;
}
