/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nodedev dumpxml and nodedev info: one device at a time. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "nodedev.h"

enum { WWN_DIGITS = 16 };

/* A world wide name is 16 hexadecimal digits, without a prefix. */
static int is_wwn(const char *text)
{
    int i;

    for (i = 0; i < WWN_DIGITS; i++) {
        if (!isxdigit((unsigned char)text[i]))
            return 0;
    }
    return text[WWN_DIGITS] == '\0';
}

/* Looks up "wwnn,wwpn". `*malformed` says that the text is not of this form. */
static virNodeDevicePtr find_by_wwn(virConnectPtr conn, const char *text, int *malformed)
{
    char wwnn[WWN_DIGITS + 1] = "";
    const char *wwpn = text + WWN_DIGITS + 1;

    *malformed = 1;
    if (strcspn(text, ",") != WWN_DIGITS || !is_wwn(wwpn))
        return NULL;
    memcpy(wwnn, text, WWN_DIGITS);
    if (!is_wwn(wwnn))
        return NULL;
    *malformed = 0;
    return virNodeDeviceLookupSCSIHostByWWN(conn, wwnn, wwpn, 0);
}

/* Finds the device that the user named, by its name or, for a Fibre Channel host
 * adapter, by its two world wide names. NULL after error lines. */
static virNodeDevicePtr find_device(virConnectPtr conn, const char *text)
{
    virNodeDevicePtr device;
    int malformed = 0;

    if (strchr(text, ',') != NULL)
        device = find_by_wwn(conn, text, &malformed);
    else
        device = virNodeDeviceLookupByName(conn, text);
    if (malformed) {
        complain("Malformed device value '%s'", text);
    } else if (device == NULL) {
        complain("Could not find matching device '%s'", text);
        complain_library();
    }
    return device;
}

static int show_device(virConnectPtr conn, const char *text, const struct settings *settings)
{
    unsigned int flags = 0;
    virNodeDevicePtr device = find_device(conn, text);
    char *xml;

    if (device == NULL)
        return STATUS_FAILED;
    if ((settings->given & OPTION_INACTIVE) != 0)
        flags |= VIR_NODE_DEVICE_XML_INACTIVE;
    xml = virNodeDeviceGetXMLDesc(device, flags);
    if (xml != NULL) {
        put("%s", xml);
        put_end(settings);
    } else {
        complain_library();
    }
    virNodeDeviceFree(device);
    if (xml == NULL)
        return STATUS_FAILED;
    free(xml);
    return STATUS_OK;
}

int show_xml(virConnectPtr conn, const struct settings *settings)
{
    int status = STATUS_OK;
    int i;

    for (i = 0; i < settings->nnames; i++) {
        if (show_device(conn, settings->names[i], settings) != STATUS_OK)
            status = STATUS_FAILED;
    }
    return status;
}

/* One line of `nodedev info`. */
static void put_field(const char *label, const char *value)
{
    put("%-15s %s\n", label, value);
}

/* What a question to the library was answered: 1, 0 or, on failure, -1. */
static const char *yes_or_no(int answer)
{
    if (answer < 0)
        return "unknown";
    return answer > 0 ? "yes" : "no";
}

int show_info(virConnectPtr conn, const struct settings *settings)
{
    virNodeDevicePtr device = find_device(conn, settings->names[0]);
    const char *parent;
    int autostart = 0;

    if (device == NULL)
        return STATUS_FAILED;
    /* "computer" has no parent, which the library reports as an error. */
    parent = virNodeDeviceGetParent(device);
    if (virNodeDeviceGetAutostart(device, &autostart) < 0)
        autostart = -1;
    put_field("Name:", virNodeDeviceGetName(device));
    put_field("Parent:", parent != NULL ? parent : "");
    put_field("Active:", yes_or_no(virNodeDeviceIsActive(device)));
    put_field("Persistent:", yes_or_no(virNodeDeviceIsPersistent(device)));
    put_field("Autostart:", yes_or_no(autostart));
    put_end(settings);
    virNodeDeviceFree(device);
    return STATUS_OK;
}
