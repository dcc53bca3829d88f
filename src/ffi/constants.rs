// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Flags and other numbers of the C interface, those of libvirt 12.8.0.

/// How serious an error is.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum virErrorLevel {
    /// There is no error.
    VIR_ERR_NONE = 0,
    /// A warning; this library raises none.
    VIR_ERR_WARNING = 1,
    /// An error.
    VIR_ERR_ERROR = 2,
}

/// Flags of virConnectOpenAuth().
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum virConnectFlags {
    /// Functions that change the host are refused.
    VIR_CONNECT_RO = 1 << 0,
    /// The URI is taken as it stands. This library knows no aliases, so it changes nothing.
    VIR_CONNECT_NO_ALIASES = 1 << 1,
}

/// What a virConnectCredential asks for.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum virConnectCredentialType {
    /// The identity to act as.
    VIR_CRED_USERNAME = 1,
    /// The identity to authorize as.
    VIR_CRED_AUTHNAME = 2,
    /// Languages of RFC 1766, comma separated.
    VIR_CRED_LANGUAGE = 3,
    /// A nonce of the client.
    VIR_CRED_CNONCE = 4,
    /// A secret passphrase.
    VIR_CRED_PASSPHRASE = 5,
    /// The answer to a challenge, shown while it is typed.
    VIR_CRED_ECHOPROMPT = 6,
    /// The answer to a challenge, not shown.
    VIR_CRED_NOECHOPROMPT = 7,
    /// The realm to authenticate in.
    VIR_CRED_REALM = 8,
    /// A credential that is managed elsewhere.
    VIR_CRED_EXTERNAL = 9,
}

/// Why a connection closed.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum virConnectCloseReason {
    /// Reading or writing failed.
    VIR_CONNECT_CLOSE_REASON_ERROR = 0,
    /// The server ended the connection.
    VIR_CONNECT_CLOSE_REASON_EOF = 1,
    /// The server no longer answered.
    VIR_CONNECT_CLOSE_REASON_KEEPALIVE = 2,
    /// The program asked for it.
    VIR_CONNECT_CLOSE_REASON_CLIENT = 3,
}

/// Which devices virConnectListAllNodeDevices() lists.
///
/// The bits form three groups: capabilities, state (active, inactive) and
/// definition (persistent, transient). A device must match one of the bits set in
/// each group; a group without a bit set does not filter. The state "active" is
/// the macro VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE, since bit 31 does not fit a C99 enumeration.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum virConnectListAllNodeDeviceFlags {
    /// The computer itself.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM = 1 << 0,
    /// PCI devices.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV = 1 << 1,
    /// USB devices.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_USB_DEV = 1 << 2,
    /// USB interfaces.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_USB_INTERFACE = 1 << 3,
    /// Network interfaces.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET = 1 << 4,
    /// SCSI hosts.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI_HOST = 1 << 5,
    /// SCSI targets.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI_TARGET = 1 << 6,
    /// SCSI devices.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI = 1 << 7,
    /// Storage devices.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_STORAGE = 1 << 8,
    /// SCSI hosts that are Fibre Channel ports.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_FC_HOST = 1 << 9,
    /// SCSI hosts that can have virtual ports.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_VPORTS = 1 << 10,
    /// SCSI generic devices.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI_GENERIC = 1 << 11,
    /// DRM devices.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_DRM = 1 << 12,
    /// Devices that can have mediated devices.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV_TYPES = 1 << 13,
    /// Mediated devices.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV = 1 << 14,
    /// s390 channel devices.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV = 1 << 15,
    /// s390 subchannels.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_CSS_DEV = 1 << 16,
    /// vDPA devices.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_VDPA = 1 << 17,
    /// s390 crypto cards.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_AP_CARD = 1 << 18,
    /// s390 crypto queues.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_AP_QUEUE = 1 << 19,
    /// The s390 crypto matrix.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_AP_MATRIX = 1 << 20,
    /// PCI devices with vital product data.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_VPD = 1 << 21,
    /// s390 groups of channel devices.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCWGROUP_DEV = 1 << 22,
    /// s390 channel devices that belong to a group.
    VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCWGROUP_MEMBER = 1 << 23,
    /// Devices with a definition that outlives them.
    VIR_CONNECT_LIST_NODE_DEVICES_PERSISTENT = 1 << 28,
    /// Devices without such a definition.
    VIR_CONNECT_LIST_NODE_DEVICES_TRANSIENT = 1 << 29,
    /// Defined devices that are not there now.
    VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE = 1 << 30,
}

/// Flags of virNodeDeviceGetXMLDesc().
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum virNodeDeviceXMLFlags {
    /// The persistent definition instead of the present state.
    VIR_NODE_DEVICE_XML_INACTIVE = 1 << 0,
}

/// Flags of virNodeDeviceCreateXML().
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum virNodeDeviceCreateXMLFlags {
    /// First checks the document as libvirt's schema (nodedev.rng) does; what it forbids is
    /// VIR_ERR_XML_INVALID_SCHEMA, with line and column. The schema asks for more than making a
    /// device does: it wants a name, and for a SCSI host its number.
    VIR_NODE_DEVICE_CREATE_XML_VALIDATE = 1 << 0,
}

/// Flags of virNodeDeviceDefineXML().
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum virNodeDeviceDefineXMLFlags {
    /// First checks the document as libvirt's schema (nodedev.rng) does; what it forbids is
    /// VIR_ERR_XML_INVALID_SCHEMA, with line and column. The schema wants a name.
    VIR_NODE_DEVICE_DEFINE_XML_VALIDATE = 1 << 0,
}

/// What virNodeDeviceUpdate() changes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum virNodeDeviceUpdateFlags {
    /// The device if it is active, else its definition.
    VIR_NODE_DEVICE_UPDATE_AFFECT_CURRENT = 0,
    /// The active device.
    VIR_NODE_DEVICE_UPDATE_AFFECT_LIVE = 1 << 0,
    /// The definition.
    VIR_NODE_DEVICE_UPDATE_AFFECT_CONFIG = 1 << 1,
}

/// Events of virConnectNodeDeviceEventRegisterAny().
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum virNodeDeviceEventID {
    /// A device came, went, was defined or undefined: virConnectNodeDeviceEventLifecycleCallback.
    VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE = 0,
    /// A device changed: virConnectNodeDeviceEventGenericCallback.
    VIR_NODE_DEVICE_EVENT_ID_UPDATE = 1,
}

/// What a lifecycle event tells.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum virNodeDeviceEventLifecycleType {
    /// The device appeared.
    VIR_NODE_DEVICE_EVENT_CREATED = 0,
    /// The device went away.
    VIR_NODE_DEVICE_EVENT_DELETED = 1,
    /// The device got a definition that outlives it.
    VIR_NODE_DEVICE_EVENT_DEFINED = 2,
    /// The definition is gone.
    VIR_NODE_DEVICE_EVENT_UNDEFINED = 3,
}

/// What an event loop watches a file descriptor for.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum virEventHandleType {
    /// There is something to read.
    VIR_EVENT_HANDLE_READABLE = 1 << 0,
    /// Writing would not block.
    VIR_EVENT_HANDLE_WRITABLE = 1 << 1,
    /// An error; reported without being asked for.
    VIR_EVENT_HANDLE_ERROR = 1 << 2,
    /// The other end is gone; reported without being asked for.
    VIR_EVENT_HANDLE_HANGUP = 1 << 3,
}
