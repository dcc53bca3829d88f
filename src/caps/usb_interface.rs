// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Interfaces of USB devices (kernel: Documentation/ABI/stable/sysfs-bus-usb; USB 2.0, 9.6.5).

use super::input::Input;
use super::kind::{Kind, Mark, Subsystem};
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;
use crate::xml::schema::Pattern::{self, Maybe};
use crate::xml::schema::text;
use crate::xml::schema::text_kind::{ANY, UNSIGNED_LONG};
use crate::xml::writer::Writer;

/// An interface of a USB device: what a driver binds to. The numbers are those of its descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsbInterface {
    /// `bInterfaceNumber`.
    pub number: i32,
    /// `bInterfaceClass`.
    pub class: i32,
    /// `bInterfaceSubClass`.
    pub subclass: i32,
    /// `bInterfaceProtocol`.
    pub protocol: i32,
    /// A text that documents can hold; `None` for an interface of the kernel.
    pub description: Option<String>,
}

/// Class, subclass and protocol from the variable `INTERFACE`, as in `9/0/1` (kernel: drivers/usb/core/message.c,
/// `usb_if_uevent`); `None` if it is missing or something else.
fn codes_in_uevent(node: &Node<'_>) -> Option<[i32; 3]> {
    let mut parts = node.variable(b"INTERFACE")?.split(|&b| b == b'/');
    let mut code = || text::parse_i32(parts.next()?, 10);
    let codes = [code()?, code()?, code()?];
    parts.next().is_none().then_some(codes)
}

impl Kind for UsbInterface {
    type State = ();
    const NAME: &'static str = "usb";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Bus("usb")];
    const MARKS: &'static [Mark] = &[Mark::DeviceType("usb_interface")];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[
        text("number", UNSIGNED_LONG),
        text("class", UNSIGNED_LONG),
        text("subclass", UNSIGNED_LONG),
        text("protocol", UNSIGNED_LONG),
        Maybe(&text("description", ANY)),
    ]);

    /// Reads the fields of the descriptor; one that is missing is 0. All but the number are in the `uevent` file, too.
    fn read(node: &Node<'_>) -> Found<UsbInterface> {
        let field = |name| node.number(name, 16, text::parse_i32);
        let number = field("bInterfaceNumber")?;
        let [class, subclass, protocol] = match number.and_then(|_| codes_in_uevent(node)) {
            Some(codes) => codes.map(Some),
            None => [
                field("bInterfaceClass")?,
                field("bInterfaceSubClass")?,
                field("bInterfaceProtocol")?,
            ],
        };
        Ok(Some(UsbInterface {
            number: number.unwrap_or(0),
            class: class.unwrap_or(0),
            subclass: subclass.unwrap_or(0),
            protocol: protocol.unwrap_or(0),
            description: None,
        }))
    }

    fn write(&self, _: &(), w: &mut Writer) {
        w.value("number", self.number);
        w.value("class", self.class);
        w.value("subclass", self.subclass);
        w.value("protocol", self.protocol);
        w.optional("description", self.description.as_ref());
    }

    fn parse(input: Input<'_>) -> Result<(UsbInterface, ())> {
        let number = |child: &str| {
            let what = format!("USB interface {child}");
            input.number(child, &what, text::parse_i32, 10)
        };
        let interface = UsbInterface {
            number: number("number")?,
            class: number("class")?,
            subclass: number("subclass")?,
            protocol: number("protocol")?,
            description: input.text("description"),
        };
        Ok((interface, ()))
    }
}
