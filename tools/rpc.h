/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* nodedev rpc: what its two files share. */
#ifndef RPC_H
#define RPC_H

#include <virnodedev.h>

#include "wire.h"

/* libvirt's program for remote connections. */
enum { REMOTE_PROGRAM = 0x20008086 };

struct listener;

/* A client. */
struct session {
    virConnectPtr conn;   /* NULL before it is opened */
    const char *uri;      /* what is opened whatever the client names, or NULL */
    int must_be_read_only;
    int is_read_only;
    virNodeDevicePtr device; /* of the call that is answered, or NULL */
    struct listener *listeners; /* registrations for events, the last one first */
    int is_over;          /* the client cannot be reached, or has closed the connection */
};

/* An error for the client. */
struct failure {
    int code, domain;
    const char *text, *str1, *str2, *str3;
    int int1, int2;
};

/* How a call ended. */
enum result { DONE, FAILED, MALFORMED };

enum needs { NOTHING, AN_OPEN_CONNECTION, A_WRITABLE_CONNECTION };

struct procedure {
    uint32_t number;
    enum needs needs;
    /* Reads the arguments, makes the call and writes its results. */
    enum result (*call)(struct session *session, struct request *request, struct message *reply);
};

/* NULL for one that there is not. */
const struct procedure *find_procedure(uint32_t number);

/* Tells the client of an event; two numbers come with it, or none. */
void send_event(struct session *session, uint32_t procedure, int callback, const char *device, const int *details);

void close_session(struct session *session);

#endif
