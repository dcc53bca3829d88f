/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * dump URI FOLDER: writes all that a connection says of its node devices.
 *
 *   devices.xml   the XML of every device, one after the other, in list order
 *   inactive.xml  the XML of the stored configuration, where there is one and it differs
 *   api.json      parents, capabilities, states, and the result of every list flag
 *
 * Node device names hold only [A-Za-z0-9_], which the program checks, so JSON needs no escapes.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <virnodedev.h>

#include "../tools/capabilities.h"

static const struct {
    const char *name;
    unsigned int flag;
} state_flags[] = {
    { "INACTIVE", VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE },
    { "PERSISTENT", VIR_CONNECT_LIST_NODE_DEVICES_PERSISTENT },
    { "TRANSIENT", VIR_CONNECT_LIST_NODE_DEVICES_TRANSIENT },
};

static void fail(const char *what, const char *about)
{
    fprintf(stderr, "dump: %s %s: %s\n", what, about, virGetLastErrorMessage());
    exit(1);
}

static FILE *create(const char *folder, const char *name)
{
    char path[4096];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "w");
    if (!f) {
        perror(path);
        exit(1);
    }
    return f;
}

static const char *checked(const char *name)
{
    const char *p;

    for (p = name; *p; p++) {
        if (!isalnum((unsigned char)*p) && *p != '_') {
            fprintf(stderr, "dump: odd character in the name %s\n", name);
            exit(1);
        }
    }
    return name;
}

enum { STATES = sizeof(state_flags) / sizeof(state_flags[0]) };

static void print_flag_list(FILE *json, virConnectPtr conn, const char *key, unsigned int flag, int last)
{
    virNodeDevicePtr *devs;
    int n = virConnectListAllNodeDevices(conn, &devs, flag);
    int i;

    if (n < 0)
        fail("list", key);
    fprintf(json, "  \"%s\": [", key);
    for (i = 0; i < n; i++) {
        fprintf(json, "%s\"%s\"", i ? ", " : "", checked(virNodeDeviceGetName(devs[i])));
        virNodeDeviceFree(devs[i]);
    }
    free(devs);
    fprintf(json, "]%s\n", last ? "" : ",");
}

static void print_flag_lists(FILE *json, virConnectPtr conn)
{
    int i;

    fprintf(json, " \"by_flag\": {\n");
    for (i = 0; i < CAPABILITIES; i++) {
        char key[32];
        size_t at;

        for (at = 0; capabilities[i].bit[at] && at < sizeof(key) - 1; at++)
            key[at] = (char)tolower((unsigned char)capabilities[i].bit[at]);
        key[at] = 0;
        print_flag_list(json, conn, key, capabilities[i].flag, i == CAPABILITIES - 1);
    }
    fprintf(json, " },\n \"by_state\": {\n");
    for (i = 0; i < STATES; i++)
        print_flag_list(json, conn, state_flags[i].name, state_flags[i].flag, i == STATES - 1);
    fprintf(json, " },\n");
}

static void print_name_lists(FILE *json, virConnectPtr conn)
{
    int cap;

    fprintf(json, " \"by_name\": {\n");
    for (cap = 0; cap < CAPABILITIES; cap++) {
        const char *name = capabilities[cap].name;
        int n = virNodeNumOfDevices(conn, name, 0);
        char **names;
        int i;

        if (n < 0)
            fail("count", name);
        names = calloc(n + 1, sizeof(*names));
        n = virNodeListDevices(conn, name, names, n, 0);
        if (n < 0)
            fail("list by name", name);
        fprintf(json, "  \"%s\": [", name);
        for (i = 0; i < n; i++) {
            fprintf(json, "%s\"%s\"", i ? ", " : "", checked(names[i]));
            free(names[i]);
        }
        free(names);
        fprintf(json, "]%s\n", cap == CAPABILITIES - 1 ? "" : ",");
    }
    fprintf(json, " },\n");
}

/* Says why a call failed for one device; the others are still worth a look. NAME was asked for
 * before the call, because asking clears the error. */
static void complain(const char *what, const char *name)
{
    fprintf(stderr, "dump: no %s of %s: %s\n", what, name, virGetLastErrorMessage());
}

static void print_caps(FILE *json, virNodeDevicePtr dev)
{
    const char *name = virNodeDeviceGetName(dev);
    char *caps[16];
    int n = virNodeDeviceListCaps(dev, caps, 16);
    int i;

    if (n < 0)
        complain("capabilities", name);
    for (i = 0; i < n; i++) {
        fprintf(json, "%s\"%s\"", i ? ", " : "", checked(caps[i]));
        free(caps[i]);
    }
}

static void print_device(FILE *json, virNodeDevicePtr dev, int last)
{
    const char *parent = virNodeDeviceGetParent(dev);
    int autostart = -1;

    fprintf(json, "  \"%s\": {\"parent\": ", checked(virNodeDeviceGetName(dev)));
    if (parent)
        fprintf(json, "\"%s\"", checked(parent));
    else
        fprintf(json, "null");
    fprintf(json, ", \"caps\": [");
    print_caps(json, dev);
    if (virNodeDeviceGetAutostart(dev, &autostart) < 0)
        autostart = -1;
    fprintf(json, "], \"numCaps\": %d, \"active\": %d, \"persistent\": %d, \"autostart\": %d}%s\n",
            virNodeDeviceNumOfCaps(dev), virNodeDeviceIsActive(dev), virNodeDeviceIsPersistent(dev),
            autostart, last ? "" : ",");
}

static void silent(void *data, virErrorPtr error)
{
    (void)data, (void)error;
}

int main(int argc, char **argv)
{
    virConnectPtr conn;
    virNodeDevicePtr *devs = NULL;
    FILE *json, *xml, *inactive;
    int n, i;

    if (argc != 3) {
        fprintf(stderr, "usage: dump URI FOLDER\n");
        return 2;
    }
    virSetErrorFunc(NULL, silent);
    conn = virConnectOpen(argv[1]);
    if (!conn)
        fail("open", argv[1]);
    n = virConnectListAllNodeDevices(conn, &devs, 0);
    if (n < 0)
        fail("list", "all");

    xml = create(argv[2], "devices.xml");
    inactive = create(argv[2], "inactive.xml");
    for (i = 0; i < n; i++) {
        const char *name = virNodeDeviceGetName(devs[i]);
        char *now = virNodeDeviceGetXMLDesc(devs[i], 0);
        char *stored = NULL;

        if (now)
            fputs(now, xml);
        else
            complain("XML", name);
        if (virNodeDeviceIsPersistent(devs[i]) == 1)
            stored = virNodeDeviceGetXMLDesc(devs[i], VIR_NODE_DEVICE_XML_INACTIVE);
        if (stored && now && strcmp(stored, now) != 0)
            fputs(stored, inactive);
        free(stored);
        free(now);
    }
    fclose(xml);
    fclose(inactive);

    json = create(argv[2], "api.json");
    fprintf(json, "{\n \"numOfDevices\": %d,\n", virNodeNumOfDevices(conn, NULL, 0));
    print_flag_lists(json, conn);
    print_name_lists(json, conn);
    fprintf(json, " \"devices\": {\n");
    for (i = 0; i < n; i++) {
        print_device(json, devs[i], i == n - 1);
        virNodeDeviceFree(devs[i]);
    }
    fprintf(json, " }\n}\n");
    fclose(json);
    free(devs);

    /* What was not given back would keep the connection. */
    if (virConnectClose(conn) != 0) {
        fprintf(stderr, "dump: a reference on the connection is left\n");
        return 1;
    }
    return 0;
}
