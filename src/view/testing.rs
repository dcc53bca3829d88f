// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Devices for the tests of this folder.

use std::ffi::CString;
use std::sync::Arc;

use crate::caps::Capability;
use crate::caps::kind::Subsystem;
use crate::device::kernel::KernelDevice;
use crate::device::{Device, Origin};
use crate::host::mdevctl::files::Definition;
use crate::name::Name;

pub fn name(text: &str) -> Name {
    CString::new(text).unwrap().into()
}

/// A network device of the kernel.
pub fn kernel(name: &str, path: &str) -> Device {
    kernel_with(name, path, "", None)
}

/// The same with the content of its `uevent` file, and what its kind adds to its name.
pub fn kernel_with(text: &str, path: &str, uevent: &str, suffix: Option<&str>) -> Device {
    Device {
        name: name(text),
        kind: Capability::Net,
        parent: Some(name("computer")),
        origin: Origin::Kernel(KernelDevice::new(
            path.as_bytes(),
            &Subsystem::Class("net"),
            uevent.as_bytes(),
            suffix.map(str::as_bytes),
        )),
        definition: None,
    }
}

/// The device that stands for the host.
pub fn computer() -> Device {
    Device {
        kind: Capability::System,
        parent: None,
        ..kernel("computer", "/sys/devices/virtual/dmi/id")
    }
}

/// An active mediated device without a definition.
pub fn mediated(name: &str, path: &str) -> Device {
    Device {
        kind: Capability::Mdev,
        ..kernel(name, path)
    }
}

/// The device with a definition of this type.
pub fn defined(device: Device, type_id: &str) -> Device {
    let definition = Definition {
        name: device.name.clone(),
        parent_addr: "mtty".into(),
        uuid: "11111111-2222-3333-4444-555555555501".into(),
        type_id: type_id.into(),
        autostart: false,
        attributes: Vec::new(),
    };
    Device {
        definition: Some(Arc::new(definition)),
        ..device
    }
}

/// A mediated device that is defined and not active.
pub fn inactive(name: &str, path: &str, type_id: &str) -> Device {
    Device {
        origin: Origin::Definition(path.as_bytes().into()),
        ..defined(mediated(name, path), type_id)
    }
}
