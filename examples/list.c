/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <virnodedev.h>

int main(void) {
    virNodeDevicePtr *devices = NULL;
    virConnectPtr conn = virConnectOpen("nodedev:///system");
    int count = virConnectListAllNodeDevices(conn, &devices, 0);
    for (int i = 0; i < count; i++) {
        printf("%s\n", virNodeDeviceGetName(devices[i]));
        virNodeDeviceFree(devices[i]);
    }
    free(devices);
    return virConnectClose(conn) < 0 || count < 0;
}
