// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The matrix device, parent of all mediated devices that pass s390 cryptographic adapters on
//! (kernel: Documentation/arch/s390/vfio-ap.rst).

use std::ffi::CStr;

use super::input::Input;
use super::kind::{Kind, Mark, Nested, SlowFacts, Subsystem, Verdict};
use super::mdev_types::{self, MdevType};
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::xml::schema::Pattern::{self, Maybe};
use crate::xml::writer::Writer;

/// The name of its node device, as in libvirt. Other names are made of subsystem and sysfs name.
pub const DEVICE_NAME: &CStr = c"ap_matrix";

/// The matrix device; a host has one at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApMatrix;

impl Kind for ApMatrix {
    /// The types of mediated device that it offers.
    type State = Vec<MdevType>;
    const NAME: &'static str = "ap_matrix";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Bus("matrix")];
    const MARKS: &'static [Mark] = &[Mark::Subsystem];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[Maybe(&mdev_types::SCHEMA)]);
    const NESTED: &'static [Nested<ApMatrix>] = &[Nested {
        name: mdev_types::NAME,
        in_state: |types| !types.is_empty(),
        on_node: |node, _| mdev_types::has_any(node),
    }];

    fn judge(_node: &Node<'_>) -> Result<Verdict> {
        Ok(Verdict::Named(DEVICE_NAME))
    }

    fn read(_node: &Node<'_>) -> Found<ApMatrix> {
        Ok(Some(ApMatrix))
    }

    fn read_state(node: &Node<'_>, _: &SlowFacts) -> Result<Vec<MdevType>> {
        mdev_types::read(node)
    }

    fn write(&self, types: &Vec<MdevType>, w: &mut Writer) {
        mdev_types::write(types, w);
    }

    fn parse(input: Input<'_>) -> Result<(ApMatrix, Vec<MdevType>)> {
        Ok((ApMatrix, mdev_types::parse_nested(input)?))
    }
}
