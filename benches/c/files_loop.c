/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * files_loop LIST: touches files as bare as can be. LIST holds lines of a letter and a path:
 *   r  open, read, close     d  open a folder, read it, close     l  read a link     s  ask whether it exists
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "timing.h"

static struct {
    char what;
    char *path;
} *files;
static size_t count;
static char buffer[65536];

static void touch(void)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const char *path = files[i].path;
        int fd;

        switch (files[i].what) {
        case 'l':
            if (readlink(path, buffer, sizeof(buffer)) < 0)
                break;
            break;
        case 's':
            access(path, F_OK);
            break;
        default:
            fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
            if (fd < 0)
                break; /* the library looked for it too */
            if (files[i].what == 'd') {
                while (syscall(SYS_getdents64, fd, buffer, sizeof(buffer)) > 0)
                    ;
            } else if (read(fd, buffer, sizeof(buffer)) < 0) {
                buffer[0] = '\0';
            }
            close(fd);
        }
    }
}

int main(int argc, char **argv)
{
    FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
    char *line = NULL;
    size_t size = 0, room = 0;
    ssize_t length;

    if (!f)
        return 2;
    while ((length = getline(&line, &size, f)) > 2) {
        line[length - 1] = '\0';
        if (count == room) {
            room = room ? room * 2 : 1024;
            files = realloc(files, room * sizeof(*files));
            if (!files)
                return 1;
        }
        files[count].what = line[0];
        files[count++].path = strdup(line + 2);
    }
    fclose(f);
    measure("files_loop", 3, touch);
    printf("files_loop_files %zu\n", count);
    return 0;
}
