/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * calls_loop LIST NAME: makes system calls as bare as can be, and times them under this name. LIST has a line for each, as scripts/bench makes
 * it of what strace saw of the library. Descriptors have the numbers that they had there; -1 is the current folder.
 *   o FD FLAGS PATH     open         c FD            close         r FD SIZE   read       p FD SIZE   pread
 *   l FD PATH           read a link  s FD PATH       stat          d FD SIZE   read a folder
 *   k FD FAMILY TYPE PROTOCOL        make a socket   i FD          make an inotify instance
 *   q FD                make an epoll instance       m FD FD       have it look at another
 *   v FD                look at it                   w COUNT FD... poll, both without waiting
 *   e FD NAME           ask for an interface's features
 *   a FD PATH           watch a folder by inotify
 * A line `begin` ends the calls that are made once, before the timed ones.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "timing.h"

enum { DESCRIPTORS = 1024, POLLED = 16 };

struct call {
    char what;
    int fd, numbers[POLLED];
    char *path;
};

static struct call *calls;
static size_t count, first_timed;
static int known[DESCRIPTORS];
static char buffer[1 << 20];

static int *place(int fd)
{
    static int none;

    none = AT_FDCWD;
    return fd >= 0 && fd < DESCRIPTORS ? &known[fd] : &none;
}

/* What is still open from the round before is closed first. */
static void keep(int fd, int made)
{
    int *kept = place(fd);

    if (*kept >= 0)
        close(*kept);
    *kept = made;
}

static size_t room(int size)
{
    return (size_t)size < sizeof(buffer) ? (size_t)size : sizeof(buffer);
}

static void ask_features(int fd, const char *name)
{
    static struct {
        struct ethtool_gfeatures head;
        struct ethtool_get_features_block blocks[4];
    } features;
    struct ifreq request;

    memset(&request, 0, sizeof(request));
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    features.head.cmd = ETHTOOL_GFEATURES;
    features.head.size = 4;
    request.ifr_data = (char *)&features;
    ioctl(fd, SIOCETHTOOL, &request);
}

static void poll_some(const struct call *call)
{
    struct pollfd polled[POLLED];
    struct timespec none = { 0, 0 };
    int i;

    for (i = 0; i < call->fd; i++) {
        polled[i].fd = *place(call->numbers[i]);
        polled[i].events = POLLIN;
    }
    ppoll(polled, (nfds_t)call->fd, &none, NULL);
}

static void make(const struct call *call)
{
    int fd = *place(call->fd), *n = (int *)call->numbers;
    struct epoll_event event = { EPOLLIN, { 0 } };
    struct stat st;

    /* What fails has failed for the library, too. */
    switch (call->what) {
    case 'o':
        fd = openat(AT_FDCWD, call->path, n[0]);
        if (call->fd >= 0)
            keep(call->fd, fd);
        else if (fd >= 0)
            close(fd);
        break;
    case 'c':
        close(fd);
        *place(call->fd) = -1;
        break;
    case 'r':
        n[1] = (int)read(fd, buffer, room(n[0]));
        break;
    case 'p':
        n[1] = (int)pread(fd, buffer, room(n[0]), 0);
        break;
    case 'l':
        n[1] = (int)readlinkat(fd, call->path, buffer, 256);
        break;
    case 's':
        fstatat(fd, call->path, &st, 0);
        break;
    case 'd':
        syscall(SYS_getdents64, fd, buffer, room(n[0]));
        break;
    case 'k':
        keep(call->fd, socket(n[0], n[1], n[2]));
        break;
    case 'i':
        keep(call->fd, inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
        break;
    case 'a': /* To close an instance with a watch takes the kernel milliseconds. */
        inotify_add_watch(fd, call->path, IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_ONLYDIR);
        break;
    case 'q':
        keep(call->fd, epoll_create1(EPOLL_CLOEXEC));
        break;
    case 'm':
        epoll_ctl(fd, EPOLL_CTL_ADD, *place(n[0]), &event);
        break;
    case 'v':
        epoll_pwait(fd, &event, 1, 0, NULL);
        break;
    case 'w':
        poll_some(call);
        break;
    case 'e':
        ask_features(fd, call->path);
        break;
    }
}

static void make_timed(void)
{
    size_t i;

    for (i = first_timed; i < count; i++)
        make(&calls[i]);
}

/* The numbers at the beginning of a text. Returns what follows. */
static char *numbers(char *text, int *found, int most)
{
    char *end;
    int i;

    for (i = 0; i < most; i++, text = end) {
        found[i] = (int)strtol(text, &end, 10);
        if (end == text)
            break;
    }
    return *text == ' ' ? text + 1 : text;
}

int main(int argc, char **argv)
{
    FILE *f = argc == 3 ? fopen(argv[1], "r") : NULL;
    char *line = NULL;
    size_t size = 0, space = 0, i;
    ssize_t length;

    if (!f)
        return 2;
    for (i = 0; i < DESCRIPTORS; i++)
        known[i] = -1;
    while ((length = getline(&line, &size, f)) > 2) {
        struct call *call;
        char *rest;

        line[length - 1] = '\0';
        if (strcmp(line, "begin") == 0) {
            first_timed = count;
            continue;
        }
        if (count == space) {
            space = space ? space * 2 : 1024;
            calls = realloc(calls, space * sizeof(*calls));
            if (!calls)
                return 1;
        }
        call = &calls[count++];
        memset(call, 0, sizeof(*call));
        call->what = line[0];
        rest = numbers(line + 1, &call->fd, 1);
        if (strchr("lsea", call->what) == NULL)
            rest = numbers(rest, call->numbers, call->what == 'o' ? 1 : POLLED);
        call->path = strdup(rest);
    }
    fclose(f);
    for (i = 0; i < first_timed; i++)
        make(&calls[i]);
    measure(argv[2], 3, make_timed);
    return 0;
}
