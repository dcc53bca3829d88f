/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * nodedev rpc: one client of libvirt's protocol on standard input and output.
 *
 * Calls are answered in order; events come between answers. While a client does not read, nothing is done: what happens
 * meanwhile is found by a scan afterwards, so no memory is needed for it.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "nodedev.h"
#include "rpc.h"

/* The bytes of a message before what belongs to its procedure. */
enum { HEADER = 28 };

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
    struct session session = { 0 };
    struct message reply = { NULL, 0, 0, 0 };
    int status;

    (void)conn;
    session.output = STDOUT_FILENO;
    session.uri = settings->nnames > 0 ? settings->names[0] : settings->uri;
    session.must_be_read_only = (settings->given & OPTION_READONLY) != 0;
    do {
        status = serve(&session, &reply);
    } while (status > 0 && !session.is_over);
    free_message(&reply);
    close_session(&session);
    return status < 0 ? STATUS_FAILED : STATUS_OK;
}
