/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* Lays out JSON for people: the library writes one line, this writes a line for each member. */
#include <string.h>

#include "nodedev.h"

static void put_line(int depth)
{
    put("\n%*s", 2 * depth, "");
}

/* The length of a string, quotes included, that begins at `text`. */
static size_t string_length(const char *text)
{
    size_t length = 1;

    while (text[length] != '"' && text[length] != '\0')
        length += text[length] == '\\' && text[length + 1] != '\0' ? 2 : 1;
    return text[length] == '"' ? length + 1 : length;
}

/* The length of what is printed unchanged: a string, or all before the next bracket, comma, colon or string. */
static size_t plain_length(const char *text)
{
    return *text == '"' ? string_length(text) : strcspn(text, "\"{}[],:");
}

void put_json(const char *text)
{
    int depth = 0;

    while (*text != '\0') {
        size_t plain = plain_length(text);

        if (plain > 0) {
            put("%.*s", (int)plain, text);
            text += plain;
            continue;
        }
        switch (*text) {
        case '{':
        case '[':
            put("%c", *text);
            if (text[1] == '}' || text[1] == ']') {
                put("%c", *++text);
            } else {
                put_line(++depth);
            }
            break;
        case '}':
        case ']':
            put_line(--depth);
            put("%c", *text);
            break;
        case ',':
            put(",");
            put_line(depth);
            break;
        default:
            put(": ");
        }
        text++;
    }
    put("\n");
}
