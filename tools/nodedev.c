/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * nodedev: the node devices of this host, as virsh's `nodedev-…` commands show and change them, or
 * in JSON, without a daemon. See nodedev(1).
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "nodedev.h"

static void print_help(void)
{
    const struct command *command;

    put("nodedev: the devices of this host, as libvirt describes them\n\n"
        "Usage: nodedev [OPTION]... COMMAND [ARGUMENT]...\n\n"
        "Commands:\n");
    for (command = commands; command->name != NULL; command++)
        put("  %-16s %s\n", command->name, command->summary);
    put("\nOptions:\n%s\n"
        "'nodedev COMMAND --help' describes a command.\n"
        "Exit status: 0 success, 1 failure, 2 wrong usage.\n", common_help);
}

static void print_command_help(const struct command *command)
{
    put("Usage: nodedev %s %s\n\n%s", command->name, command->arguments, command->help);
}

/* A version number as libvirt counts it, in its usual form. */
static void put_version(const char *what, unsigned long version)
{
    put("%s %lu.%lu.%lu\n", what, version / 1000000, version / 1000 % 1000, version % 1000);
}

static void print_version(void)
{
    unsigned long api = 0;

    virGetVersion(&api, NULL, NULL);
    put_version("nodedev", VIRNODEDEV_VERSION);
    put_version("library: virnodedev", vndVersion());
    put_version("API: libvirt", api);
}

/* The bit of an option: getopt_long() gives the letter of a short one. */
static int option_bit(int option)
{
    switch (option) {
    case 'c': return OPTION_CONNECT;
    case 'o': return OPTION_OUTPUT;
    case 'r': return OPTION_READONLY;
    case 'q': return OPTION_QUIET;
    case 'h': return OPTION_HELP;
    case 'V': return OPTION_VERSION;
    default: return option;
    }
}

/* Says what is wrong with the option that getopt_long() has just refused. */
static void complain_option(char **argv, int problem)
{
    const char *word = argv[optind - 1];

    if (problem == ':')
        complain("option '%s' needs a value", word);
    else if (strncmp(word, "--", 2) == 0 && optopt != 0)
        complain("option '%s' takes no value", word);
    else if (strncmp(word, "--", 2) == 0)
        complain("unknown option '%s'", word);
    else
        complain("unknown option '-%c'", optopt);
}

/* Reads the command line into `settings`; the options may stand anywhere.
 * Returns 0, or -1 after an error line. */
static int parse_options(int argc, char **argv, struct settings *settings)
{
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":c:o:rqhV", long_options, NULL)) != -1) {
        if (option == '?' || option == ':') {
            complain_option(argv, option);
            return -1;
        }
        option = option_bit(option);
        settings->given |= (unsigned int)option;
        if (option == OPTION_CONNECT)
            settings->uri = optarg;
        if (option == OPTION_OUTPUT)
            settings->output = optarg;
        if (option == OPTION_DEVICE)
            settings->device = optarg;
        if (option == OPTION_DRIVER)
            settings->driver = optarg;
        if (option == OPTION_XPATH)
            settings->xpath = optarg;
        if (option == OPTION_PARTS)
            settings->parts = optarg;
        if ((option == OPTION_CAP && list_parse_caps(optarg, &settings->caps) < 0) ||
            (option == OPTION_EVENT && event_parse_type(optarg, &settings->events) < 0) ||
            (option == OPTION_TIMEOUT && event_parse_timeout(optarg, &settings->timeout) < 0))
            return -1;
    }
    settings->names = argv + optind;
    settings->nnames = argc - optind;
    return 0;
}

static int check_arguments(const struct command *command, const struct settings *settings)
{
    unsigned int foreign = settings->given & ~(command->options | COMMON_OPTIONS);
    int names_are_implied = command->min_names > 0 && (settings->given & OPTION_ALL) != 0;
    int min_names = names_are_implied ? 0 : command->min_names;
    int max_names = names_are_implied ? 0 : command->max_names;
    const struct option *option;

    for (option = long_options; option->name != NULL; option++) {
        if ((foreign & (unsigned int)option->val) != 0) {
            complain("command '%s' has no option --%s", command->name, option->name);
            return -1;
        }
    }
    if (settings->nnames < min_names) {
        complain("command '%s' needs %s", command->name, command->needs);
        return -1;
    }
    if (settings->nnames > max_names) {
        complain("unexpected argument '%s'", settings->names[max_names]);
        return -1;
    }
    return command->check != NULL ? command->check(settings) : 0;
}

/* Errors are printed by complain_library(), with what failed in front. */
static void ignore_error(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

static int run_command(const struct command *command, const struct settings *settings)
{
    unsigned int flags = (settings->given & OPTION_READONLY) != 0 ? VIR_CONNECT_RO : 0;
    virConnectPtr conn;
    int status;

    virSetErrorFunc(NULL, ignore_error);
    if (virInitialize() < 0) {
        complain_library();
        return STATUS_FAILED;
    }
    if (command->run == rpc_run)
        return command->run(NULL, settings);
    conn = virConnectOpenAuth(settings->uri, virConnectAuthPtrDefault, flags);
    if (conn == NULL) {
        if (settings->uri != NULL)
            complain("failed to connect to '%s'", settings->uri);
        else
            complain("failed to connect");
        complain_library();
        return STATUS_FAILED;
    }
    status = command->run(conn, settings);
    virConnectClose(conn);
    return status;
}

/* Finds out what to do and does it. */
static int act(int argc, char **argv)
{
    struct settings settings = { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0 };
    const struct command *command = NULL;

    /* What follows are words of a line that somebody types, not options of this one. */
    if (argc > 1 && strcmp(argv[1], "complete") == 0)
        return complete_words(argv + 2, argc - 2);
    if (parse_options(argc, argv, &settings) < 0)
        return STATUS_USAGE;
    if (settings.nnames > 0 && strcmp(settings.names[0], "help") == 0) {
        settings.given |= OPTION_HELP;
        settings.names++;
        settings.nnames--;
    }
    if (settings.nnames > 0) {
        command = find_command(settings.names[0]);
        if (command == NULL) {
            complain("unknown command '%s'", settings.names[0]);
            return STATUS_USAGE;
        }
        settings.command = command->name;
        settings.names++;
        settings.nnames--;
    }
    if ((settings.given & OPTION_VERSION) != 0) {
        print_version();
    } else if ((settings.given & OPTION_HELP) != 0) {
        if (command != NULL)
            print_command_help(command);
        else
            print_help();
    } else if (command == NULL) {
        complain("no command given");
        return STATUS_USAGE;
    } else if (check_arguments(command, &settings) < 0) {
        return STATUS_USAGE;
    } else {
        return run_command(command, &settings);
    }
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    int status;

    /* A reader that went away is reported like any failed write. */
    signal(SIGPIPE, SIG_IGN);
    status = act(argc, argv);
    if (status == STATUS_USAGE)
        fputs("Try 'nodedev --help'.\n", stderr);
    if (put_finish() != STATUS_OK && status == STATUS_OK)
        status = STATUS_FAILED;
    return status;
}
