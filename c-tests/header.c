/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * The header alone, twice, as C99 and as C++ with every warning an error; the numbers that programs
 * compiled against libvirt carry in them (libvirt's public headers, 12.8.0). */
#include <virnodedev.h>
#include <virnodedev.h>

#include <stddef.h>

/* An array of -1 elements when the condition is false. */
#define HOLDS(name, condition) typedef char holds_##name[(condition) ? 1 : -1]

/* A number where pointers and `long` have 64 bits, and where they have 32. */
#define BY_WORD(long64, long32) (sizeof(void *) == 8 ? (long64) : (long32))

HOLDS(words, sizeof(void *) == sizeof(long) && sizeof(virErrorLevel) == sizeof(int));
HOLDS(error_size, sizeof(virError) == BY_WORD(80, 48));
HOLDS(error_domain, offsetof(virError, domain) == 4);
HOLDS(error_message, offsetof(virError, message) == 8);
HOLDS(error_level, offsetof(virError, level) == BY_WORD(16, 12));
HOLDS(error_conn, offsetof(virError, conn) == BY_WORD(24, 16));
HOLDS(error_dom, offsetof(virError, dom) == BY_WORD(32, 20));
HOLDS(error_str1, offsetof(virError, str1) == BY_WORD(40, 24));
HOLDS(error_str2, offsetof(virError, str2) == BY_WORD(48, 28));
HOLDS(error_str3, offsetof(virError, str3) == BY_WORD(56, 32));
HOLDS(error_int1, offsetof(virError, int1) == BY_WORD(64, 36));
HOLDS(error_int2, offsetof(virError, int2) == BY_WORD(68, 40));
HOLDS(error_net, offsetof(virError, net) == BY_WORD(72, 44));
HOLDS(auth_size, sizeof(virConnectAuth) == BY_WORD(32, 16));
HOLDS(auth_cb, offsetof(virConnectAuth, cb) == BY_WORD(16, 8));
HOLDS(credential_size, sizeof(virConnectCredential) == BY_WORD(48, 24));

HOLDS(info_size, sizeof(virNodeInfo) == BY_WORD(64, 60));
HOLDS(info_memory, offsetof(virNodeInfo, memory) == 32);
HOLDS(info_threads, offsetof(virNodeInfo, threads) == BY_WORD(60, 56));
HOLDS(cpu_stats_size, sizeof(virNodeCPUStats) == 88 && sizeof(virNodeMemoryStats) == 88);
HOLDS(cpu_stats_value, offsetof(virNodeCPUStats, value) == VIR_NODE_CPU_STATS_FIELD_LENGTH);
HOLDS(memory_stats_value, offsetof(virNodeMemoryStats, value) == VIR_NODE_MEMORY_STATS_FIELD_LENGTH);
HOLDS(stats_all, VIR_NODE_CPU_STATS_ALL_CPUS == -1 && VIR_NODE_MEMORY_STATS_ALL_CELLS == -1);

HOLDS(version, LIBVIR_VERSION_NUMBER == 12008000);
HOLDS(level, VIR_ERR_NONE == 0 && VIR_ERR_WARNING == 1 && VIR_ERR_ERROR == 2);
HOLDS(codes_a, VIR_ERR_OK == 0 && VIR_ERR_INTERNAL_ERROR == 1 && VIR_ERR_NO_MEMORY == 2 && VIR_ERR_NO_SUPPORT == 3);
HOLDS(codes_b, VIR_ERR_NO_CONNECT == 5 && VIR_ERR_INVALID_CONN == 6 && VIR_ERR_INVALID_ARG == 8);
HOLDS(codes_c, VIR_ERR_OPERATION_FAILED == 9 && VIR_ERR_NO_NAME == 21 && VIR_ERR_XML_ERROR == 27);
HOLDS(codes_d, VIR_ERR_OPERATION_DENIED == 29 && VIR_ERR_PARSE_FAILED == 32 && VIR_ERR_XML_DETAIL == 35);
HOLDS(codes_e, VIR_ERR_SYSTEM_ERROR == 38 && VIR_ERR_INVALID_NODE_DEVICE == 52 && VIR_ERR_NO_NODE_DEVICE == 53);
HOLDS(codes_f, VIR_ERR_OPERATION_INVALID == 55 && VIR_ERR_CONFIG_UNSUPPORTED == 67);
HOLDS(codes_g, VIR_ERR_ARGUMENT_UNSUPPORTED == 74 && VIR_ERR_OPERATION_UNSUPPORTED == 84);
HOLDS(codes_h, VIR_ERR_ACCESS_DENIED == 88 && VIR_ERR_XML_INVALID_SCHEMA == 92 && VIR_ERR_DEVICE_MISSING == 99);
HOLDS(domains, VIR_FROM_NONE == 0 && VIR_FROM_XML == 5 && VIR_FROM_DOMAIN == 20 && VIR_FROM_NODEDEV == 22);
HOLDS(domains_b, VIR_FROM_EVENT == 40 && VIR_FROM_URI == 45);

HOLDS(cap_system, VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM == 1 << 0);
HOLDS(cap_pci, VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV == 1 << 1);
HOLDS(cap_usb, VIR_CONNECT_LIST_NODE_DEVICES_CAP_USB_DEV == 1 << 2);
HOLDS(cap_usb_interface, VIR_CONNECT_LIST_NODE_DEVICES_CAP_USB_INTERFACE == 1 << 3);
HOLDS(cap_net, VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET == 1 << 4);
HOLDS(cap_scsi_host, VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI_HOST == 1 << 5);
HOLDS(cap_scsi_target, VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI_TARGET == 1 << 6);
HOLDS(cap_scsi, VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI == 1 << 7);
HOLDS(cap_storage, VIR_CONNECT_LIST_NODE_DEVICES_CAP_STORAGE == 1 << 8);
HOLDS(cap_fc_host, VIR_CONNECT_LIST_NODE_DEVICES_CAP_FC_HOST == 1 << 9);
HOLDS(cap_vports, VIR_CONNECT_LIST_NODE_DEVICES_CAP_VPORTS == 1 << 10);
HOLDS(cap_scsi_generic, VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI_GENERIC == 1 << 11);
HOLDS(cap_drm, VIR_CONNECT_LIST_NODE_DEVICES_CAP_DRM == 1 << 12);
HOLDS(cap_mdev_types, VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV_TYPES == 1 << 13);
HOLDS(cap_mdev, VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV == 1 << 14);
HOLDS(cap_ccw, VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV == 1 << 15);
HOLDS(cap_css, VIR_CONNECT_LIST_NODE_DEVICES_CAP_CSS_DEV == 1 << 16);
HOLDS(cap_vdpa, VIR_CONNECT_LIST_NODE_DEVICES_CAP_VDPA == 1 << 17);
HOLDS(cap_ap_card, VIR_CONNECT_LIST_NODE_DEVICES_CAP_AP_CARD == 1 << 18);
HOLDS(cap_ap_queue, VIR_CONNECT_LIST_NODE_DEVICES_CAP_AP_QUEUE == 1 << 19);
HOLDS(cap_ap_matrix, VIR_CONNECT_LIST_NODE_DEVICES_CAP_AP_MATRIX == 1 << 20);
HOLDS(cap_vpd, VIR_CONNECT_LIST_NODE_DEVICES_CAP_VPD == 1 << 21);
HOLDS(cap_ccwgroup, VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCWGROUP_DEV == 1 << 22);
HOLDS(cap_ccwgroup_member, VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCWGROUP_MEMBER == 1 << 23);
HOLDS(state_a, VIR_CONNECT_LIST_NODE_DEVICES_PERSISTENT == 1 << 28);
HOLDS(state_b, VIR_CONNECT_LIST_NODE_DEVICES_TRANSIENT == 1 << 29);
HOLDS(state_c, VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE == 1 << 30);
HOLDS(state_d, (unsigned int)VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE == 1U << 31);
HOLDS(xml_flag, VIR_NODE_DEVICE_XML_INACTIVE == 1);
HOLDS(create_flags, VIR_NODE_DEVICE_CREATE_XML_VALIDATE == 1 && VIR_NODE_DEVICE_DEFINE_XML_VALIDATE == 1);
HOLDS(update_flags, VIR_NODE_DEVICE_UPDATE_AFFECT_CURRENT == 0 && VIR_NODE_DEVICE_UPDATE_AFFECT_LIVE == 1 &&
                        VIR_NODE_DEVICE_UPDATE_AFFECT_CONFIG == 2);
HOLDS(event_ids, VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE == 0 && VIR_NODE_DEVICE_EVENT_ID_UPDATE == 1);
HOLDS(event_types, VIR_NODE_DEVICE_EVENT_CREATED == 0 && VIR_NODE_DEVICE_EVENT_DELETED == 1 &&
                       VIR_NODE_DEVICE_EVENT_DEFINED == 2 && VIR_NODE_DEVICE_EVENT_UNDEFINED == 3);
HOLDS(handle_events, VIR_EVENT_HANDLE_READABLE == 1 && VIR_EVENT_HANDLE_WRITABLE == 2 &&
                         VIR_EVENT_HANDLE_ERROR == 4 && VIR_EVENT_HANDLE_HANGUP == 8);
HOLDS(open_flags, VIR_CONNECT_RO == 1 && VIR_CONNECT_NO_ALIASES == 2);
HOLDS(close_reasons, VIR_CONNECT_CLOSE_REASON_ERROR == 0 && VIR_CONNECT_CLOSE_REASON_EOF == 1 &&
                         VIR_CONNECT_CLOSE_REASON_KEEPALIVE == 2 && VIR_CONNECT_CLOSE_REASON_CLIENT == 3);

int main(void)
{
    return 0;
}
