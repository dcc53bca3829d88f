/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* nodedev list: names of devices, plain or as a tree, or all that is known of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "capabilities.h"
#include "nodedev.h"

/* Options that cannot be combined, in the words that virsh uses. */
static const struct {
    unsigned int option;
    unsigned int others;
    const char *text;
} exclusions[] = {
    { OPTION_TREE, OPTION_CAP | OPTION_INACTIVE | OPTION_PERSISTENT | OPTION_TRANSIENT,
      "Option --tree is incompatible with --cap, --inactive, --persistent and --transient" },
    { OPTION_TREE, OPTION_JSON,
      "Option --tree is incompatible with --json" },
    { OPTION_ALL, OPTION_INACTIVE,
      "Option --all is incompatible with --inactive" },
    { OPTION_TRANSIENT, OPTION_PERSISTENT | OPTION_INACTIVE,
      "Option --transient is incompatible with --persistent and --inactive" },
};

static unsigned int find_cap(const char *name, size_t length)
{
    int i;

    for (i = 0; i < CAPABILITIES; i++) {
        if (strlen(capabilities[i].name) == length && memcmp(capabilities[i].name, name, length) == 0)
            return capabilities[i].flag;
    }
    return 0;
}

static void complain_known_caps(void)
{
    char text[512] = "";
    size_t used = 0;
    int i;

    for (i = 0; i < CAPABILITIES && used < sizeof(text); i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, " %s", capabilities[i].name);
    complain("known capabilities:%s", text);
}

/* Adds the bits of a list of capabilities such as "net,storage" to `caps`. An empty text adds none, as in virsh.
 * Returns 0, or -1 after an error line. */
int list_parse_caps(const char *text, unsigned int *caps)
{
    if (*text == '\0')
        return 0;
    for (;;) {
        size_t length = strcspn(text, ",");
        unsigned int flag = find_cap(text, length);

        if (flag == 0) {
            complain("unknown capability '%.*s'", (int)length, text);
            complain_known_caps();
            return -1;
        }
        *caps |= flag;
        text += length;
        if (*text++ == '\0')
            return 0;
    }
}

/* Returns 0, or -1 after an error line when options contradict each other. */
int list_check(const struct settings *settings)
{
    size_t i;

    for (i = 0; i < sizeof(exclusions) / sizeof(exclusions[0]); i++) {
        if ((settings->given & exclusions[i].option) != 0 &&
            (settings->given & exclusions[i].others) != 0) {
            complain("%s", exclusions[i].text);
            return -1;
        }
    }
    return 0;
}

static unsigned int list_flags(const struct settings *settings)
{
    unsigned int given = settings->given;
    unsigned int flags = settings->caps;

    if ((given & OPTION_INACTIVE) == 0)
        flags |= VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE;
    if ((given & (OPTION_INACTIVE | OPTION_ALL)) != 0)
        flags |= VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE;
    if ((given & OPTION_PERSISTENT) != 0)
        flags |= VIR_CONNECT_LIST_NODE_DEVICES_PERSISTENT;
    if ((given & OPTION_TRANSIENT) != 0)
        flags |= VIR_CONNECT_LIST_NODE_DEVICES_TRANSIENT;
    return flags;
}

static int compare_names(const char *left, const char *right)
{
    int order = strcasecmp(left, right);

    return order != 0 ? order : strcmp(left, right);
}

static int compare_devices(const void *left, const void *right)
{
    return compare_names(virNodeDeviceGetName(*(const virNodeDevicePtr *)left),
                         virNodeDeviceGetName(*(const virNodeDevicePtr *)right));
}

static int compare_to_name(const void *name, const void *entry)
{
    return compare_names(name, *(const char *const *)entry);
}

/* What a tree is made of: three arrays of `count` entries in the order of names. */
struct family {
    const char **names;
    const char **parent_names;
    int *parents;
    int count;
};

/* Takes the names from the sorted `devices`, whose handles own them. Devices that went away since they were listed
 * are left out. */
static void gather_names(struct family *family, virNodeDevicePtr *devices, int count)
{
    int i;

    family->count = 0;
    for (i = 0; i < count; i++) {
        const char *name = virNodeDeviceGetName(devices[i]);
        const char *parent = NULL;

        /* "computer" has no parent, and on the test driver it is an error to ask for it. */
        if (strcmp(name, "computer") != 0) {
            parent = virNodeDeviceGetParent(devices[i]);
            if (parent == NULL && virGetLastErrorCode() == VIR_ERR_NO_NODE_DEVICE)
                continue;
        }
        family->names[family->count] = name;
        family->parent_names[family->count] = parent;
        family->count++;
    }
}

/* A device whose parent is not in the list becomes a root, so that it shows. */
static void find_parents(struct family *family)
{
    int i;

    for (i = 0; i < family->count; i++) {
        const char **found = NULL;

        if (family->parent_names[i] != NULL)
            found = bsearch(family->parent_names[i], family->names, (size_t)family->count,
                            sizeof(*family->names), compare_to_name);
        family->parents[i] = found != NULL ? (int)(found - family->names) : -1;
    }
}

static int print_tree(virNodeDevicePtr *devices, int count)
{
    size_t entries = (size_t)count + 1;
    struct family family = {
        malloc(entries * sizeof(*family.names)),
        malloc(entries * sizeof(*family.parent_names)),
        malloc(entries * sizeof(*family.parents)),
        0
    };
    int status = STATUS_FAILED;

    if (family.names != NULL && family.parent_names != NULL && family.parents != NULL) {
        gather_names(&family, devices, count);
        find_parents(&family);
        if (tree_print(family.names, family.parents, family.count) == 0)
            status = STATUS_OK;
    }
    if (status != STATUS_OK)
        complain("out of memory");
    free(family.names);
    free(family.parent_names);
    free(family.parents);
    return status;
}

int list_run(virConnectPtr conn, const struct settings *settings)
{
    virNodeDevicePtr *devices = NULL;
    int count;
    int status = STATUS_OK;
    int i;

    if ((settings->given & OPTION_JSON) != 0)
        return show_json_list(conn, list_flags(settings), settings);
    count = virConnectListAllNodeDevices(conn, &devices, list_flags(settings));
    if (count < 0) {
        complain("Failed to list node devices");
        complain_library();
        return STATUS_FAILED;
    }
    qsort(devices, (size_t)count, sizeof(*devices), compare_devices);
    if ((settings->given & OPTION_TREE) != 0) {
        status = print_tree(devices, count);
    } else {
        for (i = 0; i < count; i++)
            put("%s\n", virNodeDeviceGetName(devices[i]));
    }
    if (status == STATUS_OK)
        put_end(settings);
    for (i = 0; i < count; i++)
        virNodeDeviceFree(devices[i]);
    free(devices);
    return status;
}
