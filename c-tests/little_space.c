/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * A program that may not have much more address space (RLIMIT_AS): handles do without what is reserved for them elsewhere. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "common.h"

#include <sys/mman.h>
#include <sys/resource.h>

#define MIB ((rlim_t)1 << 20)

/* More than the first addresses that are made for them. */
enum { HANDLES = 5000 };

/* The address space of this process, in bytes. */
static rlim_t address_space(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    unsigned long kib = 0;
    char line[256];

    assert(file);
    while (fgets(line, sizeof(line), file) && sscanf(line, "VmSize: %lu", &kib) != 1)
        ;
    fclose(file);
    assert(kib > 0);
    return kib * (rlim_t)1024;
}

int main(void)
{
    static virNodeDevicePtr devices[HANDLES];
    struct rlimit limit;
    virConnectPtr conn;
    int i;

    assert(getrlimit(RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = address_space() + 4 * MIB;
    assert(setrlimit(RLIMIT_AS, &limit) == 0);
    assert(mmap(NULL, 8 * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);

    conn = virConnectOpenReadOnly("test:///default");
    assert(conn);
    for (i = 0; i < HANDLES; i++) {
        devices[i] = virNodeDeviceLookupByName(conn, "computer");
        assert(devices[i]);
    }
    for (i = 0; i < HANDLES; i++) {
        assert(same(virNodeDeviceGetName(devices[i]), "computer"));
        assert(virNodeDeviceFree(devices[i]) == 0);
        assert(virNodeDeviceFree(devices[i]) == -1);
    }
    assert(virConnectClose(conn) == 0);
    return 0;
}
