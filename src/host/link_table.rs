// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What the kernel tells of network interfaces by rtnetlink alone, for all of them in one dump (rtnetlink(7); kernel:
//! include/uapi/linux/rtnetlink.h and if_link.h).

use std::collections::BTreeMap;
use std::io;

use super::found::{Found, optional_socket};
use super::links::printed;
use super::netlink::{self, attributes, is_no_answer, messages, u32_at};
use crate::error::Error;

/// Types and flags of messages: `RTM_GETLINK`, `RTM_NEWLINK`, `NLMSG_DONE`, `NLM_F_DUMP`.
const GET_LINK: u16 = 18;
const NEW_LINK: u16 = 16;
const DONE: u16 = 3;
const DUMP: u16 = 0x300;
/// The size of `struct ifinfomsg`, and where the index is in it.
const LINK_HEADER: usize = 16;
const INDEX: usize = 4;

/// Attributes, `IFLA_*`.
const ADDRESS: u16 = 1;
const NAME: u16 = 3;
const FUNCTIONS: u16 = 22;
const EXTENDED: u16 = 29;
const PROPERTIES: u16 = 52;
const ALTERNATIVE_NAME: u16 = 53;
const PERMANENT_ADDRESS: u16 = 54;
/// Within FUNCTIONS: `IFLA_VF_INFO`, and in each of these `IFLA_VF_MAC`, `IFLA_VF_VLAN`. Both begin with the number of the
/// virtual function.
const FUNCTION: u16 = 1;
const FUNCTION_ADDRESS: u16 = 1;
const FUNCTION_VLAN: u16 = 2;

/// `RTEXT_FILTER_VF`, without their statistics (`RTEXT_FILTER_SKIP_STATS`).
const EXTENSIONS: u32 = 1 | 8;

/// The size of the buffer for a datagram: one interface's virtual functions take up to 64 KiB.
const BUFFER: usize = 256 << 10;

/// An interface.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: Vec<u8>,
    /// Its link-layer address, as sysfs prints it.
    pub address: String,
    /// The address that the hardware has; `None` if there is none.
    pub permanent_address: Option<String>,
    /// Its other names.
    pub alternative_names: Vec<Vec<u8>>,
    /// What its driver set up for virtual functions, by their numbers.
    pub functions: BTreeMap<u32, Function>,
}

/// What is set up for a virtual function.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// Its address; `None` if it was given none.
    pub address: Option<String>,
    /// The VLAN that its frames are in; `None` for none.
    pub vlan: Option<u32>,
}

/// All interfaces in the network namespace of the process; `None` if it may not ask, or the kernel does not tell.
pub fn read() -> Found<Vec<Interface>> {
    let what = "addresses and names of interfaces";
    let Some(socket) = optional_socket(what, netlink::open(None))? else {
        return Ok(None);
    };
    let extensions = EXTENSIONS.to_ne_bytes();
    let attributes = [(EXTENDED, &extensions[..])];
    let request = netlink::request((GET_LINK, DUMP, 1), &[0; LINK_HEADER], &attributes);
    let dump = || -> io::Result<Vec<Interface>> {
        netlink::send(&socket, &request.unwrap_or_default())?;
        let mut interfaces = Vec::new();
        let mut room = Vec::with_capacity(BUFFER);
        while take(netlink::answer(&socket, &mut room)?, &mut interfaces)? {}
        Ok(interfaces)
    };
    match dump() {
        Ok(interfaces) => Ok(Some(interfaces)),
        Err(e) if is_no_answer(&e) => Ok(None),
        Err(e) => Err(Error::io(format!("cannot ask for {what}"), &e)),
    }
}

/// Adds the interfaces of a datagram. Returns whether more will come; InvalidData if the kernel refuses.
fn take(datagram: &[u8], interfaces: &mut Vec<Interface>) -> io::Result<bool> {
    for message in messages(datagram) {
        match message.kind {
            NEW_LINK => interfaces.extend(interface(message.payload)),
            DONE => return Ok(false),
            netlink::ERROR => return Err(io::ErrorKind::InvalidData.into()),
            _ => {}
        }
    }
    Ok(true)
}

fn interface(payload: &[u8]) -> Option<Interface> {
    let mut found = Interface {
        index: u32_at(payload, INDEX)?,
        ..Interface::default()
    };
    let mut functions = None;
    for (kind, value) in attributes(payload.get(LINK_HEADER..)?) {
        match kind {
            NAME => found.name = text(value),
            ADDRESS => found.address = printed(value),
            PERMANENT_ADDRESS => found.permanent_address = Some(printed(value)),
            PROPERTIES => {
                let names = attributes(value).filter(|(kind, _)| *kind == ALTERNATIVE_NAME);
                found.alternative_names = names.map(|(_, name)| text(name)).collect();
            }
            FUNCTIONS => functions = Some(value),
            _ => {}
        }
    }
    // Their addresses are as long as the interface's own, in a field that is longer.
    let length = found.address.split(':').count();
    for (_, value) in attributes(functions.unwrap_or_default()).filter(|(k, _)| *k == FUNCTION) {
        for (kind, value) in attributes(value) {
            let Some(number) = u32_at(value, 0) else {
                continue;
            };
            let function = found.functions.entry(number).or_default();
            match kind {
                FUNCTION_ADDRESS => {
                    let address = value.get(4..4 + length).unwrap_or_default();
                    let is_set = address.iter().any(|&byte| byte != 0);
                    function.address = is_set.then(|| printed(address));
                }
                FUNCTION_VLAN => function.vlan = u32_at(value, 4).filter(|vlan| *vlan != 0),
                _ => {}
            }
        }
    }
    Some(found)
}

/// The text before the NUL that ends it.
fn text(value: &[u8]) -> Vec<u8> {
    crate::text::until_nul(value).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        // A message with one attribute, without the message's own header.
        netlink::request((0, 0, 0), &[], &[(kind, value)]).unwrap()[netlink::HEADER..].to_vec()
    }

    fn message(kind: u16, index: u32, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut header = vec![0; LINK_HEADER];
        header[INDEX..INDEX + 4].copy_from_slice(&index.to_ne_bytes());
        netlink::request((kind, 0, 1), &[header, attributes.concat()].concat(), &[]).unwrap()
    }

    /// `struct ifla_vf_mac`: a number, and 32 bytes.
    fn function_address(number: u32, address: [u8; 6]) -> Vec<u8> {
        let mut value = number.to_ne_bytes().to_vec();
        value.extend(address);
        value.resize(36, 0);
        attribute(FUNCTION_ADDRESS, &value)
    }

    /// `struct ifla_vf_vlan`: the numbers of the function and the VLAN, and a priority.
    fn function_vlan(number: u32, vlan: u32) -> Vec<u8> {
        attribute(
            FUNCTION_VLAN,
            &[number, vlan, 0].map(u32::to_ne_bytes).concat(),
        )
    }

    fn dump() -> Vec<u8> {
        let functions = [
            attribute(
                FUNCTION,
                &[
                    function_address(0, [2, 0, 0, 0, 0, 0x10]),
                    function_vlan(0, 7),
                ]
                .concat(),
            ),
            attribute(
                FUNCTION,
                &[function_address(1, [0; 6]), function_vlan(1, 0)].concat(),
            ),
        ];
        let names = [
            attribute(ALTERNATIVE_NAME, b"enp1s0f0\0"),
            attribute(ALTERNATIVE_NAME, b"uplink\0"),
        ];
        let card = [
            attribute(NAME, b"eth0\0"),
            attribute(FUNCTIONS, &functions.concat()),
            attribute(ADDRESS, &[2, 0, 0, 0, 0, 1]),
            attribute(PERMANENT_ADDRESS, &[2, 0, 0, 0, 0, 0xff]),
            attribute(PROPERTIES | 1 << 15, &names.concat()),
        ];
        let bare = [attribute(NAME, b"tun0\0")];
        [message(NEW_LINK, 2, &card), message(NEW_LINK, 3, &bare)].concat()
    }

    #[test]
    fn a_dump_is_read() {
        let mut interfaces = Vec::new();
        assert!(take(&dump(), &mut interfaces).unwrap());
        assert!(!take(&message(DONE, 0, &[]), &mut interfaces).unwrap());
        let functions = [
            Function {
                address: Some("02:00:00:00:00:10".into()),
                vlan: Some(7),
            },
            Function::default(),
        ];
        let card = Interface {
            index: 2,
            name: b"eth0".into(),
            address: "02:00:00:00:00:01".into(),
            permanent_address: Some("02:00:00:00:00:ff".into()),
            alternative_names: vec![b"enp1s0f0".into(), b"uplink".into()],
            functions: (0..).zip(functions).collect(),
        };
        let bare = Interface {
            index: 3,
            name: b"tun0".into(),
            ..Interface::default()
        };
        assert_eq!(interfaces, [card, bare]);
    }

    #[test]
    fn a_refusal_and_cut_messages() {
        let refused = take(&message(netlink::ERROR, 0, &[]), &mut Vec::new());
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::InvalidData);
        let whole = dump();
        for length in 0..whole.len() {
            assert!(take(&whole[..length], &mut Vec::new()).unwrap());
            let mut twisted = whole.clone();
            for value in [0, 1, 0x7f, 0xff] {
                twisted[length] = value;
                let _ = take(&twisted, &mut Vec::new());
            }
        }
    }

    #[test]
    fn this_kernel_tells_of_all_interfaces() {
        let Some(interfaces) = read().unwrap() else {
            return; // a process that may not ask
        };
        // The loopback interface is the first of each namespace.
        let first = interfaces.iter().find(|found| found.index == 1).unwrap();
        assert_eq!(first.name, b"lo");
        assert_eq!(first.address, "00:00:00:00:00:00");
        assert_eq!(first.permanent_address, None);
    }
}
