// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A client of the crate `virt`: prints the documents of all devices, then what it says of mistakes.
use virt::connect::Connect;
use virt::error::Error;

fn main() -> Result<(), Error> {
    virt::error::clear_error_callback();
    let uri = std::env::args().nth(1);
    let conn = Connect::open(uri.as_deref())?;
    for device in conn.list_all_node_devices(0)? {
        let name = device.name()?;
        assert!(device.list_caps()?.len() as u32 == device.num_of_caps()?);
        assert!(conn.lookup_node_device_by_name(&name)?.name()? == name);
        print!("{}", device.xml_desc(0)?);
    }
    let device = conn.lookup_node_device_by_name("nosuch").err();
    let domain = conn.lookup_domain_by_name("guest").err();
    for error in [device, domain].into_iter().flatten() {
        println!("{}", error.message());
    }
    println!("domains: {}", conn.list_all_domains(0)?.len());
    Ok(())
}
