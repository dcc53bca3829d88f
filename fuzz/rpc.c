/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * rpc SECONDS FINDING FILE...   has conversations of libvirt's clients with `nodedev rpc`, changed at random
 *
 * FILE holds the messages of one client, as they were sent. Whatever comes, the answer is one message of the right length,
 * procedure and serial. Built with AddressSanitizer and UndefinedBehaviorSanitizer; what breaks is written to FINDING, which
 * is a FILE as well.
 */
#include <fcntl.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nodedev.h"
#include "rpc.h"

enum { HEADER = 28, MOST_MESSAGES = 4096, LONGEST_INPUT = 1 << 16, CONVERSATION = 24 };

struct frame {
    const unsigned char *data;
    size_t length;
};

static struct frame frames[MOST_MESSAGES];
static size_t nframes;

/* The conversation that is had. */
static unsigned char input[LONGEST_INPUT];
static size_t input_length;
static const char *finding;

static uint32_t number_at(const unsigned char *at)
{
    struct request request = { at, at + 4, 0 };

    return take_number(&request);
}

static void keep_finding(void)
{
    int fd = open(finding, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    if (fd >= 0 && write(fd, input, input_length) == (ssize_t)input_length)
        fprintf(stderr, "rpc: the conversation is in %s\n", finding);
}

static void die(const char *what)
{
    fprintf(stderr, "rpc: %s\n", what);
    keep_finding();
    abort();
}

static void read_frames(const char *path)
{
    static unsigned char all[64 << 20];
    FILE *file = fopen(path, "rb");
    size_t length, at = 0;
    unsigned char *copy;

    if (file == NULL) {
        perror(path);
        exit(2);
    }
    length = fread(all, 1, sizeof(all), file);
    fclose(file);
    copy = malloc(length + 1);
    memcpy(copy, all, length);
    while (nframes < MOST_MESSAGES && at + HEADER <= length && number_at(copy + at) >= HEADER &&
           number_at(copy + at) <= length - at) {
        frames[nframes].data = copy + at;
        frames[nframes++].length = number_at(copy + at);
        at += number_at(copy + at);
    }
}

/* Writes a message at the end of the conversation, with bytes changed at random. */
static void add_frame(const struct frame *frame)
{
    static const unsigned char words[] = { 0, 1, 2, 4, 0x7F, 0x80, 0xFE, 0xFF };
    unsigned char *at = input + input_length;
    size_t length = frame->length;
    int changes;

    if (length > sizeof(input) - input_length - 64)
        return;
    memcpy(at, frame->data, length);
    for (changes = rand() % 4; changes > 0; changes--) {
        size_t place = 4 + (size_t)rand() % (length - 4);

        switch (rand() % 6) {
        case 0: /* any byte behind the length */
            at[place] = (unsigned char)rand();
            break;
        case 1:
            at[place] = words[(size_t)rand() % sizeof(words)];
            break;
        case 2: /* cut */
            length = place < HEADER ? HEADER : place;
            break;
        case 3: /* longer */
            memset(at + length, words[(size_t)rand() % sizeof(words)], 8);
            length += 8;
            break;
        case 4: /* the arguments of one call for another */
            at[14] = (unsigned char)(rand() % 2);
            at[15] = (unsigned char)rand();
            break;
        default: /* the length of a text */
            place &= ~(size_t)3;
            if (place + 4 <= length)
                memset(at + place, words[(size_t)rand() % sizeof(words)], 4);
        }
        if (length > sizeof(input) - input_length - 64)
            break;
    }
    at[0] = (unsigned char)(length >> 24);
    at[1] = (unsigned char)(length >> 16);
    at[2] = (unsigned char)(length >> 8);
    at[3] = (unsigned char)length;
    input_length += length;
}

static void converse(int output)
{
    struct session session = { 0 };
    struct message reply = { NULL, 0, 0, 0 };
    size_t at, length;

    session.output = output;
    session.uri = "test:///default";
    for (at = 0; at < input_length && !session.is_over; at += length) {
        /* Where it ends, so that reading beyond it is noticed. */
        unsigned char *message;

        length = number_at(input + at);
        message = malloc(length - 4);
        memcpy(message, input + at + 4, length - 4);
        reply.length = 0;
        if (take_message(&session, message, length - 4, &reply) < 0)
            session.is_over = 1;
        if (reply.length != 0 && (reply.length < HEADER || number_at(reply.data) != reply.length ||
                                  memcmp(reply.data + 4, message, 8) != 0 || memcmp(reply.data + 20, message + 16, 4) != 0))
            die("this is no answer to that message");
        free(message);
    }
    free_message(&reply);
    close_session(&session);
}

static void ignore_error(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

int main(int argc, char **argv)
{
    unsigned long done = 0;
    int output = open("/dev/null", O_WRONLY);
    time_t end;
    int i;

    if (argc < 4)
        return 2;
    finding = argv[2];
    __asan_set_death_callback(keep_finding);
    virSetErrorFunc(NULL, ignore_error);
    for (i = 3; i < argc; i++)
        read_frames(argv[i]);
    if (nframes == 0) {
        fprintf(stderr, "rpc: there is no message in the files\n");
        return 2;
    }
    srand((unsigned int)time(NULL));
    for (end = time(NULL) + atoi(argv[1]); time(NULL) <= end; done++) {
        input_length = 0;
        if (rand() % 8 != 0) { /* most begin with what opens the connection */
            static const unsigned char open_it[] = { 0, 0, 0, 36, 0x20, 0, 0x80, 0x86, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0,
                                                     0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
            memcpy(input, open_it, sizeof(open_it));
            input_length = sizeof(open_it);
        }
        for (i = rand() % CONVERSATION; i >= 0; i--)
            add_frame(&frames[(size_t)rand() % nframes]);
        converse(output);
    }
    printf("rpc: %lu conversations, nothing found\n", done);
    return 0;
}
