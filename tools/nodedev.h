/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * nodedev: the node devices of this host on the command line.
 *
 * What the files of the program share. The program uses the library's public
 * header and standard C/POSIX, nothing else; for XPath it loads libxml2.
 */
#ifndef NODEDEV_H
#define NODEDEV_H

#include <getopt.h>
#include <stddef.h>

#include <virnodedev.h>

/* Exit statuses, as documented in nodedev(1). */
enum {
    STATUS_OK = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
    STATUS_NOT_ASSIGNABLE = 3,
    STATUS_ASSIGNABLE_TOGETHER = 4
};

/* One bit for each option, so that a command can say which ones it takes. No bit is the code of a letter, because
 * getopt_long() returns that for a short option. */
enum {
    OPTION_OUTPUT = 1 << 0,
    OPTION_SLOW = 1 << 1,
    OPTION_FORCE = 1 << 2,
    OPTION_PARTS = 1 << 3,
    OPTION_WRAP = 1 << 4,
    OPTION_XPATH = 1 << 5,
    OPTION_ANONYMOUS = 1 << 6,
    OPTION_CONNECT = 1 << 7,
    OPTION_READONLY = 1 << 8,
    OPTION_QUIET = 1 << 9,
    OPTION_HELP = 1 << 10,
    OPTION_VERSION = 1 << 11,
    OPTION_TREE = 1 << 12,
    OPTION_CAP = 1 << 13,
    OPTION_ALL = 1 << 14,
    OPTION_INACTIVE = 1 << 15,
    OPTION_PERSISTENT = 1 << 16,
    OPTION_TRANSIENT = 1 << 17,
    OPTION_JSON = 1 << 18,
    OPTION_DEVICE = 1 << 19,
    OPTION_EVENT = 1 << 20,
    OPTION_LOOP = 1 << 21,
    OPTION_TIMEOUT = 1 << 22,
    OPTION_TIMESTAMP = 1 << 23,
    OPTION_LIST = 1 << 24,
    OPTION_VALIDATE = 1 << 25,
    OPTION_CONFIG = 1 << 26,
    OPTION_LIVE = 1 << 27,
    OPTION_CURRENT = 1 << 28,
    OPTION_DISABLE = 1 << 29,
    OPTION_DRIVER = 1 << 30
};

/* Options that may stand before or after any command. */
enum { COMMON_OPTIONS = OPTION_CONNECT | OPTION_READONLY | OPTION_QUIET | OPTION_HELP | OPTION_VERSION };

/* What the command line asks for. */
struct settings {
    const char *command;  /* its name */
    unsigned int given;   /* OPTION_ bits that were on the command line */
    unsigned int caps;    /* VIR_CONNECT_LIST_NODE_DEVICES_CAP_ bits of --cap */
    unsigned int events;  /* of --event, bit N for virNodeDeviceEventID N; 0 for all */
    int timeout;          /* of --timeout in seconds, 0 for none */
    const char *device;   /* of --device, or NULL */
    const char *driver;   /* of --driver, or NULL */
    const char *xpath;    /* of --xpath, or NULL */
    const char *parts;    /* of --parts, or NULL */
    const char *uri;      /* of -c, or NULL */
    const char *output;   /* of -o, or NULL */
    char **names;         /* arguments after the command */
    int nnames;
};

struct command {
    const char *name;
    const char *arguments; /* for the usage line: arguments and options */
    const char *summary;   /* for the list of commands */
    const char *help;      /* what follows the usage line */
    unsigned int options;  /* OPTION_ bits that it takes beside COMMON_OPTIONS */
    unsigned int devices;  /* the devices that it is for: VIR_CONNECT_LIST_NODE_DEVICES_ bits */
    const char *needs;     /* the arguments that it must have, in words; NULL for none */
    int min_names;         /* how many arguments it must have */
    int max_names;         /* how many it can have */
    int (*check)(const struct settings *settings); /* NULL, or 0 if the options go together */
    int (*run)(virConnectPtr conn, const struct settings *settings);
};

/* commands.c */

/* Every command; the last has no name. */
extern const struct command commands[];
/* Every option, for getopt_long(): its value is its OPTION_ bit. */
extern const struct option long_options[];
/* The options that all commands take, as the help has them. */
extern const char common_help[];

/* A command by its name or another name that virsh has for it. NULL without one. */
const struct command *find_command(const char *name);

/* complete.c: prints the completions of the last word, for shells. The first word is the one after the
 * program's name. */
int complete_words(char **words, int count);

/* list.c */
int list_parse_caps(const char *text, unsigned int *caps);
int list_check(const struct settings *settings);
int list_run(virConnectPtr conn, const struct settings *settings);

/* tree.c: prints `names[i]` below `names[parents[i]]`; a negative parent makes a
 * root. `names` is sorted, and siblings keep that order. No device is its own
 * ancestor; one that is would not be shown. Returns 0, or -1 when memory is short. */
int tree_print(const char *const *names, const int *parents, int count);

/* show.c */

/* Finds the device that the user named, by its name or, for a Fibre Channel host
 * adapter, by its two world wide names. NULL after error lines. */
virNodeDevicePtr find_device(virConnectPtr conn, const char *text);

int show_check(const struct settings *settings);
int show_xml(virConnectPtr conn, const struct settings *settings);
int show_json(virConnectPtr conn, const struct settings *settings);
/* The devices that pass VIR_CONNECT_LIST_NODE_DEVICES_ flags, in the library's own order. */
int show_json_list(virConnectPtr conn, unsigned int flags, const struct settings *settings);
int show_info(virConnectPtr conn, const struct settings *settings);

/* xpath.c: what an expression selects of a document, on lines of its own or in one element. The caller
 * frees it. NULL after an error line. */
char *xpath_select(const char *xml, const char *expression, int wrap);

/* json.c: lays out JSON that the library made, and ends it with a newline. */
void put_json(const char *text);

/* inventory.c */
/* The name of a part of the inventory, NULL behind the last. */
const char *inventory_part(int number);
int inventory_run(virConnectPtr conn, const struct settings *settings);

/* record.c */
int record_run(virConnectPtr conn, const struct settings *settings);

/* report.c */
int report_run(virConnectPtr conn, const struct settings *settings);

/* assignable.c */
int assignable_run(virConnectPtr conn, const struct settings *settings);

/* event.c */
/* NULL for a number that no type has. */
const char *event_type_name(int type);
int event_parse_type(const char *text, unsigned int *events);
int event_parse_timeout(const char *text, int *seconds);
int event_check(const struct settings *settings);
int event_run(virConnectPtr conn, const struct settings *settings);

/* change.c: what makes, changes and removes devices. */
int change_check(const struct settings *settings);
/* Does to a device what the command says: destroy, undefine, start, autostart, detach, reattach, reset. */
int change_device(virConnectPtr conn, const struct settings *settings);
int change_create(virConnectPtr conn, const struct settings *settings);
int change_define(virConnectPtr conn, const struct settings *settings);
int change_update(virConnectPtr conn, const struct settings *settings);
int change_vfs(virConnectPtr conn, const struct settings *settings);
int change_vgpu(virConnectPtr conn, const struct settings *settings);

/* rpc.c: serves a client, which says what to open. `conn` is NULL. */
int rpc_run(virConnectPtr conn, const struct settings *settings);

/* file.c: reads a file, or standard input for "-", as text that the caller frees. NULL after
 * an error line. */
char *read_file(const char *path);

/* Writes a text to a file, which has all of it or is what it was before. Only its owner may read a new one. Returns 0, or -1
 * after an error line. */
int write_file(const char *path, const char *text);

/* output.c */

#if defined(__GNUC__)
# define LIKE_PRINTF __attribute__((format(printf, 1, 2)))
#else
# define LIKE_PRINTF
#endif

/* Writes to standard output; a failure is kept for put_finish(). */
void put(const char *format, ...) LIKE_PRINTF;

/* Prints the blank line that ends a command's output, unless --quiet was given. */
void put_end(const struct settings *settings);

/* Flushes standard output. Returns 0, or -1 when any output so far failed. */
int put_flush(void);

/* Flushes standard output. Returns STATUS_OK, or says what went wrong with any
 * output so far and returns STATUS_FAILED. */
int put_finish(void);

/* Prints `error: ` and a message on standard error, after all that was put before. */
void complain(const char *format, ...) LIKE_PRINTF;

/* The same with the library's last error message. */
void complain_library(void);

#endif
