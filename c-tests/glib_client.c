/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * A client of libvirt-glib, built with Debian's headers and libraries; run by virnodedev-run.
 *
 *   glib_client devices URI     what libvirt-gobject makes of each device, one document after the other
 *   glib_client events URI      "ready", then the first three events, in GLib's own main loop
 */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt-glib/libvirt-glib.h>
#include <libvirt-gobject/libvirt-gobject.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

static GMainLoop *loop;
static int told;

static void print_devices(virConnectPtr conn)
{
    virNodeDevicePtr *devices;
    int count = virConnectListAllNodeDevices(conn, &devices, 0);

    assert(count > 0);
    for (int i = 0; i < count; i++) {
        GVirNodeDevice *device = g_object_new(GVIR_TYPE_NODE_DEVICE, "handle", devices[i], NULL);
        GError *error = NULL;
        GVirConfigNodeDevice *config = gvir_node_device_get_config(device, 0, &error);
        gchar *xml;

        if (!config)
            fprintf(stderr, "%s: %s\n", gvir_node_device_get_name(device), error->message);
        assert(config && strcmp(gvir_node_device_get_name(device), virNodeDeviceGetName(devices[i])) == 0);
        xml = gvir_config_object_to_xml(GVIR_CONFIG_OBJECT(config));
        puts(xml);
        g_free(xml);
        g_object_unref(config);
        g_object_unref(device);
        virNodeDeviceFree(devices[i]);
    }
    free(devices);
}

/* The objects of a connection, and errors as libvirt-glib hands them on. */
static void use_connection(const char *uri)
{
    GVirConnection *conn = gvir_connection_new(uri);
    GError *error = NULL;
    GVirNodeInfo *info;

    assert(gvir_connection_open(conn, NULL, &error) && gvir_connection_is_open(conn));
    assert(gvir_connection_fetch_domains(conn, NULL, &error) && !gvir_connection_get_domains(conn));
    assert(gvir_connection_fetch_storage_pools(conn, NULL, &error) && !gvir_connection_get_storage_pools(conn));
    assert(gvir_connection_fetch_networks(conn, NULL, &error) && !gvir_connection_get_networks(conn));
    assert(gvir_connection_get_version(conn, &error) == 12008000);
    info = gvir_connection_get_node_info(conn, &error);
    assert(info && info->cpus > 0 && info->memory > 0 && info->model[0]);
    g_boxed_free(gvir_node_info_get_type(), info);
    gvir_connection_close(conn);
    g_object_unref(conn);
}

static void tell(const char *kind, virNodeDevicePtr device, const char *what)
{
    printf("%s %s%s\n", kind, virNodeDeviceGetName(device), what);
    if (++told == 3)
        g_main_loop_quit(loop);
}

static void on_lifecycle(virConnectPtr conn, virNodeDevicePtr device, int event, int detail, void *opaque)
{
    static const char *const kinds[] = {" CREATED", " DELETED"};

    (void)conn;
    (void)detail;
    (void)opaque;
    tell("lifecycle", device, kinds[event]);
}

static void on_update(virConnectPtr conn, virNodeDevicePtr device, void *opaque)
{
    (void)conn;
    (void)opaque;
    tell("update", device, "");
}

static void print_events(virConnectPtr conn)
{
    int ids[2];

    loop = g_main_loop_new(NULL, FALSE);
    ids[0] = virConnectNodeDeviceEventRegisterAny(conn, NULL, VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE,
                                                  VIR_NODE_DEVICE_EVENT_CALLBACK(on_lifecycle), NULL, NULL);
    ids[1] = virConnectNodeDeviceEventRegisterAny(conn, NULL, VIR_NODE_DEVICE_EVENT_ID_UPDATE,
                                                  VIR_NODE_DEVICE_EVENT_CALLBACK(on_update), NULL, NULL);
    assert(ids[0] >= 0 && ids[1] >= 0);
    puts("ready");
    fflush(stdout);
    g_main_loop_run(loop);
    for (int i = 0; i < 2; i++)
        assert(virConnectNodeDeviceEventDeregisterAny(conn, ids[i]) == 0);
    g_main_loop_unref(loop);
}

int main(int argc, char **argv)
{
    virConnectPtr conn;

    assert(argc == 3);
    gvir_init(&argc, &argv);
    gvir_event_register();
    use_connection(argv[2]);
    conn = virConnectOpen(argv[2]);
    assert(conn);
    if (strcmp(argv[1], "events") == 0)
        print_events(conn);
    else
        print_devices(conn);
    assert(virConnectClose(conn) == 0);
    return 0;
}
