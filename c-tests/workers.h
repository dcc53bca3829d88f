/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * Threads that do the same thing, each with a number of its own.
 */
#ifndef TEST_WORKERS_H
#define TEST_WORKERS_H

#include "common.h"

#include <pthread.h>

/* The most that one group has. */
#define MOST_WORKERS 64

struct workers {
    pthread_t threads[MOST_WORKERS];
    int numbers[MOST_WORKERS]; /* from 0; each thread gets the address of its own */
    int count;
};

static inline void start_workers(struct workers *workers, int count, void *(*work)(void *))
{
    int i;

    assert(count > 0 && count <= MOST_WORKERS);
    workers->count = count;
    for (i = 0; i < count; i++) {
        workers->numbers[i] = i;
        assert(pthread_create(&workers->threads[i], NULL, work, &workers->numbers[i]) == 0);
    }
}

static inline void join_workers(struct workers *workers)
{
    int i;

    for (i = 0; i < workers->count; i++)
        assert(pthread_join(workers->threads[i], NULL) == 0);
}

#endif
