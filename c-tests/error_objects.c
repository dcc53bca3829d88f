/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * Copies of errors, the error of a connection, and when errors are cleared. */
#include "common.h"

#include <errno.h>

static void no_error_yet(void)
{
    virErrorPtr saved;
    virError copy;

    assert(!virGetLastError() && virGetLastErrorCode() == 0 && virGetLastErrorDomain() == 0);
    assert(strcmp(virGetLastErrorMessage(), "no error") == 0);
    errno = 4242;
    saved = virSaveLastError();
    assert(errno == 4242);
    assert(saved && saved->code == 0 && !saved->message);
    virFreeError(saved);
    memset(&copy, 0xff, sizeof(copy));
    assert(virCopyLastError(&copy) == 0);
    assert(copy.code == 0 && copy.level == VIR_ERR_NONE && !copy.message && !copy.str1);
    assert(virCopyLastError(NULL) == -1);
    virResetError(NULL);
    virFreeError(NULL);
    virResetLastError();
}

static void copies(virConnectPtr conn)
{
    virErrorPtr last, saved;
    virError copy, zero;

    assert(!virNodeDeviceLookupByName(conn, "nosuch"));
    last = virGetLastError();
    saved = virSaveLastError();
    memset(&copy, 0xff, sizeof(copy));
    assert(virCopyLastError(&copy) == VIR_ERR_NO_NODE_DEVICE);
    assert(saved != last && saved->message != last->message && copy.message != last->message);
    assert(same(saved->message, last->message) && same(copy.message, last->message));
    assert(same(saved->str1, last->str1) && same(copy.str2, last->str2) && copy.int1 == -1);

    /* A call that works clears the error of the thread, not the copies. */
    assert(virNodeNumOfDevices(conn, NULL, 0) > 0);
    assert(!virGetLastError());
    assert(strcmp(saved->message, "Node device not found: no node device with matching name 'nosuch'") == 0);
    virFreeError(saved);
    memset(&zero, 0, sizeof(zero));
    virResetError(&copy);
    assert(memcmp(&copy, &zero, sizeof(zero)) == 0);
}

static void of_the_connection(virConnectPtr conn)
{
    virNodeDevicePtr computer = virNodeDeviceLookupByName(conn, "computer");
    virErrorPtr e;
    virError copy;

    assert(computer);
    virConnResetLastError(conn);
    e = virConnGetLastError(conn);
    assert(e && e->code == 0);
    assert(!virConnGetLastError(NULL));
    memset(&copy, 0xff, sizeof(copy));
    assert(virConnCopyLastError(NULL, &copy) == -1);

    assert(!virNodeDeviceLookupByName(conn, "nosuch"));
    e = virConnGetLastError(conn);
    assert(e && e->code == VIR_ERR_NO_NODE_DEVICE && e->domain == VIR_FROM_TEST);
    assert(same(e->message, virGetLastErrorMessage()));
    assert(virConnCopyLastError(conn, &copy) == VIR_ERR_NO_NODE_DEVICE);
    assert(same(copy.message, e->message) && copy.message != e->message);
    virResetError(&copy);

    /* The error of the connection stays when the thread's is cleared. */
    virResetLastError();
    assert(virConnGetLastError(conn)->code == VIR_ERR_NO_NODE_DEVICE);
    virConnResetLastError(conn);
    assert(virConnGetLastError(conn)->code == 0);
    virConnResetLastError(NULL);

    /* The missing parent of "computer" is stored but never reaches the connection. */
    assert(!virNodeDeviceGetParent(computer));
    assert(virGetLastErrorCode() == VIR_ERR_INTERNAL_ERROR);
    assert(virConnGetLastError(conn)->code == 0);

    /* Nor does the error of a call that had no valid connection. */
    assert(virNodeNumOfDevices(NULL, NULL, 0) == -1);
    assert(virConnGetLastError(conn)->code == 0);
    assert(virNodeDeviceFree(computer) == 0);
}

int main(void)
{
    virConnectPtr conn;

    no_error_yet();
    conn = virConnectOpen("test:///default");
    assert(conn);
    copies(conn);
    of_the_connection(conn);
    assert(virConnectClose(conn) == 0);
    return 0;
}
