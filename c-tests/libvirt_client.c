/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * A program as people write it for libvirt: nothing in it knows of this library. */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int complain(const char *what)
{
    virErrorPtr err = virGetLastError();

    fprintf(stderr, "%s: %s (code %d)\n", what, err ? err->message : "?", err ? err->code : 0);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    virConnectPtr conn = virConnectOpenReadOnly(argc > 1 ? argv[1] : NULL);
    virNodeDevicePtr *devices = NULL;
    int n, i, found = 0;

    if (!conn)
        return complain("open");
    n = virConnectListAllNodeDevices(conn, &devices, VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM |
                                                         VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV |
                                                         VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI_HOST |
                                                         VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET);
    if (n < 0)
        return complain("list");
    for (i = 0; i < n; i++) {
        const char *parent = virNodeDeviceGetParent(devices[i]);
        char *xml = virNodeDeviceGetXMLDesc(devices[i], 0);

        if (!xml)
            return complain(virNodeDeviceGetName(devices[i]));
        printf("%s below %s, %zu bytes of XML\n", virNodeDeviceGetName(devices[i]), parent ? parent : "nothing",
               strlen(xml));
        found += strcmp(virNodeDeviceGetName(devices[i]), "computer") == 0;
        free(xml);
        virNodeDeviceFree(devices[i]);
    }
    free(devices);
    virConnectClose(conn);
    return found == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
