/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* nodedev record: the machine as an archive that can be looked at elsewhere. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "nodedev.h"

/* The permissions of the archive. It holds what is in files of the machine that not every user may read. */
enum { OWNER_ONLY = 0600 };

static int record_to(virConnectPtr conn, int fd, const struct settings *settings)
{
    unsigned int flags = 0;

    if ((settings->given & OPTION_ANONYMOUS) != 0)
        flags |= VND_RECORD_ANONYMOUS;
    if (vndConnectRecord(conn, fd, flags) < 0) {
        complain_library();
        return STATUS_FAILED;
    }
    return STATUS_OK;
}

int record_run(virConnectPtr conn, const struct settings *settings)
{
    const char *path = settings->names[0];
    int status;
    int fd;

    if (strcmp(path, "-") == 0)
        return record_to(conn, STDOUT_FILENO, settings);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, OWNER_ONLY);
    if (fd < 0) {
        complain("Failed to open file '%s': %s", path, strerror(errno));
        return STATUS_FAILED;
    }
    status = record_to(conn, fd, settings);
    if (close(fd) < 0 && status == STATUS_OK) {
        complain("Failed to write file '%s': %s", path, strerror(errno));
        status = STATUS_FAILED;
    }
    return status;
}
