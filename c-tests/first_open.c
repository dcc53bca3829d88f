/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * Many threads make their first call at once: nothing is set up twice or half. */
#include "workers.h"

#define THREADS 16

static pthread_barrier_t start;

static void *first(void *data)
{
    virConnectPtr conn;
    virNodeDevicePtr dev;
    char *xml;

    (void)data;
    pthread_barrier_wait(&start);
    assert(virInitialize() == 0);
    conn = virConnectOpen(machine_uri());
    assert(conn);
    dev = virNodeDeviceLookupByName(conn, "pci_0000_03_00_0");
    assert(dev);
    xml = virNodeDeviceGetXMLDesc(dev, 0);
    assert(xml && strstr(xml, ">82574L Gigabit Network Connection<"));
    free(xml);
    assert(virNodeDeviceFree(dev) == 0);
    assert(virConnectClose(conn) == 0);
    return NULL;
}

int main(void)
{
    struct workers workers;

    assert(machine_uri());
    assert(pthread_barrier_init(&start, NULL, THREADS) == 0);
    start_workers(&workers, THREADS, first);
    join_workers(&workers);
    pthread_barrier_destroy(&start);
    return 0;
}
