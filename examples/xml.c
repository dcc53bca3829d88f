/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * Prints the XML of the device named on the command line, with its errors.
 * cc xml.c $(pkg-config --cflags --libs virnodedev) -o xml
 */
#include <stdio.h>
#include <stdlib.h>
#include <virnodedev.h>

/* Without this, every error is also printed by the library. */
static void ignore_error(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

static int print_xml(virConnectPtr conn, const char *name)
{
    virNodeDevicePtr device = virNodeDeviceLookupByName(conn, name);
    char *xml = device != NULL ? virNodeDeviceGetXMLDesc(device, 0) : NULL;

    if (xml != NULL)
        printf("%s", xml);
    else
        fprintf(stderr, "%s (code %d)\n", virGetLastErrorMessage(), virGetLastErrorCode());
    if (device != NULL)
        virNodeDeviceFree(device);
    free(xml);
    return xml != NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    virConnectPtr conn;
    int status;

    virSetErrorFunc(NULL, ignore_error);
    conn = virConnectOpenReadOnly(NULL);
    if (conn == NULL) {
        fprintf(stderr, "%s\n", virGetLastErrorMessage());
        return EXIT_FAILURE;
    }
    status = print_xml(conn, argc > 1 ? argv[1] : "computer");
    virConnectClose(conn);
    return status;
}
