/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* Reads and writes the files that are named on the command line. */
/* For realpath(). */
#define _XOPEN_SOURCE 700

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nodedev.h"

/* In bytes: the largest file that is read, as by virsh, and how much of it is read at once. */
enum { LARGEST = 10 * 1024 * 1024, AT_ONCE = 64 * 1024 };

static void complain_file(const char *what, const char *path, int error)
{
    complain("Failed to %s file '%s': %s", what, path, strerror(error));
}

/* Reads to the end of `file`, and sets `*size` to the number of bytes. The caller frees the text. NULL with errno
 * set on failure. */
static char *read_stream(FILE *file, size_t *size)
{
    char *text = NULL;
    char *longer;
    size_t n;

    *size = 0;
    do {
        longer = realloc(text, *size + AT_ONCE + 1);
        if (longer == NULL) {
            free(text);
            errno = ENOMEM;
            return NULL;
        }
        text = longer;
        n = fread(text + *size, 1, AT_ONCE, file);
        *size += n;
    } while (n == AT_ONCE && *size <= LARGEST);
    if (ferror(file) == 0 && *size <= LARGEST) {
        text[*size] = '\0';
        return text;
    }
    if (ferror(file) == 0)
        errno = EOVERFLOW;
    free(text);
    return NULL;
}

char *read_file(const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    char *text;
    size_t size;
    int error;

    if (file == NULL) {
        complain_file("open", path, errno);
        return NULL;
    }
    text = read_stream(file, &size);
    error = errno;
    if (file != stdin)
        fclose(file);
    if (text == NULL) {
        complain_file("read", path, error);
    } else if (strlen(text) != size) {
        complain("file '%s' is not XML: it has a NUL in it", path);
        free(text);
        text = NULL;
    }
    return text;
}

/* Writes all of a text and closes the file. Returns 0, or -1 with errno set. */
static int write_and_close(int fd, const char *text)
{
    FILE *file = fdopen(fd, "w");
    int error = 0;

    if (file == NULL) {
        error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    if (fputs(text, file) == EOF)
        error = errno;
    if (fclose(file) != 0 && error == 0)
        error = errno;
    errno = error;
    return error == 0 ? 0 : -1;
}

/* Writes a text to what is no regular file: a pipe, a terminal, /dev/null. */
static int write_through(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_NOCTTY);

    if (fd < 0) {
        complain_file("open", path, errno);
        return -1;
    }
    if (write_and_close(fd, text) < 0) {
        complain_file("write", path, errno);
        return -1;
    }
    return 0;
}

/* How many letters at the end of a name mkstemp() replaces, each an X. */
enum { REPLACED = 6 };

/* Writes a text beside a file and puts it in its place. `name` is what the user calls the file. */
static int replace_file(const char *path, const char *text, const char *name)
{
    const size_t length = strlen(path);
    char *beside = malloc(length + sizeof(".") + REPLACED);
    int fd;

    if (beside == NULL) {
        complain("out of memory");
        return -1;
    }
    memcpy(beside, path, length);
    beside[length] = '.';
    memset(beside + length + 1, 'X', REPLACED);
    beside[length + 1 + REPLACED] = '\0';
    fd = mkstemp(beside);
    if (fd < 0) {
        complain_file("open", name, errno);
        free(beside);
        return -1;
    }
    if (write_and_close(fd, text) < 0 || rename(beside, path) < 0) {
        complain_file("write", name, errno);
        unlink(beside);
        free(beside);
        return -1;
    }
    free(beside);
    return 0;
}

int write_file(const char *path, const char *text)
{
    struct stat there;
    char *target = NULL;
    int result;

    if (stat(path, &there) == 0) {
        if (S_ISDIR(there.st_mode)) {
            complain_file("open", path, EISDIR);
            return -1;
        }
        if (!S_ISREG(there.st_mode))
            return write_through(path, text);
        /* What a link leads to is replaced, not the link. */
        target = realpath(path, NULL);
    }
    result = replace_file(target != NULL ? target : path, text, path);
    free(target);
    return result;
}
