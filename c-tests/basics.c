/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * Open, list, look up, XML, references, close: what every client does. */
#include "common.h"

static void connection(void)
{
    unsigned long version = 0, type_version = 0;
    virConnectPtr conn;
    char *text;

    assert(virInitialize() == 0 && virInitialize() == 0);
    assert(virGetVersion(&version, "anything", &type_version) == 0);
    assert(version == 12008000 && type_version == 12008000 && LIBVIR_VERSION_NUMBER == 12008000);
    assert(virGetVersion(&version, NULL, NULL) == 0);
    assert(vndVersion() == VIRNODEDEV_VERSION);

    conn = virConnectOpen(machine_uri());
    assert(conn);
    assert(strcmp(virConnectGetType(conn), "nodedev") == 0);
    text = virConnectGetURI(conn);
    assert(text && strncmp(text, "nodedev:///embed?root=/", 23) == 0);
    free(text);
    version = 0;
    assert(virConnectGetLibVersion(conn, &version) == 0 && version == 12008000);
    assert(virConnectIsEncrypted(conn) == 0);
    assert(virConnectIsSecure(conn) == 1);
    assert(virConnectIsAlive(conn) == 1);

    /* Clients call these before they come to devices, so they answer. */
    version = 0;
    assert(virConnectGetVersion(conn, &version) == 0 && version != 0);
    text = virConnectGetHostname(conn);
    assert(text && *text);
    free(text);
    text = virConnectGetCapabilities(conn);
    assert(text && strncmp(text, "<capabilities>", 14) == 0);
    free(text);
    assert(virConnectSetKeepAlive(conn, 5, 6) == 0);

    assert(virConnectRef(conn) == 0);
    assert(virConnectClose(conn) == 1);
    assert(virConnectIsAlive(conn) == 1);
    assert(virConnectClose(conn) == 0);
    assert(virConnectIsAlive(conn) == -1);
    virResetLastError();
}

static void on_close(virConnectPtr conn, int reason, void *opaque)
{
    (void)conn, (void)reason;
    ++*(int *)opaque;
}

static void open_variants(void)
{
    int called = 0;
    virConnectPtr conn = virConnectOpenReadOnly(machine_uri());

    assert(conn && virConnectClose(conn) == 0);
    conn = virConnectOpenAuth(machine_uri(), virConnectAuthPtrDefault, VIR_CONNECT_RO);
    assert(conn && virConnectClose(conn) == 0);
    conn = virConnectOpenAuth(machine_uri(), NULL, VIR_CONNECT_NO_ALIASES);
    assert(conn);
    assert(virConnectRegisterCloseCallback(conn, on_close, &called, NULL) == 0);
    assert(virConnectUnregisterCloseCallback(conn, on_close) == 0);
    assert(virConnectClose(conn) == 0);
    assert(called == 0);

    assert(virConnectAuthPtrDefault->ncredtype == 6 && !virConnectAuthPtrDefault->cbdata);
    assert(virConnectAuthPtrDefault->credtype[0] == 2 && virConnectAuthPtrDefault->credtype[5] == 9);

    /* The default comes from the environment, else it is the host. */
    setenv("LIBVIRT_DEFAULT_URI", "test:///default", 1);
    conn = virConnectOpen(NULL);
    assert(conn && virNodeNumOfDevices(conn, NULL, 0) >= 4);
    assert(virConnectClose(conn) == 0);
    setenv("LIBVIRT_DEFAULT_URI", "", 1);
    conn = virConnectOpen("");
    assert(conn && strcmp(virConnectGetType(conn), "nodedev") == 0);
    assert(virConnectClose(conn) == 0);
    unsetenv("LIBVIRT_DEFAULT_URI");
}

static void devices(void)
{
    virConnectPtr conn = virConnectOpen(machine_uri());
    virNodeDevicePtr *devs, dev, other;
    const char *name, *parent;
    char *xml, *again, *names[200], *caps[4];
    int n, i, seen = 0, autostart = -1;

    assert(conn);
    n = virConnectListAllNodeDevices(conn, NULL, 0);
    assert(n == 134); /* api.json of the recording */
    assert(virConnectListAllNodeDevices(conn, &devs, 0) == n);
    assert(devs[n] == NULL);
    assert(strcmp(virNodeDeviceGetName(devs[0]), "computer") == 0);
    for (i = 0; i < n; i++) {
        dev = virNodeDeviceLookupByName(conn, virNodeDeviceGetName(devs[i]));
        assert(dev && dev != devs[i]);
        xml = virNodeDeviceGetXMLDesc(dev, 0);
        again = virNodeDeviceGetXMLDesc(devs[i], 0);
        assert(xml && again && strcmp(xml, again) == 0);
        free(xml);
        free(again);
        assert(virNodeDeviceFree(dev) == 0);
    }
    for (i = 0; i < n; i++)
        assert(virNodeDeviceFree(devs[i]) == 0);
    free(devs);

    assert(virNodeNumOfDevices(conn, NULL, 0) == n);
    assert(virNodeNumOfDevices(conn, "pci", 0) == 41);
    assert(virNodeNumOfDevices(conn, "PCI", 0) == 0 && virNodeNumOfDevices(conn, "bogus", 0) == 0);
    assert(virNodeListDevices(conn, NULL, names, 200, 0) == n);
    for (i = 0; i < n; i++) {
        seen += strcmp(names[i], "pci_0000_03_00_0") == 0;
        free(names[i]);
    }
    assert(seen == 1);
    assert(virNodeListDevices(conn, "pci", names, 3, 0) == 3);
    for (i = 0; i < 3; i++)
        free(names[i]);
    assert(virNodeListDevices(conn, NULL, NULL, 0, 0) == 0);

    dev = virNodeDeviceLookupByName(conn, "pci_0000_03_00_0");
    other = virNodeDeviceLookupByName(conn, "pci_0000_03_00_0");
    assert(dev && other && dev != other);
    name = virNodeDeviceGetName(dev);
    parent = virNodeDeviceGetParent(dev);
    assert(strcmp(parent, "pci_0000_00_03_2") == 0 && parent == virNodeDeviceGetParent(dev));
    assert(name == virNodeDeviceGetName(dev) && strcmp(name, "pci_0000_03_00_0") == 0);
    assert(virNodeDeviceNumOfCaps(dev) == 1 && virNodeDeviceListCaps(dev, caps, 4) == 1);
    assert(strcmp(caps[0], "pci") == 0);
    free(caps[0]);
    assert(virNodeDeviceListCaps(dev, caps, 0) == 0 && virNodeDeviceListCaps(dev, NULL, 0) == 0);
    assert(virNodeDeviceIsActive(dev) == 1 && virNodeDeviceIsPersistent(dev) == 0);
    assert(virNodeDeviceGetAutostart(dev, &autostart) == 0 && autostart == 0);
    assert(virNodeDeviceFree(other) == 0);

    dev = (virNodeDeviceRef(dev) == 0) ? dev : NULL;
    assert(dev && virNodeDeviceFree(dev) == 0);
    assert(strcmp(virNodeDeviceGetName(dev), "pci_0000_03_00_0") == 0);

    /* A device keeps its connection. */
    assert(virConnectClose(conn) == 1);
    xml = virNodeDeviceGetXMLDesc(dev, 0);
    assert(xml && strncmp(xml, "<device>\n  <name>pci_0000_03_00_0</name>\n", 41) == 0);
    assert(strcmp(xml + strlen(xml) - 10, "</device>\n") == 0);
    free(xml);
    assert(virNodeDeviceFree(dev) == 0);
}

static void computer(void)
{
    virConnectPtr conn = virConnectOpen(machine_uri());
    virNodeDevicePtr dev = virNodeDeviceLookupByName(conn, "computer");
    char *xml, *inactive;
    int autostart = -1;

    assert(dev && virNodeDeviceIsActive(dev) == 1 && virNodeDeviceIsPersistent(dev) == 1);
    assert(virNodeDeviceGetAutostart(dev, &autostart) == 0 && autostart == 1);
    xml = virNodeDeviceGetXMLDesc(dev, 0);
    inactive = virNodeDeviceGetXMLDesc(dev, VIR_NODE_DEVICE_XML_INACTIVE);
    assert(xml && inactive && strcmp(xml, inactive) == 0);
    assert(strstr(xml, "<product>Standard PC (Q35 + ICH9, 2009)</product>"));
    free(xml);
    free(inactive);
    assert(virNodeDeviceFree(dev) == 0 && virConnectClose(conn) == 0);
}

int main(void)
{
    connection();
    open_variants();
    devices();
    computer();
    return 0;
}
