/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * Loaded before other libraries (LD_PRELOAD), lets the monotonic clock of a process run faster: what the library waits a
 * minute for is waited for in seconds. What sleeps in the kernel sleeps as long as ever.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long long times = 1;  /* as fast as the kernel's clock */
static long long shown, then; /* what was shown at a moment of the kernel's clock, in nanoseconds */

static long long kernel_time(clockid_t clock, int *status)
{
    struct timespec now;

    *status = (int) syscall(SYS_clock_gettime, clock, &now);
    return *status == 0 ? now.tv_sec * 1000000000LL + now.tv_nsec : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int status;
    long long time = kernel_time(clock, &status);

    if (status != 0)
        return status;
    if (clock == CLOCK_MONOTONIC) {
        pthread_mutex_lock(&lock);
        time = shown + (time - then) * times;
        pthread_mutex_unlock(&lock);
    }
    now->tv_sec = (time_t) (time / 1000000000LL);
    now->tv_nsec = (long) (time % 1000000000LL);
    return 0;
}

/* From this moment on the clock runs that many times as fast. */
void set_clock_speed(int wanted)
{
    int status;
    long long time = kernel_time(CLOCK_MONOTONIC, &status);

    pthread_mutex_lock(&lock);
    shown += (time - then) * times;
    then = time;
    times = wanted;
    pthread_mutex_unlock(&lock);
}
