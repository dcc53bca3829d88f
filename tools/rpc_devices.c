/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* The calls of libvirt's protocol about node devices. A device is its name alone. */
#include <stdlib.h>

#include "rpc.h"

/* --- lists ---------------------------------------------------------------------- */

/* Room for as many texts as a client asks for, at most as many as `list` may have. NULL after the call was refused. */
static char **room_for(struct session *session, uint32_t most, const char *list)
{
    char **texts = NULL;

    if ((int32_t)most < 0)
        refuse(session, RPC_ERROR, "maxnames must be non-negative");
    else if (most > LONGEST_LIST)
        refuse(session, RPC_ERROR, "maxnames > %s", list);
    else if ((texts = calloc((size_t)most + 1, sizeof(char *))) == NULL)
        refuse(session, RPC_ERROR, "there is no memory for %lu names", (unsigned long)most);
    return texts;
}

/* Texts of an array, which are freed with it. */
static enum result give_texts(char **texts, int count, struct message *reply)
{
    int i;

    if (count >= 0)
        put_number(reply, (uint32_t)count);
    for (i = 0; i < count; i++) {
        put_text(reply, texts[i]);
        free(texts[i]);
    }
    free(texts);
    return count < 0 ? FAILED : DONE;
}

static enum result list_devices(struct session *session, const struct arguments *with, struct message *reply)
{
    char **names = room_for(session, with->number[0], "REMOTE_NODE_DEVICE_LIST_MAX");

    if (names == NULL)
        return REFUSED;
    return give_texts(names, virNodeListDevices(session->conn, with->text[0], names, (int)with->number[0],
                                                with->number[1]), reply);
}

static enum result list_caps(struct session *session, const struct arguments *with, struct message *reply)
{
    char **names = room_for(session, with->number[0], "REMOTE_NODE_DEVICE_CAPS_LIST_MAX");

    if (names == NULL)
        return REFUSED;
    return give_texts(names, virNodeDeviceListCaps(session->device, names, (int)with->number[0]), reply);
}

static enum result list_all_devices(struct session *session, const struct arguments *with, struct message *reply)
{
    virNodeDevicePtr *devices = NULL;
    int count = virConnectListAllNodeDevices(session->conn, with->number[0] ? &devices : NULL, with->number[1]);
    int i;

    if (count < 0)
        return FAILED;
    put_number(reply, devices != NULL ? (uint32_t)count : 0);
    for (i = 0; devices != NULL && i < count; i++) {
        put_text(reply, virNodeDeviceGetName(devices[i]));
        virNodeDeviceFree(devices[i]);
    }
    free(devices);
    put_number(reply, (uint32_t)count);
    if (count > LONGEST_LIST)
        reply->is_too_long = 1;
    return DONE;
}

CALL(count_devices, give_number(virNodeNumOfDevices(session->conn, with->text[0], with->number[0]), reply))

/* --- one device ----------------------------------------------------------------- */

/* Its name, which a lookup and a call that makes it answer with. */
static enum result give_device(virNodeDevicePtr device, struct message *reply)
{
    if (device == NULL)
        return FAILED;
    put_text(reply, virNodeDeviceGetName(device));
    virNodeDeviceFree(device);
    return DONE;
}

static enum result get_parent(struct session *session, const struct arguments *with, struct message *reply)
{
    const char *parent = virNodeDeviceGetParent(session->device);

    (void)with;
    if (parent == NULL && virGetLastErrorCode() != VIR_ERR_OK)
        return FAILED;
    put_optional_text(reply, parent);
    return DONE;
}

static enum result get_autostart(struct session *session, const struct arguments *with, struct message *reply)
{
    int autostart;

    (void)with;
    return virNodeDeviceGetAutostart(session->device, &autostart) < 0 ? FAILED : give_number(autostart, reply);
}

CALL(look_up, give_device(virNodeDeviceLookupByName(session->conn, with->text[0]), reply))
CALL(look_up_by_wwn, give_device(virNodeDeviceLookupSCSIHostByWWN(session->conn, with->text[0], with->text[1],
                                                                  with->number[0]), reply))
CALL(create, give_device(virNodeDeviceCreateXML(session->conn, with->text[0], with->number[0]), reply))
CALL(define, give_device(virNodeDeviceDefineXML(session->conn, with->text[0], with->number[0]), reply))
CALL(get_xml, give_own_text(virNodeDeviceGetXMLDesc(session->device, with->number[0]), reply))
CALL(count_caps, give_number(virNodeDeviceNumOfCaps(session->device), reply))
CALL(is_persistent, give_number(virNodeDeviceIsPersistent(session->device), reply))
CALL(is_active, give_number(virNodeDeviceIsActive(session->device), reply))
CALL(detach, done_if(virNodeDeviceDettach(session->device)))
CALL(detach_to, done_if(virNodeDeviceDetachFlags(session->device, with->text[1], with->number[0])))
CALL(reattach, done_if(virNodeDeviceReAttach(session->device)))
CALL(reset, done_if(virNodeDeviceReset(session->device)))
CALL(destroy, done_if(virNodeDeviceDestroy(session->device)))
CALL(undefine, done_if(virNodeDeviceUndefine(session->device, with->number[0])))
CALL(start, done_if(virNodeDeviceCreate(session->device, with->number[0])))
CALL(set_autostart, done_if(virNodeDeviceSetAutostart(session->device, with->number[0] != 0)))
CALL(update, done_if(virNodeDeviceUpdate(session->device, with->text[1], with->number[0])))

const struct procedure device_procedures[] = {
    { 111, "on", AN_OPEN_CONNECTION, count_devices, NULL },
    { 112, "onn", AN_OPEN_CONNECTION, list_devices, NULL },
    { 113, "t", AN_OPEN_CONNECTION, look_up, NULL },
    { 114, "dn", AN_OPEN_CONNECTION, get_xml, NULL },
    { 115, "d", AN_OPEN_CONNECTION, get_parent, NULL },
    { 116, "d", AN_OPEN_CONNECTION, count_caps, NULL },
    { 117, "dn", AN_OPEN_CONNECTION, list_caps, NULL },
    { 118, "d", A_WRITABLE_CONNECTION, detach, "virNodeDeviceDettach" },
    { 119, "d", A_WRITABLE_CONNECTION, reattach, "virNodeDeviceReAttach" },
    { 120, "d", A_WRITABLE_CONNECTION, reset, "virNodeDeviceReset" },
    { 123, "tn", A_WRITABLE_CONNECTION, create, "virNodeDeviceCreateXML" },
    { 124, "d", A_WRITABLE_CONNECTION, destroy, "virNodeDeviceDestroy" },
    { 285, "nn", AN_OPEN_CONNECTION, list_all_devices, NULL },
    { 297, "ttn", AN_OPEN_CONNECTION, look_up_by_wwn, NULL },
    { 301, "don", A_WRITABLE_CONNECTION, detach_to, "virNodeDeviceDetachFlags" },
    { 428, "tn", A_WRITABLE_CONNECTION, define, "virNodeDeviceDefineXML" },
    { 429, "dn", A_WRITABLE_CONNECTION, undefine, "virNodeDeviceUndefine" },
    { 430, "dn", A_WRITABLE_CONNECTION, start, "virNodeDeviceCreate" },
    { 433, "d", AN_OPEN_CONNECTION, get_autostart, NULL },
    { 434, "dn", A_WRITABLE_CONNECTION, set_autostart, "virNodeDeviceSetAutostart" },
    { 435, "d", AN_OPEN_CONNECTION, is_persistent, NULL },
    { 436, "d", AN_OPEN_CONNECTION, is_active, NULL },
    { 447, "dtn", A_WRITABLE_CONNECTION, update, "virNodeDeviceUpdate" },
    { 0, NULL, NOTHING, NULL, NULL }
};
