/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Uses the node-device area of libvirt as a program written for libvirt does. Compiled as C and C++, never run. */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#if !LIBVIR_CHECK_VERSION(10, 1, 0)
# error "the level of compatibility is too low"
#endif
#if LIBVIR_VERSION_NUMBER < 12008000
# error "the level of compatibility is too low"
#endif

struct user {
    struct _virConnect *conn;
    struct _virNodeDevice *dev;
    virConnect *same_conn;
    virNodeDevice *same_dev;
    struct _virError error;
    virErrorLevel level;
    virErrorDomain domain;
    virErrorNumber number;
    virNodeDeviceEventID id;
    virNodeDeviceEventLifecycleType type;
    virConnectCloseReason reason;
    virDomainPtr no_domain;
    virNetworkPtr no_network;
};

static void on_error(void *user, virErrorPtr err)
{
    struct user *u = (struct user *)user;

    u->level = err->level;
    u->no_domain = err->dom;
    u->no_network = err->net;
    u->conn = err->conn;
    if (err->code == VIR_ERR_NO_NODE_DEVICE && err->domain == VIR_FROM_NODEDEV && err->level == VIR_ERR_ERROR &&
        err->message && !err->str1 && !err->str2 && !err->str3 && err->int1 == err->int2)
        virDefaultErrorFunc(err);
}

static void on_lifecycle(virConnectPtr conn, virNodeDevicePtr dev, int event, int detail, void *opaque)
{
    struct user *u = (struct user *)opaque;

    u->conn = conn;
    u->dev = dev;
    switch ((virNodeDeviceEventLifecycleType)event) {
    case VIR_NODE_DEVICE_EVENT_CREATED:
    case VIR_NODE_DEVICE_EVENT_DELETED:
    case VIR_NODE_DEVICE_EVENT_DEFINED:
    case VIR_NODE_DEVICE_EVENT_UNDEFINED:
        u->error.int1 = detail;
    }
}

static void on_update(virConnectPtr conn, virNodeDevicePtr dev, void *opaque)
{
    on_lifecycle(conn, dev, VIR_NODE_DEVICE_EVENT_CREATED, 0, opaque);
}

static void on_close(virConnectPtr conn, int reason, void *opaque)
{
    struct user *u = (struct user *)opaque;

    u->conn = conn;
    switch ((virConnectCloseReason)reason) {
    case VIR_CONNECT_CLOSE_REASON_ERROR:
    case VIR_CONNECT_CLOSE_REASON_EOF:
    case VIR_CONNECT_CLOSE_REASON_KEEPALIVE:
    case VIR_CONNECT_CLOSE_REASON_CLIENT:
        u->reason = (virConnectCloseReason)reason;
    }
}

static void on_handle(int watch, int fd, int events, void *opaque)
{
    if (events & (VIR_EVENT_HANDLE_READABLE | VIR_EVENT_HANDLE_WRITABLE | VIR_EVENT_HANDLE_ERROR | VIR_EVENT_HANDLE_HANGUP))
        ((struct user *)opaque)->error.int1 = watch + fd;
}

static void on_timeout(int timer, void *opaque)
{
    ((struct user *)opaque)->error.int1 = timer;
}

static int ask(virConnectCredentialPtr cred, unsigned int ncred, void *cbdata)
{
    unsigned int i;
    virConnectCredential *c = cred;

    for (i = 0; i < ncred; i++)
        if (c[i].type == VIR_CRED_EXTERNAL || !c[i].prompt || c[i].challenge || c[i].defresult || c[i].result || c[i].resultlen)
            return -1;
    return cbdata ? 0 : -1;
}

static int add_handle(int fd, int event, virEventHandleCallback cb, void *opaque, virFreeCallback ff)
{
    return fd + event + (cb && opaque && ff);
}
static void update_handle(int watch, int event) { (void)watch; (void)event; }
static int remove_handle(int watch) { return watch; }
static int add_timeout(int timeout, virEventTimeoutCallback cb, void *opaque, virFreeCallback ff)
{
    return timeout + (cb && opaque && ff);
}
static void update_timeout(int timer, int timeout) { (void)timer; (void)timeout; }
static int remove_timeout(int timer) { return timer; }

static void release(void *opaque) { (void)opaque; }

int program(void);

int program(void)
{
    static int kinds[] = {VIR_CRED_USERNAME, VIR_CRED_AUTHNAME, VIR_CRED_LANGUAGE, VIR_CRED_CNONCE, VIR_CRED_PASSPHRASE,
                          VIR_CRED_ECHOPROMPT, VIR_CRED_NOECHOPROMPT, VIR_CRED_REALM};
    static struct user user;
    virConnectAuth auth = {kinds, 8, ask, &user};
    virConnectAuthPtr which = virConnectAuthPtrDefault;
    unsigned long version;
    unsigned long long free_memory;
    unsigned char *map;
    unsigned int online;
    virNodeInfo info;
    virNodeCPUStats cpu_stats;
    virNodeMemoryStats memory_stats;
    char *names[4], *text;
    const char *kept;
    int sum = 0, flag;
    virNodeDevicePtr *devices, dev;
    virConnectPtr conn, ro;
    virErrorPtr err;
    virError copy;
    virErrorFunc told = on_error;
    unsigned int flags = VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV | VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCWGROUP_MEMBER |
                         VIR_CONNECT_LIST_NODE_DEVICES_PERSISTENT | VIR_CONNECT_LIST_NODE_DEVICES_TRANSIENT |
                         VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE | VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE;

    which = &auth;
    sum += virInitialize();
    sum += virGetVersion(&version, "nodedev", &version);
    virSetErrorFunc(&user, told);
    virEventRegisterImpl(add_handle, update_handle, remove_handle, add_timeout, update_timeout, remove_timeout);
    sum += virEventRegisterDefaultImpl() + virEventRunDefaultImpl();
    sum += virEventAddHandle(0, VIR_EVENT_HANDLE_READABLE, on_handle, &user, release);
    virEventUpdateHandle(1, 0);
    sum += virEventRemoveHandle(1) + virEventAddTimeout(10, on_timeout, &user, release);
    virEventUpdateTimeout(1, -1);
    sum += virEventRemoveTimeout(1);

    conn = virConnectOpen("nodedev:///system");
    ro = virConnectOpenReadOnly(0);
    ro = virConnectOpenAuth(0, which, VIR_CONNECT_RO | VIR_CONNECT_NO_ALIASES);
    virConnSetErrorFunc(conn, &user, told);
    sum += virConnectRef(ro) + virConnectClose(ro);
    kept = virConnectGetType(conn);
    text = virConnectGetURI(conn);
    text = virConnectGetHostname(conn);
    text = virConnectGetCapabilities(conn);
    text = virConnectGetSysinfo(conn, 0);
    sum += virConnectGetMaxVcpus(conn, kept) + virConnectGetVersion(conn, &version) + virConnectGetLibVersion(conn, &version);
    sum += virNodeGetInfo(conn, &info) + virNodeGetFreeMemory(conn) + virNodeGetCellsFreeMemory(conn, &free_memory, 0, 1);
    sum += virNodeGetCPUMap(conn, &map, &online, 0) + virNodeGetCPUStats(conn, VIR_NODE_CPU_STATS_ALL_CPUS, &cpu_stats, &flag, 0);
    sum += virNodeGetMemoryStats(conn, VIR_NODE_MEMORY_STATS_ALL_CELLS, &memory_stats, &flag, 0);
    kept = info.model[0] ? VIR_NODE_CPU_STATS_KERNEL : VIR_NODE_MEMORY_STATS_TOTAL;
    kept = cpu_stats.value + memory_stats.value ? cpu_stats.field : memory_stats.field;
    sum += virConnectIsAlive(conn) + virConnectIsEncrypted(conn) + virConnectIsSecure(conn) + virConnectSetKeepAlive(conn, 5, 3);
    sum += virConnectRegisterCloseCallback(conn, on_close, &user, release) + virConnectUnregisterCloseCallback(conn, on_close);

    sum += virNodeNumOfDevices(conn, "pci", 0) + virNodeListDevices(conn, "pci", names, 4, 0);
    sum += virConnectListAllNodeDevices(conn, &devices, flags);
    dev = virNodeDeviceLookupByName(conn, "computer");
    dev = virNodeDeviceLookupSCSIHostByWWN(conn, "2001001b32a9da4e", "2101001b32a9da4e", 0);
    kept = virNodeDeviceGetName(dev);
    kept = virNodeDeviceGetParent(dev);
    sum += virNodeDeviceNumOfCaps(dev) + virNodeDeviceListCaps(dev, names, 4);
    text = virNodeDeviceGetXMLDesc(dev, VIR_NODE_DEVICE_XML_INACTIVE);
    sum += virNodeDeviceRef(dev) + virNodeDeviceFree(dev);
    sum += virNodeDeviceIsActive(dev) + virNodeDeviceIsPersistent(dev) + virNodeDeviceGetAutostart(dev, &flag);
    sum += virNodeDeviceDettach(dev) + virNodeDeviceDetachFlags(dev, "vfio", 0) + virNodeDeviceReAttach(dev) + virNodeDeviceReset(dev);
    dev = virNodeDeviceCreateXML(conn, text, VIR_NODE_DEVICE_CREATE_XML_VALIDATE);
    dev = virNodeDeviceDefineXML(conn, text, VIR_NODE_DEVICE_DEFINE_XML_VALIDATE);
    sum += virNodeDeviceDestroy(dev) + virNodeDeviceUndefine(dev, 0) + virNodeDeviceCreate(dev, 0) + virNodeDeviceSetAutostart(dev, 1);
    sum += virNodeDeviceUpdate(dev, text, VIR_NODE_DEVICE_UPDATE_AFFECT_CURRENT | VIR_NODE_DEVICE_UPDATE_AFFECT_LIVE | VIR_NODE_DEVICE_UPDATE_AFFECT_CONFIG);
    sum += virConnectNodeDeviceEventRegisterAny(conn, 0, VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, VIR_NODE_DEVICE_EVENT_CALLBACK(on_lifecycle), &user, release);
    sum += virConnectNodeDeviceEventRegisterAny(conn, dev, VIR_NODE_DEVICE_EVENT_ID_UPDATE, on_update, &user, 0);
    sum += virConnectNodeDeviceEventDeregisterAny(conn, 0);

    err = virGetLastError();
    sum += virGetLastErrorCode() == VIR_ERR_OK;
    sum += virGetLastErrorDomain() == VIR_FROM_NONE;
    kept = virGetLastErrorMessage();
    err = virSaveLastError();
    virResetLastError();
    sum += virCopyLastError(&copy) + virConnCopyLastError(conn, &copy);
    virResetError(&copy);
    virFreeError(err);
    err = virConnGetLastError(conn);
    virConnResetLastError(conn);
    return sum + (err && kept && text && devices && dev);
}
