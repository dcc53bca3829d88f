/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* nodedev dumpxml, dumpjson and info: prints descriptions of devices. */
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

/* Looks up "wwnn,wwpn". Sets `*malformed` to whether the text is not of this form. */
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

virNodeDevicePtr find_device(virConnectPtr conn, const char *text)
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

/* A form in which devices are described. */
struct form {
    char *(*of_device)(virNodeDevicePtr device, unsigned int flags);
    char *(*of_all)(virConnectPtr conn, unsigned int flags);
    int (*print)(const char *text, const struct settings *settings);
};

static int print_xml(const char *xml, const struct settings *settings)
{
    char *selected = NULL;

    if (settings->xpath != NULL) {
        selected = xpath_select(xml, settings->xpath, (settings->given & OPTION_WRAP) != 0);
        if (selected == NULL)
            return STATUS_FAILED;
    }
    put("%s", selected != NULL ? selected : xml);
    put_end(settings);
    free(selected);
    return STATUS_OK;
}

/* Prints no blank line at the end: programs read JSON, and virsh has no such command. */
static int print_json(const char *json, const struct settings *settings)
{
    (void)settings;
    put_json(json);
    return STATUS_OK;
}

static const struct form xml_form = { virNodeDeviceGetXMLDesc, vndConnectGetAllDevicesXML, print_xml };
static const struct form json_form = { vndNodeDeviceGetJSONDesc, vndConnectGetAllDevicesJSON, print_json };

/* Prints a description that the library gave, or says why it gave none. */
static int show_text(char *text, const struct form *form, const struct settings *settings)
{
    int status;

    if (text == NULL) {
        complain_library();
        return STATUS_FAILED;
    }
    status = form->print(text, settings);
    free(text);
    return status;
}

static int show_device(virConnectPtr conn, const char *name, const struct form *form,
                       const struct settings *settings)
{
    unsigned int flags = 0;
    virNodeDevicePtr device = find_device(conn, name);
    int status;

    if (device == NULL)
        return STATUS_FAILED;
    if ((settings->given & OPTION_INACTIVE) != 0)
        flags |= VIR_NODE_DEVICE_XML_INACTIVE;
    status = show_text(form->of_device(device, flags), form, settings);
    virNodeDeviceFree(device);
    return status;
}

static int show(virConnectPtr conn, const struct form *form, const struct settings *settings)
{
    int status = STATUS_OK;
    int i;

    if ((settings->given & OPTION_ALL) != 0)
        return show_text(form->of_all(conn, 0), form, settings);
    for (i = 0; i < settings->nnames; i++) {
        if (show_device(conn, settings->names[i], form, settings) != STATUS_OK)
            status = STATUS_FAILED;
    }
    return status;
}

int show_check(const struct settings *settings)
{
    if ((settings->given & OPTION_ALL) != 0 && (settings->given & OPTION_INACTIVE) != 0) {
        complain("Option --all is incompatible with --inactive");
        return -1;
    }
    return 0;
}

int show_xml(virConnectPtr conn, const struct settings *settings)
{
    return show(conn, &xml_form, settings);
}

int show_json(virConnectPtr conn, const struct settings *settings)
{
    return show(conn, &json_form, settings);
}

int show_json_list(virConnectPtr conn, unsigned int flags, const struct settings *settings)
{
    return show_text(json_form.of_all(conn, flags), &json_form, settings);
}

/* One line of `nodedev info`. */
static void put_field(const char *label, const char *value)
{
    put("%-15s %s\n", label, value);
}

/* The word for what a function of the library returned: 1, 0 or, on failure, -1. */
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
    /* "computer" has no parent. NULL is not always an error, and none is reported. */
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
