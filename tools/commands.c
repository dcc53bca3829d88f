/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* The commands of nodedev, their options and their help. */
#include <stddef.h>
#include <string.h>

#include "nodedev.h"

enum { MANY = 1 << 20 };

/* Devices that a command is for. */
#define ANY_DEVICE 0
#define PCI_DEVICES VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV
#define MEDIATED_DEVICES VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV
#define DEFINED_DEVICES (MEDIATED_DEVICES | VIR_CONNECT_LIST_NODE_DEVICES_PERSISTENT)
#define STOPPED_DEVICES (MEDIATED_DEVICES | VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE)
#define VIRTUAL_DEVICES \
    (MEDIATED_DEVICES | VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI_HOST | VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE)

const struct option long_options[] = {
    { "connect", required_argument, NULL, OPTION_CONNECT },
    { "readonly", no_argument, NULL, OPTION_READONLY },
    { "quiet", no_argument, NULL, OPTION_QUIET },
    { "help", no_argument, NULL, OPTION_HELP },
    { "version", no_argument, NULL, OPTION_VERSION },
    { "tree", no_argument, NULL, OPTION_TREE },
    { "cap", required_argument, NULL, OPTION_CAP },
    { "all", no_argument, NULL, OPTION_ALL },
    { "inactive", no_argument, NULL, OPTION_INACTIVE },
    { "persistent", no_argument, NULL, OPTION_PERSISTENT },
    { "transient", no_argument, NULL, OPTION_TRANSIENT },
    { "json", no_argument, NULL, OPTION_JSON },
    { "device", required_argument, NULL, OPTION_DEVICE },
    { "event", required_argument, NULL, OPTION_EVENT },
    { "loop", no_argument, NULL, OPTION_LOOP },
    { "timeout", required_argument, NULL, OPTION_TIMEOUT },
    { "timestamp", no_argument, NULL, OPTION_TIMESTAMP },
    { "list", no_argument, NULL, OPTION_LIST },
    { "validate", no_argument, NULL, OPTION_VALIDATE },
    { "config", no_argument, NULL, OPTION_CONFIG },
    { "live", no_argument, NULL, OPTION_LIVE },
    { "current", no_argument, NULL, OPTION_CURRENT },
    { "disable", no_argument, NULL, OPTION_DISABLE },
    { "driver", required_argument, NULL, OPTION_DRIVER },
    { "anonymous", no_argument, NULL, OPTION_ANONYMOUS },
    { "xpath", required_argument, NULL, OPTION_XPATH },
    { "wrap", no_argument, NULL, OPTION_WRAP },
    { "force", no_argument, NULL, OPTION_FORCE },
    { "parts", required_argument, NULL, OPTION_PARTS },
    { "slow", no_argument, NULL, OPTION_SLOW },
    { "output", required_argument, NULL, OPTION_OUTPUT },
    { NULL, 0, NULL, 0 }
};

const char common_help[] =
    "  -c, --connect URI  connection to open\n"
    "                     (default: LIBVIRT_DEFAULT_URI, else nodedev:///system)\n"
    "  -r, --readonly     open the connection read-only\n"
    "  -q, --quiet        no blank line at the end of the output, no word of success\n"
    "  -V, --version      print the version\n"
    "  -h, --help         print this help, or that of the command given\n";

const struct command commands[] = {
    {
        "list",
        "[--tree|--json] [--cap A,B]\n"
        "                    [--all|--inactive|--persistent|--transient]",
        "list devices, one name a line or as a tree",
        "Lists active devices, sorted by name.\n\n"
        "  --tree           draw each device below its parent\n"
        "  --json           print a JSON array of all that is known of the devices,\n"
        "                   parents before their children\n"
        "  --cap A,B        only devices with one of these capabilities:\n"
        "                   system, pci, usb_device, usb, net, scsi_host, scsi_target,\n"
        "                   scsi, storage, fc_host, vports, scsi_generic, drm,\n"
        "                   mdev_types, mdev, ccw, css, vdpa, ap_card, ap_queue,\n"
        "                   ap_matrix, vpd, ccwgroup, ccwgroup_member\n"
        "  --all            inactive devices too\n"
        "  --inactive       inactive devices only\n"
        "  --persistent     devices with a persistent definition only\n"
        "  --transient      devices without a persistent definition only\n\n"
        "--tree cannot be combined with --json, --cap, --inactive, --persistent or\n"
        "--transient.\n",
        OPTION_TREE | OPTION_JSON | OPTION_CAP | OPTION_ALL | OPTION_INACTIVE | OPTION_PERSISTENT |
        OPTION_TRANSIENT,
        ANY_DEVICE,
        NULL, 0, 0, list_check, list_run
    },
    {
        "dumpxml",
        "NAME... [--inactive] | --all\n"
        "                       [--xpath EXPR [--wrap]]",
        "print the XML of devices",
        "Prints the XML description of each device named.\n\n"
        "  NAME             a name that 'nodedev list' shows, or WWNN,WWPN of a\n"
        "                   Fibre Channel host adapter\n"
        "  --inactive       the persistent definition in place of the live state\n"
        "  --all            every device, active or not, in one document\n"
        "  --xpath EXPR     only what an XPath expression selects of each document\n"
        "  --wrap           with --xpath: put that into one element, <nodes>\n",
        OPTION_INACTIVE | OPTION_ALL | OPTION_XPATH | OPTION_WRAP,
        ANY_DEVICE,
        "the name of a device", 1, MANY, show_check, show_xml
    },
    {
        "dumpjson", "NAME... [--inactive] | --all",
        "print what the XML says in JSON",
        "Prints a JSON object for each device named, with the facts of its XML.\n\n"
        "  NAME             a name that 'nodedev list' shows, or WWNN,WWPN of a\n"
        "                   Fibre Channel host adapter\n"
        "  --inactive       the persistent definition in place of the live state\n"
        "  --all            an array of every device, active or not\n",
        OPTION_INACTIVE | OPTION_ALL,
        ANY_DEVICE,
        "the name of a device", 1, MANY, show_check, show_json
    },
    {
        "inventory", "[NAME...] [--parts A,B] [--slow]",
        "print facts that are not in the XML, in JSON",
        "Prints a JSON object with a member for each device: facts that are not in its\n"
        "XML and that programs otherwise read from sysfs. docs/inventory.md lists them.\n\n"
        "  NAME             a name that 'nodedev list' shows, or WWNN,WWPN of a\n"
        "                   Fibre Channel host adapter; default: all devices\n"
        "  --parts A,B      only these parts: pci, sriov, vgpu, net, block, usb, scsi, fc,\n"
        "                   drm, others\n"
        "  --slow           also what wakes a sleeping device or takes long\n",
        OPTION_PARTS | OPTION_SLOW,
        ANY_DEVICE,
        NULL, 0, MANY, NULL, inventory_run
    },
    {
        "info", "NAME",
        "print a device's parent and states",
        "Prints parent, activity, persistence and autostart of one device.\n\n"
        "  NAME             a name that 'nodedev list' shows, or WWNN,WWPN of a\n"
        "                   Fibre Channel host adapter\n",
        0,
        ANY_DEVICE,
        "the name of a device", 1, 1, NULL, show_info
    },
    {
        "assignable", "NAME... [--json]",
        "tell whether devices can be assigned to a virtual machine",
        "Tells of each PCI function or mediated device named whether it can be assigned\n"
        "to a virtual machine: yes, no, or together with others of its IOMMU group; with\n"
        "what speaks against it, and what to do. The exit status is 0 if all can, 4 if\n"
        "some can only together with others, 3 if one cannot.\n\n"
        "  NAME             a name that 'nodedev list --cap pci,mdev' shows\n"
        "  --json           print a JSON object for each\n",
        OPTION_JSON,
        PCI_DEVICES | MEDIATED_DEVICES,
        "the name of a device", 1, MANY, NULL, assignable_run
    },
    {
        "report", "[-o FILE]",
        "show all devices in a page for a browser",
        "Writes a page that a browser shows without a server or a network: what hangs\n"
        "where, a table to search, IOMMU groups, virtual functions, drivers, and all that\n"
        "is known of each device, with whether it can be assigned to a virtual machine.\n\n"
        "  -o, --output FILE  the file to write, or - for standard output\n"
        "                     (default: nodedev-report.html)\n",
        OPTION_OUTPUT,
        ANY_DEVICE,
        NULL, 0, 0, NULL, report_run
    },
    {
        "record", "FILE [--anonymous]",
        "record this machine, for a bug report or a test",
        "Writes what is read of this machine to list and describe its devices into a\n"
        "compressed tar archive. 'nodedev -c nodedev:///embed?root=FILE', with the whole\n"
        "path of the file, shows the same devices anywhere.\n\n"
        "  FILE             the archive to make, or - for standard output\n"
        "  --anonymous      put other values in the place of serial numbers, hardware\n"
        "                   addresses, world wide names, UUIDs, labels and the host's name\n",
        OPTION_ANONYMOUS,
        ANY_DEVICE,
        "a file", 1, 1, NULL, record_run
    },
    {
        "event",
        "[--device NAME] [--event lifecycle|update] [--loop]\n"
        "                     [--timeout S] [--timestamp] | --list",
        "print events of devices as they happen",
        "Waits for an event and prints it. Ctrl-C ends the wait.\n\n"
        "  --device NAME    only events of this device\n"
        "  --event TYPE     only events of this type; may be given twice:\n"
        "                   lifecycle (a device came or went), update (it changed)\n"
        "  --loop           go on after the first event\n"
        "  --timeout S      end after S seconds\n"
        "  --timestamp      print the time of each event (UTC)\n"
        "  --list           list the types of events instead\n\n"
        "Exit status: 0 when there was an event, 1 when there was none.\n",
        OPTION_DEVICE | OPTION_EVENT | OPTION_LOOP | OPTION_TIMEOUT | OPTION_TIMESTAMP |
        OPTION_LIST,
        ANY_DEVICE,
        NULL, 0, 0, event_check, event_run
    },
    {
        "create", "FILE [--validate]",
        "make the device that an XML file describes",
        "Makes a virtual Fibre Channel port, or a mediated device without a persistent\n"
        "definition, and waits until it is there.\n\n"
        "  FILE             the file with the XML, or - for standard input\n"
        "  --validate       refuse XML that libvirt's schema does not allow\n",
        OPTION_VALIDATE,
        ANY_DEVICE,
        "a file", 1, 1, NULL, change_create
    },
    {
        "destroy", "NAME",
        "remove a device from the host",
        "Removes a virtual Fibre Channel port, or stops a mediated device.\n\n"
        "  NAME             a name that 'nodedev list' shows, or WWNN,WWPN of a\n"
        "                   Fibre Channel host adapter\n",
        0,
        VIRTUAL_DEVICES,
        "the name of a device", 1, 1, NULL, change_device
    },
    {
        "define", "FILE [--validate]",
        "keep the definition of a mediated device",
        "Keeps the mediated device that an XML file describes, to be started later, or\n"
        "changes the definition that there is.\n\n"
        "  FILE             the file with the XML, or - for standard input\n"
        "  --validate       refuse XML that libvirt's schema does not allow\n",
        OPTION_VALIDATE,
        ANY_DEVICE,
        "a file", 1, 1, NULL, change_define
    },
    {
        "undefine", "NAME",
        "drop the definition of a mediated device",
        "Drops the definition of a mediated device, which runs on if it does.\n\n"
        "  NAME             a name that 'nodedev list --cap mdev --all' shows\n",
        0,
        DEFINED_DEVICES,
        "the name of a device", 1, 1, NULL, change_device
    },
    {
        "start", "NAME",
        "start a defined mediated device",
        "Starts a mediated device that is defined.\n\n"
        "  NAME             a name that 'nodedev list --cap mdev --all' shows\n",
        0,
        STOPPED_DEVICES,
        "the name of a device", 1, 1, NULL, change_device
    },
    {
        "update", "NAME FILE [--config] [--live] | --current",
        "change a mediated device",
        "Changes a mediated device to what an XML file says.\n\n"
        "  NAME             a name that 'nodedev list --cap mdev --all' shows\n"
        "  FILE             the file with the XML, or - for standard input\n"
        "  --config         change its persistent definition\n"
        "  --live           change the running device\n"
        "  --current        change the running device if there is one, else the\n"
        "                   definition (the default)\n",
        OPTION_CONFIG | OPTION_LIVE | OPTION_CURRENT,
        MEDIATED_DEVICES,
        "the name of a device and a file", 2, 2, change_check, change_update
    },
    {
        "autostart", "NAME [--disable]",
        "start a mediated device with its parent",
        "Has a defined mediated device started whenever its parent comes.\n\n"
        "  NAME             a name that 'nodedev list --cap mdev --all' shows\n"
        "  --disable        no longer start it\n",
        OPTION_DISABLE,
        DEFINED_DEVICES,
        "the name of a device", 1, 1, NULL, change_device
    },
    {
        "detach", "NAME [--driver DRIVER]",
        "take a PCI device from the host's driver",
        "Takes a PCI device from the host's driver, so that a virtual machine can\n"
        "have it.\n\n"
        "  NAME             a name that 'nodedev list --cap pci' shows\n"
        "  --driver DRIVER  the driver to give it to; default: the best one for VFIO\n",
        OPTION_DRIVER,
        PCI_DEVICES,
        "the name of a device", 1, 1, NULL, change_device
    },
    {
        "reattach", "NAME",
        "give a PCI device back to the host's driver",
        "Gives a detached PCI device back to the driver that the host has for it.\n\n"
        "  NAME             a name that 'nodedev list --cap pci' shows\n",
        0,
        PCI_DEVICES,
        "the name of a device", 1, 1, NULL, change_device
    },
    {
        "reset", "NAME",
        "reset a PCI device",
        "Brings a PCI device into the state that it has after power-on.\n\n"
        "  NAME             a name that 'nodedev list --cap pci' shows\n",
        0,
        PCI_DEVICES,
        "the name of a device", 1, 1, NULL, change_device
    },
    {
        "vfs", "NAME COUNT [--force]",
        "set how many virtual functions a PCI device has",
        "Has the driver of a PCI device that can have virtual functions (SR-IOV) make\n"
        "that many, and waits until they are there. Those that it has go first.\n\n"
        "  NAME             a name that 'nodedev list --cap pci' shows\n"
        "  COUNT            how many; 0 takes all away\n"
        "  --force          take them away even if they are in use\n",
        OPTION_FORCE,
        PCI_DEVICES,
        "the name of a device and a number", 2, 2, NULL, change_vfs
    },
    {
        "vgpu", "NAME TYPE",
        "set which vGPU a virtual function of a GPU is",
        "Makes a virtual function of a GPU a vGPU of a type, by NVIDIA's framework for\n"
        "VFIO. Other vGPUs are mediated devices, which 'nodedev create' makes.\n\n"
        "  NAME             a name that 'nodedev list --cap pci' shows\n"
        "  TYPE             the number or name of a type, as 'nodedev inventory --parts\n"
        "                   vgpu NAME' shows them; none: no vGPU\n",
        0,
        PCI_DEVICES,
        "the name of a device and a type", 2, 2, NULL, change_vgpu
    },
    {
        "rpc", "[URI]",
        "serve a client of libvirt, such as virsh, by a pipe",
        "Speaks libvirt's protocol with one client on standard input and output, and\n"
        "ends with it. It has the rights of who started it. With -r the client can\n"
        "change nothing.\n\n"
        "  URI              what the client sees whatever it asks for; default: what it\n"
        "                   asks for\n",
        0,
        ANY_DEVICE,
        "a URI", 0, 1, NULL, rpc_run
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL, 0, 0, NULL, NULL }
};

/* virsh's other names of commands. */
static const struct {
    const char *alias;
    const char *name;
} aliases[] = { { "dettach", "detach" } };

const struct command *find_command(const char *name)
{
    const struct command *command;
    size_t i;

    for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        if (strcmp(name, aliases[i].alias) == 0)
            name = aliases[i].name;
    }
    for (command = commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}
