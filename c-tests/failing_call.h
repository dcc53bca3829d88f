/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * Counts the library's system calls, notes what each is about, and fails one of them, or all by which generic netlink is asked.
 */
#ifndef FAILING_CALL_H
#define FAILING_CALL_H

#include "catch_calls.h"

#include <linux/netlink.h>
#include <sys/socket.h>

enum { MAX_CALLS = 1 << 16, MAX_FD = 256 };

/* A call of the first run, and the kind of file that it was about. */
struct call {
    int number;
    char about[40];
};

/* What is known of the calls, in memory that processes share. */
struct calls {
    /* How many the first run made. */
    int count;
    struct call call[MAX_CALLS];
    /* How many were refused. */
    int refused;
};
static struct calls *seen;

/* Calls are counted, and one of them fails, only while the library is asked something. */
static volatile sig_atomic_t is_armed;
static int is_first_run, count, failing_call = -1, failing_error, has_failed;
/* The name of a call by which generic netlink is refused, or NULL. */
static const char *refused_call;
static char about_fd[MAX_FD][sizeof(((struct call *)NULL)->about)];

static int takes_path_at_0(long number)
{
    return is_call(number, "open") || is_call(number, "readlink") || is_call(number, "stat") ||
           is_call(number, "lstat") || is_call(number, "access") || is_call(number, "statfs");
}

static int takes_path_at_1(long number)
{
    return is_call(number, "openat") || is_call(number, "openat2") || is_call(number, "readlinkat") ||
           is_call(number, "statx") || is_call(number, "newfstatat") || is_call(number, "faccessat") ||
           is_call(number, "faccessat2") || is_call(number, "inotify_add_watch");
}

/* The last part of a path with every number as #: what is read alike is called alike. */
static void describe_path(const char *path, char *about, size_t size)
{
    const char *last = strrchr(path, '/');
    size_t n = 0;

    for (last = last && last[1] ? last + 1 : path; *last != '\0' && n + 1 < size; last++) {
        if (!strchr("0123456789", *last))
            about[n++] = *last;
        else if (n == 0 || about[n - 1] != '#')
            about[n++] = '#';
    }
    about[n] = '\0';
}

static void describe(long number, const long *args, char *about, size_t size)
{
    const char *path = NULL;
    long fd = args[0];

    if (takes_path_at_0(number))
        path = (const char *)args[0];
    else if (takes_path_at_1(number))
        path = (const char *)args[1];
    about[0] = '\0';
    if (path && path[0] != '\0' && strcmp(path, ".") != 0)
        describe_path(path, about, size);
    else if (fd >= 0 && fd < MAX_FD)
        memcpy(about, about_fd[fd], size);
}

#define GENERIC "generic netlink"

static int is_generic_netlink(long number, const long *args, const char *about)
{
    if (is_call(number, "socket"))
        return args[0] == AF_NETLINK && args[2] == NETLINK_GENERIC;
    return strcmp(about, GENERIC) == 0;
}

static void on_call(int signal, siginfo_t *info, void *context)
{
    long args[6], number = info->si_syscall, result;
    char about[sizeof(about_fd[0])];
    int kept_errno = errno;

    (void)signal;
    read_arguments(context, args);
    if (!is_armed) {
        set_result(context, real_call(number, args));
        return;
    }
    describe(number, args, about, sizeof(about));
    if (is_first_run && count < MAX_CALLS) {
        seen->call[count].number = (int)number;
        memcpy(seen->call[count].about, about, sizeof(about));
    }
    if (count++ == failing_call) {
        has_failed = 1;
        /* The kernel closes the descriptor whatever it says. */
        if (is_call(number, "close"))
            real_call(number, args);
        result = -failing_error;
    } else if (refused_call && is_call(number, refused_call) && is_generic_netlink(number, args, about)) {
        seen->refused++;
        result = -failing_error;
    } else {
        result = real_call(number, args);
        if (result >= 0 && result < MAX_FD && (takes_path_at_0(number) || takes_path_at_1(number)))
            memcpy(about_fd[result], about, sizeof(about));
        else if (result >= 0 && result < MAX_FD && is_call(number, "socket"))
            strcpy(about_fd[result], is_generic_netlink(number, args, about) ? GENERIC : "socket");
    }
    set_result(context, result);
    errno = kept_errno;
}

/* Whether a call before this one did the same to a file of that name. */
static int is_repeated(int n)
{
    int i;

    for (i = 0; i < n; i++) {
        if (seen->call[i].number == seen->call[n].number &&
            strcmp(seen->call[i].about, seen->call[n].about) == 0)
            return 1;
    }
    return 0;
}

#endif
