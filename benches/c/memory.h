/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdio.h>

/* The memory that the process has, of its own and shared, in KiB. */
static long resident(void)
{
    char line[256];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");

    while (status && fgets(line, sizeof(line), status))
        sscanf(line, "VmRSS: %ld", &kib);
    if (status)
        fclose(status);
    return kib;
}

#endif
