/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * fork(): the child can close what it inherited, and nothing else; it can open connections of its own, even when
 * other threads were in the middle of anything; and what it does leaves the parent alone.
 */
#include "event_common.h"
#include "workers.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define REGISTER virConnectNodeDeviceEventRegisterAny
#define DEREGISTER virConnectNodeDeviceEventDeregisterAny
#define WHY ": it was made before fork(), open a new connection in this process"

#define BAD_CONN(domain, function, call)                                                             \
    do {                                                                                             \
        assert(call);                                                                                \
        EXPECT_NORMAL(VIR_ERR_INVALID_CONN, domain, "invalid connection pointer in ", function WHY); \
    } while (0)
#define BAD_DEVICE(function, call)                                                                    \
    do {                                                                                              \
        assert(call);                                                                                 \
        EXPECT_NORMAL(VIR_ERR_INVALID_NODE_DEVICE, VIR_FROM_NODEDEV, "invalid node device pointer in ", \
                      function WHY);                                                                  \
    } while (0)

static int events;

static void update(virConnectPtr conn, virNodeDevicePtr device, void *opaque)
{
    (void)conn, (void)device, (void)opaque;
    events++;
}

static void other_update(virConnectPtr conn, virNodeDevicePtr device, void *opaque)
{
    update(conn, device, opaque);
}

static pid_t first_process;
static int freed;

/* What the parent registered is freed in the parent alone. */
static void on_free(void *opaque)
{
    (void)opaque;
    assert(getpid() == first_process);
    freed++;
}

/* Forks; in the child a deadlock ends after a while. */
static pid_t fork_child(void)
{
    pid_t pid = fork();

    assert(pid >= 0);
    if (pid == 0)
        alarm(60);
    return pid;
}

static void expect_success(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        assert(errno == EINTR);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "a child ended with %#x\n", (unsigned int)status);
        abort();
    }
}

static void use_own_connection(void)
{
    virConnectPtr conn = virConnectOpen(HOST_URI);
    virNodeDevicePtr *devices;
    int count, i, fd;

    assert(conn);
    fd = vndConnectGetEventFD(conn);
    i = REGISTER(conn, NULL, UPDATE, CALLBACK(update), NULL, NULL);
    assert(fd >= 0 && i == 0);
    events = 0;
    change_loopback();
    dispatch_until(conn, &events, 1);
    count = virConnectListAllNodeDevices(conn, &devices, 0);
    assert(count > 1);
    for (i = 0; i < count; i++) {
        char *xml = virNodeDeviceGetXMLDesc(devices[i], 0);

        assert(xml || virGetLastErrorCode() == VIR_ERR_NO_NODE_DEVICE);
        free(xml);
        assert(virNodeDeviceFree(devices[i]) == 0);
    }
    free(devices);
    assert(DEREGISTER(conn, 0) == 0);
    assert(virConnectClose(conn) == 0);
}

/* --- every function, in the child ------------------------------------------------ */

static void refuse_all(virConnectPtr conn, virNodeDevicePtr device)
{
    virNodeDevicePtr *devices;
    unsigned long version;
    char *name;
    int flag;

    BAD_CONN(VIR_FROM_DOMAIN, "virConnectRef", virConnectRef(conn) == -1);
    BAD_CONN(VIR_FROM_DOMAIN, "virConnectIsAlive", virConnectIsAlive(conn) == -1);
    BAD_CONN(VIR_FROM_DOMAIN, "virConnectGetURI", !virConnectGetURI(conn));
    BAD_CONN(VIR_FROM_DOMAIN, "virConnectGetType", !virConnectGetType(conn));
    BAD_CONN(VIR_FROM_DOMAIN, "virConnectGetHostname", !virConnectGetHostname(conn));
    BAD_CONN(VIR_FROM_DOMAIN, "virConnectGetLibVersion", virConnectGetLibVersion(conn, &version) == -1);
    BAD_CONN(VIR_FROM_NODEDEV, "virNodeNumOfDevices", virNodeNumOfDevices(conn, NULL, 0) == -1);
    BAD_CONN(VIR_FROM_NODEDEV, "virNodeListDevices", virNodeListDevices(conn, NULL, &name, 1, 0) == -1);
    BAD_CONN(VIR_FROM_NODEDEV, "virConnectListAllNodeDevices",
             virConnectListAllNodeDevices(conn, &devices, 0) == -1);
    BAD_CONN(VIR_FROM_NODEDEV, "virNodeDeviceLookupByName", !virNodeDeviceLookupByName(conn, "computer"));
    BAD_CONN(VIR_FROM_NODEDEV, "virNodeDeviceCreateXML", !virNodeDeviceCreateXML(conn, "<device/>", 0));
    BAD_CONN(VIR_FROM_NODEDEV, "vndConnectGetAllDevicesXML", !vndConnectGetAllDevicesXML(conn, 0));
    BAD_CONN(VIR_FROM_NODEDEV, "vndConnectGetAllDevicesJSON", !vndConnectGetAllDevicesJSON(conn, 0));
    BAD_CONN(VIR_FROM_NODEDEV, "vndConnectGetInventoryJSON", !vndConnectGetInventoryJSON(conn, NULL, 0));
    BAD_CONN(VIR_FROM_NODEDEV, "vndConnectRecord", vndConnectRecord(conn, 1, 0) == -1);
    BAD_CONN(VIR_FROM_NODEDEV, "vndConnectGetEventFD", vndConnectGetEventFD(conn) == -1);
    BAD_CONN(VIR_FROM_NODEDEV, "vndConnectDispatchEvents", vndConnectDispatchEvents(conn) == -1);
    BAD_CONN(VIR_FROM_NODEDEV, "virConnectNodeDeviceEventRegisterAny",
             REGISTER(conn, NULL, UPDATE, CALLBACK(other_update), NULL, NULL) == -1);
    BAD_CONN(VIR_FROM_NODEDEV, "virConnectNodeDeviceEventDeregisterAny", DEREGISTER(conn, 0) == -1);
    BAD_DEVICE("virNodeDeviceGetName", !virNodeDeviceGetName(device));
    BAD_DEVICE("virNodeDeviceGetParent", !virNodeDeviceGetParent(device));
    BAD_DEVICE("virNodeDeviceNumOfCaps", virNodeDeviceNumOfCaps(device) == -1);
    BAD_DEVICE("virNodeDeviceListCaps", virNodeDeviceListCaps(device, &name, 1) == -1);
    BAD_DEVICE("virNodeDeviceGetXMLDesc", !virNodeDeviceGetXMLDesc(device, 0));
    BAD_DEVICE("vndNodeDeviceGetJSONDesc", !vndNodeDeviceGetJSONDesc(device, 0));
    BAD_DEVICE("vndNodeDeviceSetVirtualFunctions", vndNodeDeviceSetVirtualFunctions(device, 0, 0) == -1);
    BAD_DEVICE("vndNodeDeviceSetVGPUType", vndNodeDeviceSetVGPUType(device, NULL, 0) == -1);
    BAD_DEVICE("vndNodeDeviceGetAssignability", vndNodeDeviceGetAssignability(device, NULL, 0) == -1);
    BAD_DEVICE("vndNodeDeviceGetInventoryJSON", !vndNodeDeviceGetInventoryJSON(device, NULL, 0));
    BAD_DEVICE("virNodeDeviceRef", virNodeDeviceRef(device) == -1);
    BAD_DEVICE("virNodeDeviceFree", virNodeDeviceFree(device) == -1);
    BAD_DEVICE("virNodeDeviceIsActive", virNodeDeviceIsActive(device) == -1);
    BAD_DEVICE("virNodeDeviceGetAutostart", virNodeDeviceGetAutostart(device, &flag) == -1);
    BAD_DEVICE("virNodeDeviceDestroy", virNodeDeviceDestroy(device) == -1);
    /* Its own error record is the parent's, too. */
    assert(!virConnGetLastError(conn));
}

/* How many descriptors are open; only those that an executed program gets too. */
static int descriptors(int beyond_exec)
{
    int fd, flags, count = 0;

    for (fd = 0; fd < 1000; fd++) {
        flags = fcntl(fd, F_GETFD);
        count += flags >= 0 && !(beyond_exec && (flags & FD_CLOEXEC));
    }
    return count;
}

static void test_child(void)
{
    int before = descriptors(0), inherited = descriptors(1), fd, id;
    virConnectPtr conn = virConnectOpen(HOST_URI);
    virNodeDevicePtr device = virNodeDeviceLookupByName(conn, LOOPBACK);
    pid_t pid;

    assert(conn && device);
    assert(virConnectRef(conn) == 0);
    fd = vndConnectGetEventFD(conn);
    id = REGISTER(conn, NULL, UPDATE, CALLBACK(update), NULL, on_free);
    assert(fd >= 0 && id == 0);
    assert(descriptors(0) > before);
    assert(descriptors(1) == inherited); /* a program that is executed gets none */
    pid = fork_child();
    if (pid == 0) {
        refuse_all(conn, device);
        use_own_connection();
        assert(descriptors(0) > before);
        assert(virConnectClose(conn) == 1);
        assert(virConnectClose(conn) == 0); /* device and registration do not keep it here */
        assert(virConnectClose(conn) == -1);
        EXPECT_BAD_CONN(VIR_FROM_NONE, "virConnectClose");
        assert(virNodeDeviceFree(device) == -1);
        EXPECT_BAD_DEVICE("virNodeDeviceFree");
        assert(descriptors(0) == before);
        use_own_connection();
        _exit(0);
    }
    expect_success(pid);
    /* The parent has missed nothing and can do all. */
    events = 0;
    assert(vndConnectDispatchEvents(conn) >= 0 && events == 2);
    change_loopback();
    dispatch_until(conn, &events, 3);
    assert(strcmp(virNodeDeviceGetName(device), LOOPBACK) == 0);
    assert(virNodeDeviceFree(device) == 0);
    assert(virConnectClose(conn) == 1 && virConnectClose(conn) == 1);
    assert(freed == 0 && DEREGISTER(conn, id) == 0 && freed == 1);
    assert(virConnectIsAlive(conn) == -1);
    EXPECT_BAD_CONN(VIR_FROM_DOMAIN, "virConnectIsAlive");
}

/* A child of a child: what either of its ancestors made is refused. */
static void test_grandchild(void)
{
    virConnectPtr first = virConnectOpen(HOST_URI), second;
    pid_t pid = fork_child();

    assert(first);
    if (pid == 0) {
        second = virConnectOpen(HOST_URI);
        assert(second && virNodeNumOfDevices(second, NULL, 0) > 0);
        pid = fork_child();
        if (pid == 0) {
            BAD_CONN(VIR_FROM_DOMAIN, "virConnectIsAlive", virConnectIsAlive(first) == -1);
            BAD_CONN(VIR_FROM_DOMAIN, "virConnectIsAlive", virConnectIsAlive(second) == -1);
            assert(virConnectClose(first) == 0 && virConnectClose(second) == 0);
            use_own_connection();
            _exit(0);
        }
        expect_success(pid);
        assert(virConnectIsAlive(second) == 1 && virConnectClose(second) == 0);
        assert(virConnectClose(first) == 0);
        _exit(0);
    }
    expect_success(pid);
    assert(virConnectClose(first) == 0);
}

/* --- the built-in loop ------------------------------------------------------------ */

static pid_t callback_child;

static void fork_within(int timer, void *opaque)
{
    int *calls = opaque;

    ++*calls;
    callback_child = fork_child();
    assert(callback_child == 0 || virEventRemoveTimeout(timer) == 0);
}

static void count_call(int timer, void *opaque)
{
    (void)timer;
    ++*(int *)opaque;
}

/* The child's loop starts empty, also when the fork happens in a callback of the parent's. */
static void test_loop(void)
{
    int calls = 0, later = 0, own = 0, timer;
    pid_t parent = getpid();

    timer = virEventAddTimeout(0, fork_within, &calls, NULL);
    assert(virEventAddTimeout(0, count_call, &later, NULL) == timer + 1);
    assert(virEventRunDefaultImpl() == 0);
    if (getpid() != parent) {
        assert(calls == 1 && later == 0);
        assert(virEventRemoveTimeout(timer) == -1);
        assert(virEventAddTimeout(0, count_call, &own, on_free) == 1);
        assert(virEventRunDefaultImpl() == 0 && virEventRunDefaultImpl() == 0);
        assert(own == 2 && calls == 1 && later == 0);
        _exit(0);
    }
    expect_success(callback_child);
    assert(calls == 1 && later == 1);
    assert(virEventRemoveTimeout(timer + 1) == 0);
    assert(virEventRunDefaultImpl() == 0);
}

static void fork_on_event(virConnectPtr conn, virNodeDevicePtr device, void *opaque)
{
    (void)device, (void)opaque;
    callback_child = fork_child();
    events++;
    if (callback_child == 0)
        BAD_CONN(VIR_FROM_DOMAIN, "virConnectIsAlive", virConnectIsAlive(conn) == -1);
}

/* A fork in an event's callback: the rest of what happened is for the parent to tell. */
static void test_dispatch(void)
{
    virConnectPtr conn = virConnectOpen(HOST_URI);
    pid_t parent = getpid();
    int one, two;

    assert(conn && vndConnectGetEventFD(conn) >= 0);
    one = REGISTER(conn, NULL, UPDATE, CALLBACK(fork_on_event), NULL, NULL);
    two = REGISTER(conn, NULL, UPDATE, CALLBACK(update), NULL, NULL);
    assert(one == 0 && two == 1);
    events = 0;
    change_loopback();
    assert(is_readable(vndConnectGetEventFD(conn), 20000));
    assert(vndConnectDispatchEvents(conn) == 1);
    if (getpid() != parent) {
        assert(events == 1);
        assert(virConnectClose(conn) == 0);
        use_own_connection();
        _exit(0);
    }
    assert(events == 2);
    expect_success(callback_child);
    assert(DEREGISTER(conn, one) == 0 && DEREGISTER(conn, two) == 0);
    assert(virConnectClose(conn) == 0);
}

/* --- forks while other threads are at work ------------------------------------------ */

enum { WORKERS = 6, FORKS = 60 };
static volatile int is_over;
static virConnectPtr shared;

static void list_and_print(virConnectPtr conn)
{
    virNodeDevicePtr *devices;
    int count = virConnectListAllNodeDevices(conn, &devices, 0), i;

    assert(count > 0);
    for (i = 0; i < count; i++) {
        free(virNodeDeviceGetXMLDesc(devices[i], 0));
        assert(virNodeDeviceFree(devices[i]) == 0);
    }
    free(devices);
}

static void *work(void *opaque)
{
    int number = *(int *)opaque, timer, id;
    virConnectPtr own;

    while (!is_over) {
        switch (number) {
        case 0: list_and_print(shared); break;
        case 1:
            own = virConnectOpen(HOST_URI);
            list_and_print(own);
            assert(virConnectClose(own) == 0);
            break;
        case 2:
            id = REGISTER(shared, NULL, UPDATE, CALLBACK(update), NULL, NULL);
            assert(id >= 0 && DEREGISTER(shared, id) == 0);
            break;
        case 3:
            timer = virEventAddTimeout(1, count_call, opaque, NULL);
            virEventUpdateTimeout(timer, -1);
            assert(virEventRemoveTimeout(timer) == 0);
            break;
        case 4: assert(virEventRunDefaultImpl() == 0); break;
        default:
            assert(!virNodeDeviceLookupByName(shared, "nosuch"));
            virSetErrorFunc(NULL, ignore_error);
        }
    }
    return NULL;
}

static void test_busy(void)
{
    struct workers workers;
    int woken = 0, i;

    shared = virConnectOpen(HOST_URI);
    assert(shared);
    start_workers(&workers, WORKERS, work);
    for (i = 0; i < FORKS; i++) {
        pid_t pid = fork_child();

        if (pid == 0) {
            int calls = 0;

            BAD_CONN(VIR_FROM_NODEDEV, "virNodeNumOfDevices", virNodeNumOfDevices(shared, NULL, 0) == -1);
            use_own_connection();
            assert(virEventAddTimeout(0, count_call, &calls, NULL) == 1);
            assert(virEventRunDefaultImpl() == 0 && calls == 1);
            assert(virConnectClose(shared) == 0);
            /* What the threads that are not here were using stays behind: no use to look for leaks. */
            execl("/bin/true", "true", (char *)NULL);
            _exit(1);
        }
        expect_success(pid);
    }
    is_over = 1;
    assert(virEventAddTimeout(0, count_call, &woken, NULL) > 0);
    join_workers(&workers);
    assert(virConnectClose(shared) == 0);
}

/* gcc's AddressSanitizer does not carry the locks of its allocator over a fork of several threads: malloc in
 * the child waits for ever. */
#ifdef __SANITIZE_ADDRESS__
# define CAN_FORK_BUSY 0
#else
# define CAN_FORK_BUSY 1
#endif

int main(void)
{
    need_own_network();
    first_process = getpid();
    virSetErrorFunc(NULL, ignore_error);
    assert(virEventRegisterDefaultImpl() == 0);
    test_child();
    test_grandchild();
    test_loop();
    test_dispatch();
    if (CAN_FORK_BUSY)
        test_busy();
    return 0;
}
