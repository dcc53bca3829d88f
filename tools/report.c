/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * nodedev report: all devices as a page that a browser shows without a server or a network.
 *
 * What the page shows stands in blocks of JSON in it, which a browser does not execute. Text of devices is hostile: no
 * '<' is in these blocks, so that none of it ends one, and the page's scripts make text nodes of it and nothing else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "nodedev.h"
#include "report.h"

static const char default_file[] = "nodedev-report.html";

/* How many devices are described between two words of progress. */
enum { BETWEEN_WORDS = 100 };

/* Bytes of the number that the page's own scripts and style carry. */
enum { NONCE = 16 };

/* --- progress ---------------------------------------------------------------------- */

/* Whether somebody watches. */
static int is_watched(const struct settings *settings)
{
    return (settings->given & OPTION_QUIET) == 0 && isatty(STDERR_FILENO);
}

/* Says how far the report is, over what was said before. */
static void tell(const char *what, int done, int count)
{
    fprintf(stderr, "\r%s: %d of %d devices   ", what, done, count);
}

static void untell(void)
{
    fprintf(stderr, "\r%60s\r", "");
}

/* --- JSON in a page ---------------------------------------------------------------- */

/* Writes JSON that the library made. In the outermost object or array, where `depth` is 0, each member is on a line of its
 * own. */
static void write_json(FILE *out, const char *text, int depth)
{
    int in_string = 0;

    for (; *text != '\0'; text++) {
        if (!in_string && (*text == '}' || *text == ']') && --depth == 0)
            putc('\n', out);
        if (*text == '<')
            fputs("\\u003c", out);
        else
            putc(*text, out);
        if (in_string && *text == '\\')
            putc(*++text, out);
        else if (*text == '"')
            in_string = !in_string;
        else if (!in_string && (*text == '{' || *text == '['))
            depth++;
        if (!in_string && depth == 1 && (*text == '{' || *text == '[' || *text == ','))
            putc('\n', out);
    }
}

/* Writes text as a JSON string. */
static void write_string(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else if (byte < ' ' || byte == '<')
            fprintf(out, "\\u%04x", byte);
        else
            putc(byte, out);
    }
    putc('"', out);
}

static void begin_block(FILE *out, const char *name)
{
    fprintf(out, "<script type=\"application/json\" id=\"data-%s\">", name);
}

static void end_block(FILE *out)
{
    fputs("</script>\n", out);
}

/* --- what the page shows ------------------------------------------------------------ */

/* Writes a block with what the library says of all devices at once, which is freed. Returns 0, or -1 after an error line. */
static int write_all(FILE *out, const char *name, char *json)
{
    if (json == NULL) {
        complain_library();
        return -1;
    }
    begin_block(out, name);
    write_json(out, json, 0);
    end_block(out);
    free(json);
    return 0;
}

/* What is said of devices one by one. */
struct topic {
    const char *block;                        /* where it stands in the page */
    const char *what;                         /* for those who wait */
    unsigned int devices;                     /* VIR_CONNECT_LIST_NODE_DEVICES_ bits of those that have it */
    char *(*describe)(virNodeDevicePtr device); /* a text to be freed, or NULL with the library's error */
    int is_json;
};

static char *describe_xml(virNodeDevicePtr device)
{
    return virNodeDeviceGetXMLDesc(device, 0);
}

static char *describe_assignability(virNodeDevicePtr device)
{
    char *json = NULL;

    vndNodeDeviceGetAssignability(device, &json, 0);
    return json;
}

static char *describe_as_there(virNodeDevicePtr device)
{
    (void)device;
    return strdup("true");
}

static const struct topic topics[] = {
    { "inactive", "states", VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE, describe_as_there, 1 },
    { "assignability", "verdicts", VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV | VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV,
      describe_assignability, 1 },
    { "xml", "descriptions", 0, describe_xml, 0 },
};

/* Writes what is said of one device, on a line. Nothing if it went meanwhile, or if its connection does not say that.
 * Returns 0, or -1 after an error line. */
static int write_member(FILE *out, const struct topic *topic, virNodeDevicePtr device, int *is_first)
{
    char *text = topic->describe(device);

    if (text == NULL) {
        int code = virGetLastErrorCode();

        if (code == VIR_ERR_NO_NODE_DEVICE || code == VIR_ERR_NO_SUPPORT)
            return 0;
        complain_library();
        return -1;
    }
    fputs(*is_first ? "\n" : ",\n", out);
    *is_first = 0;
    write_string(out, virNodeDeviceGetName(device));
    putc(':', out);
    if (topic->is_json)
        write_json(out, text, 1);
    else
        write_string(out, text);
    free(text);
    return 0;
}

/* Writes a block with a member for each device that the topic is for. Returns 0, or -1 after an error line. */
static int write_topic(FILE *out, const struct topic *topic, virConnectPtr conn, const struct settings *settings)
{
    virNodeDevicePtr *devices = NULL;
    int count = virConnectListAllNodeDevices(conn, &devices, topic->devices);
    int is_first = 1;
    int status = 0;
    int i;

    if (count < 0) {
        complain_library();
        return -1;
    }
    begin_block(out, topic->block);
    putc('{', out);
    for (i = 0; i < count; i++) {
        if (is_watched(settings) && i % BETWEEN_WORDS == 0)
            tell(topic->what, i, count);
        if (status == 0)
            status = write_member(out, topic, devices[i], &is_first);
        virNodeDeviceFree(devices[i]);
    }
    fputs("\n}", out);
    end_block(out);
    free(devices);
    return status;
}

/* Writes which host this is, and when. */
static void write_host(FILE *out, virConnectPtr conn)
{
    char *uri = virConnectGetURI(conn);
    char *hostname = virConnectGetHostname(conn);
    unsigned long version = vndVersion();
    time_t now = time(NULL);
    struct tm *utc = gmtime(&now);
    char when[64] = "";

    if (utc != NULL)
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", utc);
    begin_block(out, "host");
    fprintf(out, "{\"version\":\"%lu.%lu.%lu\",\"time\":\"%s\"", version / 1000000, version / 1000 % 1000, version % 1000, when);
    if (uri != NULL) {
        fputs(",\"uri\":", out);
        write_string(out, uri);
    }
    /* Of a recorded machine and a made-up one this would be the host on which they are looked at. */
    if (hostname != NULL && uri != NULL && strncmp(uri, "test:", 5) != 0 && strstr(uri, ":///embed") == NULL) {
        fputs(",\"hostname\":", out);
        write_string(out, hostname);
    }
    putc('}', out);
    end_block(out);
    free(uri);
    free(hostname);
}

static int write_data(FILE *out, virConnectPtr conn, const struct settings *settings)
{
    size_t i;

    write_host(out, conn);
    if (write_all(out, "devices", vndConnectGetAllDevicesJSON(conn, 0)) < 0 ||
        write_all(out, "inventory", vndConnectGetInventoryJSON(conn, NULL, 0)) < 0)
        return -1;
    for (i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        if (write_topic(out, &topics[i], conn, settings) < 0)
            return -1;
    }
    return 0;
}

/* --- the page ------------------------------------------------------------------------ */

/* Makes a number that no device can know. Returns 0, or -1 after an error line. */
static int make_nonce(char digits[2 * NONCE + 1])
{
    unsigned char bytes[NONCE];
    size_t i;

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        complain("Failed to get random numbers: %s", strerror(errno));
        return -1;
    }
    for (i = 0; i < sizeof(bytes); i++)
        snprintf(digits + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

static void write_line(FILE *out, const char *line, const char *nonce)
{
    static const char mark[] = "@nonce@";
    const char *found;

    for (; (found = strstr(line, mark)) != NULL; line = found + strlen(mark))
        fprintf(out, "%.*s%s", (int)(found - line), line, nonce);
    fputs(line, out);
}

static int write_page(FILE *out, virConnectPtr conn, const struct settings *settings)
{
    char nonce[2 * NONCE + 1];
    int status = make_nonce(nonce);
    const char *const *line;

    for (line = report_page; status == 0 && *line != NULL; line++) {
        if (strcmp(*line, "@data@\n") == 0)
            status = write_data(out, conn, settings);
        else
            write_line(out, *line, nonce);
    }
    return status;
}

/* The page as text that the caller frees. NULL after an error line. */
static char *make_page(virConnectPtr conn, const struct settings *settings)
{
    char *page = NULL;
    size_t length;
    FILE *out = open_memstream(&page, &length);
    int status;

    if (out == NULL) {
        complain("out of memory");
        return NULL;
    }
    status = write_page(out, conn, settings);
    if (is_watched(settings))
        untell();
    if (fclose(out) != 0) {
        complain("out of memory");
        status = -1;
    }
    if (status == 0)
        return page;
    free(page);
    return NULL;
}

int report_run(virConnectPtr conn, const struct settings *settings)
{
    const char *path = settings->output != NULL ? settings->output : default_file;
    char *page = make_page(conn, settings);
    int status = STATUS_FAILED;

    if (page == NULL)
        return STATUS_FAILED;
    if (strcmp(path, "-") == 0) {
        put("%s", page);
        status = STATUS_OK;
    } else if (write_file(path, page) == 0) {
        if ((settings->given & OPTION_QUIET) == 0)
            put("Report written to %s\n", path);
        status = STATUS_OK;
    }
    free(page);
    return status;
}
