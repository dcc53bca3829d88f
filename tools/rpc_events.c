/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* Events of node devices: who asked for them, and how they are told. */
#include <stdlib.h>
#include <string.h>

#include "rpc.h"

enum { EVENT_LIFECYCLE = 376, EVENT_UPDATE = 377 };

/* A registration of the client's. */
struct listener {
    struct listener *next;
    int callback; /* its number */
    int event;
    char *device; /* the name of the only device that it is for, or NULL */
};

/* Tells all that are registered for an event, in the order of their registrations. */
static void tell(struct session *session, int event, uint32_t procedure, virNodeDevicePtr device, const int *details)
{
    const char *name = virNodeDeviceGetName(device);
    const struct listener *listener;

    for (listener = session->listeners; listener != NULL; listener = listener->next) {
        if (listener->event == event && (listener->device == NULL || strcmp(listener->device, name) == 0))
            send_event(session, procedure, listener->callback, name, details);
    }
}

static void tell_lifecycle(virConnectPtr conn, virNodeDevicePtr device, int event, int detail, void *data)
{
    int details[2];

    (void)conn;
    details[0] = event;
    details[1] = detail;
    tell(data, VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, EVENT_LIFECYCLE, device, details);
}

static void tell_update(virConnectPtr conn, virNodeDevicePtr device, void *data)
{
    (void)conn;
    tell(data, VIR_NODE_DEVICE_EVENT_ID_UPDATE, EVENT_UPDATE, device, NULL);
}

static const virConnectNodeDeviceEventGenericCallback callbacks[EVENTS] = {
    VIR_NODE_DEVICE_EVENT_CALLBACK(tell_lifecycle), VIR_NODE_DEVICE_EVENT_CALLBACK(tell_update)
};

static int is_wanted(const struct session *session, int event)
{
    const struct listener *listener;

    for (listener = session->listeners; listener != NULL; listener = listener->next) {
        if (listener->event == event)
            return 1;
    }
    return 0;
}

/* Has the library tell of an event as long as anybody is registered for it. */
static enum result follow_wishes(struct session *session, int event)
{
    int *id = &session->library_callback[event];

    if (is_wanted(session, event) == (*id != 0))
        return DONE;
    if (*id != 0) {
        if (virConnectNodeDeviceEventDeregisterAny(session->conn, *id - 1) < 0)
            return FAILED;
        *id = 0;
        return DONE;
    }
    /* Events come by this descriptor; who asks for it needs no event loop. */
    if (vndConnectGetEventFD(session->conn) < 0)
        return FAILED;
    *id = virConnectNodeDeviceEventRegisterAny(session->conn, NULL, event, callbacks[event], session, NULL) + 1;
    return *id == 0 ? FAILED : DONE;
}

static void remove_listener(struct listener **at)
{
    struct listener *listener = *at;

    *at = listener->next;
    free(listener->device);
    free(listener);
}

/* A registration of the library's would keep the connection. */
void close_session(struct session *session)
{
    int event;

    while (session->listeners != NULL)
        remove_listener(&session->listeners);
    for (event = 0; event < EVENTS; event++)
        follow_wishes(session, event);
    if (session->conn != NULL)
        virConnectClose(session->conn);
    session->conn = NULL;
}

/* A device need not be there: a registration is by name, and holds when one of that name comes. */
static enum result register_event(struct session *session, const struct arguments *with, struct message *reply)
{
    struct listener **last = &session->listeners;
    struct listener *listener;
    int event = (int)with->number[0];
    enum result result;

    if (event < 0 || event >= EVENTS)
        return refuse(session, INTERNAL_ERROR, "unsupported node device event ID %d", event);
    while (*last != NULL)
        last = &(*last)->next;
    listener = calloc(1, sizeof(*listener));
    if (listener == NULL || (with->text[0] != NULL && (listener->device = strdup(with->text[0])) == NULL)) {
        free(listener);
        return refuse(session, RPC_ERROR, "there is no memory for a registration");
    }
    listener->event = event;
    listener->callback = session->registrations;
    *last = listener;
    result = follow_wishes(session, event);
    if (result == DONE)
        put_number(reply, (uint32_t)session->registrations++);
    else
        remove_listener(last);
    return result;
}

static enum result deregister_event(struct session *session, const struct arguments *with, struct message *reply)
{
    struct listener **at = &session->listeners;
    int callback = (int)with->number[0];
    int event;

    (void)reply;
    while (*at != NULL && (*at)->callback != callback)
        at = &(*at)->next;
    if (*at == NULL)
        return refuse(session, INTERNAL_ERROR, "node device event callback %d not registered", callback);
    event = (*at)->event;
    remove_listener(at);
    return follow_wishes(session, event);
}

const struct procedure event_procedures[] = {
    { 374, "no", AN_OPEN_CONNECTION, register_event, NULL },
    { 375, "n", AN_OPEN_CONNECTION, deregister_event, NULL },
    { 0, NULL, NOTHING, NULL, NULL }
};
