/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * privileged: installed as a set-user-ID program, started by another user.
 *
 *   privileged uri          prints the URI that the default connection has
 *   privileged capable      the same, for a program that has capabilities and is not set-user-ID
 *   privileged xml URI NAME prints the device's XML
 *   privileged define FILE  becomes root altogether, then defines the mediated device of FILE
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <virnodedev.h>

static int failed(void)
{
    printf("error %d: %s\n", virGetLastErrorCode(), virGetLastErrorMessage());
    return 1;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    virConnectPtr conn;
    virNodeDevicePtr device;
    char *text, document[4096] = "";
    FILE *file;

    virSetErrorFunc(NULL, NULL);
    if (getuid() == geteuid() && strcmp(what, "capable") != 0) {
        puts("not set-user-ID");
        return 2;
    }
    if (strcmp(what, "define") == 0 && setuid(0) < 0)
        return 2;
    conn = virConnectOpen(strcmp(what, "xml") == 0 ? argv[2] : NULL);
    if (!conn)
        return failed();
    if (strcmp(what, "uri") == 0 || strcmp(what, "capable") == 0) {
        text = virConnectGetURI(conn);
    } else if (strcmp(what, "xml") == 0) {
        device = virNodeDeviceLookupByName(conn, argv[3]);
        text = device ? virNodeDeviceGetXMLDesc(device, 0) : NULL;
        virNodeDeviceFree(device);
    } else {
        file = fopen(argv[2], "r");
        if (!file || fread(document, 1, sizeof(document) - 1, file) == 0)
            return 2;
        fclose(file);
        device = virNodeDeviceDefineXML(conn, document, 0);
        text = device ? strdup(virNodeDeviceGetName(device)) : NULL;
        virNodeDeviceFree(device);
    }
    if (!text)
        return failed();
    puts(text);
    free(text);
    virConnectClose(conn);
    return 0;
}
