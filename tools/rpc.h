/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* nodedev rpc: what its files share. */
#ifndef RPC_H
#define RPC_H

#include <virnodedev.h>

#include "wire.h"

/* libvirt's program for remote connections. */
enum { REMOTE_PROGRAM = 0x20008086 };

/* How many events of node devices there are, of virNodeDeviceEventID. */
enum { EVENTS = 2 };

struct listener;

/* An error for the client. */
struct failure {
    int code, domain;
    const char *text, *str1, *str2, *str3;
    int int1, int2;
};

/* A client. */
struct session {
    int output;           /* the descriptor to write to */
    virConnectPtr conn;   /* NULL before it is opened */
    const char *uri;      /* what is opened whatever the client names, or NULL */
    int must_be_read_only;
    int is_read_only;
    virNodeDevicePtr device; /* of the call that is answered, or NULL */
    struct listener *listeners; /* registrations for events of node devices, the first one first */
    int registrations;          /* for events of any kind, ended ones too: the number of the next */
    int library_callback[EVENTS]; /* of each event, one more than its number in the library, or 0 */
    int is_over;          /* the client cannot be reached, or has closed the connection */
    struct failure failure;     /* why the last call was REFUSED */
    char words[320];            /* its text */
};

/* How a call ended: FAILED with the library's last error, REFUSED with the session's. */
enum result { DONE, FAILED, REFUSED };

/* Why a call is refused: the forms of libvirt's messages, which end with what is to be said. */
#define INTERNAL_ERROR VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC, "internal error: %1$s"
#define RPC_ERROR VIR_ERR_RPC, VIR_FROM_RPC, "%s"

/* Makes the error of a call; `details` is a format of printf(). */
enum result refuse(struct session *session, int code, int domain, const char *form, const char *details, ...);

/* The arguments of a call in their order: texts, and numbers. */
struct arguments {
    char *text[3];
    uint32_t number[3];
};

enum needs { NOTHING, AN_OPEN_CONNECTION, A_WRITABLE_CONNECTION };

struct procedure {
    uint32_t number;
    /* 'n' a number, 't' a text, 'o' a text that may be missing, 'd' the name of a device, which is looked up. */
    const char *arguments;
    enum needs needs;
    /* Makes the call and writes its results. */
    enum result (*call)(struct session *session, const struct arguments *with, struct message *reply);
    /* The function of the API, for one that needs a writable connection: a read-only one is refused by that name. */
    const char *function;
};

/* A call of one expression, of `session`, its arguments `with` and its `reply`. */
#define CALL(name, value) \
    static enum result name(struct session *session, const struct arguments *with, struct message *reply) \
    { \
        (void)session; \
        (void)with; \
        (void)reply; \
        return value; \
    }

/* What is answered, in three files; the last of each has the number 0. */
extern const struct procedure host_procedures[];
extern const struct procedure device_procedures[];
extern const struct procedure event_procedures[];

/* The name of any call or event in libvirt's protocol, or NULL. */
const char *procedure_name(uint32_t number);

/* Results. A text or number that means failure is not written. */
enum result done_if(int status);
enum result give_text(const char *text, struct message *reply);
/* The same of a text that is freed. */
enum result give_own_text(char *text, struct message *reply);
enum result give_number(int number, struct message *reply);

/* Deals with a message that was read, without its length. Returns 0, or -1 if the client is to be left. */
int take_message(struct session *session, const unsigned char *data, size_t length, struct message *reply);

/* Tells the client of an event; two numbers come with it, or none. */
void send_event(struct session *session, uint32_t procedure, int callback, const char *device, const int *details);

void close_session(struct session *session);

#endif
