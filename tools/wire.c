/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* Reads and writes the values of messages: numbers big-endian, texts with their length and padded to four bytes. */
#include <stdlib.h>
#include <string.h>

#include "wire.h"

static size_t padded(size_t length)
{
    return (length + 3) & ~(size_t)3;
}

static size_t left(const struct request *request)
{
    return (size_t)(request->end - request->at);
}

uint32_t take_number(struct request *request)
{
    const unsigned char *at = request->at;

    if (request->is_wrong || left(request) < 4) {
        request->is_wrong = 1;
        return 0;
    }
    request->at += 4;
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

char *take_text(struct request *request)
{
    size_t length = take_number(request);
    char *text;

    if (request->is_wrong || length > LONGEST_TEXT || padded(length) > left(request) ||
        memchr(request->at, '\0', length) != NULL) {
        request->is_wrong = 1;
        return NULL;
    }
    text = malloc(length + 1);
    if (text == NULL) {
        request->is_wrong = 1;
        return NULL;
    }
    memcpy(text, request->at, length);
    text[length] = '\0';
    request->at += padded(length);
    return text;
}

char *take_optional_text(struct request *request)
{
    /* Go's go-libvirt says yes by another number than 1. */
    return take_number(request) != 0 ? take_text(request) : NULL;
}

int is_read(const struct request *request)
{
    return !request->is_wrong && request->at == request->end;
}

/* Room for more bytes at the end, or NULL. */
static unsigned char *more(struct message *message, size_t length)
{
    unsigned char *data;
    size_t room = message->room;

    if (message->is_too_long || length > LONGEST_MESSAGE - message->length) {
        message->is_too_long = 1;
        return NULL;
    }
    while (room < message->length + length)
        room = room == 0 ? 512 : room * 2;
    if (room > message->room) {
        data = realloc(message->data, room);
        if (data == NULL) {
            message->is_too_long = 1;
            return NULL;
        }
        message->data = data;
        message->room = room;
    }
    data = message->data + message->length;
    message->length += length;
    return data;
}

static void store(unsigned char *at, uint32_t number)
{
    at[0] = (unsigned char)(number >> 24);
    at[1] = (unsigned char)(number >> 16);
    at[2] = (unsigned char)(number >> 8);
    at[3] = (unsigned char)number;
}

void put_number(struct message *message, uint32_t number)
{
    unsigned char *at = more(message, 4);

    if (at != NULL)
        store(at, number);
}

void put_long(struct message *message, uint64_t number)
{
    put_number(message, (uint32_t)(number >> 32));
    put_number(message, (uint32_t)number);
}

void put_bytes(struct message *message, const unsigned char *bytes, size_t length)
{
    unsigned char *at;

    if (length > LONGEST_TEXT) {
        message->is_too_long = 1;
        return;
    }
    put_number(message, (uint32_t)length);
    at = more(message, padded(length));
    if (at != NULL && length > 0) {
        memset(at, 0, padded(length));
        memcpy(at, bytes, length);
    }
}

void put_text(struct message *message, const char *text)
{
    put_bytes(message, (const unsigned char *)text, strlen(text));
}

void put_optional_text(struct message *message, const char *text)
{
    put_number(message, text != NULL);
    if (text != NULL)
        put_text(message, text);
}

void set_number(struct message *message, size_t offset, uint32_t number)
{
    if (offset + 4 <= message->length)
        store(message->data + offset, number);
}

void free_message(struct message *message)
{
    free(message->data);
    memset(message, 0, sizeof(*message));
}
