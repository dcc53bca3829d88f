/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nodedev: shows the node devices of this host, as `virsh nodedev-list`, `nodedev-dumpxml`,
 * `nodedev-info` and `nodedev-event` do, or in JSON, without a daemon. See nodedev(1).
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "nodedev.h"

enum { MANY = 1 << 20 };

/* Options that may stand before or after any command. */
#define COMMON_OPTIONS \
    (OPTION_CONNECT | OPTION_READONLY | OPTION_QUIET | OPTION_HELP | OPTION_VERSION)

struct command {
    const char *name;
    const char *arguments;
    const char *summary;
    const char *help;
    unsigned int options;
    int min_names;
    int max_names;
    int (*check)(const struct settings *settings);
    int (*run)(virConnectPtr conn, const struct settings *settings);
};

static const struct command commands[] = {
    {
        "list",
        "[--tree|--json] [--cap A,B]\n"
        "                    [--all|--inactive|--persistent|--transient]",
        "list devices, one name a line or as a tree",
        "Lists active devices, sorted by name.\n\n"
        "  --tree           draw each device below its parent\n"
        "  --json           print a JSON array of all that is known of the devices,\n"
        "                   parents before their children\n"
        "  --cap A,B        only devices with one of these capabilities:\n"
        "                   system, pci, usb_device, usb, net, scsi_host, scsi_target,\n"
        "                   scsi, storage, fc_host, vports, scsi_generic, drm,\n"
        "                   mdev_types, mdev, ccw, css, vdpa, ap_card, ap_queue,\n"
        "                   ap_matrix, vpd, ccwgroup, ccwgroup_member\n"
        "  --all            inactive devices too\n"
        "  --inactive       inactive devices only\n"
        "  --persistent     devices with a persistent definition only\n"
        "  --transient      devices without a persistent definition only\n\n"
        "--tree cannot be combined with --json, --cap, --inactive, --persistent or\n"
        "--transient.\n",
        OPTION_TREE | OPTION_JSON | OPTION_CAP | OPTION_ALL | OPTION_INACTIVE | OPTION_PERSISTENT |
        OPTION_TRANSIENT,
        0, 0, list_check, list_run
    },
    {
        "dumpxml", "NAME... [--inactive] | --all",
        "print the XML of devices",
        "Prints the XML description of each device named.\n\n"
        "  NAME             a name that 'nodedev list' shows, or WWNN,WWPN of a\n"
        "                   Fibre Channel host adapter\n"
        "  --inactive       the persistent definition in place of the live state\n"
        "  --all            every device, active or not, in one document\n",
        OPTION_INACTIVE | OPTION_ALL,
        1, MANY, show_check, show_xml
    },
    {
        "dumpjson", "NAME... [--inactive] | --all",
        "print what the XML says in JSON",
        "Prints a JSON object for each device named, with the facts of its XML.\n\n"
        "  NAME             a name that 'nodedev list' shows, or WWNN,WWPN of a\n"
        "                   Fibre Channel host adapter\n"
        "  --inactive       the persistent definition in place of the live state\n"
        "  --all            an array of every device, active or not\n",
        OPTION_INACTIVE | OPTION_ALL,
        1, MANY, show_check, show_json
    },
    {
        "info", "NAME",
        "print a device's parent and states",
        "Prints parent, activity, persistence and autostart of one device.\n\n"
        "  NAME             a name that 'nodedev list' shows, or WWNN,WWPN of a\n"
        "                   Fibre Channel host adapter\n",
        0,
        1, 1, NULL, show_info
    },
    {
        "event",
        "[--device NAME] [--event lifecycle|update] [--loop]\n"
        "                     [--timeout S] [--timestamp] | --list",
        "print events of devices as they happen",
        "Waits for an event and prints it. Ctrl-C ends the wait.\n\n"
        "  --device NAME    only events of this device\n"
        "  --event TYPE     only events of this type; may be given twice:\n"
        "                   lifecycle (a device came or went), update (it changed)\n"
        "  --loop           go on after the first event\n"
        "  --timeout S      end after S seconds\n"
        "  --timestamp      print the time of each event (UTC)\n"
        "  --list           list the types of events instead\n\n"
        "Exit status: 0 when there was an event, 1 when there was none.\n",
        OPTION_DEVICE | OPTION_EVENT | OPTION_LOOP | OPTION_TIMEOUT | OPTION_TIMESTAMP |
        OPTION_LIST,
        0, 0, event_check, event_run
    },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const struct option long_options[] = {
    { "connect", required_argument, NULL, OPTION_CONNECT },
    { "readonly", no_argument, NULL, OPTION_READONLY },
    { "quiet", no_argument, NULL, OPTION_QUIET },
    { "help", no_argument, NULL, OPTION_HELP },
    { "version", no_argument, NULL, OPTION_VERSION },
    { "tree", no_argument, NULL, OPTION_TREE },
    { "cap", required_argument, NULL, OPTION_CAP },
    { "all", no_argument, NULL, OPTION_ALL },
    { "inactive", no_argument, NULL, OPTION_INACTIVE },
    { "persistent", no_argument, NULL, OPTION_PERSISTENT },
    { "transient", no_argument, NULL, OPTION_TRANSIENT },
    { "json", no_argument, NULL, OPTION_JSON },
    { "device", required_argument, NULL, OPTION_DEVICE },
    { "event", required_argument, NULL, OPTION_EVENT },
    { "loop", no_argument, NULL, OPTION_LOOP },
    { "timeout", required_argument, NULL, OPTION_TIMEOUT },
    { "timestamp", no_argument, NULL, OPTION_TIMESTAMP },
    { "list", no_argument, NULL, OPTION_LIST },
    { NULL, 0, NULL, 0 }
};

static void print_help(void)
{
    int i;

    put("nodedev: the devices of this host, as libvirt describes them\n\n"
        "Usage: nodedev [OPTION]... COMMAND [ARGUMENT]...\n\n"
        "Commands:\n");
    for (i = 0; i < COMMANDS; i++)
        put("  %-16s %s\n", commands[i].name, commands[i].summary);
    put("\nOptions:\n"
        "  -c, --connect URI  connection to open; default: LIBVIRT_DEFAULT_URI, else\n"
        "                     nodedev:///system\n"
        "  -r, --readonly     open the connection read-only\n"
        "  -q, --quiet        no blank line at the end of the output\n"
        "  -V, --version      print the version\n"
        "  -h, --help         print this help, or that of the command given\n\n"
        "'nodedev COMMAND --help' describes a command.\n"
        "Exit status: 0 success, 1 failure, 2 wrong usage.\n");
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

static const struct command *find_command(const char *name)
{
    int i;

    for (i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static int short_option_bit(int letter)
{
    switch (letter) {
    case 'c': return OPTION_CONNECT;
    case 'r': return OPTION_READONLY;
    case 'q': return OPTION_QUIET;
    case 'h': return OPTION_HELP;
    case 'V': return OPTION_VERSION;
    default: return 0;
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
    while ((option = getopt_long(argc, argv, ":c:rqhV", long_options, NULL)) != -1) {
        if (option == '?' || option == ':') {
            complain_option(argv, option);
            return -1;
        }
        if (option < OPTION_CONNECT)
            option = short_option_bit(option);
        settings->given |= (unsigned int)option;
        if (option == OPTION_CONNECT)
            settings->uri = optarg;
        if (option == OPTION_DEVICE)
            settings->device = optarg;
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
        complain("command '%s' needs the name of a device", command->name);
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
    struct settings settings = { 0, 0, 0, 0, NULL, NULL, NULL, 0 };
    const struct command *command = NULL;

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
