/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * nodedev rpc: one client of libvirt's protocol on standard input and output.
 *
 * A message is its length (itself included), program, version, procedure, type, serial and status, each a number of
 * four bytes, and what belongs to it. Calls are answered in order; events come between answers. While a client does
 * not read, nothing is done: what happens meanwhile is found by a scan afterwards, so no memory is needed for it.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nodedev.h"
#include "rpc.h"

enum {
    KEEPALIVE_PROGRAM = 0x6b656570,
    KEEPALIVE_PING = 1,
    KEEPALIVE_PONG = 2,
    VERSION = 1,
    HEADER = 28
};

enum type { CALL = 0, REPLY = 1, EVENT = 2 };
enum status { OK = 0, ERROR = 1 };

/* The numbers of a message's header behind the length. */
struct header {
    uint32_t program, version, procedure, type, serial, status;
};

static void begin_message(struct message *message, const struct header *header, uint32_t type, uint32_t status)
{
    message->length = 0;
    message->is_too_long = 0;
    put_number(message, 0);
    put_number(message, header->program);
    put_number(message, header->version);
    put_number(message, header->procedure);
    put_number(message, type);
    put_number(message, header->serial);
    put_number(message, status);
}

/* Writes all of a message to the client. Returns 0, or -1 if that is gone. */
static int send_message(struct message *message)
{
    size_t done = 0;
    ssize_t count;

    set_number(message, 0, (uint32_t)message->length);
    while (done < message->length) {
        count = write(STDOUT_FILENO, message->data + done, message->length - done);
        if (count < 0 && errno != EINTR)
            return -1;
        if (count > 0)
            done += (size_t)count;
    }
    return 0;
}

/* An error as the protocol has it. */
static void put_error(struct message *message, const struct failure *failure)
{
    put_number(message, (uint32_t)failure->code);
    put_number(message, (uint32_t)failure->domain);
    put_optional_text(message, failure->text);
    put_number(message, VIR_ERR_ERROR);
    put_number(message, 0); /* no virtual machine */
    put_optional_text(message, failure->str1);
    put_optional_text(message, failure->str2);
    put_optional_text(message, failure->str3);
    put_number(message, (uint32_t)failure->int1);
    put_number(message, (uint32_t)failure->int2);
    put_number(message, 0); /* no network */
}

/* The library's last error. */
static struct failure last_failure(void)
{
    static const struct failure unknown = { VIR_ERR_INTERNAL_ERROR, VIR_FROM_NODEDEV, "unknown error", NULL, NULL, NULL, 0, 0 };
    virErrorPtr error = virGetLastError();
    struct failure failure = unknown;

    if (error != NULL) {
        failure.code = error->code;
        failure.domain = error->domain;
        failure.text = error->message;
        failure.str1 = error->str1;
        failure.str2 = error->str2;
        failure.str3 = error->str3;
        failure.int1 = error->int1;
        failure.int2 = error->int2;
    }
    return failure;
}

/* Why a call is refused before it is made; NULL if it is not. */
static const struct failure *refusal(const struct session *session, const struct header *header,
                                     const struct procedure *procedure)
{
    static const struct failure program = { VIR_ERR_RPC, VIR_FROM_RPC, "unknown program or version", NULL, NULL, NULL, -1, -1 };
    static const struct failure unsupported = {
        VIR_ERR_NO_SUPPORT, VIR_FROM_RPC, "this function is not supported by the connection driver: unknown procedure",
        "unknown procedure", NULL, NULL, -1, -1
    };
    static const struct failure closed = { VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC, "internal error: connection not open",
                                           "connection not open", NULL, NULL, -1, -1 };
    static const struct failure read_only = {
        VIR_ERR_OPERATION_DENIED, VIR_FROM_NODEDEV, "operation forbidden: read only access prevents changing devices",
        "read only access prevents changing devices", NULL, NULL, -1, -1
    };

    if (header->program != REMOTE_PROGRAM || header->version != VERSION)
        return &program;
    if (procedure == NULL)
        return &unsupported;
    if (procedure->needs == AN_OPEN_CONNECTION && session->conn == NULL)
        return &closed;
    if (procedure->needs == A_WRITABLE_CONNECTION)
        return session->conn == NULL ? &closed : session->is_read_only ? &read_only : NULL;
    return NULL;
}

/* Makes the call of a message and writes the answer. */
static void answer(struct session *session, const struct header *header, struct request *request,
                   struct message *reply)
{
    static const struct failure malformed = { VIR_ERR_RPC, VIR_FROM_RPC, "Unable to decode message payload",
                                              NULL, NULL, NULL, -1, -1 };
    static const struct failure too_long = { VIR_ERR_RPC, VIR_FROM_RPC, "Unable to encode message payload",
                                             NULL, NULL, NULL, -1, -1 };
    const struct procedure *procedure = find_procedure(header->procedure);
    const struct failure *why = refusal(session, header, procedure);
    struct failure failure;

    if (why == NULL) {
        begin_message(reply, header, REPLY, OK);
        virResetLastError();
        switch (procedure->call(session, request, reply)) {
        case DONE:
            why = reply->is_too_long ? &too_long : NULL;
            break;
        case MALFORMED:
            why = &malformed;
            break;
        default:
            failure = last_failure();
            why = &failure;
        }
    }
    if (why != NULL) {
        begin_message(reply, header, REPLY, ERROR);
        put_error(reply, why);
    }
    if (session->device != NULL)
        virNodeDeviceFree(session->device);
    session->device = NULL;
}

void send_event(struct session *session, uint32_t procedure, int callback, const char *device, const int *details)
{
    const struct header header = { REMOTE_PROGRAM, VERSION, procedure, EVENT, 0, OK };
    struct message message = { NULL, 0, 0, 0 };

    begin_message(&message, &header, EVENT, OK);
    put_number(&message, (uint32_t)callback);
    put_text(&message, device);
    if (details != NULL) {
        put_number(&message, (uint32_t)details[0]);
        put_number(&message, (uint32_t)details[1]);
    }
    if (message.is_too_long || send_message(&message) < 0)
        session->is_over = 1;
    free_message(&message);
}

/* Deals with a message that was read. Returns 0, or -1 if the client is to be left. */
static int take_message(struct session *session, const unsigned char *data, size_t length, struct message *reply)
{
    struct request request = { data, data + length, 0 };
    struct header header;

    header.program = take_number(&request);
    header.version = take_number(&request);
    header.procedure = take_number(&request);
    header.type = take_number(&request);
    header.serial = take_number(&request);
    header.status = take_number(&request);
    if (header.program == KEEPALIVE_PROGRAM) {
        if (header.procedure != KEEPALIVE_PING)
            return 0;
        header.procedure = KEEPALIVE_PONG;
        begin_message(reply, &header, EVENT, OK);
        return send_message(reply);
    }
    if (header.type != CALL) {
        complain("the client sent a message that is no call");
        return -1;
    }
    answer(session, &header, &request, reply);
    return send_message(reply);
}

/* Reads that many bytes. Returns 1, 0 at the end before the first, or -1. */
static int read_all(unsigned char *data, size_t length)
{
    size_t done = 0;
    ssize_t count;

    while (done < length) {
        count = read(STDIN_FILENO, data + done, length - done);
        if (count < 0 && errno != EINTR)
            return -1;
        if (count == 0)
            return done == 0 ? 0 : -1;
        if (count > 0)
            done += (size_t)count;
    }
    return 1;
}

/* Reads one message and answers it. Returns 1, 0 when the client has ended, or -1 after an error line. */
static int serve_one(struct session *session, struct message *reply)
{
    unsigned char head[4];
    struct request request = { head, head + sizeof(head), 0 };
    unsigned char *data;
    uint32_t length;
    int status = read_all(head, sizeof(head));

    if (status <= 0) {
        if (status < 0)
            complain("the client ended in the middle of a message");
        return status;
    }
    length = take_number(&request);
    if (length < HEADER || length > LONGEST_MESSAGE) {
        complain("the client sent a message of %lu bytes", (unsigned long)length);
        return -1;
    }
    data = malloc(length);
    if (data == NULL) {
        complain("there is no memory for a message of %lu bytes", (unsigned long)length);
        return -1;
    }
    status = read_all(data, length - sizeof(head));
    if (status <= 0)
        complain("the client ended in the middle of a message");
    status = status <= 0 ? -1 : take_message(session, data, length - sizeof(head), reply) < 0 ? -1 : 1;
    free(data);
    return status;
}

/* Waits for the client or an event, and deals with it. Returns as serve_one(). */
static int serve(struct session *session, struct message *reply)
{
    struct pollfd fds[2] = { { STDIN_FILENO, POLLIN, 0 }, { -1, POLLIN, 0 } };

    if (session->listeners != NULL)
        fds[1].fd = vndConnectGetEventFD(session->conn);
    if (poll(fds, 2, -1) < 0)
        return errno == EINTR ? 1 : -1;
    /* What failed is tried again when the descriptor is readable the next time. */
    if (fds[1].fd >= 0 && fds[1].revents != 0)
        vndConnectDispatchEvents(session->conn);
    if (session->is_over)
        return 0;
    return fds[0].revents != 0 ? serve_one(session, reply) : 1;
}

int rpc_run(virConnectPtr conn, const struct settings *settings)
{
    struct session session = { NULL, NULL, 0, 0, NULL, NULL, 0 };
    struct message reply = { NULL, 0, 0, 0 };
    int status;

    (void)conn;
    session.uri = settings->nnames > 0 ? settings->names[0] : settings->uri;
    session.must_be_read_only = (settings->given & OPTION_READONLY) != 0;
    do {
        status = serve(&session, &reply);
    } while (status > 0 && !session.is_over);
    free_message(&reply);
    close_session(&session);
    return status < 0 ? STATUS_FAILED : STATUS_OK;
}
