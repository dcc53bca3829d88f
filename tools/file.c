/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* Reads the files that are named on the command line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
