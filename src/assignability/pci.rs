// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Whether a PCI function can be assigned (kernel: Documentation/driver-api/vfio.rst,
//! Documentation/ABI/testing/sysfs-kernel-iommu_groups).

use super::report::{Group, Member, Reason, Report, Verdict, held};
use crate::caps::config_space::{HEADER_END, answers};
use crate::caps::pci::{class, is_asleep, is_bridge};
use crate::caps::pci_address::PciAddress;
use crate::connection::Connection;
use crate::device::Origin;
use crate::error::Result;
use crate::host::files::syspath_of_link;
use crate::host::found::Found;
use crate::host::holders::{NO_IOMMU, vfio_device_file};
use crate::host::node::Node;
use crate::host::uses::Uses;
use crate::manage::pci::in_use::{device_held_through, group_file, is_detached, is_vfio};
use crate::name::device_name;
use crate::text;

/// Bit 3 of Intel's Extended Capability Register: interrupts can be remapped (VT-d specification, 11.4.3).
const INTERRUPT_REMAPPING: u64 = 1 << 3;

/// Collects what is found about one function.
struct Findings<'a> {
    node: &'a Node<'a>,
    uses: Uses<'a>,
    report: Report,
}

/// What is to be known of the function `node`.
pub fn report(conn: &Connection, name: String, node: &Node<'_>) -> Result<Report> {
    let mut findings = Findings {
        node,
        uses: Uses::read(node.host)?,
        report: Report::new(name),
    };
    findings.look_at_function()?;
    findings.look_at_group(conn)?;
    findings.look_at_files()?;
    let found = std::mem::take(&mut findings.report.reasons);
    // The gravest first; what is as grave stays as found.
    for verdict in [Verdict::No, Verdict::Together, Verdict::Yes] {
        let as_grave = found.iter().filter(|reason| reason.allows == verdict);
        findings.report.reasons.extend(as_grave.cloned());
    }
    Ok(findings.report)
}

impl Findings<'_> {
    fn add(
        &mut self,
        code: &'static str,
        allows: Verdict,
        what: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.report.reasons.push(Reason {
            code,
            allows,
            device: self.report.name.clone(),
            what: what.into(),
            advice: advice.into(),
        });
    }

    fn look_at_function(&mut self) -> Result<()> {
        let (node, name) = (self.node, self.report.name.clone());
        // These do not keep the rest of their group from being assigned.
        if is_bridge(node) {
            self.add(
                "bridge",
                Verdict::No,
                "is a bridge, which no VFIO driver takes",
                "assign the functions behind it",
            );
        }
        if is_silent(node)? {
            self.add(
                "silent",
                Verdict::No,
                "does not answer: its configuration space is all ones",
                "see the kernel's log; it may have fallen off its bus, or its bus may be held in reset",
            );
        }
        for found in self.uses.of(node.path)? {
            self.add(found.code, Verdict::No, found.what, found.advice);
        }
        if let Some(driver) = hosts_driver(node)? {
            self.add(
                "host-driver",
                Verdict::Yes,
                format!("is bound to the host's driver {driver}"),
                format!(
                    "detach it, if the virtual machine's manager does not: nodedev detach {name}"
                ),
            );
        }
        if node
            .attribute("reset_method")?
            .is_some_and(|methods| methods.is_empty())
        {
            self.add(
                "no-reset",
                Verdict::Yes,
                "the kernel knows no way to reset it alone",
                "it may come out of a virtual machine as that left it: try it, or reset the host between two of them",
            );
        }
        if node.attribute("boot_vga")?.as_deref() == Some(b"1") {
            self.add(
                "boot-display",
                Verdict::Yes,
                "the firmware's messages and the console are on it",
                "the host has no display then; some cards need their ROM as a file (romfile)",
            );
        }
        if let Some(count) = node
            .number("sriov_numvfs", 10, text::parse_u32)?
            .filter(|count| *count > 0)
        {
            self.add(
                "virtual-functions",
                Verdict::Yes,
                format!("has {count} virtual functions, which go when its driver is taken away"),
                "assign virtual functions in place of it, or set their number to 0 first",
            );
        }
        Ok(())
    }

    fn look_at_group(&mut self, conn: &Connection) -> Result<()> {
        let node = self.node;
        let Some(number) = node.link("iommu_group")? else {
            let advice = match node
                .host
                .files
                .entries(b"/sys/class/iommu")?
                .unwrap_or_default()
                .is_empty()
            {
                true => {
                    "switch the IOMMU on in the firmware (VT-d, AMD-Vi, SMMU), and in the kernel (intel_iommu=on)"
                }
                false => {
                    "put it into a slot whose IOMMU the firmware describes, or ask for a newer firmware"
                }
            };
            self.add("no-iommu", Verdict::No, "is in no IOMMU group", advice);
            return Ok(());
        };
        if node.text("iommu_group/name")?.as_deref() == Some(NO_IOMMU) {
            self.add(
                "unguarded",
                Verdict::No,
                "no IOMMU guards it (VFIO's no-IOMMU mode): who drives it can write to all memory",
                "switch the IOMMU on; a program of the host that is trusted (DPDK) can use it as it is",
            );
        }
        self.look_at_interrupts()?;
        let mut members = Vec::new();
        for path in self.members()? {
            let uevent = node
                .host
                .files
                .read(&[&path[..], b"/uevent"].concat())?
                .unwrap_or_default();
            let member = Node {
                uevent: &uevent,
                ..Node::at(node.host, &path, b"pci")
            };
            members.push(self.look_at_member(conn, &member)?);
        }
        self.report.group = Some(Group {
            number: text::parse_u64(&number, 10),
            kind: node.text("iommu_group/type")?,
            members,
        });
        Ok(())
    }

    /// The folders of the devices in the group; the function's alone where the group has no list.
    fn members(&self) -> Result<Vec<Vec<u8>>> {
        let node = self.node;
        let links = node.host.files.links(&node.below("iommu_group/devices"))?;
        let targets = links.iter().map(|(_, target)| target);
        let members: Vec<_> = targets
            .filter_map(|target| syspath_of_link(target))
            .collect();
        Ok(match members.is_empty() {
            true => vec![node.path.to_vec()],
            false => members,
        })
    }

    fn look_at_member(&mut self, conn: &Connection, member: &Node<'_>) -> Result<Member> {
        let entry = member.basename();
        let is_function = PciAddress::parse(entry).is_some();
        let name = match is_function {
            true => device_name(b"pci", entry, None)
                .to_string_lossy()
                .into_owned(),
            false => text::line(entry),
        };
        let hosts = hosts_driver(member)?;
        let is_other = name != self.report.name && !is_bridge(member);
        if let Some(driver) = hosts.filter(|_| is_other) {
            self.report.reasons.push(Reason {
                code: "group-member",
                allows: Verdict::Together,
                device: name.clone(),
                what: format!("is in the same IOMMU group and bound to the host's driver {driver}"),
                advice: match known_to(conn, &name)? {
                    true => format!("detach it as well: nodedev detach {name}"),
                    false => format!("unbind it from {driver}"),
                },
            });
            for found in self.uses.of(member.path)? {
                self.report.reasons.push(Reason {
                    code: found.code,
                    allows: Verdict::No,
                    device: name.clone(),
                    what: format!("is in the same IOMMU group, and {}", found.what),
                    advice: found.advice,
                });
            }
        }
        Ok(Member {
            class: class(member).filter(|_| is_function),
            name,
            driver: driver(member)?,
        })
    }

    /// Where the IOMMU cannot remap interrupts, VFIO takes no function unless it is told to.
    fn look_at_interrupts(&mut self) -> Result<()> {
        let capabilities = self.node.attribute("iommu/intel-iommu/ecap")?;
        let capabilities =
            capabilities.and_then(|digits| u64::from_str_radix(&text::line(&digits), 16).ok());
        if capabilities.is_none_or(|bits| bits & INTERRUPT_REMAPPING != 0) {
            return Ok(());
        }
        let path = b"/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts";
        let is_allowed = self
            .node
            .host
            .files
            .read(path)?
            .is_some_and(|text| text.starts_with(b"Y"));
        self.add(
            "interrupts",
            if is_allowed { Verdict::Yes } else { Verdict::No },
            "its IOMMU cannot remap interrupts: a virtual machine that has it could send the host any",
            "where its user is trusted, load vfio_iommu_type1 with allow_unsafe_interrupts=1",
        );
        Ok(())
    }

    /// The files of VFIO, and whether a program has them open.
    fn look_at_files(&mut self) -> Result<()> {
        let node = self.node;
        if !is_vfio(node)? {
            return Ok(());
        }
        if node.host.files.is_live() {
            let held_by = match group_file(node)? {
                Some(group) => {
                    let path = text::line(&group.path);
                    self.report.vfio.push(("group", path.clone()));
                    group.is_open.then_some(path)
                }
                None => device_held_through(node)?,
            };
            if let Some(file) = held_by {
                self.report.reasons.push(held(&self.report.name, &file));
            }
        }
        let names = node.host.files.entries(&node.below("vfio-dev"))?;
        if let Some(name) = names.unwrap_or_default().first() {
            self.report
                .vfio
                .push(("device", text::line(&vfio_device_file(name))));
        }
        Ok(())
    }
}

/// The driver that is bound.
fn driver(node: &Node<'_>) -> Found<String> {
    Ok(node.link("driver")?.map(|driver| text::line(&driver)))
}

/// The driver that is bound, if it is one of the host.
fn hosts_driver(node: &Node<'_>) -> Found<String> {
    match driver(node)? {
        Some(driver) if !is_detached(node)? => Ok(Some(driver)),
        _ => Ok(None),
    }
}

/// Whether there is a node device with this name, which `nodedev detach` takes.
fn known_to(conn: &Connection, name: &str) -> Result<bool> {
    let Ok(name) = std::ffi::CString::new(name) else {
        return Ok(false);
    };
    let device = conn.find_device(&name)?;
    Ok(device.is_some_and(|device| matches!(device.origin, Origin::Kernel(_))))
}

/// Whether the function is awake and does not answer. Who may not read configuration space does not know.
fn is_silent(node: &Node<'_>) -> Result<bool> {
    if !node.host.privileged || is_asleep(node)? {
        return Ok(false);
    }
    let config = node
        .host
        .files
        .read_start(&node.below("config"), HEADER_END);
    Ok(config?.is_some_and(|config| !answers(&config)))
}
