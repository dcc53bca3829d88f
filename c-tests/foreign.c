/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * foreign LIBVIRT: the real libvirt, loaded in a namespace of the loader of its own, and this library under
 * libvirt's name, and the handles of each in the hands of the other. Run by virnodedev-run.
 */
#define _GNU_SOURCE /* dlmopen */
#undef NDEBUG
#include <assert.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <virnodedev.h>

typedef void (*function)(void);

static function find(void *library, const char *name)
{
    union {
        void *object;
        function function;
    } found = {dlsym(library, name)};

    assert(found.object);
    return found.function;
}

#define OPEN(library) ((virConnectPtr(*)(const char *))find(library, "virConnectOpen"))
#define CLOSE(library) ((int (*)(virConnectPtr))find(library, "virConnectClose"))
#define GET_URI(library) ((char *(*)(virConnectPtr))find(library, "virConnectGetURI"))
#define LOOKUP(library, name) ((void *(*)(virConnectPtr, const char *))find(library, name))
#define NAME(library, name) ((const char *(*)(void *))find(library, name))
#define ERROR(library) (((virErrorPtr(*)(void))find(library, "virGetLastError"))())
#define SILENCE(library) (((void (*)(void *, virErrorFunc))find(library, "virSetErrorFunc"))(NULL, silent))
#define FREE(library) ((int (*)(virNodeDevicePtr))find(library, "virNodeDeviceFree"))

static void silent(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

static void expect(virErrorPtr error, int code, const char *word)
{
    if (!error || error->code != code || !strstr(error->message, word))
        fprintf(stderr, "got %d %s\n", error ? error->code : 0, error ? error->message : "");
    assert(error && error->code == code && strstr(error->message, word));
}

int main(int argc, char **argv)
{
    void *ours = dlopen("libvirt.so.0", RTLD_NOW | RTLD_LOCAL), *theirs, *list = &list;
    virConnectPtr conn, foreign;
    void *device, *foreign_device, *foreign_domain;

    assert(argc == 2);
    theirs = dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!ours || !theirs)
        fprintf(stderr, "%s\n", dlerror());
    assert(ours && theirs);
    SILENCE(ours);
    SILENCE(theirs);
    conn = OPEN(ours)("test:///default");
    foreign = OPEN(theirs)("test:///default");
    assert(conn && foreign);
    device = LOOKUP(ours, "virNodeDeviceLookupByName")(conn, "computer");
    foreign_device = LOOKUP(theirs, "virNodeDeviceLookupByName")(foreign, "computer");
    foreign_domain = LOOKUP(theirs, "virDomainLookupByName")(foreign, "test");
    assert(device && foreign_device && foreign_domain);

    /* libvirt's handles here, in real functions and in stubs. */
    assert(!GET_URI(ours)(foreign));
    expect(ERROR(ours), VIR_ERR_INVALID_CONN, "virConnectGetURI");
    assert(!LOOKUP(ours, "virNodeDeviceLookupByName")(foreign, "computer"));
    expect(ERROR(ours), VIR_ERR_INVALID_CONN, "virNodeDeviceLookupByName");
    assert(!NAME(ours, "virNodeDeviceGetName")(foreign_device));
    expect(ERROR(ours), VIR_ERR_INVALID_NODE_DEVICE, "virNodeDeviceGetName");
    assert(((int (*)(virConnectPtr, void *, unsigned))find(ours, "virConnectListAllDomains"))(foreign, &list, 0) == -1);
    assert(!list);
    expect(ERROR(ours), VIR_ERR_INVALID_CONN, "virConnectListAllDomains");
    assert(!NAME(ours, "virDomainGetName")(foreign_domain));
    expect(ERROR(ours), VIR_ERR_NO_SUPPORT, "virDomainGetName");
    assert(CLOSE(ours)(foreign) == -1);

    /* Ours in stubs of another kind, and there. */
    assert(!NAME(ours, "virDomainGetName")(conn) && !NAME(ours, "virNetworkGetName")(device));
    expect(ERROR(ours), VIR_ERR_NO_SUPPORT, "virNetworkGetName");
    assert(!GET_URI(theirs)(conn));
    expect(ERROR(theirs), VIR_ERR_INVALID_CONN, "virConnectGetURI");
    assert(!NAME(theirs, "virNodeDeviceGetName")(device));
    assert(!NAME(theirs, "virDomainGetName")(device));
    assert(CLOSE(theirs)(conn) == -1);

    /* Each still serves its own. */
    assert(strcmp(NAME(ours, "virNodeDeviceGetName")(device), "computer") == 0);
    assert(strcmp(NAME(theirs, "virNodeDeviceGetName")(foreign_device), "computer") == 0);
    assert(FREE(ours)(device) == 0 && CLOSE(ours)(conn) == 0);
    return 0;
}
