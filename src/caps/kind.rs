// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What the library asks of every kind of device: the trait that each kind's file fills in.

use std::ffi::CStr;
use std::sync::Arc;

use once_cell::race::OnceBox;

use super::input::Input;
use super::vpd::Vpd;
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::xml::schema::Pattern;
use crate::xml::writer::Writer;

/// A kind of device. The type itself holds the *facts* of one device: what stays the same until the
/// kernel sends a uevent for it. They are read once and kept.
pub trait Kind: Sized + 'static {
    /// What changes without a uevent, such as the state of a link: read at each call. `()` if nothing does.
    /// The default value is for a device whose state was not read, such as one that is only defined.
    type State: Default;

    /// The name in lists and in the `type` of the XML's `<capability>`.
    const NAME: &'static str;

    /// The buses and classes in which the kernel lists devices of this kind.
    const SUBSYSTEMS: &'static [Subsystem];

    /// What shows that a device is of this kind; one mark is enough. See [`super::classify`].
    const MARKS: &'static [Mark];

    /// What libvirt's schema of devices allows in the kind's `<capability>`; `None` for a kind that the
    /// schema does not know.
    const SCHEMA: Option<&'static [Pattern]>;

    /// Whether documents that callers pass to make or change devices may hold it. As in libvirt 12.8.0,
    /// the others are only read from files of the test driver.
    const IS_CREATABLE: bool = true;

    /// The capabilities nested in this one by which devices can be listed too, in libvirt's order.
    const NESTED: &'static [Nested<Self>] = &[];

    /// Decides whether the kernel's device is a node device and how it is named. Runs for each device of
    /// a scan, so it reads as little as it can.
    fn judge(_node: &Node<'_>) -> Result<Verdict> {
        Ok(Verdict::Plain)
    }

    /// Reads the facts. A fact that is missing, or whose text is not understood, is left out. `None` only if the
    /// device has gone, or is not as [`Kind::judge`] found it. Fails only if a system call does (code 38).
    fn read(node: &Node<'_>) -> Found<Self>;

    /// Whether the facts can be kept until the next uevent; otherwise they are read again at the next call.
    fn is_final(&self) -> bool {
        true
    }

    /// Reads what changes without a uevent. What is missing is left out; fails as [`Kind::read`] does.
    fn read_state(_node: &Node<'_>, _slow: &SlowFacts) -> Result<Self::State> {
        Ok(Self::State::default())
    }

    /// Writes what stands in the kind's `<capability>`, in the order that libvirt's schema wants.
    fn write(&self, state: &Self::State, w: &mut Writer);

    /// Reads what [`Kind::write`] writes. Errors have the codes and texts of libvirt 12.8.0; see [`Input`].
    fn parse(input: Input<'_>) -> Result<(Self, Self::State)>;
}

/// A bus or class of the kernel, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subsystem {
    /// Drivers bind to its devices.
    Bus(&'static str),
    /// Its devices have no drivers of their own.
    Class(&'static str),
}

impl Subsystem {
    /// The name, as the `subsystem` link of a device gives it.
    pub fn name(self) -> &'static str {
        match self {
            Subsystem::Bus(name) | Subsystem::Class(name) => name,
        }
    }

    /// The folder with a link to each of its devices (kernel: Documentation/admin-guide/sysfs-rules.rst).
    pub fn folder(self) -> String {
        match self {
            Subsystem::Bus(name) => format!("/sys/bus/{name}/devices"),
            Subsystem::Class(name) => format!("/sys/class/{name}"),
        }
    }
}

/// What shows that a device is of a kind: the variables of its `uevent` file, or its bus or class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The variable `DEVTYPE` has this value.
    DeviceType(&'static str),
    /// It is in one of the kind's subsystems and has no `DEVTYPE`.
    Subsystem,
    /// The variable is there, and `DEVTYPE` is not.
    Variable(&'static str),
}

/// Whether a device of the kernel is a node device, and what its name is made of.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not a node device: something that its kind requires is missing.
    Rejected,
    /// A node device; its name is made of subsystem and sysfs name.
    Plain,
    /// A node device whose name ends with this text, after subsystem and sysfs name. See [`crate::name`] for what
    /// becomes of characters that names cannot have.
    Suffix(Vec<u8>),
    /// A node device with this name, whatever its subsystem and sysfs name.
    Named(&'static CStr),
}

impl Verdict {
    /// [`Verdict::Plain`] if the condition holds, else [`Verdict::Rejected`].
    pub fn plain_if(condition: bool) -> Verdict {
        if condition {
            Verdict::Plain
        } else {
            Verdict::Rejected
        }
    }
}

/// A capability that some devices of the kind `K` have in their own.
pub struct Nested<K: Kind> {
    /// Its name in lists.
    pub name: &'static str,
    /// Whether a device in this state has it.
    pub in_state: fn(&K::State) -> bool,
    /// Whether the kernel's device has it; reads nothing else.
    pub on_node: fn(&Node<'_>, &SlowFacts) -> Result<bool>,
}

/// Facts that take long to read. Each is read when it is first needed, and kept until the device's next uevent.
#[derive(Debug, Clone, Default)]
pub struct SlowFacts {
    /// The vital product data of a PCI function; `None` for a function without. To read it takes milliseconds.
    pub vpd: OnceBox<Option<Arc<Vpd>>>,
}
