/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * What the library leaves in a process: no thread of its own, descriptors that exec closes and that
 * go with the connection, memory that does not grow with use. */
#define _GNU_SOURCE /* mallinfo2 */
#include "common.h"

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

static int entries(const char *folder)
{
    DIR *d = opendir(folder);
    int n = 0;

    assert(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void use(const char *uri)
{
    virConnectPtr conn = virConnectOpen(uri);
    virNodeDevicePtr *devs;
    int n, i;

    assert(conn);
    n = virConnectListAllNodeDevices(conn, &devs, 0);
    assert(n > 0);
    for (i = 0; i < n; i++) {
        free(virNodeDeviceGetXMLDesc(devs[i], 0)); /* may be NULL: the device may be gone */
        assert(virNodeDeviceFree(devs[i]) == 0);
    }
    free(devs);
    assert(virConnectClose(conn) == 0);
}

static void descriptors(const char *uri)
{
    int before, after, fd, i;
    virConnectPtr conn;

    use(uri); /* what is kept once a process */
    before = entries("/proc/self/fd");
    for (i = 0; i < 50; i++)
        use(uri);
    after = entries("/proc/self/fd");
    assert(before == after);

    conn = virConnectOpen(uri);
    assert(conn && virNodeNumOfDevices(conn, NULL, 0) > 0);
    for (fd = 3; fd < 256; fd++) {
        int flags = fcntl(fd, F_GETFD);

        assert(flags < 0 || flags & FD_CLOEXEC);
    }
    assert(entries("/proc/self/task") == 3); /* ".", ".." and this thread */
    assert(virConnectClose(conn) == 0);
}

/* Handles that were freed are kept for a while, so that their addresses do not come back; after
 * that many the heap must not grow any more. */
static void memory(void)
{
    virConnectPtr conn = virConnectOpen("test:///default");
    size_t before = 0, after;
    int i;

    assert(conn);
    for (i = 0; i < 200000; i++) {
        virNodeDevicePtr dev;

        if (i == 100000)
            before = mallinfo2().uordblks;
        dev = virNodeDeviceLookupByName(conn, "scsi_host1");
        assert(dev);
        if (i % 100 == 0)
            free(virNodeDeviceGetXMLDesc(dev, 0));
        assert(virNodeDeviceFree(dev) == 0);
    }
    after = mallinfo2().uordblks;
    assert(after < before + 65536);
    assert(virConnectClose(conn) == 0);
}

int main(void)
{
    /* Descriptors that the program was started with are none of the library's. */
    int fd;

    for (fd = 3; fd < 256; fd++)
        close(fd);
    descriptors(machine_uri());
    descriptors("nodedev:///system");
    descriptors("test:///default");
    memory();
    return 0;
}
