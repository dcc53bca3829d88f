/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* Messages of libvirt's protocol: how values are read from one and written to one (XDR, RFC 4506). */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

/* What a message, a text and a list may hold at most. */
enum {
    LONGEST_MESSAGE = 32 << 20,
    LONGEST_TEXT = 4 << 20,
    LONGEST_LIST = 65536
};

/* A message that is read. */
struct request {
    const unsigned char *at;
    const unsigned char *end;
    int is_wrong; /* something in it cannot be */
};

/* A message that is written. */
struct message {
    unsigned char *data;
    size_t length;
    size_t room;
    int is_too_long; /* or there is no memory for it */
};

uint32_t take_number(struct request *request);
/* A text that the caller frees; NULL after something wrong. */
char *take_text(struct request *request);
/* A text that may be missing: NULL then. */
char *take_optional_text(struct request *request);
/* Whether all was read, and nothing was wrong. */
int is_read(const struct request *request);

void put_number(struct message *message, uint32_t number);
void put_long(struct message *message, uint64_t number);
/* Bytes with their number in front. */
void put_bytes(struct message *message, const unsigned char *bytes, size_t length);
void put_text(struct message *message, const char *text);
/* NULL for a text that is missing. */
void put_optional_text(struct message *message, const char *text);
/* Writes over the number at an offset. */
void set_number(struct message *message, size_t offset, uint32_t number);
void free_message(struct message *message);

#endif
