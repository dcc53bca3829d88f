/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * What a plain libudev program does to learn the same as a first list: enumerate the subsystems
 * that node devices come from, read what tells their kind and their name, find the parent.
 */
#include <libudev.h>
#include <string.h>

#include "timing.h"

static const char *const subsystems[] = {
    "pci", "usb", "net", "scsi", "scsi_generic", "block", "drm", "mdev", "vdpa",
    "css", "ccw", "ccwgroup", "ap", "matrix", "mtty", NULL
};

static int found;

/* One device: its kind by DEVTYPE and properties, what its name is made of, its parent's path. */
static void look_at(struct udev_device *dev)
{
    const char *type = udev_device_get_devtype(dev);
    const char *subsystem = udev_device_get_subsystem(dev);
    struct udev_device *parent;
    size_t length = strlen(udev_device_get_sysname(dev)) + strlen(udev_device_get_syspath(dev));

    if (type && strcmp(type, "partition") == 0)
        return;
    if (udev_device_get_property_value(dev, "PCI_CLASS") || strcmp(subsystem, "scsi") == 0)
        length++;
    if (udev_device_get_property_value(dev, "INTERFACE") && udev_device_get_sysattr_value(dev, "address"))
        length++;
    if (udev_device_get_property_value(dev, "ID_SERIAL") || udev_device_get_devnode(dev))
        length++;
    if (udev_device_get_property_value(dev, "DRIVER"))
        length++;
    parent = udev_device_get_parent(dev);
    if (parent)
        length += strlen(udev_device_get_syspath(parent));
    found += length > 0;
}

static void enumerate(void)
{
    struct udev *udev = udev_new();
    struct udev_enumerate *e = udev_enumerate_new(udev);
    struct udev_list_entry *entry;
    const char *const *s;

    found = 0;
    for (s = subsystems; *s; s++)
        udev_enumerate_add_match_subsystem(e, *s);
    udev_enumerate_scan_devices(e);
    udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(e)) {
        struct udev_device *dev = udev_device_new_from_syspath(udev, udev_list_entry_get_name(entry));

        if (dev)
            look_at(dev);
        udev_device_unref(dev);
    }
    udev_enumerate_unref(e);
    udev_unref(udev);
}

int main(void)
{
    measure("udev_loop", 5, enumerate);
    printf("udev_loop_devices %d\n", found);
    return 0;
}
