/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * nodedev rpc: what is answered to a message.
 *
 * A message is its length (itself included), program, version, procedure, type, serial and status, each a number of
 * four bytes, and what belongs to it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nodedev.h"
#include "rpc.h"

enum {
    KEEPALIVE_PROGRAM = 0x6b656570,
    KEEPALIVE_PING = 1,
    KEEPALIVE_PONG = 2,
    VERSION = 1
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
static int send_message(const struct session *session, struct message *message)
{
    size_t done = 0;
    ssize_t count;

    set_number(message, 0, (uint32_t)message->length);
    while (done < message->length) {
        count = write(session->output, message->data + done, message->length - done);
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

enum result refuse(struct session *session, int code, int domain, const char *form, const char *details, ...)
{
    size_t length = strcspn(form, "%");
    const struct failure failure = {
        code, domain, session->words, form, session->words + length, NULL, -1, -1
    };
    va_list arguments;

    memcpy(session->words, form, length);
    va_start(arguments, details);
    vsnprintf(session->words + length, sizeof(session->words) - length, details, arguments);
    va_end(arguments);
    session->failure = failure;
    return REFUSED;
}

/* Takes the library's last error for the session's. */
static void take_failure(struct session *session)
{
    virErrorPtr error = virGetLastError();

    if (error == NULL) {
        refuse(session, INTERNAL_ERROR, "the call failed without an error");
        return;
    }
    session->failure.code = error->code;
    session->failure.domain = error->domain;
    session->failure.text = error->message;
    session->failure.str1 = error->str1;
    session->failure.str2 = error->str2;
    session->failure.str3 = error->str3;
    session->failure.int1 = error->int1;
    session->failure.int2 = error->int2;
}

enum result done_if(int status)
{
    return status < 0 ? FAILED : DONE;
}

enum result give_text(const char *text, struct message *reply)
{
    if (text == NULL)
        return FAILED;
    put_text(reply, text);
    return DONE;
}

enum result give_own_text(char *text, struct message *reply)
{
    enum result result = give_text(text, reply);

    free(text);
    return result;
}

enum result give_number(int number, struct message *reply)
{
    if (number < 0)
        return FAILED;
    put_number(reply, (uint32_t)number);
    return DONE;
}

/* NULL for one that is not answered. */
static const struct procedure *find_procedure(uint32_t number)
{
    static const struct procedure *const tables[] = { host_procedures, device_procedures, event_procedures };
    const struct procedure *procedure;
    size_t i;

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (procedure = tables[i]; procedure->number != 0; procedure++) {
            if (procedure->number == number)
                return procedure;
        }
    }
    return NULL;
}

/* Whether a call may be made; it is REFUSED before its arguments are read. */
static enum result admit(struct session *session, const struct header *header, const struct procedure *procedure)
{
    const char *name = procedure_name(header->procedure);

    if (header->program != REMOTE_PROGRAM || header->version != VERSION)
        return refuse(session, RPC_ERROR, "Cannot find program %d version %d", (int)header->program,
                      (int)header->version);
    if (header->status != OK)
        return refuse(session, RPC_ERROR, "Unexpected message status %d", (int)header->status);
    if (procedure == NULL && name == NULL)
        return refuse(session, RPC_ERROR, "unknown procedure: %d", (int)header->procedure);
    if (procedure == NULL)
        return refuse(session, VIR_ERR_NO_SUPPORT, VIR_FROM_DOMAIN,
                      "this function is not supported by the connection driver: %1$s", "%s", name);
    if (procedure->needs != NOTHING && session->conn == NULL)
        return refuse(session, INTERNAL_ERROR, "hypervisor connection not open");
    if (procedure->needs == A_WRITABLE_CONNECTION && session->is_read_only)
        return refuse(session, VIR_ERR_OPERATION_DENIED, VIR_FROM_NODEDEV, "operation forbidden: %1$s",
                      "read only access prevents %s", procedure->function);
    return DONE;
}

/* Reads the arguments of a call. The device that the first one names stays with the session until the answer is made: its
 * error is wanted until then. */
static enum result read_arguments(struct session *session, const char *kinds, struct request *request,
                                  struct arguments *arguments)
{
    const char *kind;
    size_t texts = 0, numbers = 0;

    for (kind = kinds; *kind != '\0'; kind++) {
        if (*kind == 'n')
            arguments->number[numbers++] = take_number(request);
        else if (*kind == 'o')
            arguments->text[texts++] = take_optional_text(request);
        else
            arguments->text[texts++] = take_text(request);
    }
    if (!is_read(request))
        return refuse(session, RPC_ERROR, "Unable to decode message payload");
    if (kinds[0] != 'd')
        return DONE;
    session->device = virNodeDeviceLookupByName(session->conn, arguments->text[0]);
    return session->device == NULL ? FAILED : DONE;
}

static enum result make_call(struct session *session, const struct procedure *procedure, struct request *request,
                             struct message *reply)
{
    struct arguments arguments = { { NULL, NULL, NULL }, { 0, 0, 0 } };
    enum result result = read_arguments(session, procedure->arguments, request, &arguments);
    size_t i;

    if (result == DONE)
        result = procedure->call(session, &arguments, reply);
    for (i = 0; i < sizeof(arguments.text) / sizeof(arguments.text[0]); i++)
        free(arguments.text[i]);
    if (result == DONE && reply->is_too_long)
        result = refuse(session, RPC_ERROR, "Unable to encode message payload");
    return result;
}

/* Makes the call of a message and writes the answer. */
static void answer(struct session *session, const struct header *header, struct request *request,
                   struct message *reply)
{
    const struct procedure *procedure = find_procedure(header->procedure);
    enum result result;

    begin_message(reply, header, REPLY, OK);
    virResetLastError();
    result = admit(session, header, procedure);
    if (result == DONE)
        result = make_call(session, procedure, request, reply);
    if (result == FAILED)
        take_failure(session);
    if (result != DONE) {
        begin_message(reply, header, REPLY, ERROR);
        put_error(reply, &session->failure);
    }
    if (session->device != NULL)
        virNodeDeviceFree(session->device);
    session->device = NULL;
}

/* The serial is the one that libvirt's daemon gives to all of them. */
void send_event(struct session *session, uint32_t procedure, int callback, const char *device, const int *details)
{
    const struct header header = { REMOTE_PROGRAM, VERSION, procedure, EVENT, 1, OK };
    struct message message = { NULL, 0, 0, 0 };

    begin_message(&message, &header, EVENT, OK);
    put_number(&message, (uint32_t)callback);
    put_text(&message, device);
    if (details != NULL) {
        put_number(&message, (uint32_t)details[0]);
        put_number(&message, (uint32_t)details[1]);
    }
    if (message.is_too_long || send_message(session, &message) < 0)
        session->is_over = 1;
    free_message(&message);
}

int take_message(struct session *session, const unsigned char *data, size_t length, struct message *reply)
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
        return send_message(session, reply);
    }
    if (header.type != CALL) {
        complain("the client sent a message that is no call");
        return -1;
    }
    answer(session, &header, &request, reply);
    return send_message(session, reply);
}
