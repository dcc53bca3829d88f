/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* What it costs a program to have a library: `load NAME` prints the time that dlopen() takes, in microseconds, and the
 * memory that the process has of its own and shares then, beyond what it had, in KiB. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

#include "memory.h"
#include "timing.h"

int main(int argc, char **argv)
{
    long before = memory_of(getpid(), "VmRSS:");
    double begin = now_us();
    int (*initialize)(void);
    void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;

    if (!library || !(initialize = (int (*)(void))dlsym(library, "virInitialize")) || initialize() != 0) {
        fprintf(stderr, "load: %s\n", argc == 2 ? dlerror() : "usage: load LIBRARY");
        return 1;
    }
    printf("load %.1f\n", now_us() - begin);
    printf("resident %ld\n", memory_of(getpid(), "VmRSS:") - before);
    return 0;
}
