/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * Threads: each has its own last error; one connection serves many at once. */
#include "workers.h"

#define THREADS 8
#define ROUNDS 20

static virConnectPtr shared;
static pthread_barrier_t together;
static int devices;

/* Every thread fails in its own way and later still finds its own error. */
static void *own_error(void *data)
{
    int number = *(int *)data, i;
    char name[32], expected[100];

    assert(!virGetLastError());
    snprintf(name, sizeof(name), "nosuch%d", number);
    snprintf(expected, sizeof(expected), "Node device not found: no node device with matching name '%s'", name);
    for (i = 0; i < ROUNDS; i++) {
        assert(!virNodeDeviceLookupByName(shared, name));
        pthread_barrier_wait(&together);
        assert(strcmp(virGetLastErrorMessage(), expected) == 0);
        pthread_barrier_wait(&together);
    }
    return NULL;
}

static void list_and_print(virConnectPtr conn)
{
    virNodeDevicePtr *devs;
    int n = virConnectListAllNodeDevices(conn, &devs, 0), i;

    assert(n == devices);
    for (i = 0; i < n; i++) {
        char *xml = virNodeDeviceGetXMLDesc(devs[i], 0);
        virNodeDevicePtr again = virNodeDeviceLookupByName(conn, virNodeDeviceGetName(devs[i]));

        assert(xml && strncmp(xml, "<device>\n", 9) == 0);
        assert(again && same(virNodeDeviceGetName(again), virNodeDeviceGetName(devs[i])));
        assert(virNodeDeviceFree(again) == 0);
        assert(virNodeDeviceFree(devs[i]) == 0);
        free(xml);
    }
    free(devs);
}

/* Odd threads share a connection, even ones open their own. */
static void *work(void *data)
{
    int number = *(int *)data, i;

    for (i = 0; i < ROUNDS / 10; i++) {
        virConnectPtr conn = number % 2 ? shared : virConnectOpen(machine_uri());

        assert(conn);
        list_and_print(conn);
        if (conn != shared)
            assert(virConnectClose(conn) == 0);
    }
    return NULL;
}

/* References come and go on one handle at once; the last free is the main thread's. */
static virNodeDevicePtr common;

static void *references(void *data)
{
    int i;

    (void)data;
    for (i = 0; i < 2000; i++) {
        assert(virNodeDeviceRef(common) == 0);
        assert(virConnectRef(shared) == 0);
        assert(same(virNodeDeviceGetParent(common), "pci_0000_00_03_2"));
        assert(virConnectClose(shared) == 1);
        assert(virNodeDeviceFree(common) == 0);
    }
    return NULL;
}

static void run(void *(*body)(void *))
{
    struct workers workers;

    start_workers(&workers, THREADS, body);
    join_workers(&workers);
}

static void silent(void *data, virErrorPtr error)
{
    (void)data, (void)error;
}

int main(void)
{
    virSetErrorFunc(NULL, silent);
    shared = virConnectOpen(machine_uri());
    assert(shared);
    assert(pthread_barrier_init(&together, NULL, THREADS) == 0);
    run(own_error);
    pthread_barrier_destroy(&together);
    assert(!virGetLastError());

    devices = virNodeNumOfDevices(shared, NULL, 0);
    assert(devices > 1);
    run(work);
    common = virNodeDeviceLookupByName(shared, "pci_0000_03_00_0");
    assert(common);
    run(references);
    assert(virNodeDeviceFree(common) == 0);
    assert(virConnectClose(shared) == 0);
    return 0;
}
