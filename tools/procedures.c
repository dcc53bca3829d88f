/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* The calls of libvirt's protocol that nodedev rpc answers, by their numbers there. A device is its name alone. */
#include <stdlib.h>

#include "nodedev.h"
#include "rpc.h"

/* Features of the protocol that a client may ask for. */
enum { FEATURE_KEEPALIVE = 10, FEATURE_EVENT_CALLBACK = 14, FEATURE_CLOSE_CALLBACK = 15 };

enum { EVENT_LIFECYCLE = 376, EVENT_UPDATE = 377 };

/* --- the connection ------------------------------------------------------------- */

static enum result open_connection(struct session *session, struct request *request, struct message *reply)
{
    char *name = take_optional_text(request);
    uint32_t flags = take_number(request);
    int ok = is_read(request) && session->conn == NULL;

    (void)reply;
    if (ok) {
        session->is_read_only = session->must_be_read_only || (flags & VIR_CONNECT_RO) != 0;
        session->conn = virConnectOpenAuth(session->uri != NULL ? session->uri : name, NULL,
                                           session->is_read_only ? VIR_CONNECT_RO : 0);
    }
    free(name);
    return !ok ? MALFORMED : session->conn == NULL ? FAILED : DONE;
}

static enum result close_connection(struct session *session, struct request *request, struct message *reply)
{
    (void)reply;
    close_session(session);
    return is_read(request) ? DONE : MALFORMED;
}

/* No authentication: who may run this program may ask. */
static enum result list_auth(struct session *session, struct request *request, struct message *reply)
{
    (void)session;
    put_number(reply, 1);
    put_number(reply, 0);
    return is_read(request) ? DONE : MALFORMED;
}

static enum result supports_feature(struct session *session, struct request *request, struct message *reply)
{
    uint32_t feature = take_number(request);

    (void)session;
    put_number(reply, feature == FEATURE_KEEPALIVE || feature == FEATURE_EVENT_CALLBACK ||
               feature == FEATURE_CLOSE_CALLBACK);
    return is_read(request) ? DONE : MALFORMED;
}

/* A connection in this process does not close by itself. */
static enum result close_callback(struct session *session, struct request *request, struct message *reply)
{
    (void)session;
    (void)reply;
    return is_read(request) ? DONE : MALFORMED;
}

static enum result give_text(const char *text, struct message *reply)
{
    if (text == NULL)
        return FAILED;
    put_text(reply, text);
    return DONE;
}

static enum result give_own_text(char *text, struct message *reply)
{
    enum result result = give_text(text, reply);

    free(text);
    return result;
}

static enum result give_number(int number, struct message *reply)
{
    if (number < 0)
        return FAILED;
    put_number(reply, (uint32_t)number);
    return DONE;
}

static enum result get_type(struct session *session, struct request *request, struct message *reply)
{
    return is_read(request) ? give_text(virConnectGetType(session->conn), reply) : MALFORMED;
}

static enum result get_hostname(struct session *session, struct request *request, struct message *reply)
{
    return is_read(request) ? give_own_text(virConnectGetHostname(session->conn), reply) : MALFORMED;
}

static enum result get_uri(struct session *session, struct request *request, struct message *reply)
{
    return is_read(request) ? give_own_text(virConnectGetURI(session->conn), reply) : MALFORMED;
}

static enum result get_capabilities(struct session *session, struct request *request, struct message *reply)
{
    return is_read(request) ? give_own_text(virConnectGetCapabilities(session->conn), reply) : MALFORMED;
}

static enum result give_version(int (*get)(virConnectPtr, unsigned long *), struct session *session,
                                struct request *request, struct message *reply)
{
    unsigned long version;

    if (!is_read(request))
        return MALFORMED;
    if (get(session->conn, &version) < 0)
        return FAILED;
    put_long(reply, version);
    return DONE;
}

static enum result get_version(struct session *session, struct request *request, struct message *reply)
{
    return give_version(virConnectGetVersion, session, request, reply);
}

static enum result get_lib_version(struct session *session, struct request *request, struct message *reply)
{
    return give_version(virConnectGetLibVersion, session, request, reply);
}

static enum result is_secure(struct session *session, struct request *request, struct message *reply)
{
    return is_read(request) ? give_number(virConnectIsSecure(session->conn), reply) : MALFORMED;
}

/* --- the machine ---------------------------------------------------------------- */

static enum result get_sysinfo(struct session *session, struct request *request, struct message *reply)
{
    uint32_t flags = take_number(request);

    return is_read(request) ? give_own_text(virConnectGetSysinfo(session->conn, flags), reply) : MALFORMED;
}

static enum result get_max_vcpus(struct session *session, struct request *request, struct message *reply)
{
    char *type = take_optional_text(request);
    enum result result = is_read(request) ? give_number(virConnectGetMaxVcpus(session->conn, type), reply) : MALFORMED;

    free(type);
    return result;
}

static enum result get_free_memory(struct session *session, struct request *request, struct message *reply)
{
    unsigned long long free_memory;

    if (!is_read(request))
        return MALFORMED;
    free_memory = virNodeGetFreeMemory(session->conn);
    if (free_memory == 0 && virGetLastErrorCode() != VIR_ERR_OK)
        return FAILED;
    put_long(reply, free_memory);
    return DONE;
}

static enum result get_info(struct session *session, struct request *request, struct message *reply)
{
    virNodeInfo info;
    size_t i;

    if (!is_read(request))
        return MALFORMED;
    if (virNodeGetInfo(session->conn, &info) < 0)
        return FAILED;
    for (i = 0; i < sizeof(info.model); i++)
        put_number(reply, (uint32_t)info.model[i]);
    put_long(reply, info.memory);
    put_number(reply, info.cpus);
    put_number(reply, info.mhz);
    put_number(reply, info.nodes);
    put_number(reply, info.sockets);
    put_number(reply, info.cores);
    put_number(reply, info.threads);
    return DONE;
}

static enum result get_cpu_map(struct session *session, struct request *request, struct message *reply)
{
    uint32_t is_map_wanted = take_number(request);
    uint32_t is_online_wanted = take_number(request);
    uint32_t flags = take_number(request);
    unsigned char *map = NULL;
    unsigned int online = 0;
    int count;

    if (!is_read(request))
        return MALFORMED;
    count = virNodeGetCPUMap(session->conn, is_map_wanted ? &map : NULL, is_online_wanted ? &online : NULL, flags);
    if (count < 0)
        return FAILED;
    put_bytes(reply, map, map != NULL ? ((size_t)count + 7) / 8 : 0);
    put_number(reply, online);
    put_number(reply, (uint32_t)count);
    free(map);
    return DONE;
}

/* --- what a connection has none of ---------------------------------------------- */

static enum result count_none(struct session *session, struct request *request, struct message *reply)
{
    (void)session;
    put_number(reply, 0);
    return is_read(request) ? DONE : MALFORMED;
}

static enum result list_none(struct session *session, struct request *request, struct message *reply)
{
    (void)session;
    take_number(request); /* whether the list is wanted */
    take_number(request); /* flags */
    put_number(reply, 0);
    put_number(reply, 0);
    return is_read(request) ? DONE : MALFORMED;
}

/* --- lists ---------------------------------------------------------------------- */

static enum result count_devices(struct session *session, struct request *request, struct message *reply)
{
    char *cap = take_optional_text(request);
    uint32_t flags = take_number(request);
    enum result result = MALFORMED;

    if (is_read(request))
        result = give_number(virNodeNumOfDevices(session->conn, cap, flags), reply);
    free(cap);
    return result;
}

/* Texts of an array, which are freed. */
static enum result give_texts(char **texts, int count, struct message *reply)
{
    int i;

    if (count < 0)
        return FAILED;
    put_number(reply, (uint32_t)count);
    for (i = 0; i < count; i++) {
        put_text(reply, texts[i]);
        free(texts[i]);
    }
    return DONE;
}

/* Room for as many texts as a client asks for, at most as many as a message may have. */
static char **room_for(uint32_t *most)
{
    if (*most > LONGEST_LIST)
        *most = LONGEST_LIST;
    return calloc((size_t)*most + 1, sizeof(char *));
}

static enum result list_devices(struct session *session, struct request *request, struct message *reply)
{
    char *cap = take_optional_text(request);
    uint32_t most = take_number(request);
    uint32_t flags = take_number(request);
    char **names = is_read(request) ? room_for(&most) : NULL;
    enum result result = MALFORMED;

    if (names != NULL)
        result = give_texts(names, virNodeListDevices(session->conn, cap, names, (int)most, flags), reply);
    free(names);
    free(cap);
    return result;
}

static enum result list_all_devices(struct session *session, struct request *request, struct message *reply)
{
    uint32_t are_wanted = take_number(request);
    uint32_t flags = take_number(request);
    virNodeDevicePtr *devices = NULL;
    int count, i;

    if (!is_read(request))
        return MALFORMED;
    count = virConnectListAllNodeDevices(session->conn, are_wanted ? &devices : NULL, flags);
    if (count < 0)
        return FAILED;
    put_number(reply, devices != NULL ? (uint32_t)count : 0);
    for (i = 0; devices != NULL && i < count; i++) {
        put_text(reply, virNodeDeviceGetName(devices[i]));
        virNodeDeviceFree(devices[i]);
    }
    free(devices);
    put_number(reply, (uint32_t)count);
    if (count > LONGEST_LIST)
        reply->is_too_long = 1;
    return DONE;
}

/* --- one device ----------------------------------------------------------------- */

/* Its name, which a lookup and a call that makes it answer with. */
static enum result give_device(virNodeDevicePtr device, struct message *reply)
{
    if (device == NULL)
        return FAILED;
    put_text(reply, virNodeDeviceGetName(device));
    virNodeDeviceFree(device);
    return DONE;
}

static enum result look_up(struct session *session, struct request *request, struct message *reply)
{
    char *name = take_text(request);
    enum result result = MALFORMED;

    if (is_read(request))
        result = give_device(virNodeDeviceLookupByName(session->conn, name), reply);
    free(name);
    return result;
}

static enum result look_up_by_wwn(struct session *session, struct request *request, struct message *reply)
{
    char *wwnn = take_text(request);
    char *wwpn = take_text(request);
    uint32_t flags = take_number(request);
    enum result result = MALFORMED;

    if (is_read(request))
        result = give_device(virNodeDeviceLookupSCSIHostByWWN(session->conn, wwnn, wwpn, flags), reply);
    free(wwnn);
    free(wwpn);
    return result;
}

/* The arguments that may follow a device's name. */
struct arguments {
    char *text;
    uint32_t number;
};

enum follows { NONE, A_NUMBER, A_TEXT_AND_A_NUMBER, MAYBE_A_TEXT_AND_A_NUMBER };

typedef enum result (*of_device)(virNodeDevicePtr device, const struct arguments *arguments, struct message *reply);

/* Reads a device's name and what follows, and has that done to the device, which is given back when the answer is made:
 * its error is wanted until then. */
static enum result with_device(struct session *session, struct request *request, struct message *reply,
                               enum follows follows, of_device act)
{
    char *name = take_text(request);
    struct arguments arguments = { NULL, 0 };
    enum result result = MALFORMED;

    if (follows == A_TEXT_AND_A_NUMBER)
        arguments.text = take_text(request);
    if (follows == MAYBE_A_TEXT_AND_A_NUMBER)
        arguments.text = take_optional_text(request);
    if (follows != NONE)
        arguments.number = take_number(request);
    if (is_read(request)) {
        session->device = virNodeDeviceLookupByName(session->conn, name);
        result = session->device != NULL ? act(session->device, &arguments, reply) : FAILED;
    }
    free(arguments.text);
    free(name);
    return result;
}

static enum result done_if(int status)
{
    return status < 0 ? FAILED : DONE;
}

/* Defines a procedure NAME for a device, followed by FOLLOWS: what ACT says, of device `dev`, arguments `with` and `reply`. */
#define FOR_DEVICE(name, follows, act) \
    static enum result name##_device(virNodeDevicePtr dev, const struct arguments *with, struct message *reply) \
    { \
        (void)with; \
        (void)reply; \
        return act; \
    } \
    static enum result name(struct session *session, struct request *request, struct message *reply) \
    { \
        return with_device(session, request, reply, follows, name##_device); \
    }

static enum result give_parent(virNodeDevicePtr device, struct message *reply)
{
    const char *parent = virNodeDeviceGetParent(device);

    if (parent == NULL && virGetLastErrorCode() != VIR_ERR_OK)
        return FAILED;
    put_optional_text(reply, parent);
    return DONE;
}

static enum result give_caps(virNodeDevicePtr device, uint32_t most, struct message *reply)
{
    char **names = room_for(&most);
    enum result result = MALFORMED;

    if (names != NULL)
        result = give_texts(names, virNodeDeviceListCaps(device, names, (int)most), reply);
    free(names);
    return result;
}

static enum result give_autostart(virNodeDevicePtr device, struct message *reply)
{
    int autostart;

    return virNodeDeviceGetAutostart(device, &autostart) < 0 ? FAILED : give_number(autostart, reply);
}

FOR_DEVICE(get_xml, A_NUMBER, give_own_text(virNodeDeviceGetXMLDesc(dev, with->number), reply))
FOR_DEVICE(get_parent, NONE, give_parent(dev, reply))
FOR_DEVICE(count_caps, NONE, give_number(virNodeDeviceNumOfCaps(dev), reply))
FOR_DEVICE(list_caps, A_NUMBER, give_caps(dev, with->number, reply))
FOR_DEVICE(get_autostart, NONE, give_autostart(dev, reply))
FOR_DEVICE(is_persistent, NONE, give_number(virNodeDeviceIsPersistent(dev), reply))
FOR_DEVICE(is_active, NONE, give_number(virNodeDeviceIsActive(dev), reply))
FOR_DEVICE(detach, NONE, done_if(virNodeDeviceDettach(dev)))
FOR_DEVICE(detach_to, MAYBE_A_TEXT_AND_A_NUMBER, done_if(virNodeDeviceDetachFlags(dev, with->text, with->number)))
FOR_DEVICE(reattach, NONE, done_if(virNodeDeviceReAttach(dev)))
FOR_DEVICE(reset, NONE, done_if(virNodeDeviceReset(dev)))
FOR_DEVICE(destroy, NONE, done_if(virNodeDeviceDestroy(dev)))
FOR_DEVICE(undefine, A_NUMBER, done_if(virNodeDeviceUndefine(dev, with->number)))
FOR_DEVICE(start, A_NUMBER, done_if(virNodeDeviceCreate(dev, with->number)))
FOR_DEVICE(set_autostart, A_NUMBER, done_if(virNodeDeviceSetAutostart(dev, with->number != 0)))
FOR_DEVICE(update, A_TEXT_AND_A_NUMBER, done_if(virNodeDeviceUpdate(dev, with->text, with->number)))

static enum result make(virNodeDevicePtr (*make_it)(virConnectPtr, const char *, unsigned int), struct session *session,
                        struct request *request, struct message *reply)
{
    char *xml = take_text(request);
    uint32_t flags = take_number(request);
    enum result result = MALFORMED;

    if (is_read(request))
        result = give_device(make_it(session->conn, xml, flags), reply);
    free(xml);
    return result;
}

static enum result create(struct session *session, struct request *request, struct message *reply)
{
    return make(virNodeDeviceCreateXML, session, request, reply);
}

static enum result define(struct session *session, struct request *request, struct message *reply)
{
    return make(virNodeDeviceDefineXML, session, request, reply);
}

/* --- events --------------------------------------------------------------------- */

/* A registration of the client's. */
struct listener {
    struct session *session;
    struct listener *next;
    int callback; /* its number */
};

/* Takes a registration out of its client's list. The library calls it when that has ended. */
static void forget_listener(void *data)
{
    struct listener *listener = data;
    struct listener **at = &listener->session->listeners;

    while (*at != NULL && *at != listener)
        at = &(*at)->next;
    if (*at != NULL)
        *at = listener->next;
    free(listener);
}

/* Registrations would keep the connection. */
void close_session(struct session *session)
{
    while (session->listeners != NULL &&
           virConnectNodeDeviceEventDeregisterAny(session->conn, session->listeners->callback) == 0)
        ;
    if (session->conn != NULL)
        virConnectClose(session->conn);
    session->conn = NULL;
}

static void tell_lifecycle(virConnectPtr conn, virNodeDevicePtr device, int event, int detail, void *data)
{
    struct listener *listener = data;
    int details[2];

    (void)conn;
    details[0] = event;
    details[1] = detail;
    send_event(listener->session, EVENT_LIFECYCLE, listener->callback, virNodeDeviceGetName(device), details);
}

static void tell_update(virConnectPtr conn, virNodeDevicePtr device, void *data)
{
    struct listener *listener = data;

    (void)conn;
    send_event(listener->session, EVENT_UPDATE, listener->callback, virNodeDeviceGetName(device), NULL);
}

static enum result listen(struct session *session, uint32_t event, const char *name, struct message *reply)
{
    virConnectNodeDeviceEventGenericCallback tell = VIR_NODE_DEVICE_EVENT_CALLBACK(tell_lifecycle);
    struct listener *listener;

    if (name != NULL) {
        session->device = virNodeDeviceLookupByName(session->conn, name);
        if (session->device == NULL)
            return FAILED;
    }
    /* Events come by this descriptor; who asks for it needs no event loop. */
    if (vndConnectGetEventFD(session->conn) < 0)
        return FAILED;
    listener = malloc(sizeof(*listener));
    if (listener == NULL)
        return MALFORMED;
    listener->session = session;
    if (event == VIR_NODE_DEVICE_EVENT_ID_UPDATE)
        tell = VIR_NODE_DEVICE_EVENT_CALLBACK(tell_update);
    listener->callback = virConnectNodeDeviceEventRegisterAny(session->conn, session->device, (int)event, tell, listener, forget_listener);
    if (listener->callback < 0) {
        free(listener);
        return FAILED;
    }
    listener->next = session->listeners;
    session->listeners = listener;
    return give_number(listener->callback, reply);
}

static enum result register_event(struct session *session, struct request *request, struct message *reply)
{
    uint32_t event = take_number(request);
    char *name = take_optional_text(request);
    enum result result = is_read(request) ? listen(session, event, name, reply) : MALFORMED;

    free(name);
    return result;
}

static enum result deregister_event(struct session *session, struct request *request, struct message *reply)
{
    uint32_t callback = take_number(request);

    (void)reply;
    if (!is_read(request))
        return MALFORMED;
    return virConnectNodeDeviceEventDeregisterAny(session->conn, (int)callback) < 0 ? FAILED : DONE;
}

/* --- all of them ---------------------------------------------------------------- */

static const struct procedure procedures[] = {
    { 1, NOTHING, open_connection },
    { 2, NOTHING, close_connection },
    { 3, AN_OPEN_CONNECTION, get_type },
    { 4, AN_OPEN_CONNECTION, get_version },
    { 5, AN_OPEN_CONNECTION, get_max_vcpus },
    { 6, AN_OPEN_CONNECTION, get_info },
    { 7, AN_OPEN_CONNECTION, get_capabilities },
    { 25, AN_OPEN_CONNECTION, count_none },   /* defined virtual machines */
    { 50, AN_OPEN_CONNECTION, count_none },   /* defined networks */
    { 51, AN_OPEN_CONNECTION, count_none },   /* virtual machines */
    { 52, AN_OPEN_CONNECTION, count_none },   /* networks */
    { 59, AN_OPEN_CONNECTION, get_hostname },
    { 60, NOTHING, supports_feature },
    { 66, NOTHING, list_auth },
    { 71, AN_OPEN_CONNECTION, count_none },   /* storage pools */
    { 73, AN_OPEN_CONNECTION, count_none },   /* defined storage pools */
    { 102, AN_OPEN_CONNECTION, get_free_memory },
    { 110, AN_OPEN_CONNECTION, get_uri },
    { 111, AN_OPEN_CONNECTION, count_devices },
    { 112, AN_OPEN_CONNECTION, list_devices },
    { 113, AN_OPEN_CONNECTION, look_up },
    { 114, AN_OPEN_CONNECTION, get_xml },
    { 115, AN_OPEN_CONNECTION, get_parent },
    { 116, AN_OPEN_CONNECTION, count_caps },
    { 117, AN_OPEN_CONNECTION, list_caps },
    { 118, A_WRITABLE_CONNECTION, detach },
    { 119, A_WRITABLE_CONNECTION, reattach },
    { 120, A_WRITABLE_CONNECTION, reset },
    { 123, A_WRITABLE_CONNECTION, create },
    { 124, A_WRITABLE_CONNECTION, destroy },
    { 126, AN_OPEN_CONNECTION, count_none },  /* interfaces */
    { 137, AN_OPEN_CONNECTION, count_none },  /* defined interfaces */
    { 139, AN_OPEN_CONNECTION, count_none },  /* secrets */
    { 149, AN_OPEN_CONNECTION, is_secure },
    { 157, AN_OPEN_CONNECTION, get_lib_version },
    { 178, AN_OPEN_CONNECTION, count_none },  /* filters of networks */
    { 203, AN_OPEN_CONNECTION, get_sysinfo },
    { 273, AN_OPEN_CONNECTION, list_none },   /* virtual machines */
    { 281, AN_OPEN_CONNECTION, list_none },   /* storage pools */
    { 283, AN_OPEN_CONNECTION, list_none },   /* networks */
    { 284, AN_OPEN_CONNECTION, list_none },   /* interfaces */
    { 285, AN_OPEN_CONNECTION, list_all_devices },
    { 286, AN_OPEN_CONNECTION, list_none },   /* filters of networks */
    { 287, AN_OPEN_CONNECTION, list_none },   /* secrets */
    { 293, AN_OPEN_CONNECTION, get_cpu_map },
    { 297, AN_OPEN_CONNECTION, look_up_by_wwn },
    { 301, A_WRITABLE_CONNECTION, detach_to },
    { 360, AN_OPEN_CONNECTION, close_callback },
    { 361, AN_OPEN_CONNECTION, close_callback },
    { 374, AN_OPEN_CONNECTION, register_event },
    { 375, AN_OPEN_CONNECTION, deregister_event },
    { 401, AN_OPEN_CONNECTION, list_none },   /* bindings of filters */
    { 428, A_WRITABLE_CONNECTION, define },
    { 429, A_WRITABLE_CONNECTION, undefine },
    { 430, A_WRITABLE_CONNECTION, start },
    { 433, AN_OPEN_CONNECTION, get_autostart },
    { 434, A_WRITABLE_CONNECTION, set_autostart },
    { 435, AN_OPEN_CONNECTION, is_persistent },
    { 436, AN_OPEN_CONNECTION, is_active },
    { 447, A_WRITABLE_CONNECTION, update }
};

const struct procedure *find_procedure(uint32_t number)
{
    size_t i;

    for (i = 0; i < sizeof(procedures) / sizeof(procedures[0]); i++) {
        if (procedures[i].number == number)
            return &procedures[i];
    }
    return NULL;
}
