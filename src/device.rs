// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A node device in the registry, and how its description is made.

pub mod kernel;
pub mod scan;

use std::sync::Arc;

use crate::caps::kind::Subsystem;
use crate::caps::mdev::Mdev;
use crate::caps::{Capability, Facts, State, has_nested};
use crate::description::Description;
use crate::error::{Error, Result};
use crate::host::found::Found;
use crate::host::mdevctl::files::Definition;
use crate::host::mdevctl::run::{Asking, attributes};
use crate::host::node::Node;

use crate::host::Host;
use crate::name::Name;
use crate::text;
use kernel::KernelDevice;

/// One node device.
#[derive(Debug, Clone)]
pub struct Device {
    /// Its name.
    pub name: Name,
    /// The kind of device, which is its capability.
    pub kind: Capability,
    /// The name of its parent; only `computer` has none.
    pub parent: Option<Name>,
    /// Where its description comes from.
    pub origin: Origin,
    /// mdevctl's definition of a mediated device, which may be active or not; `None` for a device without one.
    pub definition: Option<Arc<Definition>>,
}

/// Where a device's description comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// Sysfs.
    Kernel(KernelDevice),
    /// A document given to the test driver.
    Document(Box<WrittenDevice>),
    /// The device's definition only: it is not active. The bytes are its key in the order of devices.
    Definition(Box<[u8]>),
}

/// A device that only exists in a document.
#[derive(Debug, Clone)]
pub struct WrittenDevice {
    /// Its description.
    pub description: Description,
    /// Its key in the order of devices, which is after that of its parent.
    pub key: Box<[u8]>,
    /// Whether it was in the test driver's file, and not created later.
    pub is_persistent: bool,
}

impl Device {
    /// The key by which devices are ordered: the sysfs path, or bytes that take its place.
    pub fn key(&self) -> &[u8] {
        match &self.origin {
            Origin::Kernel(kernel) => kernel.path(),
            Origin::Document(written) => &written.key,
            Origin::Definition(key) => key,
        }
    }

    /// The name as text; device names are ASCII.
    pub fn name_text(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }

    /// Whether it exists after a restart of the host.
    pub fn is_persistent(&self) -> bool {
        self.kind == Capability::System
            || matches!(&self.origin, Origin::Document(written) if written.is_persistent)
            || self.definition.is_some()
    }

    /// Whether it exists now, and is not only defined.
    pub fn is_active(&self) -> bool {
        !matches!(self.origin, Origin::Definition(_))
    }

    /// Whether it is started automatically, with the host or with its parent.
    pub fn starts_by_itself(&self) -> bool {
        match &self.definition {
            Some(definition) => definition.autostart,
            None => self.kind == Capability::System,
        }
    }

    /// Reads what changes about the device without a uevent. Code 53 if the device has gone.
    pub fn state(&self, host: &Host) -> Result<State> {
        match &self.origin {
            Origin::Document(written) => Ok(written.description.state.clone()),
            Origin::Kernel(kernel) => {
                let node = kernel.node(host);
                let state = State::read(self.kind, &node, &kernel.cache)?;
                self.unless_gone(&node, Some(state))
            }
            Origin::Definition(_) => Ok(State::None),
        }
    }

    /// Whether the device has any capability nested in its own whose list flag is among `flags`; reads
    /// nothing else.
    pub fn has_nested(&self, flags: u32, host: &Host) -> Result<bool> {
        match &self.origin {
            Origin::Document(written) => {
                let nested = written.description.state.nested();
                Ok(nested.iter().any(|nested| flags & nested.flag() != 0))
            }
            Origin::Kernel(kernel) => {
                has_nested(self.kind, flags, &kernel.node(host), &kernel.cache)
            }
            Origin::Definition(_) => Ok(false),
        }
    }

    /// The facts, which do not change without a uevent; read if they are not known yet. Code 53 if the device has gone.
    pub fn facts(&self, host: &Host) -> Result<Arc<Facts>> {
        match &self.origin {
            Origin::Document(written) => Ok(written.description.facts.clone()),
            Origin::Kernel(kernel) => {
                let node = kernel.node(host);
                let facts = kernel.cache.facts(self.kind, &node)?;
                self.unless_gone(&node, facts)
            }
            Origin::Definition(_) => Ok(self.describe_definition(host, Asking::Never)?.facts),
        }
    }

    /// The full description; what may have changed without a uevent is read again. `asking` tells whether mdevctl may
    /// be run for the attributes of a running mediated device. Code 53 if the device has gone.
    pub fn describe(&self, host: &Host, asking: Asking) -> Result<Description> {
        match &self.origin {
            Origin::Document(written) => Ok(written.description.clone()),
            Origin::Kernel(kernel) => {
                let node = kernel.node(host);
                match self.describe_kernel(kernel, &node, asking)? {
                    Some(description) if shows_it_exists(&description) => Ok(description),
                    description => self.unless_gone(&node, description),
                }
            }
            Origin::Definition(_) => self.describe_definition(host, asking),
        }
    }

    /// The description of the persistent definition: without path, device nodes and driver. A mediated device has the
    /// type and attributes of its definition, any other device its facts and state.
    pub fn describe_definition(&self, host: &Host, asking: Asking) -> Result<Description> {
        let Some(definition) = &self.definition else {
            let Description { facts, state, .. } = self.describe(host, asking)?;
            return Ok(self.describe_with(facts, state));
        };
        let group = match &self.origin {
            Origin::Kernel(_) => match &*self.facts(host)? {
                Facts::Mdev(mdev) => mdev.iommu_group,
                _ => Some(0),
            },
            _ => Some(0),
        };
        let facts = Facts::Mdev(Mdev {
            type_id: definition.type_id.clone(),
            uuid: definition.uuid.clone(),
            parent_addr: definition.parent_addr.clone(),
            iommu_group: group,
            attributes: definition.attributes.clone(),
        });
        Ok(self.describe_with(Arc::new(facts), State::None))
    }

    /// A description with only name, parent and capability.
    fn describe_with(&self, facts: Arc<Facts>, state: State) -> Description {
        let parent = self.parent.as_ref();
        Description {
            name: self.name_text(),
            path: None,
            devnode: None,
            links: Vec::new(),
            parent: parent.map(|parent| parent.to_string_lossy().into_owned()),
            driver: None,
            facts,
            state,
        }
    }

    fn describe_kernel(
        &self,
        kernel: &KernelDevice,
        node: &Node<'_>,
        asking: Asking,
    ) -> Found<Description> {
        let Some(mut facts) = kernel.cache.facts(self.kind, node)? else {
            return Ok(None);
        };
        let state = State::read(self.kind, node, &kernel.cache)?;
        if let Facts::Mdev(mdev) = &*facts {
            let attributes = attributes(&node.host.files, &mdev.uuid, asking)?;
            if !attributes.is_empty() {
                let mdev = mdev.clone();
                facts = Arc::new(Facts::Mdev(Mdev { attributes, ..mdev }));
            }
        }
        let mut description = self.describe_with(facts, state);
        if self.kind == Capability::System {
            return Ok(Some(description));
        }
        description.path = Some(text::clean(node.path));
        if let Some(devnode) = node.devnode() {
            description.devnode = Some(text::clean(&devnode));
            let links = node.udev_data()?.links();
            description.links = links.iter().map(|link| text::clean(link)).collect();
        }
        if let Subsystem::Bus(_) = kernel.subsystem {
            description.driver = node.link("driver")?.map(|name| text::clean(&name));
        }
        Ok(Some(description))
    }

    /// What was read of the device; code 53 if the device has gone meanwhile.
    pub fn unless_gone<T>(&self, node: &Node<'_>, read: Option<T>) -> Result<T> {
        let is_there = self.kind == Capability::System || node.has("uevent")?;
        read.filter(|_| is_there)
            .ok_or_else(|| Error::no_device(&self.name_text()))
    }
}

/// Whether what was read last shows that the device exists: the link to its driver, which is removed before the device
/// (kernel: drivers/base/core.c, `device_del`), or the state of an interface's link.
fn shows_it_exists(description: &Description) -> bool {
    let has_link_state = matches!(&description.state, State::Net(net) if net.link.is_some());
    description.driver.is_some() || has_link_state
}
