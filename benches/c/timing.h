/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * Timing for the measuring programs: medians of repeated runs, one "name value" line each. */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Microseconds of a clock that only goes forward. */
static inline double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static inline int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Runs BODY until it ran MIN times and half a second is over, at most 200 times; its median
 * and fastest time in microseconds. AFTER runs after each, untimed. */
static inline void measure_then(const char *name, int min, void (*body)(void), void (*after)(void))
{
    static double times[200];
    double begin = now_us();
    int n = 0;

    while (n < 200 && (n < min || now_us() - begin < 5e5)) {
        double t = now_us();

        body();
        times[n++] = now_us() - t;
        if (after)
            after();
    }
    qsort(times, (size_t)n, sizeof(times[0]), compare_doubles);
    printf("%s %.3f\n%s_fastest %.3f\n", name, times[n / 2], name, times[0]);
}

static inline void measure(const char *name, int min, void (*body)(void))
{
    measure_then(name, min, body, NULL);
}

#endif
