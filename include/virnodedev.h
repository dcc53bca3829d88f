/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * virnodedev.h: libvirt's node-device API as an in-process library.
 *
 * Names, numbers and meanings are those of libvirt 12.8.0. Made by cbindgen from
 * the library's source; not to be edited.
 *
 * Strings are UTF-8. A call that fails returns -1 or NULL and leaves an error
 * for virGetLastError(). Every function may be called from any thread; 64 KiB of stack suffice.
 *
 * "Errors:" with a function names those that are its own, by their virErrorNumber. What every function checks is
 * said here: no live connection is error 6, no live device 52; NULL where something is needed, a negative
 * number and an unknown flag are 8; without memory it is 2. A function that changes devices fails with 29 on a
 * read-only connection, with 3 where devices are made up and with 84 where they are recorded.
 *
 * A function of the program that the library calls may end its thread (pthread_exit(), pthread_cancel()). Threads can be
 * cancelled there, and where the library waits for what the program watches; its own work is not cut short. Such a program
 * needs tables for unwinding, which compilers leave out of C for 32-bit ARM unless told -fexceptions.
 *
 * After fork() the child can only close what it inherited, with virConnectClose(); any
 * other use of a handle from before is an error. It may open connections of its own.
 */


#ifndef VIRNODEDEV_H
#define VIRNODEDEV_H


/** Whether this header offers what libvirt's version MAJOR.MINOR.MICRO does. */
#define LIBVIR_CHECK_VERSION(major, minor, micro) \
    ((major) * 1000000 + (minor) * 1000 + (micro) <= LIBVIR_VERSION_NUMBER)

/** Devices that are there now: the last of virConnectListAllNodeDeviceFlags. */
#define VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE (1U << 31)

/** Casts the function of an event to what virConnectNodeDeviceEventRegisterAny() takes. */
#define VIR_NODE_DEVICE_EVENT_CALLBACK(cb) \
    ((virConnectNodeDeviceEventGenericCallback)(void (*)(void))(cb))

/** Time of the kernel. */
#define VIR_NODE_CPU_STATS_KERNEL "kernel"

/** Time of programs. */
#define VIR_NODE_CPU_STATS_USER "user"

/** Time with nothing to do. */
#define VIR_NODE_CPU_STATS_IDLE "idle"

/** Time with nothing to do while a disk was waited for. */
#define VIR_NODE_CPU_STATS_IOWAIT "iowait"

/** Time of interrupts; part of that of the kernel here. */
#define VIR_NODE_CPU_STATS_INTR "intr"

/** How busy the processors were, in percent; not told here. */
#define VIR_NODE_CPU_STATS_UTILIZATION "utilization"

/** All memory. */
#define VIR_NODE_MEMORY_STATS_TOTAL "total"

/** Memory that nothing uses. */
#define VIR_NODE_MEMORY_STATS_FREE "free"

/** Memory that buffers of block devices use; of all cells together. */
#define VIR_NODE_MEMORY_STATS_BUFFERS "buffers"

/** Memory that copies of files use; of all cells together. */
#define VIR_NODE_MEMORY_STATS_CACHED "cached"

#ifdef VIR_ENUM_SENTINELS
# define VIR_ERR_DOMAIN_LAST 73
# define VIR_ERR_NUMBER_LAST 115
# define VIR_CRED_LAST 10
# define VIR_CONNECT_CLOSE_REASON_LAST 4
# define VIR_NODE_DEVICE_EVENT_ID_LAST 2
# define VIR_NODE_DEVICE_EVENT_LAST 4
#endif


/**
 * First part of the library's own version.
 */
#define VIRNODEDEV_VERSION_MAJOR 0

/**
 * Second part of the library's own version.
 */
#define VIRNODEDEV_VERSION_MINOR 1

/**
 * Third part of the library's own version.
 */
#define VIRNODEDEV_VERSION_MICRO 0

/**
 * The library's own version as one number, major * 1000000 + minor * 1000 + micro.
 */
#define VIRNODEDEV_VERSION (((VIRNODEDEV_VERSION_MAJOR * 1000000) + (VIRNODEDEV_VERSION_MINOR * 1000)) + VIRNODEDEV_VERSION_MICRO)

/**
 * The version of libvirt whose node-device API this library offers: 12.8.0.
 */
#define LIBVIR_VERSION_NUMBER 12008000

/**
 * The size of a name in virNodeCPUStats.
 */
#define VIR_NODE_CPU_STATS_FIELD_LENGTH 80

/**
 * The size of a name in virNodeMemoryStats.
 */
#define VIR_NODE_MEMORY_STATS_FIELD_LENGTH 80

/**
 * How serious an error is.
 */
typedef enum virErrorLevel {
  /**
   * There is no error.
   */
  VIR_ERR_NONE = 0,
  /**
   * A warning; this library raises none.
   */
  VIR_ERR_WARNING = 1,
  /**
   * An error.
   */
  VIR_ERR_ERROR = 2
} virErrorLevel;

/**
 * Which part raised an error.
 *
 * All of libvirt's numbers are here, so that programs that name them compile; this library
 * raises those that have a description.
 */
typedef enum virErrorDomain {
  /**
   * No part in particular: opening, registration of events, helpers.
   */
  VIR_FROM_NONE = 0,
  VIR_FROM_XEN = 1,
  VIR_FROM_XEND = 2,
  VIR_FROM_XENSTORE = 3,
  VIR_FROM_SEXPR = 4,
  /**
   * XML.
   */
  VIR_FROM_XML = 5,
  VIR_FROM_DOM = 6,
  VIR_FROM_RPC = 7,
  VIR_FROM_PROXY = 8,
  VIR_FROM_CONF = 9,
  VIR_FROM_QEMU = 10,
  VIR_FROM_NET = 11,
  VIR_FROM_TEST = 12,
  VIR_FROM_REMOTE = 13,
  VIR_FROM_OPENVZ = 14,
  VIR_FROM_XENXM = 15,
  VIR_FROM_STATS_LINUX = 16,
  VIR_FROM_LXC = 17,
  VIR_FROM_STORAGE = 18,
  VIR_FROM_NETWORK = 19,
  /**
   * The connection functions.
   */
  VIR_FROM_DOMAIN = 20,
  VIR_FROM_UML = 21,
  /**
   * Node devices.
   */
  VIR_FROM_NODEDEV = 22,
  VIR_FROM_XEN_INOTIFY = 23,
  VIR_FROM_SECURITY = 24,
  VIR_FROM_VBOX = 25,
  VIR_FROM_INTERFACE = 26,
  VIR_FROM_ONE = 27,
  VIR_FROM_ESX = 28,
  VIR_FROM_PHYP = 29,
  VIR_FROM_SECRET = 30,
  VIR_FROM_CPU = 31,
  VIR_FROM_XENAPI = 32,
  VIR_FROM_NWFILTER = 33,
  VIR_FROM_HOOK = 34,
  VIR_FROM_DOMAIN_SNAPSHOT = 35,
  VIR_FROM_AUDIT = 36,
  VIR_FROM_SYSINFO = 37,
  VIR_FROM_STREAMS = 38,
  VIR_FROM_VMWARE = 39,
  /**
   * The event loop.
   */
  VIR_FROM_EVENT = 40,
  VIR_FROM_LIBXL = 41,
  VIR_FROM_LOCKING = 42,
  VIR_FROM_HYPERV = 43,
  VIR_FROM_CAPABILITIES = 44,
  /**
   * URIs.
   */
  VIR_FROM_URI = 45,
  VIR_FROM_AUTH = 46,
  VIR_FROM_DBUS = 47,
  VIR_FROM_PARALLELS = 48,
  VIR_FROM_DEVICE = 49,
  VIR_FROM_SSH = 50,
  VIR_FROM_LOCKSPACE = 51,
  VIR_FROM_INITCTL = 52,
  VIR_FROM_IDENTITY = 53,
  VIR_FROM_CGROUP = 54,
  VIR_FROM_ACCESS = 55,
  VIR_FROM_SYSTEMD = 56,
  VIR_FROM_BHYVE = 57,
  VIR_FROM_CRYPTO = 58,
  VIR_FROM_FIREWALL = 59,
  VIR_FROM_POLKIT = 60,
  VIR_FROM_THREAD = 61,
  VIR_FROM_ADMIN = 62,
  VIR_FROM_LOGGING = 63,
  VIR_FROM_XENXL = 64,
  VIR_FROM_PERF = 65,
  VIR_FROM_LIBSSH = 66,
  VIR_FROM_RESCTRL = 67,
  VIR_FROM_FIREWALLD = 68,
  VIR_FROM_DOMAIN_CHECKPOINT = 69,
  VIR_FROM_TPM = 70,
  VIR_FROM_BPF = 71,
  VIR_FROM_CH = 72
} virErrorDomain;

/**
 * What went wrong.
 *
 * All of libvirt's numbers are here, so that programs that name them compile; this library
 * raises those that have a description.
 */
typedef enum virErrorNumber {
  /**
   * No error.
   */
  VIR_ERR_OK = 0,
  /**
   * Something failed inside; the message says what.
   */
  VIR_ERR_INTERNAL_ERROR = 1,
  /**
   * Memory ran out.
   */
  VIR_ERR_NO_MEMORY = 2,
  /**
   * The driver of the connection lacks the function.
   */
  VIR_ERR_NO_SUPPORT = 3,
  VIR_ERR_UNKNOWN_HOST = 4,
  /**
   * No driver takes the URI.
   */
  VIR_ERR_NO_CONNECT = 5,
  /**
   * Not a valid connection.
   */
  VIR_ERR_INVALID_CONN = 6,
  VIR_ERR_INVALID_DOMAIN = 7,
  /**
   * An argument was refused.
   */
  VIR_ERR_INVALID_ARG = 8,
  /**
   * A command failed.
   */
  VIR_ERR_OPERATION_FAILED = 9,
  VIR_ERR_GET_FAILED = 10,
  VIR_ERR_POST_FAILED = 11,
  VIR_ERR_HTTP_ERROR = 12,
  VIR_ERR_SEXPR_SERIAL = 13,
  VIR_ERR_NO_XEN = 14,
  VIR_ERR_XEN_CALL = 15,
  VIR_ERR_OS_TYPE = 16,
  VIR_ERR_NO_KERNEL = 17,
  VIR_ERR_NO_ROOT = 18,
  VIR_ERR_NO_SOURCE = 19,
  VIR_ERR_NO_TARGET = 20,
  /**
   * A name is missing.
   */
  VIR_ERR_NO_NAME = 21,
  VIR_ERR_NO_OS = 22,
  VIR_ERR_NO_DEVICE = 23,
  VIR_ERR_NO_XENSTORE = 24,
  VIR_ERR_DRIVER_FULL = 25,
  VIR_ERR_CALL_FAILED = 26,
  /**
   * The XML lacks or contradicts something.
   */
  VIR_ERR_XML_ERROR = 27,
  VIR_ERR_DOM_EXIST = 28,
  /**
   * The connection is read-only.
   */
  VIR_ERR_OPERATION_DENIED = 29,
  VIR_ERR_OPEN_FAILED = 30,
  VIR_ERR_READ_FAILED = 31,
  /**
   * A document cannot be read.
   */
  VIR_ERR_PARSE_FAILED = 32,
  /**
   * A configuration file has a mistake.
   */
  VIR_ERR_CONF_SYNTAX = 33,
  VIR_ERR_WRITE_FAILED = 34,
  /**
   * The XML is not well formed.
   */
  VIR_ERR_XML_DETAIL = 35,
  VIR_ERR_INVALID_NETWORK = 36,
  VIR_ERR_NETWORK_EXIST = 37,
  /**
   * A system call failed; int1 holds errno.
   */
  VIR_ERR_SYSTEM_ERROR = 38,
  VIR_ERR_RPC = 39,
  VIR_ERR_GNUTLS_ERROR = 40,
  VIR_WAR_NO_NETWORK = 41,
  VIR_ERR_NO_DOMAIN = 42,
  VIR_ERR_NO_NETWORK = 43,
  VIR_ERR_INVALID_MAC = 44,
  VIR_ERR_AUTH_FAILED = 45,
  VIR_ERR_INVALID_STORAGE_POOL = 46,
  VIR_ERR_INVALID_STORAGE_VOL = 47,
  VIR_WAR_NO_STORAGE = 48,
  VIR_ERR_NO_STORAGE_POOL = 49,
  VIR_ERR_NO_STORAGE_VOL = 50,
  VIR_WAR_NO_NODE = 51,
  /**
   * Not a valid node device.
   */
  VIR_ERR_INVALID_NODE_DEVICE = 52,
  /**
   * There is no such node device (any more).
   */
  VIR_ERR_NO_NODE_DEVICE = 53,
  VIR_ERR_NO_SECURITY_MODEL = 54,
  /**
   * Not possible in the state that the device is in.
   */
  VIR_ERR_OPERATION_INVALID = 55,
  VIR_WAR_NO_INTERFACE = 56,
  VIR_ERR_NO_INTERFACE = 57,
  VIR_ERR_INVALID_INTERFACE = 58,
  VIR_ERR_MULTIPLE_INTERFACES = 59,
  VIR_WAR_NO_NWFILTER = 60,
  VIR_ERR_INVALID_NWFILTER = 61,
  VIR_ERR_NO_NWFILTER = 62,
  VIR_ERR_BUILD_FIREWALL = 63,
  VIR_WAR_NO_SECRET = 64,
  VIR_ERR_INVALID_SECRET = 65,
  VIR_ERR_NO_SECRET = 66,
  /**
   * The XML asks for what cannot be done.
   */
  VIR_ERR_CONFIG_UNSUPPORTED = 67,
  VIR_ERR_OPERATION_TIMEOUT = 68,
  VIR_ERR_MIGRATE_PERSIST_FAILED = 69,
  VIR_ERR_HOOK_SCRIPT_FAILED = 70,
  VIR_ERR_INVALID_DOMAIN_SNAPSHOT = 71,
  VIR_ERR_NO_DOMAIN_SNAPSHOT = 72,
  VIR_ERR_INVALID_STREAM = 73,
  /**
   * An argument asks for what cannot be done.
   */
  VIR_ERR_ARGUMENT_UNSUPPORTED = 74,
  VIR_ERR_STORAGE_PROBE_FAILED = 75,
  VIR_ERR_STORAGE_POOL_BUILT = 76,
  VIR_ERR_SNAPSHOT_REVERT_RISKY = 77,
  VIR_ERR_OPERATION_ABORTED = 78,
  VIR_ERR_AUTH_CANCELLED = 79,
  VIR_ERR_NO_DOMAIN_METADATA = 80,
  VIR_ERR_MIGRATE_UNSAFE = 81,
  VIR_ERR_OVERFLOW = 82,
  VIR_ERR_BLOCK_COPY_ACTIVE = 83,
  /**
   * The operation is not possible for the device.
   */
  VIR_ERR_OPERATION_UNSUPPORTED = 84,
  VIR_ERR_SSH = 85,
  VIR_ERR_AGENT_UNRESPONSIVE = 86,
  VIR_ERR_RESOURCE_BUSY = 87,
  /**
   * Access was denied.
   */
  VIR_ERR_ACCESS_DENIED = 88,
  VIR_ERR_DBUS_SERVICE = 89,
  VIR_ERR_STORAGE_VOL_EXIST = 90,
  VIR_ERR_CPU_INCOMPATIBLE = 91,
  /**
   * The XML does not follow the schema.
   */
  VIR_ERR_XML_INVALID_SCHEMA = 92,
  VIR_ERR_MIGRATE_FINISH_OK = 93,
  VIR_ERR_AUTH_UNAVAILABLE = 94,
  VIR_ERR_NO_SERVER = 95,
  VIR_ERR_NO_CLIENT = 96,
  VIR_ERR_AGENT_UNSYNCED = 97,
  VIR_ERR_LIBSSH = 98,
  /**
   * A device was not found.
   */
  VIR_ERR_DEVICE_MISSING = 99,
  VIR_ERR_INVALID_NWFILTER_BINDING = 100,
  VIR_ERR_NO_NWFILTER_BINDING = 101,
  VIR_ERR_INVALID_DOMAIN_CHECKPOINT = 102,
  VIR_ERR_NO_DOMAIN_CHECKPOINT = 103,
  VIR_ERR_NO_DOMAIN_BACKUP = 104,
  VIR_ERR_INVALID_NETWORK_PORT = 105,
  VIR_ERR_NETWORK_PORT_EXIST = 106,
  VIR_ERR_NO_NETWORK_PORT = 107,
  VIR_ERR_NO_HOSTNAME = 108,
  VIR_ERR_CHECKPOINT_INCONSISTENT = 109,
  VIR_ERR_MULTIPLE_DOMAINS = 110,
  VIR_ERR_NO_NETWORK_METADATA = 111,
  VIR_ERR_AGENT_COMMAND_TIMEOUT = 112,
  VIR_ERR_AGENT_COMMAND_FAILED = 113,
  VIR_ERR_INVALID_ENCR_KEY_SECRET = 114
} virErrorNumber;

/**
 * Flags of virConnectOpenAuth().
 */
typedef enum virConnectFlags {
  /**
   * Functions that change the host are refused.
   */
  VIR_CONNECT_RO = (1 << 0),
  /**
   * The URI is taken as it stands. This library knows no aliases, so it changes nothing.
   */
  VIR_CONNECT_NO_ALIASES = (1 << 1)
} virConnectFlags;

/**
 * What a virConnectCredential asks for.
 */
typedef enum virConnectCredentialType {
  /**
   * The identity to act as.
   */
  VIR_CRED_USERNAME = 1,
  /**
   * The identity to authorize as.
   */
  VIR_CRED_AUTHNAME = 2,
  /**
   * Languages of RFC 1766, comma separated.
   */
  VIR_CRED_LANGUAGE = 3,
  /**
   * A nonce of the client.
   */
  VIR_CRED_CNONCE = 4,
  /**
   * A secret passphrase.
   */
  VIR_CRED_PASSPHRASE = 5,
  /**
   * The answer to a challenge, shown while it is typed.
   */
  VIR_CRED_ECHOPROMPT = 6,
  /**
   * The answer to a challenge, not shown.
   */
  VIR_CRED_NOECHOPROMPT = 7,
  /**
   * The realm to authenticate in.
   */
  VIR_CRED_REALM = 8,
  /**
   * A credential that is managed elsewhere.
   */
  VIR_CRED_EXTERNAL = 9
} virConnectCredentialType;

/**
 * Why a connection closed.
 */
typedef enum virConnectCloseReason {
  /**
   * Reading or writing failed.
   */
  VIR_CONNECT_CLOSE_REASON_ERROR = 0,
  /**
   * The server ended the connection.
   */
  VIR_CONNECT_CLOSE_REASON_EOF = 1,
  /**
   * The server no longer answered.
   */
  VIR_CONNECT_CLOSE_REASON_KEEPALIVE = 2,
  /**
   * The program asked for it.
   */
  VIR_CONNECT_CLOSE_REASON_CLIENT = 3
} virConnectCloseReason;

/**
 * Which devices virConnectListAllNodeDevices() lists.
 *
 * The bits form three groups: capabilities, state (active, inactive) and
 * definition (persistent, transient). A device must match one of the bits set in
 * each group; a group without a bit set does not filter. The state "active" is
 * the macro VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE, since bit 31 does not fit a C99 enumeration.
 */
typedef enum virConnectListAllNodeDeviceFlags {
  /**
   * The computer itself.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM = (1 << 0),
  /**
   * PCI devices.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV = (1 << 1),
  /**
   * USB devices.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_USB_DEV = (1 << 2),
  /**
   * USB interfaces.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_USB_INTERFACE = (1 << 3),
  /**
   * Network interfaces.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET = (1 << 4),
  /**
   * SCSI hosts.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI_HOST = (1 << 5),
  /**
   * SCSI targets.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI_TARGET = (1 << 6),
  /**
   * SCSI devices.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI = (1 << 7),
  /**
   * Storage devices.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_STORAGE = (1 << 8),
  /**
   * SCSI hosts that are Fibre Channel ports.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_FC_HOST = (1 << 9),
  /**
   * SCSI hosts that can have virtual ports.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_VPORTS = (1 << 10),
  /**
   * SCSI generic devices.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI_GENERIC = (1 << 11),
  /**
   * DRM devices.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_DRM = (1 << 12),
  /**
   * Devices that can have mediated devices.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV_TYPES = (1 << 13),
  /**
   * Mediated devices.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV = (1 << 14),
  /**
   * s390 channel devices.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV = (1 << 15),
  /**
   * s390 subchannels.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_CSS_DEV = (1 << 16),
  /**
   * vDPA devices.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_VDPA = (1 << 17),
  /**
   * s390 crypto cards.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_AP_CARD = (1 << 18),
  /**
   * s390 crypto queues.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_AP_QUEUE = (1 << 19),
  /**
   * The s390 crypto matrix.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_AP_MATRIX = (1 << 20),
  /**
   * PCI devices with vital product data.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_VPD = (1 << 21),
  /**
   * s390 groups of channel devices.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCWGROUP_DEV = (1 << 22),
  /**
   * s390 channel devices that belong to a group.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCWGROUP_MEMBER = (1 << 23),
  /**
   * Devices with a definition that outlives them.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_PERSISTENT = (1 << 28),
  /**
   * Devices without such a definition.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_TRANSIENT = (1 << 29),
  /**
   * Defined devices that are not there now.
   */
  VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE = (1 << 30)
} virConnectListAllNodeDeviceFlags;

/**
 * Flags of virNodeDeviceGetXMLDesc().
 */
typedef enum virNodeDeviceXMLFlags {
  /**
   * The persistent definition instead of the present state.
   */
  VIR_NODE_DEVICE_XML_INACTIVE = (1 << 0)
} virNodeDeviceXMLFlags;

/**
 * Bits of the flags of vndConnectGetInventoryJSON() and vndNodeDeviceGetInventoryJSON().
 *
 * Since virnodedev 0.1.0; not in libvirt.
 */
typedef enum vndInventoryFlags {
  /**
   * Read also what wakes a sleeping device or takes long.
   */
  VND_INVENTORY_SLOW = (1 << 0)
} vndInventoryFlags;

/**
 * Bits of the flags of vndConnectRecord().
 *
 * Since virnodedev 0.1.0; not in libvirt.
 */
typedef enum vndRecordFlags {
  /**
   * Made-up values stand for serial numbers, hardware addresses, world-wide names, UUIDs, labels of media and the
   * host's name: the same one wherever a value was.
   */
  VND_RECORD_ANONYMOUS = (1 << 0)
} vndRecordFlags;

/**
 * Whether a device can be assigned to a virtual machine, or to another program that drives it through VFIO.
 *
 * Since virnodedev 0.1.0; not in libvirt.
 */
typedef enum vndAssignability {
  /**
   * It cannot as things are: each reason says what to do.
   */
  VND_ASSIGNABLE_NO = 0,
  /**
   * It can, once it is bound to a VFIO driver.
   */
  VND_ASSIGNABLE_YES = 1,
  /**
   * It can, once other devices of its IOMMU group are taken from the host as well.
   */
  VND_ASSIGNABLE_TOGETHER = 2
} vndAssignability;

/**
 * Bits of the flags of vndNodeDeviceGetAssignability().
 *
 * Since virnodedev 0.1.0; not in libvirt.
 */
typedef enum vndAssignabilityFlags {
  /**
   * The report is text for people in place of JSON.
   */
  VND_ASSIGNABILITY_TEXT = (1 << 0)
} vndAssignabilityFlags;

/**
 * Bits of the flags of vndNodeDeviceSetVirtualFunctions().
 *
 * Since virnodedev 0.1.0; not in libvirt.
 */
typedef enum vndVirtualFunctionsFlags {
  /**
   * Virtual functions go even if they are in use.
   */
  VND_VIRTUAL_FUNCTIONS_FORCE = (1 << 0)
} vndVirtualFunctionsFlags;

/**
 * Flags of virNodeDeviceCreateXML().
 */
typedef enum virNodeDeviceCreateXMLFlags {
  /**
   * First checks the document as libvirt's schema (nodedev.rng) does; what it forbids is
   * VIR_ERR_XML_INVALID_SCHEMA, with line and column. The schema asks for more than making a
   * device does: it wants a name, and for a SCSI host its number.
   */
  VIR_NODE_DEVICE_CREATE_XML_VALIDATE = (1 << 0)
} virNodeDeviceCreateXMLFlags;

/**
 * Flags of virNodeDeviceDefineXML().
 */
typedef enum virNodeDeviceDefineXMLFlags {
  /**
   * First checks the document as libvirt's schema (nodedev.rng) does; what it forbids is
   * VIR_ERR_XML_INVALID_SCHEMA, with line and column. The schema wants a name.
   */
  VIR_NODE_DEVICE_DEFINE_XML_VALIDATE = (1 << 0)
} virNodeDeviceDefineXMLFlags;

/**
 * What virNodeDeviceUpdate() changes.
 */
typedef enum virNodeDeviceUpdateFlags {
  /**
   * The device if it is active, else its definition.
   */
  VIR_NODE_DEVICE_UPDATE_AFFECT_CURRENT = 0,
  /**
   * The active device.
   */
  VIR_NODE_DEVICE_UPDATE_AFFECT_LIVE = (1 << 0),
  /**
   * The definition.
   */
  VIR_NODE_DEVICE_UPDATE_AFFECT_CONFIG = (1 << 1)
} virNodeDeviceUpdateFlags;

/**
 * Events of virConnectNodeDeviceEventRegisterAny().
 */
typedef enum virNodeDeviceEventID {
  /**
   * A device came, went, was defined or undefined: virConnectNodeDeviceEventLifecycleCallback.
   */
  VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE = 0,
  /**
   * A device changed: virConnectNodeDeviceEventGenericCallback.
   */
  VIR_NODE_DEVICE_EVENT_ID_UPDATE = 1
} virNodeDeviceEventID;

/**
 * What a lifecycle event tells.
 */
typedef enum virNodeDeviceEventLifecycleType {
  /**
   * The device appeared.
   */
  VIR_NODE_DEVICE_EVENT_CREATED = 0,
  /**
   * The device went away.
   */
  VIR_NODE_DEVICE_EVENT_DELETED = 1,
  /**
   * The device got a definition that outlives it.
   */
  VIR_NODE_DEVICE_EVENT_DEFINED = 2,
  /**
   * The definition is gone.
   */
  VIR_NODE_DEVICE_EVENT_UNDEFINED = 3
} virNodeDeviceEventLifecycleType;

/**
 * What an event loop watches a file descriptor for.
 */
typedef enum virEventHandleType {
  /**
   * There is something to read.
   */
  VIR_EVENT_HANDLE_READABLE = (1 << 0),
  /**
   * Writing would not block.
   */
  VIR_EVENT_HANDLE_WRITABLE = (1 << 1),
  /**
   * An error; reported without being asked for.
   */
  VIR_EVENT_HANDLE_ERROR = (1 << 2),
  /**
   * The other end is gone; reported without being asked for.
   */
  VIR_EVENT_HANDLE_HANGUP = (1 << 3)
} virEventHandleType;

/**
 * Which processors virNodeGetCPUStats() counts.
 */
typedef enum virNodeGetCPUStatsAllCPUs {
  /**
   * All of them together.
   */
  VIR_NODE_CPU_STATS_ALL_CPUS = -1
} virNodeGetCPUStatsAllCPUs;

/**
 * Which NUMA cells virNodeGetMemoryStats() counts.
 */
typedef enum virNodeGetMemoryStatsAllCells {
  /**
   * All of them together.
   */
  VIR_NODE_MEMORY_STATS_ALL_CELLS = -1
} virNodeGetMemoryStatsAllCells;

/**
 * A connection; only ever used through virConnectPtr.
 */
typedef struct _virConnect _virConnect;

/**
 * A virtual machine. This library has none; the type completes struct _virError.
 */
typedef struct _virDomain _virDomain;

/**
 * A virtual network. This library has none; the type completes struct _virError.
 */
typedef struct _virNetwork _virNetwork;

/**
 * A node device; only ever used through virNodeDevicePtr.
 */
typedef struct _virNodeDevice _virNodeDevice;

/**
 * A connection; only ever used through virConnectPtr.
 */
typedef struct _virConnect virConnect;

/**
 * A connection to one host's node devices, from virConnectOpen() and its like to virConnectClose().
 *
 * Handles of this library and those of libvirt.so.0 must not be mixed.
 */
typedef virConnect *virConnectPtr;

/**
 * One question of an authentication.
 */
typedef struct _virConnectCredential {
  /**
   * What is asked for, one of virConnectCredentialType.
   */
  int type;
  /**
   * Text to show to the user.
   */
  const char *prompt;
  /**
   * Further text to show, or NULL.
   */
  const char *challenge;
  /**
   * What an empty answer means, or NULL.
   */
  const char *defresult;
  /**
   * Out: the answer, malloc'd; the one who asked frees it.
   */
  char *result;
  /**
   * Out: length of the answer in bytes.
   */
  unsigned int resultlen;
} _virConnectCredential;

/**
 * One question of an authentication.
 */
typedef struct _virConnectCredential virConnectCredential;

/**
 * Pointer to the questions of an authentication.
 */
typedef virConnectCredential *virConnectCredentialPtr;

/**
 * Answers the questions of an authentication.
 *
 * @param cred    the questions; the function fills in result and resultlen
 * @param ncred   how many there are
 * @param cbdata  what was given with the function
 * @return 0 when all are answered, else -1
 */
typedef int (*virConnectAuthCallbackPtr)(virConnectCredentialPtr cred,
                                         unsigned int ncred,
                                         void *cbdata);

/**
 * How a program can authenticate: see virConnectOpenAuth().
 */
typedef struct _virConnectAuth {
  /**
   * Kinds of question that the callback can answer, of virConnectCredentialType.
   */
  int *credtype;
  /**
   * How many kinds there are.
   */
  unsigned int ncredtype;
  /**
   * Collects the answers.
   */
  virConnectAuthCallbackPtr cb;
  /**
   * Passed to the callback.
   */
  void *cbdata;
} _virConnectAuth;

/**
 * How a program can authenticate.
 */
typedef struct _virConnectAuth virConnectAuth;

/**
 * Pointer to a way to authenticate.
 */
typedef virConnectAuth *virConnectAuthPtr;

/**
 * Told when a connection closes. Connections of this library are in process and
 * never close by themselves, so it is never called.
 * @param conn    the connection
 * @param reason  one of virConnectCloseReason
 * @param opaque  what was given with the function
 */
typedef void (*virConnectCloseFunc)(virConnectPtr conn, int reason, void *opaque);

/**
 * Frees the data of a callback when the library no longer needs it.
 */
typedef void (*virFreeCallback)(void *opaque);

/**
 * A node device; only ever used through virNodeDevicePtr.
 */
typedef struct _virNodeDevice virNodeDevice;

/**
 * A node device of a connection, given back with virNodeDeviceFree().
 *
 * The handle stands for a name: when the device goes away, the handle stays
 * usable and calls that need the device fail with VIR_ERR_NO_NODE_DEVICE.
 */
typedef virNodeDevice *virNodeDevicePtr;

/**
 * Told of a node device event. Events with more arguments have types of their own, cast with
 * VIR_NODE_DEVICE_EVENT_CALLBACK().
 * @param conn    the connection of the registration
 * @param dev     the device, valid during the call; virNodeDeviceRef() keeps it
 * @param opaque  what was given with the function
 */
typedef void (*virConnectNodeDeviceEventGenericCallback)(virConnectPtr conn,
                                                         virNodeDevicePtr dev,
                                                         void *opaque);

/**
 * A virtual machine. This library has none.
 */
typedef struct _virDomain virDomain;

/**
 * A virtual machine. This library has none.
 */
typedef virDomain *virDomainPtr;

/**
 * A virtual network. This library has none.
 */
typedef struct _virNetwork virNetwork;

/**
 * A virtual network. This library has none.
 */
typedef virNetwork *virNetworkPtr;

/**
 * One error: what virGetLastError() returns and what error handlers get.
 *
 * The strings belong to the record: virResetError() and virFreeError() free them.
 */
typedef struct _virError {
  /**
   * What went wrong, one of virErrorNumber.
   */
  int code;
  /**
   * Which part raised it, one of virErrorDomain.
   */
  int domain;
  /**
   * The full text, without a line end as a rule.
   */
  char *message;
  /**
   * VIR_ERR_ERROR, or VIR_ERR_NONE when there is no error.
   */
  virErrorLevel level;
  /**
   * Always NULL.
   */
  virConnectPtr conn;
  /**
   * Always NULL.
   */
  virDomainPtr dom;
  /**
   * The format that the text was made with; for a refused argument the function's name. May be NULL.
   */
  char *str1;
  /**
   * The variable part of the text; for a refused argument the argument's name. May be NULL.
   */
  char *str2;
  /**
   * Always NULL.
   */
  char *str3;
  /**
   * errno for VIR_ERR_SYSTEM_ERROR, a line number for some XML errors, else -1 or 0.
   */
  int int1;
  /**
   * -1 or 0.
   */
  int int2;
  /**
   * Always NULL.
   */
  virNetworkPtr net;
} _virError;

/**
 * One error: what virGetLastError() returns and what error handlers get.
 */
typedef struct _virError virError;

/**
 * Pointer to an error.
 */
typedef virError *virErrorPtr;

/**
 * A function that is told of errors as they happen.
 *
 * It runs in the thread of the failing call, before that call returns.
 * @param userData  what was given with the function
 * @param error     the error; the strings are the library's, copy what must last
 */
typedef void (*virErrorFunc)(void *userData, virErrorPtr error);

/**
 * Told that something happened on a watched file descriptor.
 * @param watch   number of the watch
 * @param fd      the file descriptor
 * @param events  bits of virEventHandleType
 * @param opaque  what was given with the function
 */
typedef void (*virEventHandleCallback)(int watch, int fd, int events, void *opaque);

/**
 * An event loop's function that starts to watch a file descriptor.
 * @param fd      the file descriptor
 * @param event   bits of virEventHandleType, 0 to watch for nothing yet
 * @param cb      to be called
 * @param opaque  to be given to cb
 * @param ff      to be called with opaque once the watch is removed, or NULL
 * @return number of the watch, -1 on failure
 */
typedef int (*virEventAddHandleFunc)(int fd,
                                     int event,
                                     virEventHandleCallback cb,
                                     void *opaque,
                                     virFreeCallback ff);

/**
 * An event loop's function that changes what a watch waits for.
 */
typedef void (*virEventUpdateHandleFunc)(int watch, int event);

/**
 * An event loop's function that ends a watch; 0, or -1 for an unknown one.
 */
typedef int (*virEventRemoveHandleFunc)(int watch);

/**
 * Told that a timer ran out.
 * @param timer   number of the timer
 * @param opaque  what was given with the function
 */
typedef void (*virEventTimeoutCallback)(int timer, void *opaque);

/**
 * An event loop's function that starts a timer.
 * @param timeout  interval in milliseconds, 0 for every turn of the loop, negative for a stopped timer
 * @param cb       to be called
 * @param opaque   to be given to cb
 * @param ff       to be called with opaque once the timer is removed, or NULL
 * @return number of the timer, -1 on failure
 */
typedef int (*virEventAddTimeoutFunc)(int timeout,
                                      virEventTimeoutCallback cb,
                                      void *opaque,
                                      virFreeCallback ff);

/**
 * An event loop's function that changes the interval of a timer.
 */
typedef void (*virEventUpdateTimeoutFunc)(int timer, int timeout);

/**
 * An event loop's function that ends a timer; 0, or -1 for an unknown one.
 */
typedef int (*virEventRemoveTimeoutFunc)(int timer);

/**
 * A machine in a few numbers.
 */
typedef struct _virNodeInfo {
  /**
   * What kind of processor it has, as uname(2) says.
   */
  char model[32];
  /**
   * Its memory, in KiB; 0 where the kernel does not say.
   */
  unsigned long memory;
  /**
   * How many processors work.
   */
  unsigned int cpus;
  /**
   * How fast they are, in MHz; 0 where the kernel does not say.
   */
  unsigned int mhz;
  /**
   * How many NUMA cells it has; 1 where cells, sockets, cores and threads do not make the number of processors.
   */
  unsigned int nodes;
  /**
   * Sockets of a cell; 1 then.
   */
  unsigned int sockets;
  /**
   * Cores of a socket; the number of processors then.
   */
  unsigned int cores;
  /**
   * Threads of a core; 1 then.
   */
  unsigned int threads;
} _virNodeInfo;

/**
 * A machine in a few numbers.
 */
typedef struct _virNodeInfo virNodeInfo;

/**
 * Pointer to a machine in a few numbers.
 */
typedef virNodeInfo *virNodeInfoPtr;

/**
 * What processors spent time on.
 */
typedef struct _virNodeCPUStats {
  /**
   * What it was: VIR_NODE_CPU_STATS_KERNEL and so on.
   */
  char field[VIR_NODE_CPU_STATS_FIELD_LENGTH];
  /**
   * How much, in nanoseconds.
   */
  unsigned long long value;
} _virNodeCPUStats;

/**
 * What processors spent time on.
 */
typedef struct _virNodeCPUStats virNodeCPUStats;

/**
 * Pointer to what processors spent time on.
 */
typedef virNodeCPUStats *virNodeCPUStatsPtr;

/**
 * What memory is used for.
 */
typedef struct _virNodeMemoryStats {
  /**
   * What it is: VIR_NODE_MEMORY_STATS_TOTAL and so on.
   */
  char field[VIR_NODE_MEMORY_STATS_FIELD_LENGTH];
  /**
   * How much, in KiB.
   */
  unsigned long long value;
} _virNodeMemoryStats;

/**
 * What memory is used for.
 */
typedef struct _virNodeMemoryStats virNodeMemoryStats;

/**
 * Pointer to what memory is used for.
 */
typedef virNodeMemoryStats *virNodeMemoryStatsPtr;

/**
 * Told that a node device came, went, was defined or undefined (VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE).
 * @param conn    the connection of the registration
 * @param dev     the device, valid during the call; virNodeDeviceRef() keeps it
 * @param event   one of virNodeDeviceEventLifecycleType
 * @param detail  0
 * @param opaque  what was given with the function
 */
typedef void (*virConnectNodeDeviceEventLifecycleCallback)(virConnectPtr conn,
                                                           virNodeDevicePtr dev,
                                                           int event,
                                                           int detail,
                                                           void *opaque);

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * A way to authenticate for virConnectOpenAuth(): asks at the terminal, on standard output and input.
 *
 * Since virnodedev 0.1.0 (libvirt 0.4.0).
 */
extern virConnectAuthPtr virConnectAuthPtrDefault;

/**
 * The version of the library that runs, as VIRNODEDEV_VERSION counts it.
 *
 * The macro tells what a program was compiled with, this function what it
 * runs with. It touches no error state.
 *
 * @return the version
 *
 * Since virnodedev 0.1.0; not in libvirt.
 */
unsigned long vndVersion(void);

/**
 * The level of libvirt that the library is compatible with.
 *
 * @param libVer   out: LIBVIR_VERSION_NUMBER; must not be NULL
 * @param type     ignored
 * @param typeVer  out, unless NULL: LIBVIR_VERSION_NUMBER
 * @return 0, or -1 when libVer is NULL
 *
 * Since virnodedev 0.1.0 (libvirt 0.0.3).
 *
 * The caller sees to it that:
 * libVer and typeVer are NULL or point to an unsigned long.
 */
int virGetVersion(unsigned long *libVer, const char *type, unsigned long *typeVer);

/**
 * Makes the library ready. Every function that needs it does so by itself.
 *
 * @return 0
 *
 * Since virnodedev 0.1.0 (libvirt 0.1.0).
 */
int virInitialize(void);

/**
 * Opens a connection to the node devices that a URI names.
 *
 * "nodedev:///system" (or "nodedev:///session") is this host, read in process with the rights of the
 * caller; "nodedev:///embed?root=/DIR" is a recorded machine, in a folder or an archive of vndConnectRecord(); "test:///default" and
 * "test:///FILE.xml" are made-up devices. URIs of local hypervisors such as "qemu:///system" name this
 * host, too. There is no remote access.
 *
 * Errors: 5 for a URI that no driver takes, remote ones included; 1 for one that cannot be read; 38, with the errno, for
 * a recording or a file that cannot be read; 27, 35, 1, 21 or 67 for a file of made-up devices that is wrong inside; 8
 * for "embed" without a root, and for a file of made-up devices that names users: virConnectOpenAuth() opens it.
 *
 * @param name  the URI; NULL or "" for that of the environment variable LIBVIRT_DEFAULT_URI, else this host
 * @return the connection, to be given back with virConnectClose(); NULL on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.0.3).
 *
 * The caller sees to it that:
 * name is NULL or a NUL-terminated string.
 */
virConnectPtr virConnectOpen(const char *name);

/**
 * Opens a connection that refuses functions that change the host, and starts no program. Errors are those of
 * virConnectOpen().
 *
 * @param name  the URI, see virConnectOpen()
 * @return the connection, to be given back with virConnectClose(); NULL on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.0.3).
 *
 * The caller sees to it that:
 * name is NULL or a NUL-terminated string.
 */
virConnectPtr virConnectOpenReadOnly(const char *name);

/**
 * Opens a connection, with flags.
 *
 * A file of made-up devices can name users (`<auth><user password='…'>NAME</user></auth>`). Then auth is asked for a name
 * (VIR_CRED_AUTHNAME), and for a password (VIR_CRED_PASSPHRASE or VIR_CRED_NOECHOPROMPT) unless the user of that name
 * has none. Nothing else asks.
 *
 * Errors are those of virConnectOpen(), and for such a file: 8 without auth or its function; 45 for what is not the name and
 * password of a user, for no answer to the name and where no name can be asked for; 9 for no answer to the password and 84
 * where none can be asked for.
 *
 * @param name   the URI, see virConnectOpen()
 * @param auth   how the program can authenticate, or NULL
 * @param flags  bits of virConnectFlags
 * @return the connection, to be given back with virConnectClose(); NULL on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.4.0).
 *
 * The caller sees to it that:
 * name is NULL or a NUL-terminated string, auth is NULL or points to a way to authenticate, whose function stores NULL or
 * malloc'd NUL-terminated strings.
 */
virConnectPtr virConnectOpenAuth(const char *name,
                                 virConnectAuthPtr auth,
                                 unsigned int flags);

/**
 * Adds a reference to a connection: one more virConnectClose() is needed then.
 *
 * @param conn  the connection
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.6.0).
 */
int virConnectRef(virConnectPtr conn);

/**
 * Gives a connection back.
 *
 * Device handles and event registrations keep their connection alive; it is gone when the last of
 * them was given back, too.
 *
 * This is the one thing that a child process can do with a connection from before fork(): it gives up
 * the child's share and leaves the parent's alone. Device handles and event registrations do not keep it
 * there; the functions that would free what the program registered are not called.
 *
 * @param conn  the connection
 * @return 0 when the connection is gone, 1 when references, device handles or event registrations keep
 * it, -1 on error: conn is no connection, or all references to it were given back before
 *
 * Since virnodedev 0.1.0 (libvirt 0.0.3).
 */
int virConnectClose(virConnectPtr conn);

/**
 * Whether a connection works.
 *
 * @param conn  the connection
 * @return 1, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.9.8).
 */
int virConnectIsAlive(virConnectPtr conn);

/**
 * Whether what a connection carries is encrypted.
 *
 * @param conn  the connection
 * @return 0 (nothing leaves the process), or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.7.3).
 */
int virConnectIsEncrypted(virConnectPtr conn);

/**
 * Whether what a connection carries is safe from others.
 *
 * @param conn  the connection
 * @return 1 (nothing leaves the process), or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.7.3).
 */
int virConnectIsSecure(virConnectPtr conn);

/**
 * Asks for messages that keep a connection alive. A connection in process needs none.
 *
 * @param conn      the connection
 * @param interval  ignored
 * @param count     ignored
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.9.8).
 */
int virConnectSetKeepAlive(virConnectPtr conn, int interval, unsigned int count);

/**
 * Asks to be told when a connection closes by itself.
 *
 * A connection in process never does: neither cb nor freecb is ever called.
 *
 * @param conn    the connection
 * @param cb      the function; must not be NULL
 * @param opaque  ignored
 * @param freecb  ignored
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.10.0).
 */
int virConnectRegisterCloseCallback(virConnectPtr conn,
                                    virConnectCloseFunc cb,
                                    void *opaque,
                                    virFreeCallback freecb);

/**
 * Takes back virConnectRegisterCloseCallback().
 *
 * @param conn  the connection
 * @param cb    the function; must not be NULL
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.10.0).
 */
int virConnectUnregisterCloseCallback(virConnectPtr conn, virConnectCloseFunc cb);

/**
 * The kind of a connection.
 *
 * @param conn  the connection
 * @return "nodedev", or "TEST" for made-up devices; the library keeps the string; NULL on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.0.3).
 */
const char *virConnectGetType(virConnectPtr conn);

/**
 * The version of what a connection leads to.
 *
 * @param conn   the connection
 * @param hvVer  out: major * 1000000 + minor * 1000 + release; must not be NULL
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.0.3).
 *
 * The caller sees to it that:
 * hvVer is NULL or points to an unsigned long.
 */
int virConnectGetVersion(virConnectPtr conn, unsigned long *hvVer);

/**
 * The level of libvirt at the other end of a connection, which is this library.
 *
 * @param conn    the connection
 * @param libVer  out: LIBVIR_VERSION_NUMBER; must not be NULL
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.7.3).
 *
 * The caller sees to it that:
 * libVer is NULL or points to an unsigned long.
 */
int virConnectGetLibVersion(virConnectPtr conn, unsigned long *libVer);

/**
 * The name of the host that a connection leads to.
 *
 * @param conn  the connection
 * @return the name, which the caller frees with free(); NULL on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.3.0).
 */
char *virConnectGetHostname(virConnectPtr conn);

/**
 * The URI of a connection, which opens the same devices again.
 *
 * @param conn  the connection
 * @return the URI, which the caller frees with free(); NULL on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.3.0).
 */
char *virConnectGetURI(virConnectPtr conn);

/**
 * What the host of a connection is: its processors, pages of memory and NUMA cells. It tells of no guests, as no
 * connection has virtual machines. For a recorded machine it is the host that this is called on.
 *
 * Errors: 38, with the errno, for what cannot be read.
 *
 * @param conn  the connection
 * @return an XML document, which the caller frees with free(); NULL on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.2.1).
 */
char *virConnectGetCapabilities(virConnectPtr conn);

/**
 * The host's SMBIOS data as XML. No driver of this library offers it.
 *
 * @param conn   the connection
 * @param flags  ignored
 * @return NULL (VIR_ERR_NO_SUPPORT)
 *
 * Since virnodedev 0.1.0 (libvirt 0.8.8).
 */
char *virConnectGetSysinfo(virConnectPtr conn, unsigned int flags);

/**
 * How many processors a virtual machine can have: as many as the host has, as there is no hypervisor to ask. Where
 * devices are made up it is 32.
 *
 * Errors: 38, with the errno, for what cannot be read.
 *
 * @param conn  the connection
 * @param type  ignored
 * @return the number, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.2.1).
 */
int virConnectGetMaxVcpus(virConnectPtr conn,
                          const char *type);

/**
 * The name of a device.
 *
 * @param dev  the device
 * @return the name, which the library keeps as long as the handle lives; also that of a device that went away. NULL on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.5.0).
 */
const char *virNodeDeviceGetName(virNodeDevicePtr dev);

/**
 * The name of the device that a device is a part of.
 *
 * The answer to the first call is kept with the handle. Where the driver fails, the error is there for
 * virGetLastError(), but handlers are not told.
 *
 * Errors: 53 for a device that went; 1 for a device without a parent where devices are made up.
 *
 * @param dev  the device
 * @return the name, which the library keeps as long as the handle lives; NULL, with no error, for "computer",
 * which has no parent; NULL on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.5.0).
 */
const char *virNodeDeviceGetParent(virNodeDevicePtr dev);

/**
 * Counts the capabilities of a device: its kind, and what it has besides, such as "fc_host". A device that is made up
 * has its kind alone here, though it is listed by the others, too.
 *
 * Errors: 53 for a device that went.
 *
 * @param dev  the device
 * @return the number, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.5.0).
 */
int virNodeDeviceNumOfCaps(virNodeDevicePtr dev);

/**
 * Lists the capabilities of a device: its kind first, then what it has besides; of one that is made up its kind alone.
 *
 * Errors: 53 for a device that went.
 *
 * @param dev       the device
 * @param names     out: the capabilities, each of which the caller frees with free(); may be NULL when maxnames is 0
 * @param maxnames  how many names there is room for
 * @return the number of names stored, or -1 on error (no name is stored then)
 *
 * Since virnodedev 0.1.0 (libvirt 0.5.0).
 *
 * The caller sees to it that:
 * names has room for maxnames pointers.
 */
int virNodeDeviceListCaps(virNodeDevicePtr dev,
                          char **names,
                          int maxnames);

/**
 * All that is known of a device, as an XML document.
 *
 * Errors: 53 for a device that went; 38, with the errno, for what the kernel does not tell; with
 * VIR_NODE_DEVICE_XML_INACTIVE 55 for a device that has no definition.
 *
 * Attributes of a running mediated device are known to mdevctl alone: where it has call-out scripts it is run to ask for
 * them, for a minute at most, unless the connection is read-only.
 *
 * @param dev    the device
 * @param flags  bits of virNodeDeviceXMLFlags
 * @return the document, which the caller frees with free(); NULL on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.5.0).
 */
char *virNodeDeviceGetXMLDesc(virNodeDevicePtr dev,
                              unsigned int flags);

/**
 * Adds a reference to a device: one more virNodeDeviceFree() is needed then.
 *
 * @param dev  the device
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.6.0).
 */
int virNodeDeviceRef(virNodeDevicePtr dev);

/**
 * Gives a device handle back. With the last reference its strings go, and its hold on the connection.
 *
 * @param dev  the device
 * @return 0, or -1 on error, also for NULL
 *
 * Since virnodedev 0.1.0 (libvirt 0.5.0).
 */
int virNodeDeviceFree(virNodeDevicePtr dev);

/**
 * Whether a device is there now.
 *
 * Errors: 53 for a device that went and has no definition.
 *
 * @param dev  the device
 * @return 1 if it is, 0 if there is only its definition, -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 7.8.0).
 */
int virNodeDeviceIsActive(virNodeDevicePtr dev);

/**
 * Whether a device has a definition that outlives it.
 *
 * Errors: 53 for a device that went.
 *
 * @param dev  the device
 * @return 1 if it has, 0 if not, -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 7.8.0).
 */
int virNodeDeviceIsPersistent(virNodeDevicePtr dev);

/**
 * Whether a device is started with the host.
 *
 * Errors: 53 for a device that went; 3 where devices are made up.
 *
 * @param dev        the device
 * @param autostart  out: 1 if it is, 0 if not; must not be NULL
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 7.8.0).
 *
 * The caller sees to it that:
 * autostart is NULL or points to an int.
 */
int virNodeDeviceGetAutostart(virNodeDevicePtr dev, int *autostart);

/**
 * Takes a PCI function from its driver and binds it to a VFIO driver, through which a virtual machine or another
 * program can drive it: the module that says in modules.alias that it fits the function best, else vfio-pci. The
 * module is loaded if need be.
 *
 * This is virNodeDeviceDetachFlags() without a driver's name; all that is said there holds.
 *
 * @param dev  the device
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.6.1).
 */
int virNodeDeviceDettach(virNodeDevicePtr dev);

/**
 * Takes a PCI function from its driver and binds it to another one. Only this function is touched, not the others of
 * its IOMMU group. One that is bound to that driver already is left as it is.
 *
 * The call needs the right to write to sysfs, in which the function's driver_override keeps the driver's name until
 * virNodeDeviceReAttach(). On success the driver has taken the function; on failure the function has its former driver
 * again, or the error says what it has instead.
 *
 * Errors: 8 for a device that is no PCI function, or a name that cannot be a driver's; 38, with the errno, for what the
 * kernel refuses; 53 for a device that went; 55 while a program holds the function, or another one of its
 * group, through VFIO (to learn that, the group's file in /dev/vfio is opened and closed), for a bridge, and when another
 * program with this library has been changing the function for a minute: the message says which; 29 when
 * /run/virnodedev, where such programs lock a file, is not root's alone; 74 where VFIO is not to be had; 1 for a module that
 * cannot be loaded and a driver that does not take the function.
 *
 * @param dev         the device
 * @param driverName  a driver or its module; NULL or "vfio" for the best VFIO driver, "xen" for Xen's
 * @param flags       0
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 1.0.5).
 *
 * The caller sees to it that:
 * driverName is NULL or a NUL-terminated string.
 */
int virNodeDeviceDetachFlags(virNodeDevicePtr dev,
                             const char *driverName,
                             unsigned int flags);

/**
 * Gives a PCI function back to the driver that the host has for it: clears driver_override, unbinds the function and
 * lets the kernel look for a driver. There may be none, which is no error. A function that the host
 * drives already keeps its driver, and only what was left in driver_override is cleared.
 *
 * Errors are those of virNodeDeviceDetachFlags(), and 1 where the kernel binds a VFIO or stub driver again, because that
 * takes the function by its identity (the driver's option ids, or its file new_id).
 *
 * @param dev  the device
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.6.1).
 */
int virNodeDeviceReAttach(virNodeDevicePtr dev);

/**
 * Resets a PCI function that nobody else would reset. One that is bound to a VFIO driver, or that can be reset alone
 * (function level reset, virtual functions), is left to VFIO and the kernel, which reset it before a virtual machine
 * gets it: the call succeeds and does nothing. Any other one takes a turn through D3hot if that resets it; else
 * its bus is reset, if all others there are detached and nobody holds them. What was set up in configuration
 * space is put back. A sleeping function is woken and kept awake meanwhile. Its driver is not told. A function that a
 * killed reset has left without its base addresses, or without what enables them, is not touched: the error says how to
 * have it set up again.
 *
 * Errors: 1 for a bridge, for a function that a program holds through VFIO, for one that a
 * killed reset has left, and where there is no way of reset; otherwise as virNodeDeviceDetachFlags().
 *
 * @param dev  the device
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.6.1).
 */
int virNodeDeviceReset(virNodeDevicePtr dev);

/**
 * Makes a device as an XML document describes it, and waits until it is there: a virtual Fibre Channel port or a
 * mediated device. It does not outlive the host's restart. virNodeDeviceDestroy() removes it.
 *
 * A mediated device needs a parent, a type that the parent offers, and gets a new UUID if none is given. mdevctl(8) starts
 * it; where mdevctl is not in PATH it is started through sysfs, but its attributes cannot be set. The program is
 * run without a shell and killed if it does not end within a minute. A device that does not appear within a
 * minute is removed again, and the error says so.
 *
 * Errors: 35, 27, 21 or 92 for a document that cannot be read; 67 for a device of another kind, a parent that is missing
 * or unknown, and names that cannot be a type's or an attribute's; 32 for a parent that makes no mediated
 * devices; 1 with the words of mdevctl when it fails; 38, with the errno, for what the kernel refuses.
 *
 * @param conn     the connection
 * @param xmlDesc  the document; must not be NULL
 * @param flags    bits of virNodeDeviceCreateXMLFlags
 * @return the device, to be given back with virNodeDeviceFree(); NULL on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.6.3).
 *
 * The caller sees to it that:
 * xmlDesc is NULL or a NUL-terminated string.
 */
virNodeDevicePtr virNodeDeviceCreateXML(virConnectPtr conn,
                                        const char *xmlDesc,
                                        unsigned int flags);

/**
 * Removes a virtual Fibre Channel port or stops a mediated device, whoever made it. A definition of it is kept. The
 * device goes from lists when the kernel has told that it went, which may be just after the call.
 *
 * Errors: 67 for a device of another kind; 55 for one that is not active; 1 for a mediated device while a program
 * has its VFIO group open (to learn that, the group's file in /dev/vfio is opened and closed), and with
 * the words of mdevctl when it fails; 38, with the errno, for what the kernel refuses.
 *
 * @param dev  the device
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.6.3).
 */
int virNodeDeviceDestroy(virNodeDevicePtr dev);

/**
 * Keeps the description of a mediated device, as mdevctl(8) does: it can be started later, and stays when the device or
 * the host stops. A device of the same UUID and parent that is defined already gets the new description, and
 * no longer starts by itself; one that runs is left as it is. Without a UUID a new one is made. When the call
 * returns, the definition is there.
 *
 * Errors: as for virNodeDeviceCreateXML(); 38 where mdevctl is not in PATH; 84 where it is too old to change a definition.
 *
 * @param conn     the connection
 * @param xmlDesc  the description; must not be NULL
 * @param flags    bits of virNodeDeviceDefineXMLFlags
 * @return the device, to be given back with virNodeDeviceFree(); NULL on error
 *
 * Since virnodedev 0.1.0 (libvirt 7.3.0).
 *
 * The caller sees to it that:
 * xmlDesc is NULL or a NUL-terminated string.
 */
virNodeDevicePtr virNodeDeviceDefineXML(virConnectPtr conn,
                                        const char *xmlDesc,
                                        unsigned int flags);

/**
 * Drops the definition of a mediated device, which runs on if it does.
 *
 * Errors: 55 for a device that is not defined; 1 with the words of mdevctl when it fails; 38 where it is not in PATH.
 *
 * @param dev    the device
 * @param flags  0
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 7.3.0).
 */
int virNodeDeviceUndefine(virNodeDevicePtr dev,
                          unsigned int flags);

/**
 * Starts a mediated device that is defined. It is in lists when udevd has told of it, which may be just after the call.
 *
 * Errors: 55 for a device that is active; 1 with the words of mdevctl when it fails; 38 where it is not in PATH.
 *
 * @param dev    the device
 * @param flags  0
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 7.3.0).
 */
int virNodeDeviceCreate(virNodeDevicePtr dev,
                        unsigned int flags);

/**
 * Chooses whether a mediated device that is defined is started when its parent comes, which is when the host starts.
 *
 * Errors: 84 for a device of another kind; 55 for one that is not defined; 1 with the words of mdevctl when it
 * fails; 38 where it is not in PATH.
 *
 * @param dev        the device
 * @param autostart  0 for no, anything else for yes
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 7.8.0).
 */
int virNodeDeviceSetAutostart(virNodeDevicePtr dev,
                              int autostart);

/**
 * Changes the attributes of a mediated device, its definition, or both. UUID and parent must stay; the type can be
 * another in the definition alone. The new definition does not start by itself. Whether a running device can be changed,
 * the scripts that mdevctl has for its type decide.
 *
 * Errors: as for virNodeDeviceCreateXML(), and the document needs a name; 67 for another UUID, parent or type; 55 for a device
 * that is not active (LIVE) or not defined (CONFIG); 84 where mdevctl is too old; 1 with the words of mdevctl when it
 * fails; 38 where it is not in PATH.
 *
 * @param dev      the device
 * @param xmlDesc  the whole new description; must not be NULL
 * @param flags    bits of virNodeDeviceUpdateFlags
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 10.1.0).
 *
 * The caller sees to it that:
 * xmlDesc is NULL or a NUL-terminated string.
 */
int virNodeDeviceUpdate(virNodeDevicePtr dev,
                        const char *xmlDesc,
                        unsigned int flags);

/**
 * Asks to be told of events of node devices.
 *
 * An event loop must have been registered (virEventRegisterDefaultImpl() or virEventRegisterImpl()), or
 * the program polls by itself (vndConnectGetEventFD()). The function is called in the thread that
 * runs the loop or calls vndConnectDispatchEvents(); it may call any function of the library. The
 * registration keeps the connection alive. Registering the same function for the same event of the same
 * device twice is an error. Where the event loop cannot learn what happened, because the process has no descriptor
 * left or the like, the error functions are told of the first such failure in a row, and it is tried again each
 * quarter of a second.
 *
 * Errors: 8 for a function that is registered already, a device of another connection and an unknown event; 1 where
 * there is no event loop (the text names the calls that come first), or it does not take the watch; 38, with the errno, where there is no descriptor left.
 *
 * @param conn     the connection
 * @param dev      a device of the connection to be told of it alone, or NULL for all
 * @param eventID  one of virNodeDeviceEventID
 * @param cb       the function, cast with VIR_NODE_DEVICE_EVENT_CALLBACK(); must not be NULL
 * @param opaque   passed to the function
 * @param freecb   called with opaque once the function is no longer needed, or NULL
 * @return a number for virConnectNodeDeviceEventDeregisterAny(), 0 or more, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 2.2.0).
 *
 * The caller sees to it that:
 * cb and freecb can be called with opaque until the number is given back.
 */
int virConnectNodeDeviceEventRegisterAny(virConnectPtr conn,
                                         virNodeDevicePtr dev,
                                         int eventID,
                                         virConnectNodeDeviceEventGenericCallback cb,
                                         void *opaque,
                                         virFreeCallback freecb);

/**
 * Ends a registration of virConnectNodeDeviceEventRegisterAny().
 *
 * freecb is called before this returns, or at the end of the dispatch that is under way.
 *
 * Errors: 8 for a number that no registration has.
 *
 * @param conn        the connection
 * @param callbackID  the number of the registration
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 2.2.0).
 */
int virConnectNodeDeviceEventDeregisterAny(virConnectPtr conn, int callbackID);

/**
 * Counts the devices of a connection.
 *
 * @param conn   the connection
 * @param cap    a capability such as "pci" or "net" to count only devices that have it; an unknown one
 * counts nothing; NULL counts all
 * @param flags  0
 * @return the number of devices, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.5.0).
 *
 * The caller sees to it that:
 * cap is NULL or a NUL-terminated string.
 */
int virNodeNumOfDevices(virConnectPtr conn,
                        const char *cap,
                        unsigned int flags);

/**
 * Lists the names of the devices of a connection. virConnectListAllNodeDevices() is the better choice: it needs no size.
 *
 * @param conn      the connection
 * @param cap       a capability such as "pci" or "net" to list only devices that have it; an unknown one
 * lists nothing; NULL lists all
 * @param names     out: the names, each of which the caller frees with free(); may be NULL when maxnames is 0
 * @param maxnames  how many names there is room for
 * @param flags     0
 * @return the number of names stored, or -1 on error (no name is stored then)
 *
 * Since virnodedev 0.1.0 (libvirt 0.5.0).
 *
 * The caller sees to it that:
 * cap is NULL or a NUL-terminated string, names has room for maxnames pointers.
 */
int virNodeListDevices(virConnectPtr conn,
                       const char *cap,
                       char **names,
                       int maxnames,
                       unsigned int flags);

/**
 * Lists the devices of a connection: "computer" first, then by their place in /sys, parents before children.
 *
 * @param conn     the connection
 * @param devices  out: an array of the devices with a NULL behind the last, set to NULL on error. The caller gives
 * each device back with virNodeDeviceFree() and the array with free(). NULL only counts
 * @param flags    bits of virConnectListAllNodeDeviceFlags, and VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE; 0 lists all
 * @return the number of devices, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.10.2).
 *
 * The caller sees to it that:
 * devices is NULL or points to a pointer.
 */
int virConnectListAllNodeDevices(virConnectPtr conn,
                                 virNodeDevicePtr **devices,
                                 unsigned int flags);

/**
 * Looks a device up by its name.
 *
 * Errors: 53 when there is none of that name.
 *
 * @param conn  the connection
 * @param name  the name, as virNodeDeviceGetName() tells it
 * @return the device, to be given back with virNodeDeviceFree(); NULL on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.5.0).
 *
 * The caller sees to it that:
 * name is NULL or a NUL-terminated string.
 */
virNodeDevicePtr virNodeDeviceLookupByName(virConnectPtr conn, const char *name);

/**
 * Looks a Fibre Channel host adapter up by its world-wide names.
 *
 * Errors: 1, without a cause and as in libvirt, when there is none of those names.
 *
 * @param conn   the connection
 * @param wwnn   its node name, 16 hexadecimal digits
 * @param wwpn   its port name, 16 hexadecimal digits
 * @param flags  0
 * @return the device, to be given back with virNodeDeviceFree(); NULL on error
 *
 * Since virnodedev 0.1.0 (libvirt 1.0.3).
 *
 * The caller sees to it that:
 * wwnn and wwpn are NULL or NUL-terminated strings.
 */
virNodeDevicePtr virNodeDeviceLookupSCSIHostByWWN(virConnectPtr conn,
                                                  const char *wwnn,
                                                  const char *wwpn,
                                                  unsigned int flags);

/**
 * The error of the last call of this thread that failed.
 *
 * Every function that can fail clears it first, so it tells about the last call only.
 *
 * @return the error, which the library keeps: it changes with the thread's next call; NULL when
 * there was no error
 *
 * Since virnodedev 0.1.0 (libvirt 0.1.0).
 */
virErrorPtr virGetLastError(void);

/**
 * The number of this thread's last error.
 *
 * @return one of virErrorNumber, VIR_ERR_OK when there was no error
 *
 * Since virnodedev 0.1.0 (libvirt 4.5.0).
 */
int virGetLastErrorCode(void);

/**
 * The part of the library that raised this thread's last error.
 *
 * @return one of virErrorDomain, VIR_FROM_NONE when there was no error
 *
 * Since virnodedev 0.1.0 (libvirt 4.5.0).
 */
int virGetLastErrorDomain(void);

/**
 * The text of this thread's last error.
 *
 * @return the text, which the library keeps: it changes with the thread's next call; "no error"
 * when there was none, "unknown error" for an error without a text; never NULL
 *
 * Since virnodedev 0.1.0 (libvirt 1.0.6).
 */
const char *virGetLastErrorMessage(void);

/**
 * Forgets this thread's last error.
 *
 * Since virnodedev 0.1.0 (libvirt 0.1.0).
 */
void virResetLastError(void);

/**
 * Frees the strings of an error and makes it say that there is no error. The record itself stays.
 *
 * @param err  the error; NULL does nothing
 *
 * Since virnodedev 0.1.0 (libvirt 0.1.0).
 *
 * The caller sees to it that:
 * err is NULL or a record that the library filled, or all zero.
 */
void virResetError(virErrorPtr err);

/**
 * Frees an error of virSaveLastError().
 *
 * @param err  the error; NULL does nothing
 *
 * Since virnodedev 0.1.0 (libvirt 0.6.1).
 *
 * The caller sees to it that:
 * err is NULL or came from virSaveLastError() and is not used afterwards.
 */
void virFreeError(virErrorPtr err);

/**
 * A copy of this thread's last error, to be kept over further calls. errno stays as it is.
 *
 * @return the copy, also when there was no error (its code is VIR_ERR_OK then); free it with
 * virFreeError(). NULL when memory ran out
 *
 * Since virnodedev 0.1.0 (libvirt 0.6.1).
 */
virErrorPtr virSaveLastError(void);

/**
 * Copies this thread's last error.
 *
 * What `to` held before is overwritten, not freed.
 *
 * @param to  out: the copy; free its strings with virResetError()
 * @return the number of the error, 0 when there was none, -1 when `to` is NULL
 *
 * Since virnodedev 0.1.0 (libvirt 0.1.0).
 *
 * The caller sees to it that:
 * to is NULL or points to a virError.
 */
int virCopyLastError(virErrorPtr to);

/**
 * Copies the last error of a connection.
 *
 * What `to` held before is overwritten, not freed.
 *
 * @param conn  the connection
 * @param to    out: the copy; free its strings with virResetError()
 * @return the number of the error, 0 when there was none, -1 when conn is no connection or `to` is NULL
 *
 * Since virnodedev 0.1.0 (libvirt 0.1.0).
 *
 * The caller sees to it that:
 * to is NULL or points to a virError.
 */
int virConnCopyLastError(virConnectPtr conn,
                         virErrorPtr to);

/**
 * The last error of a connection, of whatever thread.
 *
 * With several threads at work on the connection it can change at any time; virGetLastError() cannot.
 *
 * @param conn  the connection
 * @return the error, which the connection keeps and whose code is VIR_ERR_OK when there was none;
 * NULL when conn is no connection
 *
 * Since virnodedev 0.1.0 (libvirt 0.1.0).
 */
virErrorPtr virConnGetLastError(virConnectPtr conn);

/**
 * Forgets the last error of a connection.
 *
 * @param conn  the connection; anything else does nothing
 *
 * Since virnodedev 0.1.0 (libvirt 0.1.0).
 */
void virConnResetLastError(virConnectPtr conn);

/**
 * Chooses the function that is told of every error, instead of a line on standard error.
 *
 * @param userData  passed to the function
 * @param handler   the function; NULL brings the line back
 *
 * Since virnodedev 0.1.0 (libvirt 0.1.0).
 *
 * The caller sees to it that:
 * handler can be called from any thread with userData until another one is chosen.
 */
void virSetErrorFunc(void *userData, virErrorFunc handler);

/**
 * Chooses the function that is told of the errors of one connection, instead of the one of virSetErrorFunc().
 *
 * @param conn      the connection; anything else does nothing
 * @param userData  passed to the function
 * @param handler   the function; NULL leaves errors to that of virSetErrorFunc() again
 *
 * Since virnodedev 0.1.0 (libvirt 0.1.0).
 *
 * The caller sees to it that:
 * handler can be called from any thread with userData until another one is chosen or the connection is gone.
 */
void virConnSetErrorFunc(virConnectPtr conn,
                         void *userData,
                         virErrorFunc handler);

/**
 * Writes an error to standard error, as is done where no function was chosen.
 *
 * The line reads "libvirt: PART error : TEXT".
 *
 * @param err  the error; NULL and one without a code do nothing
 *
 * Since virnodedev 0.1.0 (libvirt 0.1.0).
 *
 * The caller sees to it that:
 * err is NULL or a whole record with NUL-terminated or NULL strings.
 */
void virDefaultErrorFunc(virErrorPtr err);

/**
 * Gives the library the event loop of the program.
 *
 * To be called before anything is watched. The first loop stays; later calls do nothing. Its
 * functions, and those of the library's own loop, are called with no lock of the library held.
 *
 * @param addHandle      starts to watch a file descriptor
 * @param updateHandle   changes what a watch waits for
 * @param removeHandle   ends a watch
 * @param addTimeout     starts a timer
 * @param updateTimeout  changes the interval of a timer
 * @param removeTimeout  ends a timer
 *
 * Since virnodedev 0.1.0 (libvirt 0.5.0).
 *
 * The caller sees to it that:
 * The functions can be called from any thread as long as the process lives.
 */
void virEventRegisterImpl(virEventAddHandleFunc addHandle,
                          virEventUpdateHandleFunc updateHandle,
                          virEventRemoveHandleFunc removeHandle,
                          virEventAddTimeoutFunc addTimeout,
                          virEventUpdateTimeoutFunc updateTimeout,
                          virEventRemoveTimeoutFunc removeTimeout);

/**
 * Makes the library use its own event loop, to be run by virEventRunDefaultImpl().
 *
 * Harmless where a loop was registered before: that one stays. A child process starts with an
 * empty one: it inherits no watches and no timers.
 *
 * @return 0
 *
 * Since virnodedev 0.1.0 (libvirt 0.9.0).
 */
int virEventRegisterDefaultImpl(void);

/**
 * Runs one turn of the library's own event loop: waits until something happens, then calls who asked.
 *
 * It waits for ever when nothing is watched and no timer runs, until another thread changes that.
 *
 * @return 0
 *
 * Since virnodedev 0.1.0 (libvirt 0.9.0).
 */
int virEventRunDefaultImpl(void);

/**
 * Has the event loop watch a file descriptor.
 *
 * @param fd      the file descriptor
 * @param events  bits of virEventHandleType, 0 to watch for nothing yet
 * @param cb      to be called when something happens
 * @param opaque  passed to cb
 * @param ff      called with opaque once the watch is removed, or NULL
 * @return the number of the watch, -1 when there is no event loop or it fails
 *
 * Since virnodedev 0.1.0 (libvirt 0.9.3).
 *
 * The caller sees to it that:
 * cb and ff can be called with opaque until the watch is removed.
 */
int virEventAddHandle(int fd,
                      int events,
                      virEventHandleCallback cb,
                      void *opaque,
                      virFreeCallback ff);

/**
 * Changes what a watch waits for.
 *
 * @param watch   the number of the watch; an unknown one is ignored
 * @param events  bits of virEventHandleType, 0 to pause
 *
 * Since virnodedev 0.1.0 (libvirt 0.9.3).
 */
void virEventUpdateHandle(int watch, int events);

/**
 * Ends a watch.
 *
 * @param watch  the number of the watch
 * @return 0, -1 when there is no such watch or no event loop
 *
 * Since virnodedev 0.1.0 (libvirt 0.9.3).
 */
int virEventRemoveHandle(int watch);

/**
 * Has the event loop run a timer.
 *
 * @param frequency  the interval in milliseconds; 0 for every turn of the loop, negative for a stopped timer
 * @param cb         to be called each time
 * @param opaque     passed to cb
 * @param ff         called with opaque once the timer is removed, or NULL
 * @return the number of the timer, -1 when there is no event loop or it fails
 *
 * Since virnodedev 0.1.0 (libvirt 0.9.3).
 *
 * The caller sees to it that:
 * cb and ff can be called with opaque until the timer is removed.
 */
int virEventAddTimeout(int frequency,
                       virEventTimeoutCallback cb,
                       void *opaque,
                       virFreeCallback ff);

/**
 * Changes the interval of a timer and starts it anew.
 *
 * @param timer      the number of the timer; an unknown one is ignored
 * @param frequency  the interval in milliseconds; 0 for every turn of the loop, negative to stop it
 *
 * Since virnodedev 0.1.0 (libvirt 0.9.3).
 */
void virEventUpdateTimeout(int timer, int frequency);

/**
 * Ends a timer.
 *
 * @param timer  the number of the timer
 * @return 0, -1 when there is no such timer or no event loop
 *
 * Since virnodedev 0.1.0 (libvirt 0.9.3).
 */
int virEventRemoveTimeout(int timer);

/**
 * Describes a device in JSON: an object with the same facts and the same element names as the XML.
 *
 * Numbers are numbers, elements that can stand more than once are arrays, a capability is the member of "capability"
 * that its type names; the text of an element with attributes is its member "text".
 * docs/nodedev.schema.json is the JSON Schema. Errors are those of virNodeDeviceGetXMLDesc().
 *
 * @param dev    the device
 * @param flags  bits of virNodeDeviceXMLFlags
 * @return the JSON text, to be freed with free(); NULL on error
 *
 * Since virnodedev 0.1.0; not in libvirt.
 */
char *vndNodeDeviceGetJSONDesc(virNodeDevicePtr dev,
                               unsigned int flags);

/**
 * Describes every device in XML, in one pass over the host.
 *
 * The document is a "node" element that holds the "device" elements, in the order of lists; the test
 * driver reads it back ("test:///FILE.xml"). A device that goes meanwhile is left out. mdevctl is asked as by
 * virNodeDeviceGetXMLDesc(), for a minute in all; running devices that it was not asked about by then come without attributes.
 *
 * @param conn   the connection
 * @param flags  bits of virConnectListAllNodeDeviceFlags, 0 for all devices
 * @return the XML text, to be freed with free(); NULL on error
 *
 * Since virnodedev 0.1.0; not in libvirt.
 */
char *vndConnectGetAllDevicesXML(virConnectPtr conn,
                                 unsigned int flags);

/**
 * Describes every device in JSON, in one pass over the host: an array of the objects that
 * vndNodeDeviceGetJSONDesc() gives, in the order of lists. A device that goes meanwhile is left out.
 *
 * @param conn   the connection
 * @param flags  bits of virConnectListAllNodeDeviceFlags, 0 for all devices
 * @return the JSON text, to be freed with free(); NULL on error
 *
 * Since virnodedev 0.1.0; not in libvirt.
 */
char *vndConnectGetAllDevicesJSON(virConnectPtr conn,
                                  unsigned int flags);

/**
 * Facts about all devices that their descriptions do not have, and for which programs go to sysfs themselves, in one
 * pass over the host.
 *
 * A JSON object with a member for each device, named as the device and in the order of lists. That is an object with
 * one for each part of the inventory that applies to the device: "pci", "net". docs/inventory.md names the facts and the
 * files that they are from, docs/inventory.schema.json is the JSON Schema. Members may be added and never change their
 * meaning. What cannot be had is absent; so is, without VND_INVENTORY_SLOW, what wakes a sleeping device. A device that
 * goes meanwhile is left out; one that is only made up or defined has no facts.
 *
 * Errors: 8 for a part that there is not; 38, with the file, where a system call failed.
 *
 * @param conn   the connection
 * @param parts  names of parts with commas between them, such as "pci,net"; NULL or "" for all
 * @param flags  bits of vndInventoryFlags
 * @return the JSON text, to be freed with free(); NULL on error
 *
 * Since virnodedev 0.1.0; not in libvirt.
 *
 * The caller sees to it that:
 * `parts` is NULL or a NUL-terminated string.
 */
char *vndConnectGetInventoryJSON(virConnectPtr conn,
                                 const char *parts,
                                 unsigned int flags);

/**
 * The facts that vndConnectGetInventoryJSON() has about one device: the object with its parts. Nothing else is read.
 *
 * Errors: those of that function; 53 for a device that went.
 *
 * @param dev    the device
 * @param parts  names of parts with commas between them, such as "pci,net"; NULL or "" for all
 * @param flags  bits of vndInventoryFlags
 * @return the JSON text, to be freed with free(); NULL on error
 *
 * Since virnodedev 0.1.0; not in libvirt.
 *
 * The caller sees to it that:
 * `parts` is NULL or a NUL-terminated string.
 */
char *vndNodeDeviceGetInventoryJSON(virNodeDevicePtr dev,
                                    const char *parts,
                                    unsigned int flags);

/**
 * Records the machine: writes what this library reads of it to list and describe all devices and for their inventory, as a
 * tar archive compressed by gzip.
 *
 * "nodedev:///embed?root=FILE.tar.gz" opens the recording, and so does the folder that it is unpacked to. It then gives the
 * documents that this host gives now, but for the features of network interfaces and attributes that only mdevctl's
 * call-out scripts know, which are in no file. docs/recordings.md says more. Nothing is written unless all could be
 * read. The test driver has nothing to record (code 3).
 *
 * @param conn   the connection
 * @param fd     a file descriptor to write to; it stays open
 * @param flags  bits of vndRecordFlags
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0; not in libvirt.
 */
int vndConnectRecord(virConnectPtr conn,
                     int fd,
                     unsigned int flags);

/**
 * A file descriptor that tells when there are events to dispatch, for a program with its own poll loop.
 *
 * It is readable (POLLIN, level-triggered) until vndConnectDispatchEvents() has taken what there is. Once it
 * was asked for, virConnectNodeDeviceEventRegisterAny() on this connection needs no libvirt event loop.
 * It belongs to the connection: do not read, write or close it. After a call that failed it is readable a quarter of
 * a second later, so that who polls tries again, and not all the time.
 *
 * Errors: 38, with the errno, where there is no descriptor left.
 *
 * @param conn  the connection
 * @return the file descriptor, or -1 on error
 *
 * Since virnodedev 0.1.0; not in libvirt.
 */
int vndConnectGetEventFD(virConnectPtr conn);

/**
 * Calls the registered callbacks for everything that happened since the last call, in this thread.
 *
 * Where very much happens, as much of it as can be taken in within milliseconds; the descriptor stays readable then.
 *
 * Returns at once when nothing happened, and when another thread is dispatching events of the same connection.
 *
 * Errors: 38, with file and errno, where a system call failed. No event is lost: the next call goes on.
 *
 * @param conn  the connection
 * @return how many events there were, or -1 on error
 *
 * Since virnodedev 0.1.0; not in libvirt.
 */
int vndConnectDispatchEvents(virConnectPtr conn);

/**
 * Tells whether a PCI function or a mediated device can be assigned to a virtual machine, and why not.
 *
 * The report is a JSON object: "name"; "verdict" ("yes", "together" or "no"); "iommu_group" with "number", "type" and
 * "members" (each with "name", "class" and "driver"); "vfio" with the files through which a program drives the device;
 * "reasons", the gravest first. A reason has a "code" for programs, what it "allows" at best ("yes" for what is only to be
 * known), the "device" that it is about, "what" is the case, and "advice". Members may be added; a member that cannot be
 * had is missing. docs/assignability.md has the codes.
 *
 * In use means: mounted, swapped to, the way of a default route, a display that a program has open, or driven through
 * VFIO already, as far as this process may see that. Nothing is changed; to learn whether a VFIO group is open, its file is
 * opened and closed. Of a recorded machine only its devices are known, not what they are used for.
 *
 * Errors: 53 for a device that went; 84 for one that is neither a PCI function nor a mediated device; 3 where devices are
 * made up; 38, with the errno, for what the kernel does not tell.
 *
 * @param dev     the device
 * @param report  out: the report, which the caller frees with free(); NULL on error; may be NULL
 * @param flags   bits of vndAssignabilityFlags
 * @return one of vndAssignability, or -1 on error
 *
 * Since virnodedev 0.1.0; not in libvirt.
 *
 * The caller sees to it that:
 * report is NULL or points to a pointer.
 */
int vndNodeDeviceGetAssignability(virNodeDevicePtr dev,
                                  char **report,
                                  unsigned int flags);

/**
 * Makes a virtual function of a GPU a vGPU of a type, by NVIDIA's framework for VFIO, which takes the place of mediated
 * devices. The inventory's part "vgpu" has the types that its driver offers.
 *
 * A function that is a vGPU of another type is that no more; while a program holds it through VFIO, the call
 * is refused. Where the driver refuses, the function is what it was before, or the error says what it is. The type
 * does not outlive the host's restart.
 *
 * Errors: 8 for a device that is no PCI function; 84 for one that cannot be a vGPU; 55 for a type that the driver does not
 * offer (the message names those that it does), for a function that is in use, and when another program with this library
 * has been changing it for a minute; 38, with the errno, for what the kernel refuses; 1 where the driver sets another
 * type; 29 on a read-only connection; 53 for a device that went.
 *
 * @param dev       the virtual function
 * @param vgpuType  the number of the type or its name, as the driver tells them; NULL for none
 * @param flags     0
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0; not in libvirt.
 *
 * The caller sees to it that:
 * vgpuType is NULL or a NUL-terminated string.
 */
int vndNodeDeviceSetVGPUType(virNodeDevicePtr dev,
                             const char *vgpuType,
                             unsigned int flags);

/**
 * Has the driver of a physical PCI function (SR-IOV) make a number of virtual functions, and waits until they are there.
 *
 * Where there are others, these go first: the kernel changes the number from and to 0 only. That is refused while a
 * program holds one of them through VFIO, or the host uses it (a default route, a mounted file system, a display). Where
 * the driver refuses, there are as many as before, or the error says how many there are. 0 takes all away. The
 * number does not outlive the host's restart.
 *
 * Errors: 8 for a device that is no PCI function, and more than it can have; 84 for one that can have none; 55 for virtual
 * functions that are in use, and when another program with this library has been changing the function for a
 * minute; 38, with the errno, for what the kernel refuses: the message says what it may mean; 1 where the driver makes fewer; 29
 * on a read-only connection; 53 for a device that went.
 *
 * @param dev    the physical function
 * @param count  how many virtual functions it shall have
 * @param flags  bits of vndVirtualFunctionsFlags
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0; not in libvirt.
 */
int vndNodeDeviceSetVirtualFunctions(virNodeDevicePtr dev,
                                     unsigned int count,
                                     unsigned int flags);

/**
 * A machine in a few numbers. For a recorded machine it is the host that this is called on.
 *
 * Errors: 38, with the errno, for what cannot be read.
 *
 * @param conn  the connection
 * @param info  out: the numbers; must not be NULL
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.1.0).
 *
 * The caller sees to it that:
 * info is NULL or points to a virNodeInfo.
 */
int virNodeGetInfo(virConnectPtr conn, virNodeInfoPtr info);

/**
 * The memory of the host that nothing uses.
 *
 * Errors: 38, with the errno, for what cannot be read; 1 where the kernel does not say and, without a cause, where a file
 * of made-up devices says nothing of NUMA cells.
 *
 * @param conn  the connection
 * @return the memory in bytes, or 0 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.3.3).
 */
unsigned long long virNodeGetFreeMemory(virConnectPtr conn);

/**
 * The memory of NUMA cells that nothing uses.
 *
 * Errors: 1 (8 where devices are made up) for a first cell behind the last; 38, with the errno, for what
 * cannot be read.
 *
 * @param conn       the connection
 * @param freeMems   out: the memory of each cell, in bytes; must not be NULL
 * @param startCell  the first cell
 * @param maxCells   how many cells there is room for, more than 0
 * @return the number of cells stored, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.3.3).
 *
 * The caller sees to it that:
 * freeMems is NULL or has room for maxCells numbers.
 */
int virNodeGetCellsFreeMemory(virConnectPtr conn,
                              unsigned long long *freeMems,
                              int startCell,
                              int maxCells);

/**
 * Which processors of the host work.
 *
 * Errors: 38, with the errno, for what cannot be read.
 *
 * @param conn    the connection
 * @param cpumap  out: a bit for each processor, from the lowest of the first byte on, which the caller frees with
 * free(); or NULL
 * @param online  out: how many work; or NULL
 * @param flags   0
 * @return how many processors there are, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 1.0.0).
 *
 * The caller sees to it that:
 * cpumap and online are NULL or can be written.
 */
int virNodeGetCPUMap(virConnectPtr conn,
                     unsigned char **cpumap,
                     unsigned int *online,
                     unsigned int flags);

/**
 * What the processors of the host spent their time on.
 *
 * Asked with *nparams 0 it tells how many values there are.
 *
 * Errors: 8 for a processor that is not there, and another number than there are; 38, with the errno, for what
 * cannot be read.
 *
 * @param conn     the connection
 * @param cpuNum   the number of a processor, or VIR_NODE_CPU_STATS_ALL_CPUS
 * @param params   out: the values; or NULL
 * @param nparams  in and out: how many there is room for, and how many there are; must not be NULL
 * @param flags    0
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.9.3).
 *
 * The caller sees to it that:
 * nparams is NULL or can be written, params is NULL or has room for *nparams values.
 */
int virNodeGetCPUStats(virConnectPtr conn,
                       int cpuNum,
                       virNodeCPUStatsPtr params,
                       int *nparams,
                       unsigned int flags);

/**
 * What the memory of the host is used for.
 *
 * Asked with *nparams 0 it tells how many values there are.
 *
 * Errors: 3 where devices are made up; 8 for a cell that is not there, and another number than there are; 38, with
 * the errno, for what cannot be read.
 *
 * @param conn     the connection
 * @param cellNum  the number of a NUMA cell, or VIR_NODE_MEMORY_STATS_ALL_CELLS
 * @param params   out: the values; or NULL
 * @param nparams  in and out: how many there is room for, and how many there are; must not be NULL
 * @param flags    0
 * @return 0, or -1 on error
 *
 * Since virnodedev 0.1.0 (libvirt 0.9.3).
 *
 * The caller sees to it that:
 * nparams is NULL or can be written, params is NULL or has room for *nparams values.
 */
int virNodeGetMemoryStats(virConnectPtr conn,
                          int cellNum,
                          virNodeMemoryStatsPtr params,
                          int *nparams,
                          unsigned int flags);

#ifdef __cplusplus
}  // extern "C"
#endif /* __cplusplus */

#endif  /* VIRNODEDEV_H */
