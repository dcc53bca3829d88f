/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * nodedev complete WORD...: the completions of the last word, for shells. A line for each candidate, with a
 * tab and its meaning where it has one; one line FILE_HERE where the name of a file is expected.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capabilities.h"
#include "nodedev.h"

/* No device has such a name. */
#define FILE_HERE "<FILE>"

/* The column in which the help explains an option. */
enum { EXPLANATIONS = 19 };

/* The words before the last one, as far as they matter. */
struct line {
    const struct command *command; /* NULL if there is none yet */
    const struct option *option;   /* the option whose value comes next, or NULL */
    const char *uri;               /* of -c, or NULL */
    int arguments;                 /* how many follow the command */
    int only_arguments;            /* there was "--": no options follow */
    int is_help;                   /* the command is "help" */
    int is_wrong;                  /* there is no such command */
};

/* Prints a candidate if the word typed so far, `typed`, is its beginning. `before` is the part of the word that
 * stands before the candidate. The first line of `meaning` explains it, unless it is NULL. */
static void offer(const char *before, const char *candidate, const char *meaning, const char *typed)
{
    const char *rest = typed + strlen(before);

    if (strncmp(candidate, rest, strlen(rest)) != 0)
        return;
    put("%s%s", before, candidate);
    if (meaning != NULL)
        put("\t%.*s", (int)strcspn(meaning, "\n"), meaning);
    put("\n");
}

/* --- options -------------------------------------------------------------------- */

static const struct option *find_option(const char *name, size_t length)
{
    const struct option *option;

    for (option = long_options; option->name != NULL; option++) {
        if (strlen(option->name) == length && memcmp(option->name, name, length) == 0)
            return option;
    }
    return NULL;
}

/* The option that a word is, or NULL. `*value` is what follows it in the word, or NULL. */
static const struct option *parse_option(const char *word, const char **value)
{
    size_t length;

    *value = NULL;
    if (strncmp(word, "-c", 2) == 0 || strncmp(word, "-o", 2) == 0) {
        const char *name = word[1] == 'c' ? "connect" : "output";

        *value = word[2] != '\0' ? word + 2 : NULL;
        return find_option(name, strlen(name));
    }
    if (strncmp(word, "--", 2) != 0)
        return NULL;
    word += 2;
    length = strcspn(word, "=");
    if (word[length] == '=')
        *value = word + length + 1;
    return find_option(word, length);
}

/* Where the text of a help explains an option; NULL if it does not. The explanation ends with its line. */
static const char *find_meaning(const char *help, const char *option)
{
    const char *line = help;

    while (line != NULL) {
        size_t end = strcspn(line, "\n");
        const char *found = strstr(line, option);

        if (found != NULL && found < line + EXPLANATIONS && end > EXPLANATIONS &&
            !isalpha((unsigned char)found[strlen(option)]))
            return line + EXPLANATIONS + strspn(line + EXPLANATIONS, " ");
        line = line[end] != '\0' ? line + end + 1 : NULL;
    }
    return NULL;
}

static void offer_options(const struct line *line, const char *typed)
{
    unsigned int taken = COMMON_OPTIONS | (line->command != NULL ? line->command->options : 0);
    const struct option *option;

    for (option = long_options; option->name != NULL; option++) {
        char word[32];
        const char *meaning;

        if ((taken & (unsigned int)option->val) == 0)
            continue;
        snprintf(word, sizeof(word), "--%s", option->name);
        meaning = find_meaning(common_help, word);
        if (meaning == NULL && line->command != NULL)
            meaning = find_meaning(line->command->help, word);
        offer("", word, meaning, typed);
    }
}

/* --- values --------------------------------------------------------------------- */

/* Offers the devices that the command is for; none if the connection cannot be opened. */
static void offer_devices(const struct line *line, const char *before, const char *typed)
{
    virConnectPtr conn = virConnectOpenReadOnly(line->uri);
    virNodeDevicePtr *devices = NULL;
    int count;
    int i;

    if (conn == NULL)
        return;
    count = virConnectListAllNodeDevices(conn, &devices, line->command->devices);
    for (i = 0; i < count; i++) {
        offer(before, virNodeDeviceGetName(devices[i]), NULL, typed);
        virNodeDeviceFree(devices[i]);
    }
    free(devices);
    virConnectClose(conn);
}

static const char *capability_name(int number)
{
    return number < CAPABILITIES ? capabilities[number].name : NULL;
}

/* Offers the last one of a list such as "net,sto", of the names that `name` gives by their numbers. */
static void offer_list(const char *(*name)(int number), const char *value, const char *typed)
{
    const char *comma = strrchr(value, ',');
    size_t length = (size_t)((comma != NULL ? comma + 1 : value) - typed);
    char *before = malloc(length + 1);
    int i;

    if (before == NULL)
        return;
    memcpy(before, typed, length);
    before[length] = '\0';
    for (i = 0; name(i) != NULL; i++)
        offer(before, name(i), NULL, typed);
    free(before);
}

static void offer_uris(const char *before, const char *typed)
{
    offer(before, "nodedev:///system", NULL, typed);
    offer(before, "nodedev:///embed?root=", NULL, typed);
    offer(before, "test:///default", NULL, typed);
}

/* Offers values of an option. `value` is the end of the word `typed`, or all of it: "net" in "--cap=net". */
static void offer_values(const struct line *line, const struct option *option, const char *value, const char *typed)
{
    char before[32];
    int type;

    snprintf(before, sizeof(before), "%.*s", (int)(value - typed), typed);
    if (option->val == OPTION_CONNECT)
        offer_uris(before, typed);
    else if (option->val == OPTION_CAP)
        offer_list(capability_name, value, typed);
    else if (option->val == OPTION_PARTS)
        offer_list(inventory_part, value, typed);
    else if (option->val == OPTION_OUTPUT)
        put("%s\n", FILE_HERE);
    else if (option->val == OPTION_DEVICE && line->command != NULL)
        offer_devices(line, before, typed);
    for (type = 0; option->val == OPTION_EVENT && event_type_name(type) != NULL; type++)
        offer(before, event_type_name(type), NULL, typed);
}

/* --- commands and their arguments ------------------------------------------------ */

static void offer_commands(const struct line *line, const char *typed)
{
    const struct command *command;

    for (command = commands; command->name != NULL; command++)
        offer("", command->name, command->summary, typed);
    if (!line->is_help)
        offer("", "help", "describe a command", typed);
}

/* Offers what the next argument can be. The usage of a command begins with its arguments: NAME, NAME..., [NAME...],
 * FILE or NAME FILE. */
static void offer_argument(const struct line *line, const char *typed)
{
    const char *usage = line->command->arguments + (line->command->arguments[0] == '[');
    const char *first = "NAME";
    size_t length = strlen(first);

    if (line->arguments >= line->command->max_names)
        return;
    if (strncmp(usage, first, length) != 0 || (usage[length] == ' ' && line->arguments > 0))
        put("%s\n", FILE_HERE);
    else
        offer_devices(line, "", typed);
}

/* --- the line -------------------------------------------------------------------- */

/* Takes note of a word before the last one. */
static void read_word(struct line *line, const char *word)
{
    const char *value;

    if (line->option != NULL) {
        if (line->option->val == OPTION_CONNECT)
            line->uri = word;
        line->option = NULL;
    } else if (!line->only_arguments && strcmp(word, "--") == 0) {
        line->only_arguments = 1;
    } else if (!line->only_arguments && word[0] == '-') {
        line->option = parse_option(word, &value);
        if (line->option != NULL && line->option->val == OPTION_CONNECT && value != NULL)
            line->uri = value;
        if (line->option != NULL && (value != NULL || line->option->has_arg == no_argument))
            line->option = NULL;
    } else if (line->command != NULL) {
        line->arguments++;
    } else if (!line->is_help && strcmp(word, "help") == 0) {
        line->is_help = 1;
    } else {
        line->command = find_command(word);
        line->is_wrong = line->is_wrong || line->command == NULL;
    }
}

static void offer_last(const struct line *line, const char *typed)
{
    const char *value = NULL;
    const struct option *option = NULL;

    if (line->option != NULL) {
        offer_values(line, line->option, typed, typed);
        return;
    }
    if (!line->only_arguments && typed[0] == '-')
        option = parse_option(typed, &value);
    if (option != NULL && value != NULL)
        offer_values(line, option, value, typed);
    else if (!line->only_arguments && typed[0] == '-')
        offer_options(line, typed);
    else if (line->command == NULL)
        offer_commands(line, typed);
    else if (!line->is_help)
        offer_argument(line, typed);
}

static void ignore_error(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

int complete_words(char **words, int count)
{
    struct line line = { NULL, NULL, NULL, 0, 0, 0, 0 };
    int i;

    virSetErrorFunc(NULL, ignore_error);
    for (i = 0; i < count - 1; i++)
        read_word(&line, words[i]);
    if (!line.is_wrong)
        offer_last(&line, count > 0 ? words[count - 1] : "");
    return STATUS_OK;
}
