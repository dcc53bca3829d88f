/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* The memory that a process has, in KiB: `which` is a field of proc_pid_status(5) with its colon. */
static long memory_of(pid_t process, const char *which)
{
    char path[64], line[256];
    long memory = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%ld/status", (long)process);
    file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, which, strlen(which)) == 0)
            memory = strtol(line + strlen(which), NULL, 10);
    }
    if (file != NULL)
        fclose(file);
    return memory;
}

#endif
