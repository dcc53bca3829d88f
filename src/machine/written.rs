// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The machine of the test driver: the numbers of libvirt 12.8.0's `test:///default`, in the place of which a file can have
//! some of its own (libvirt's manual, "Test driver").

use super::capabilities::Capabilities;
use super::cells::Cell;
use super::processors::Processor;
use super::summary::{ProcessorMap, Summary, Topology};
use crate::error::{Code, Domain, Error, Result};
use crate::text;
use crate::xml::element::Element;

/// How many processors its virtual machines can have.
pub const MAX_VCPUS: u32 = 32;

/// What each of its processors did.
pub const PROCESSOR_COUNTS: [(&str, u64); 5] = [
    ("user", 9_797_400_000),
    ("kernel", 34_678_723_400_000),
    ("idle", 87_264_900_000),
    ("iowait", 763_600_000),
    ("guest", 1_797_400_000),
];

const PROCESSORS_OF_A_CELL: u32 = 8;
/// The longest name of a processor, in bytes.
const MODEL_LIMIT: usize = 31;

/// What the test driver says of its machine.
#[derive(Debug)]
pub struct Written {
    /// The machine in a few numbers.
    pub summary: Summary,
    /// Its NUMA cells; a file has none.
    pub cells: Vec<Cell>,
}

/// An error of the test driver.
pub fn error(code: Code, text: impl Into<String>) -> Error {
    Error::new(code, text).in_domain(Domain::Test)
}

/// Which processors it has, whatever it says of their number.
pub fn processor_map() -> ProcessorMap {
    ProcessorMap {
        length: 8,
        online: vec![0, 2, 4],
    }
}

fn summary() -> Summary {
    Summary {
        model: "i686".into(),
        memory: 3_145_728,
        cpus: 16,
        mhz: 1400,
        topology: Topology {
            nodes: 2,
            sockets: 2,
            cores: 2,
            threads: 2,
        },
    }
}

impl Written {
    /// The machine of `test:///default`.
    pub fn default_machine() -> Written {
        Written {
            summary: summary(),
            cells: vec![cell(0, 2_097_152, 4), cell(1, 4_194_304, 8)],
        }
    }

    /// The machine of a file's `<node>`. Code 27 for what is no number, code 1 for a model that is too long.
    pub fn of_file(node: &Element) -> Result<Written> {
        let mut summary = summary();
        let topology = &mut summary.topology;
        let mut has_active = false;
        let nothing = Element::default();
        let cpu = node.child("cpu").unwrap_or(&nothing);
        for (name, field) in [
            ("nodes", &mut topology.nodes),
            ("sockets", &mut topology.sockets),
            ("cores", &mut topology.cores),
            ("threads", &mut topology.threads),
            ("mhz", &mut summary.mhz),
            ("active", &mut summary.cpus),
        ] {
            if let Some(text) = cpu.child_text(name).filter(|text| !text.is_empty()) {
                let number = text::parse_u32(text.as_bytes(), 10);
                *field = number.ok_or_else(|| wrong(&format!("cpu {name}")))?;
                has_active |= name == "active";
            }
        }
        if !has_active {
            summary.cpus = [topology.sockets, topology.cores, topology.threads]
                .iter()
                .fold(topology.nodes, |product, number| {
                    product.wrapping_mul(*number)
                });
        }
        if let Some(model) = cpu.child_text("model").filter(|text| !text.is_empty()) {
            if model.len() > MODEL_LIMIT {
                let what = format!("Model {model} too big for destination");
                return Err(error(Code::InternalError, what));
            }
            summary.model = model.into();
        }
        if let Some(text) = node.child_text("memory").filter(|text| !text.is_empty()) {
            let number = text::parse_u64(text.as_bytes(), 10);
            summary.memory = number.ok_or_else(|| wrong("memory"))?;
        }
        Ok(Written {
            summary,
            cells: Vec::new(),
        })
    }

    /// The memory that nothing uses: half of each cell's. A file has no cells.
    pub fn free_memory(&self) -> Option<u64> {
        let free = self.cells.iter().map(|cell| cell.memory / 2).sum();
        (!self.cells.is_empty()).then_some(free)
    }

    /// What its document says.
    pub fn capabilities(&self) -> Capabilities {
        Capabilities {
            architecture: "i686".into(),
            features: &["pae", "nonpae"],
            pages: vec![4, 8, 2048, 1_048_576],
            topology: None,
            has_iommu: false,
            cells: self.cells.clone(),
        }
    }
}

fn wrong(what: &str) -> Error {
    error(Code::XmlError, format!("invalid node {what} value"))
}

/// A cell of that much memory, all of it in pages of that size (both in KiB), with a socket of its own.
fn cell(id: u32, memory: u64, page: u64) -> Cell {
    let first = id * PROCESSORS_OF_A_CELL;
    let processor = |core: u32| Processor {
        id: first + core,
        socket: id,
        die: 0,
        cluster: 0,
        core,
        siblings: vec![first + core],
    };
    Cell {
        id,
        memory,
        pages: vec![(page, memory / page), (2048, 0), (1_048_576, 0)],
        distances: Vec::new(),
        processors: (0..PROCESSORS_OF_A_CELL).map(processor).collect(),
    }
}
