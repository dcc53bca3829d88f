/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* Writes standard output without missing a failure, and error lines. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nodedev.h"

/* errno of the first write that failed, or 0. Later writes can succeed again, as on a disk that was full for a
 * moment, but the output is not complete. */
static int first_failure;

static void remember_failure(void)
{
    if (first_failure == 0)
        first_failure = errno != 0 ? errno : EIO;
}

void put(const char *format, ...)
{
    va_list args;

    errno = 0;
    va_start(args, format);
    if (vprintf(format, args) < 0)
        remember_failure();
    va_end(args);
}

void put_end(const struct settings *settings)
{
    if ((settings->given & OPTION_QUIET) == 0)
        put("\n");
}

int put_flush(void)
{
    errno = 0;
    if (fflush(stdout) != 0)
        remember_failure();
    return first_failure == 0 ? 0 : -1;
}

int put_finish(void)
{
    if (put_flush() == 0)
        return STATUS_OK;
    fprintf(stderr, "error: cannot write to standard output: %s\n", strerror(first_failure));
    return STATUS_FAILED;
}

void complain(const char *format, ...)
{
    va_list args;

    /* Keeps the two streams in order where they go to the same file. */
    put_flush();
    fputs("error: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

void complain_library(void)
{
    complain("%s", virGetLastErrorMessage());
}
