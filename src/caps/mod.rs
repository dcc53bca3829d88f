// SPDX-License-Identifier: LGPL-2.1-or-later
//! What devices are: one file a device kind, with its data, its reader and its
//! XML; this file is the list of them.
//!
//! *Facts* do not change without a uevent and are read once. *State* changes
//! silently (links, NIC state, SR-IOV functions, …) and is read at every call.

pub mod address;
pub mod ap;
pub mod ccw;
pub mod drm;
pub mod identity;
pub mod input;
pub mod mdev;
pub mod net;
pub mod pci;
pub mod pci_express;
pub mod scsi;
pub mod scsi_generic;
pub mod scsi_host;
pub mod storage;
pub mod storage_ids;
pub mod system;
pub mod usb;
pub mod vdpa;
pub mod vpd;

use std::sync::Arc;

use once_cell::sync::OnceCell;

use crate::error::Result;
use crate::host::node::Node;
use crate::xml::writer::Writer;

/// A capability by which devices are filtered and counted, in the order of
/// libvirt's list flags: the bit of `VIR_CONNECT_LIST_NODE_DEVICES_CAP_*` is the discriminant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Capability {
    System,
    Pci,
    UsbDevice,
    Usb,
    Net,
    ScsiHost,
    ScsiTarget,
    Scsi,
    Storage,
    FcHost,
    Vports,
    ScsiGeneric,
    Drm,
    MdevTypes,
    Mdev,
    Ccw,
    Css,
    Vdpa,
    ApCard,
    ApQueue,
    ApMatrix,
    Vpd,
    CcwGroup,
    CcwGroupMember,
}

use Capability as C;

/// Every capability with the name that lists and XML use for it.
pub const CAPABILITIES: [(Capability, &str); 24] = [
    (C::System, "system"),
    (C::Pci, "pci"),
    (C::UsbDevice, "usb_device"),
    (C::Usb, "usb"),
    (C::Net, "net"),
    (C::ScsiHost, "scsi_host"),
    (C::ScsiTarget, "scsi_target"),
    (C::Scsi, "scsi"),
    (C::Storage, "storage"),
    (C::FcHost, "fc_host"),
    (C::Vports, "vports"),
    (C::ScsiGeneric, "scsi_generic"),
    (C::Drm, "drm"),
    (C::MdevTypes, "mdev_types"),
    (C::Mdev, "mdev"),
    (C::Ccw, "ccw"),
    (C::Css, "css"),
    (C::Vdpa, "vdpa"),
    (C::ApCard, "ap_card"),
    (C::ApQueue, "ap_queue"),
    (C::ApMatrix, "ap_matrix"),
    (C::Vpd, "vpd"),
    (C::CcwGroup, "ccwgroup"),
    (C::CcwGroupMember, "ccwgroup_member"),
];

impl Capability {
    /// The name in lists.
    pub fn name(self) -> &'static str {
        CAPABILITIES[self as usize].1
    }

    /// The capability of that name.
    pub fn from_name(name: &str) -> Option<Capability> {
        CAPABILITIES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(capability, _)| *capability)
    }

    /// The list flag.
    pub fn flag(self) -> u32 {
        1 << self as u32
    }
}

/// The kind of device a kernel device is, if it is one that libvirt lists.
///
/// A device type given by the kernel decides alone; without one the properties
/// do, the subsystem last (libvirt's udev driver, `spec` of the format's manual).
pub fn classify(node: &Node<'_>) -> Option<Capability> {
    if let Some(devtype) = node.devtype() {
        return match devtype {
            b"usb_device" => Some(C::UsbDevice),
            b"usb_interface" => Some(C::Usb),
            b"scsi_host" => Some(C::ScsiHost),
            b"scsi_target" => Some(C::ScsiTarget),
            b"scsi_device" => Some(C::Scsi),
            b"disk" => Some(C::Storage),
            b"wlan" => Some(C::Net),
            b"drm_minor" => Some(C::Drm),
            b"ap_card" => Some(C::ApCard),
            b"ap_queue" => Some(C::ApQueue),
            b"qeth_generic" | b"qeth_layer2" | b"qeth_layer3" => Some(C::CcwGroup),
            _ => None,
        };
    }
    match node.subsystem {
        b"scsi_generic" => Some(C::ScsiGeneric),
        b"mdev" => Some(C::Mdev),
        b"ccw" => Some(C::Ccw),
        b"css" => Some(C::Css),
        b"vdpa" => Some(C::Vdpa),
        b"matrix" => Some(C::ApMatrix),
        b"mtty" => Some(C::MdevTypes),
        _ if node.variable(b"INTERFACE").is_some() => Some(C::Net),
        _ if node.variable(b"PCI_CLASS").is_some() => Some(C::Pci),
        _ => None,
    }
}

/// What a device of its kind adds to its name, or that it is none after all.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not a device: something that its kind requires is missing.
    Rejected,
    /// A device, its name made of subsystem and sysname alone.
    Plain,
    /// A device whose name ends with this text too, sanitised.
    Suffix(Vec<u8>),
}

impl Verdict {
    /// Plain if the condition holds.
    fn plain_if(condition: bool) -> Verdict {
        if condition {
            Verdict::Plain
        } else {
            Verdict::Rejected
        }
    }
}

/// Judges a device of this kind, reading as little as its name needs.
pub fn judge(kind: Capability, node: &Node<'_>) -> Verdict {
    match kind {
        C::Pci => pci::judge(node),
        C::UsbDevice => usb::judge_device(node),
        C::Net => net::judge(node),
        C::ScsiHost => Verdict::plain_if(scsi_host::number(node).is_some()),
        C::Scsi => Verdict::plain_if(scsi::address(node).is_some()),
        C::Storage => storage::judge(node),
        C::ScsiGeneric => Verdict::plain_if(node.devnode().is_some()),
        C::Drm => Verdict::plain_if(drm::Drm::read(node).is_ok()),
        C::Mdev => mdev::judge(node),
        C::MdevTypes => Verdict::plain_if(mdev::parent_address(node).is_some()),
        C::Ccw => Verdict::plain_if(ccw::Ccw::read(node).is_ok()),
        C::Css => ccw::judge_css(node),
        C::CcwGroup => ccw::judge_group(node),
        C::Vdpa => Verdict::plain_if(vdpa::Vdpa::read(node).is_ok()),
        C::ApCard => Verdict::plain_if(ap::Card::read(node).is_ok()),
        C::ApQueue => Verdict::plain_if(ap::Queue::read(node).is_ok()),
        _ => Verdict::Plain,
    }
}

/// What does not change about a device without a uevent.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Facts {
    System(system::System),
    Pci(pci::Pci),
    UsbDevice(usb::Device),
    Usb(usb::Interface),
    Net(net::Net),
    ScsiHost(scsi_host::Host),
    ScsiTarget(scsi::Target),
    Scsi(scsi::Device),
    Storage(storage::Storage),
    ScsiGeneric(scsi_generic::Generic),
    Drm(drm::Drm),
    Mdev(mdev::Mdev),
    MdevParent,
    Ccw(ccw::Ccw),
    Css(ccw::Css),
    CcwGroup(ccw::Group),
    Vdpa(vdpa::Vdpa),
    ApCard(ap::Card),
    ApQueue(ap::Queue),
    ApMatrix,
}

/// What changes about a device silently.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs)]
pub enum State {
    /// The kind has none.
    #[default]
    None,
    Pci(pci::State),
    Net(net::State),
    ScsiHost(scsi_host::State),
    ScsiTarget(Option<scsi::RemotePort>),
    /// The group that a channel device belongs to.
    Ccw(Option<String>),
    /// The members of a channel group.
    CcwGroup(Vec<ccw::Member>),
    /// Mediated device types of any other parent than a PCI function.
    MdevTypes(Vec<mdev::Type>),
}

/// What is kept of a device once it was read, until its next uevent.
#[derive(Debug, Default)]
pub struct Cache {
    facts: OnceCell<Arc<Facts>>,
    vpd: OnceCell<Option<Arc<vpd::Vpd>>>,
}

impl Cache {
    /// The facts, read at the first call.
    pub fn facts(&self, kind: Capability, node: &Node<'_>) -> Result<Arc<Facts>> {
        if let Some(facts) = self.facts.get() {
            return Ok(facts.clone());
        }
        let facts = Arc::new(Facts::read(kind, node)?);
        if facts.is_final() {
            // Another thread may have been first: its reading is as good.
            let _ = self.facts.set(facts.clone());
        }
        Ok(facts)
    }

    /// The PCI function's vital product data, read at the first call.
    pub fn vpd(&self, node: &Node<'_>) -> Option<Arc<vpd::Vpd>> {
        if let Some(vpd) = self.vpd.get() {
            return vpd.clone();
        }
        if pci::is_asleep(node) {
            return None;
        }
        self.vpd
            .get_or_init(|| pci::read_vpd(node).map(Arc::new))
            .clone()
    }
}

impl Facts {
    /// Reads what is fixed about a device of this kind.
    fn read(kind: Capability, node: &Node<'_>) -> Result<Facts> {
        Ok(match kind {
            C::System => Facts::System(system::System::read(node)),
            C::Pci => Facts::Pci(pci::Pci::read(node)?),
            C::UsbDevice => Facts::UsbDevice(usb::Device::read(node)?),
            C::Usb => Facts::Usb(usb::Interface::read(node)?),
            C::Net => Facts::Net(net::Net::read(node)),
            C::ScsiHost => Facts::ScsiHost(scsi_host::Host::read(node)?),
            C::ScsiTarget => Facts::ScsiTarget(scsi::Target::read(node)),
            C::Scsi => Facts::Scsi(scsi::Device::read(node)?),
            C::Storage => Facts::Storage(storage::Storage::read(node)?),
            C::ScsiGeneric => Facts::ScsiGeneric(scsi_generic::Generic::read(node)?),
            C::Drm => Facts::Drm(drm::Drm::read(node)?),
            C::Mdev => Facts::Mdev(mdev::Mdev::read(node)?),
            C::Ccw => Facts::Ccw(ccw::Ccw::read(node)?),
            C::Css => Facts::Css(ccw::Css::read(node)?),
            C::CcwGroup => Facts::CcwGroup(ccw::Group::read(node)?),
            C::Vdpa => Facts::Vdpa(vdpa::Vdpa::read(node)?),
            C::ApCard => Facts::ApCard(ap::Card::read(node)?),
            C::ApQueue => Facts::ApQueue(ap::Queue::read(node)?),
            C::ApMatrix => Facts::ApMatrix,
            C::MdevTypes => Facts::MdevParent,
            C::FcHost | C::Vports | C::Vpd | C::CcwGroupMember => {
                return Err(node.unusable(format!("{} is no device kind", kind.name())));
            }
        })
    }

    /// False while part of the facts could not be read without waking the device.
    fn is_final(&self) -> bool {
        !matches!(self, Facts::Pci(pci) if pci.asleep)
    }

    /// The capability's name in XML.
    pub fn kind(&self) -> Capability {
        match self {
            Facts::System(_) => C::System,
            Facts::Pci(_) => C::Pci,
            Facts::UsbDevice(_) => C::UsbDevice,
            Facts::Usb(_) => C::Usb,
            Facts::Net(_) => C::Net,
            Facts::ScsiHost(_) => C::ScsiHost,
            Facts::ScsiTarget(_) => C::ScsiTarget,
            Facts::Scsi(_) => C::Scsi,
            Facts::Storage(_) => C::Storage,
            Facts::ScsiGeneric(_) => C::ScsiGeneric,
            Facts::Drm(_) => C::Drm,
            Facts::Mdev(_) => C::Mdev,
            Facts::MdevParent => C::MdevTypes,
            Facts::Ccw(_) => C::Ccw,
            Facts::Css(_) => C::Css,
            Facts::CcwGroup(_) => C::CcwGroup,
            Facts::Vdpa(_) => C::Vdpa,
            Facts::ApCard(_) => C::ApCard,
            Facts::ApQueue(_) => C::ApQueue,
            Facts::ApMatrix => C::ApMatrix,
        }
    }

    /// Writes the `<capability>` element.
    pub fn write(&self, state: &State, w: &mut Writer) {
        w.capability(self.kind().name(), &[], |w| match (self, state) {
            (Facts::System(facts), _) => facts.write(w),
            (Facts::Pci(facts), State::Pci(state)) => facts.write(state, w),
            (Facts::Pci(facts), _) => facts.write(&pci::State::default(), w),
            (Facts::UsbDevice(facts), _) => facts.write(w),
            (Facts::Usb(facts), _) => facts.write(w),
            (Facts::Net(facts), State::Net(state)) => facts.write(state, w),
            (Facts::Net(facts), _) => facts.write(&net::State::default(), w),
            (Facts::ScsiHost(facts), State::ScsiHost(state)) => facts.write(state, w),
            (Facts::ScsiHost(facts), _) => facts.write(&scsi_host::State::default(), w),
            (Facts::ScsiTarget(facts), State::ScsiTarget(port)) => facts.write(port.as_ref(), w),
            (Facts::ScsiTarget(facts), _) => facts.write(None, w),
            (Facts::Scsi(facts), _) => facts.write(w),
            (Facts::Storage(facts), _) => facts.write(w),
            (Facts::ScsiGeneric(facts), _) => facts.write(w),
            (Facts::Drm(facts), _) => facts.write(w),
            (Facts::Mdev(facts), _) => facts.write(w),
            (Facts::Ccw(facts), State::Ccw(group)) => facts.write(group.as_deref(), w),
            (Facts::Ccw(facts), _) => facts.write(None, w),
            (Facts::Css(facts), state) => facts.write(state.mdev_types(), w),
            (Facts::CcwGroup(facts), State::CcwGroup(members)) => facts.write(members, w),
            (Facts::CcwGroup(facts), _) => facts.write(&[], w),
            (Facts::Vdpa(facts), _) => facts.write(w),
            (Facts::ApCard(facts), _) => facts.write(w),
            (Facts::ApQueue(facts), _) => facts.write(w),
            (Facts::ApMatrix | Facts::MdevParent, state) => {
                mdev::write_types(state.mdev_types(), w);
            }
        });
    }
}

impl State {
    /// Reads what changes about a device of this kind.
    pub fn read(kind: Capability, node: &Node<'_>, cache: &Cache) -> Result<State> {
        Ok(match kind {
            C::Pci => State::Pci(pci::State::read(node, cache.vpd(node))?),
            C::Net => State::Net(net::State::read(node)?),
            C::ScsiHost => State::ScsiHost(scsi_host::State::read(node)),
            C::ScsiTarget => State::ScsiTarget(scsi::RemotePort::read(node)),
            C::Ccw => State::Ccw(ccw::group_of(node)),
            C::CcwGroup => State::CcwGroup(ccw::members(node)),
            C::Css | C::ApMatrix | C::MdevTypes => State::MdevTypes(mdev::types(node)?),
            _ => State::None,
        })
    }

    fn mdev_types(&self) -> &[mdev::Type] {
        match self {
            State::MdevTypes(types) => types,
            _ => &[],
        }
    }

    /// The capabilities nested in the device's own that are listed and counted, in libvirt's order.
    pub fn nested(&self, kind: Capability) -> Vec<Capability> {
        let mut nested = Vec::new();
        let mut add = |present: bool, capability| {
            if present {
                nested.push(capability);
            }
        };
        match self {
            State::ScsiHost(state) => {
                add(state.fc_host.is_some(), C::FcHost);
                add(state.vport_ops.is_some(), C::Vports);
            }
            State::Ccw(group) => add(group.is_some(), C::CcwGroupMember),
            // A generic parent is of that kind itself.
            State::MdevTypes(types) if kind != C::MdevTypes => {
                add(!types.is_empty(), C::MdevTypes);
            }
            State::Pci(state) => {
                add(!state.mdev_types.is_empty(), C::MdevTypes);
                add(state.vpd.is_some(), C::Vpd);
            }
            _ => {}
        }
        nested
    }
}

/// Whether a device of kind `kind` has the nested capability `wanted`; reads nothing else.
pub fn has_nested(wanted: Capability, kind: Capability, node: &Node<'_>, cache: &Cache) -> bool {
    match (wanted, kind) {
        (C::FcHost, C::ScsiHost) => scsi_host::State::read(node).fc_host.is_some(),
        (C::Vports, C::ScsiHost) => scsi_host::State::read(node).vport_ops.is_some(),
        (C::MdevTypes, C::Pci | C::Css | C::ApMatrix) => mdev::has_types(node),
        (C::Vpd, C::Pci) => cache.vpd(node).is_some(),
        (C::CcwGroupMember, C::Ccw) => ccw::group_of(node).is_some(),
        _ => false,
    }
}

/// The kinds of device that can have the nested capability.
pub fn bearers(nested: Capability) -> &'static [Capability] {
    match nested {
        C::FcHost | C::Vports => &[C::ScsiHost],
        C::MdevTypes => &[C::Pci, C::Css, C::ApMatrix],
        C::Vpd => &[C::Pci],
        C::CcwGroupMember => &[C::Ccw],
        _ => &[],
    }
}

#[cfg(test)]
mod tests;
