// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Whether a device can be assigned to a virtual machine, and what to do where it cannot.

mod pci;
pub mod report;

use std::ffi::CStr;

use crate::caps::Capability;
use crate::connection::Connection;
use crate::device::{Device, Origin};
use crate::error::{Code, Error, Result};
use crate::host::node::Node;
use crate::text;
use report::{Group, Member, Reason, Report, Verdict, held};

impl Connection {
    /// Whether the device can be assigned to a virtual machine. Code 84 if it is neither a PCI function nor a mediated
    /// device, 53 if it has gone.
    pub fn assignability(&self, name: &CStr) -> Result<Report> {
        let device = self.device(name)?;
        let report = match (&device.origin, device.kind) {
            (Origin::Kernel(kernel), Capability::Pci) => {
                pci::report(self, device.name_text(), &kernel.node(self.host()))?
            }
            (Origin::Kernel(kernel), Capability::Mdev) => {
                mediated(device.name_text(), &kernel.node(self.host()))?
            }
            (Origin::Definition(_), _) => stopped(&device),
            _ => {
                let what = "only PCI functions and mediated devices are assigned through VFIO";
                return Err(Error::new(Code::OperationUnsupported, what));
            }
        };
        // What was read of a device that has gone says nothing.
        self.device(name)?;
        Ok(report)
    }
}

/// A mediated device that is defined only.
fn stopped(device: &Device) -> Report {
    let mut report = Report::new(device.name_text());
    report.reasons.push(Reason {
        code: "not-active",
        allows: Verdict::No,
        device: report.name.clone(),
        what: "is defined, but not started".into(),
        advice: format!("start it: nodedev start {}", report.name),
    });
    report
}

/// A mediated device that is active: the parent's driver keeps it apart from others.
fn mediated(name: String, node: &Node<'_>) -> Result<Report> {
    let mut report = Report::new(name);
    let Some(number) = node.link("iommu_group")? else {
        return Ok(report);
    };
    report.group = Some(Group {
        number: text::parse_u64(&number, 10),
        kind: None,
        members: vec![Member {
            name: report.name.clone(),
            class: None,
            driver: node.link("driver")?.map(|driver| text::line(&driver)),
        }],
    });
    if !node.host.files.is_live() {
        return Ok(report);
    }
    if let Some(file) = node.host.vfio_group(&number)? {
        let path = text::line(&file.path);
        if file.is_open {
            report.reasons.push(held(&report.name, &path));
        }
        report.vfio.push(("group", path));
    }
    Ok(report)
}

#[cfg(test)]
mod tests;
