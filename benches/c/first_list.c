/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * first_list URI [COMMAND...]   what libvirt's client waits for its first list: from the start of the daemon COMMAND,
 *                               or of the program that URI names (nodedev+ext:///…), to the list
 *
 * Prints that in microseconds, and the memory in KiB that the daemon or program has then: all that is mapped, with the pages
 * of libraries that processes share, and what is its own. The client's library is loaded before.
 */
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <virnodedev.h>

#include "memory.h"
#include "timing.h"

/* The only child of this process, which the client's library may have started; 0 without one. */
static pid_t only_child(void)
{
    char path[64];
    long child = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
    file = fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%ld", &child) != 1)
            child = 0;
        fclose(file);
    }
    return (pid_t)child;
}

static void ignore_error(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

int main(int argc, char **argv)
{
    virConnectPtr conn = NULL;
    virNodeDevicePtr *devices;
    double begin;
    pid_t daemon = 0, server;
    int count;

    if (argc < 2 || virInitialize() < 0)
        return 2;
    virSetErrorFunc(NULL, ignore_error);
    begin = now_us();
    if (argc > 2) {
        daemon = fork();
        if (daemon == 0) {
            execvp(argv[2], argv + 2);
            _exit(127);
        }
    }
    while (conn == NULL && now_us() - begin < 60e6) {
        conn = virConnectOpen(argv[1]);
        if (conn == NULL)
            usleep(500);
    }
    if (conn == NULL || (count = virConnectListAllNodeDevices(conn, &devices, 0)) < 0)
        return 1;
    printf("first_list %.1f\n", now_us() - begin);
    server = daemon != 0 ? daemon : only_child();
    printf("memory %ld\n", memory_of(server, "VmRSS:"));
    printf("own_memory %ld\n", memory_of(server, "RssAnon:"));
    if (daemon != 0) {
        kill(daemon, SIGTERM);
        waitpid(daemon, NULL, 0);
    }
    return 0;
}
