/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* What libvirt's clients ask of a connection and its host before they come to devices. */
#include <stdlib.h>

#include "rpc.h"

/* Features of the protocol that a client may ask for. */
enum { FEATURE_KEEPALIVE = 10, FEATURE_EVENT_CALLBACK = 14, FEATURE_CLOSE_CALLBACK = 15 };

/* How long lists of amounts and of NUMA cells can be. */
enum { MOST_STATS = 16, MOST_CELLS = 1024 };

/* --- the connection ------------------------------------------------------------- */

static enum result open_connection(struct session *session, const struct arguments *with, struct message *reply)
{
    (void)reply;
    if (session->conn != NULL)
        return refuse(session, INTERNAL_ERROR, "connection already open");
    session->is_read_only = session->must_be_read_only || (with->number[0] & VIR_CONNECT_RO) != 0;
    session->conn = virConnectOpenAuth(session->uri != NULL ? session->uri : with->text[0], NULL,
                                       session->is_read_only ? VIR_CONNECT_RO : 0);
    return session->conn == NULL ? FAILED : DONE;
}

/* The answer comes first: what there is to be closed takes a while, and no client waits for it. */
static enum result close_connection(struct session *session, const struct arguments *with, struct message *reply)
{
    (void)with;
    (void)reply;
    session->is_over = 1;
    return DONE;
}

/* No authentication: who may run this program may ask. */
static enum result list_auth(struct session *session, const struct arguments *with, struct message *reply)
{
    (void)session;
    (void)with;
    put_number(reply, 1);
    put_number(reply, 0);
    return DONE;
}

/* A client may ask for keepalive before it opens. */
static enum result supports_feature(struct session *session, const struct arguments *with, struct message *reply)
{
    uint32_t feature = with->number[0];

    if (session->conn == NULL && feature != FEATURE_KEEPALIVE)
        return refuse(session, INTERNAL_ERROR, "hypervisor connection not open");
    put_number(reply, feature == FEATURE_KEEPALIVE || feature == FEATURE_EVENT_CALLBACK ||
               feature == FEATURE_CLOSE_CALLBACK);
    return DONE;
}

static enum result give_version(int (*get)(virConnectPtr, unsigned long *), virConnectPtr conn, struct message *reply)
{
    unsigned long version;

    if (get(conn, &version) < 0)
        return FAILED;
    put_long(reply, version);
    return DONE;
}

/* A connection in this process does not close by itself. */
CALL(close_callback, DONE)
CALL(get_type, give_text(virConnectGetType(session->conn), reply))
CALL(get_hostname, give_own_text(virConnectGetHostname(session->conn), reply))
CALL(get_uri, give_own_text(virConnectGetURI(session->conn), reply))
CALL(get_capabilities, give_own_text(virConnectGetCapabilities(session->conn), reply))
CALL(get_version, give_version(virConnectGetVersion, session->conn, reply))
CALL(get_lib_version, give_version(virConnectGetLibVersion, session->conn, reply))
CALL(is_secure, give_number(virConnectIsSecure(session->conn), reply))

/* --- the machine ---------------------------------------------------------------- */

CALL(get_sysinfo, give_own_text(virConnectGetSysinfo(session->conn, with->number[0]), reply))
CALL(get_max_vcpus, give_number(virConnectGetMaxVcpus(session->conn, with->text[0]), reply))

static enum result get_free_memory(struct session *session, const struct arguments *with, struct message *reply)
{
    unsigned long long free_memory = virNodeGetFreeMemory(session->conn);

    (void)with;
    if (free_memory == 0 && virGetLastErrorCode() != VIR_ERR_OK)
        return FAILED;
    put_long(reply, free_memory);
    return DONE;
}

static enum result get_info(struct session *session, const struct arguments *with, struct message *reply)
{
    virNodeInfo info;
    size_t i;

    (void)with;
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

static enum result get_cpu_map(struct session *session, const struct arguments *with, struct message *reply)
{
    unsigned char *map = NULL;
    unsigned int online = 0;
    int count = virNodeGetCPUMap(session->conn, with->number[0] ? &map : NULL, with->number[1] ? &online : NULL,
                                 with->number[2]);

    if (count < 0)
        return FAILED;
    put_bytes(reply, map, map != NULL ? ((size_t)count + 7) / 8 : 0);
    put_number(reply, online);
    put_number(reply, (uint32_t)count);
    free(map);
    return DONE;
}

/* Amounts with their names, if they were asked for, and how many there are: of a processor, or of a NUMA node's memory. The
 * arguments `which` and `most` are numbers of the call's. */
#define GET_STATS(name, type, function, which, most) \
    static enum result name(struct session *session, const struct arguments *with, struct message *reply) \
    { \
        type stats[MOST_STATS]; \
        const int asked = (int)with->number[most]; \
        int count = asked, i; \
\
        if (asked < 0 || asked > MOST_STATS) \
            return refuse(session, RPC_ERROR, "nparams too large"); \
        if (function(session->conn, (int)with->number[which], asked > 0 ? stats : NULL, &count, with->number[2]) < 0) \
            return FAILED; \
        put_number(reply, asked > 0 ? (uint32_t)count : 0); \
        for (i = 0; asked > 0 && i < count; i++) { \
            put_text(reply, stats[i].field); \
            put_long(reply, stats[i].value); \
        } \
        put_number(reply, (uint32_t)count); \
        return DONE; \
    }

GET_STATS(get_cpu_stats, virNodeCPUStats, virNodeGetCPUStats, 0, 1)
GET_STATS(get_memory_stats, virNodeMemoryStats, virNodeGetMemoryStats, 1, 0)

static enum result get_cells_free_memory(struct session *session, const struct arguments *with, struct message *reply)
{
    unsigned long long cells[MOST_CELLS];
    int count, i;

    if (with->number[1] > MOST_CELLS)
        return refuse(session, RPC_ERROR, "maxCells > REMOTE_NODE_MAX_CELLS");
    count = virNodeGetCellsFreeMemory(session->conn, cells, (int)with->number[0], (int)with->number[1]);
    if (count < 0)
        return FAILED;
    put_number(reply, (uint32_t)count);
    for (i = 0; i < count; i++)
        put_long(reply, cells[i]);
    return DONE;
}

/* --- what a connection has none of ---------------------------------------------- */

static enum result none(struct session *session, const struct arguments *with, struct message *reply)
{
    (void)session;
    (void)with;
    put_number(reply, 0);
    return DONE;
}

/* A list, and how many there are. */
static enum result none_of_all(struct session *session, const struct arguments *with, struct message *reply)
{
    put_number(reply, 0);
    return none(session, with, reply);
}

/* For events that never come. */
static enum result register_nothing(struct session *session, const struct arguments *with, struct message *reply)
{
    (void)with;
    put_number(reply, (uint32_t)session->registrations++);
    return DONE;
}

CALL(deregister_nothing, DONE)

const struct procedure host_procedures[] = {
    { 1, "on", NOTHING, open_connection, NULL },
    { 2, "", NOTHING, close_connection, NULL },
    { 3, "", AN_OPEN_CONNECTION, get_type, NULL },
    { 4, "", AN_OPEN_CONNECTION, get_version, NULL },
    { 5, "o", AN_OPEN_CONNECTION, get_max_vcpus, NULL },
    { 6, "", AN_OPEN_CONNECTION, get_info, NULL },
    { 7, "", AN_OPEN_CONNECTION, get_capabilities, NULL },
    { 21, "n", AN_OPEN_CONNECTION, none, NULL },         /* names of defined virtual machines */
    { 25, "", AN_OPEN_CONNECTION, none, NULL },          /* number of them */
    { 36, "n", AN_OPEN_CONNECTION, none, NULL },         /* names of defined networks */
    { 37, "n", AN_OPEN_CONNECTION, none, NULL },         /* numbers of virtual machines */
    { 38, "n", AN_OPEN_CONNECTION, none, NULL },         /* names of networks */
    { 50, "", AN_OPEN_CONNECTION, none, NULL },          /* number of defined networks */
    { 51, "", AN_OPEN_CONNECTION, none, NULL },          /* number of virtual machines */
    { 52, "", AN_OPEN_CONNECTION, none, NULL },          /* number of networks */
    { 59, "", AN_OPEN_CONNECTION, get_hostname, NULL },
    { 60, "n", NOTHING, supports_feature, NULL },
    { 66, "", NOTHING, list_auth, NULL },
    { 71, "", AN_OPEN_CONNECTION, none, NULL },          /* number of storage pools */
    { 72, "n", AN_OPEN_CONNECTION, none, NULL },         /* names of them */
    { 73, "", AN_OPEN_CONNECTION, none, NULL },          /* number of defined storage pools */
    { 74, "n", AN_OPEN_CONNECTION, none, NULL },         /* names of them */
    { 101, "nn", AN_OPEN_CONNECTION, get_cells_free_memory, NULL },
    { 102, "", AN_OPEN_CONNECTION, get_free_memory, NULL },
    { 110, "", AN_OPEN_CONNECTION, get_uri, NULL },
    { 126, "", AN_OPEN_CONNECTION, none, NULL },         /* number of interfaces */
    { 127, "n", AN_OPEN_CONNECTION, none, NULL },        /* names of them */
    { 137, "", AN_OPEN_CONNECTION, none, NULL },         /* number of defined interfaces */
    { 138, "n", AN_OPEN_CONNECTION, none, NULL },        /* names of them */
    { 139, "", AN_OPEN_CONNECTION, none, NULL },         /* number of secrets */
    { 140, "n", AN_OPEN_CONNECTION, none, NULL },        /* their UUIDs */
    { 149, "", AN_OPEN_CONNECTION, is_secure, NULL },
    { 157, "", AN_OPEN_CONNECTION, get_lib_version, NULL },
    { 178, "", AN_OPEN_CONNECTION, none, NULL },         /* number of filters of networks */
    { 179, "n", AN_OPEN_CONNECTION, none, NULL },        /* names of them */
    { 203, "n", AN_OPEN_CONNECTION, get_sysinfo, NULL },
    { 227, "nnn", AN_OPEN_CONNECTION, get_cpu_stats, NULL },
    { 228, "nnn", AN_OPEN_CONNECTION, get_memory_stats, NULL },
    { 273, "nn", AN_OPEN_CONNECTION, none_of_all, NULL }, /* virtual machines */
    { 281, "nn", AN_OPEN_CONNECTION, none_of_all, NULL }, /* storage pools */
    { 283, "nn", AN_OPEN_CONNECTION, none_of_all, NULL }, /* networks */
    { 284, "nn", AN_OPEN_CONNECTION, none_of_all, NULL }, /* interfaces */
    { 286, "nn", AN_OPEN_CONNECTION, none_of_all, NULL }, /* filters of networks */
    { 287, "nn", AN_OPEN_CONNECTION, none_of_all, NULL }, /* secrets */
    { 293, "nnn", AN_OPEN_CONNECTION, get_cpu_map, NULL },
    { 313, "no", AN_OPEN_CONNECTION, register_nothing, NULL },  /* events of networks */
    { 314, "n", AN_OPEN_CONNECTION, deregister_nothing, NULL },
    { 316, "no", AN_OPEN_CONNECTION, register_nothing, NULL },  /* events of virtual machines */
    { 317, "n", AN_OPEN_CONNECTION, deregister_nothing, NULL },
    { 360, "", AN_OPEN_CONNECTION, close_callback, NULL },
    { 361, "", AN_OPEN_CONNECTION, close_callback, NULL },
    { 368, "no", AN_OPEN_CONNECTION, register_nothing, NULL },  /* events of storage pools */
    { 369, "n", AN_OPEN_CONNECTION, deregister_nothing, NULL },
    { 380, "no", AN_OPEN_CONNECTION, register_nothing, NULL },  /* events of secrets */
    { 381, "n", AN_OPEN_CONNECTION, deregister_nothing, NULL },
    { 401, "nn", AN_OPEN_CONNECTION, none_of_all, NULL }, /* bindings of filters */
    { 0, NULL, NOTHING, NULL, NULL }
};
