// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The document that says what a machine is (libvirt's manual, "Driver capabilities XML format"): its `<host>`. There is no
//! `<guest>`, as no connection has virtual machines.

use super::cells::Cell;
use super::number_list;
use super::summary::Topology;
use crate::xml::writer::Writer;

/// What the document says.
#[derive(Debug)]
pub struct Capabilities {
    /// What kind of processor it has.
    pub architecture: String,
    /// Names of what its processors can do beyond that.
    pub features: &'static [&'static str],
    /// Sizes of pages, in KiB.
    pub pages: Vec<u64>,
    /// Sockets, cores and threads.
    pub topology: Option<Topology>,
    /// Whether devices are kept apart by an IOMMU.
    pub has_iommu: bool,
    /// Its NUMA cells.
    pub cells: Vec<Cell>,
}

impl Capabilities {
    /// The document.
    pub fn to_xml(&self) -> String {
        let mut w = Writer::xml();
        w.element("capabilities", &[], |w| {
            w.element("host", &[], |w| self.write_host(w));
        });
        w.finish()
    }

    fn write_host(&self, w: &mut Writer) {
        w.element("cpu", &[], |w| self.write_processor(w));
        // A connection does not put its host to sleep.
        w.empty("power_management", &[]);
        let support = if self.has_iommu { "yes" } else { "no" };
        w.empty("iommu", &[("support", &support)]);
        w.element("topology", &[], |w| {
            w.element("cells", &[("num", &(self.cells.len() as u64))], |w| {
                for cell in &self.cells {
                    cell.write(w);
                }
            });
        });
    }

    fn write_processor(&self, w: &mut Writer) {
        w.value("arch", &self.architecture);
        if let Some(topology) = &self.topology {
            w.empty(
                "topology",
                &[
                    ("sockets", &topology.sockets),
                    ("dies", &1),
                    ("clusters", &1),
                    ("cores", &topology.cores),
                    ("threads", &topology.threads),
                ],
            );
        }
        if !self.features.is_empty() {
            w.element("features", &[], |w| {
                for feature in self.features {
                    w.empty(feature, &[]);
                }
            });
        }
        for size in &self.pages {
            w.empty("pages", &[("unit", &"KiB"), ("size", size)]);
        }
    }
}

impl Cell {
    fn write(&self, w: &mut Writer) {
        w.element("cell", &[("id", &self.id)], |w| {
            w.value_with("memory", &[("unit", &"KiB")], self.memory);
            for (size, count) in &self.pages {
                w.value_with("pages", &[("unit", &"KiB"), ("size", size)], *count);
            }
            if !self.distances.is_empty() {
                w.element("distances", &[], |w| {
                    for (id, distance) in &self.distances {
                        w.empty("sibling", &[("id", id), ("value", distance)]);
                    }
                });
            }
            let number = self.processors.len() as u64;
            w.element("cpus", &[("num", &number)], |w| {
                for cpu in &self.processors {
                    w.empty(
                        "cpu",
                        &[
                            ("id", &cpu.id),
                            ("socket_id", &cpu.socket),
                            ("die_id", &cpu.die),
                            ("cluster_id", &cpu.cluster),
                            ("core_id", &cpu.core),
                            ("siblings", &number_list::to_text(&cpu.siblings)),
                        ],
                    );
                }
            });
        });
    }
}
