// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Resets a function that neither VFIO nor the kernel resets: through its power states, or with its bus.

use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::config::{Config, Snapshot};
use super::function::{Function, address_of, internal, setting_up_again, show, system, take_turn};
use super::in_use::{held_through, is_detached, is_vfio};
use super::resources::{self, Difference};
use crate::caps::pci::is_asleep;
use crate::error::Result;
use crate::host::files::{basename, dirname, join};
use crate::host::node::Node;
use crate::host::pci_bus;

/// The pause after each change of the power state (PCI Bus Power Management 1.2, 5.6.1).
const POWER_PAUSE: Duration = Duration::from_millis(10);

/// How long a bus is held in reset, and the pause after that.
const BUS_PAUSE: Duration = Duration::from_millis(200);

/// How long a function may take to answer again (PCI Express Base Specification, 6.6.1).
const ANSWER_LIMIT: Duration = Duration::from_secs(1);

/// Resets the function. Functions of VFIO drivers, virtual functions and functions with function level reset are left
/// as they are, because they are reset before a virtual machine gets them. Code 1 if the function cannot be reset.
pub fn reset(function: &Function<'_>) -> Result<()> {
    let Function { node, address, .. } = function;
    let config = open(node)?;
    if held_through(node)?.is_some() {
        return Err(internal(format!("Not resetting active device {address}")));
    }
    // Neither can be a bridge, and functions of VFIO drivers are often suspended.
    if is_vfio(node)? || node.has("physfn")? {
        return Ok(());
    }
    let _awake = Awake::keep(node)?;
    let before = read(node, &config)?;
    if !before.is_endpoint() {
        return Err(internal(format!(
            "Invalid attempt to reset PCI device {address}. Only PCI endpoint devices can be reset"
        )));
    }
    if before.has_function_level_reset() {
        return Ok(());
    }
    refuse_if_reset_before(node, &before)?;
    let mut last = match by_power(node, &config, &before) {
        Some(Ok(())) => return Ok(()),
        Some(Err(error)) => Some(error.message()),
        None => None,
    };
    function.exists()?;
    if !is_on_root_bus(node) {
        match by_bus(function, &config, &before) {
            Ok(()) => return Ok(()),
            Err(error) => last = Some(error.message()),
        }
    }
    let why = last.unwrap_or_else(|| "no FLR, PM reset or bus reset available".into());
    Err(internal(format!(
        "Unable to reset PCI device {address}: {why}"
    )))
}

fn open(node: &Node<'_>) -> Result<Config> {
    Config::open(node)
        .map_err(|e| system(format!("cannot open {}", show(&node.below("config"))), &e))
}

fn read(node: &Node<'_>, config: &Config) -> Result<Snapshot> {
    let failed = |e| system(format!("cannot read {}", show(&node.below("config"))), &e);
    config.snapshot().map_err(failed)
}

/// Refuses to reset a function that lost its settings, as after a reset by a program that was killed: they could not be
/// restored.
fn refuse_if_reset_before(node: &Node<'_>, before: &Snapshot) -> Result<()> {
    // The addresses of virtual functions are in the configuration space of the physical function.
    if node.has("physfn")? {
        return Ok(());
    }
    let resource = node.attribute("resource")?.unwrap_or_default();
    // The number of users; the kernel has enabled the function if there are any.
    let users = node.attribute("enable")?.unwrap_or_default();
    let is_used = !users.is_empty() && users != b"0";
    let what = match resources::difference(&resource, before) {
        Some(Difference {
            number,
            found,
            given,
        }) => format!("its base address {number} is {found:#x}, not {given:#x}"),
        None if is_used && resources::decodes_nothing(&resource, before) => {
            "its command register enables neither ports nor memory".into()
        }
        None => return Ok(()),
    };
    Err(internal(format!(
        "PCI device {} is not set up any more: {what}, as after a reset that was not finished. Nothing was changed. \
         To mend it, {}",
        show(node.basename()),
        setting_up_again(node.path)
    )))
}

/// Keeps a function from being suspended at run time, and wakes it (kernel:
/// Documentation/ABI/testing/sysfs-devices-power).
struct Awake<'a> {
    /// The function, if it may be suspended again afterwards.
    node: Option<&'a Node<'a>>,
}

impl<'a> Awake<'a> {
    fn keep(node: &'a Node<'a>) -> Result<Awake<'a>> {
        let is_automatic = node.attribute("power/control")?.as_deref() == Some(b"auto");
        let awake = Awake {
            node: is_automatic.then_some(node),
        };
        if is_automatic {
            set_power(node, b"on")
                .map_err(|e| system(format!("cannot wake {}", show(node.path)), &e))?;
        }
        // A function without power does not answer.
        match is_asleep(node)? {
            true => Err(internal(format!(
                "PCI device {} is suspended and does not wake",
                show(node.basename())
            ))),
            false => Ok(awake),
        }
    }
}

impl Drop for Awake<'_> {
    fn drop(&mut self) {
        if let Some(node) = self.node {
            // The error cannot be reported; the function then stays awake.
            let _ = set_power(node, b"auto");
        }
    }
}

fn set_power(node: &Node<'_>, control: &[u8]) -> io::Result<()> {
    node.host.files.write(&node.below("power/control"), control)
}

/// Resets a function through D3hot; `None` if that would not reset it.
fn by_power(node: &Node<'_>, config: &Config, before: &Snapshot) -> Option<Result<()>> {
    let cycled = config.cycle_power(before, || sleep(POWER_PAUSE))?;
    let failed = |e| {
        let path = node.below("config");
        system(format!("cannot write {}", show(&path)), &e)
    };
    Some(
        cycled
            .map_err(failed)
            .and_then(|()| bring_back(node, config, before)),
    )
}

/// Waits until a function answers after a reset, and restores its registers.
fn bring_back(node: &Node<'_>, config: &Config, before: &Snapshot) -> Result<()> {
    let begin = Instant::now();
    while !config.answers_as(before) {
        if begin.elapsed() > ANSWER_LIMIT {
            let address = show(node.basename());
            return Err(internal(format!(
                "PCI device {address} does not answer after its reset"
            )));
        }
        sleep(POWER_PAUSE);
    }
    config.restore(before).map_err(|e| {
        system(
            format!("cannot restore {}", show(&node.below("config"))),
            &e,
        )
    })
}

fn at<'a>(path: &'a [u8], function: &Function<'a>) -> Node<'a> {
    Node::at(function.node.host, path, function.node.subsystem)
}

/// Whether the function is on a root bus, directly below `pciDDDD:BB`.
fn is_on_root_bus(node: &Node<'_>) -> bool {
    let parent = dirname(node.path);
    basename(parent).starts_with(b"pci")
}

/// Resets the function with its bus, and so all functions on that. Refuses if any other of them is in use.
fn by_bus(function: &Function<'_>, config: &Config, before: &Snapshot) -> Result<()> {
    let address = &function.address;
    let parent = dirname(function.node.path);
    let bridge = at(parent, function);
    if address_of(&bridge).is_none() {
        return Err(internal(format!(
            "Failed to find parent device for {address}"
        )));
    }
    let others = others_below(parent, function)?;
    let nodes: Vec<_> = others.iter().map(|path| at(path, function)).collect();
    let mut turns = Vec::new();
    for other in &nodes {
        // This does not wait, because two programs could otherwise wait for each other.
        turns.push(take_turn(other, Duration::ZERO)?);
        if is_active(other)? {
            return Err(internal(format!(
                "Active {} devices on bus with {address}, not doing bus reset",
                show(other.basename())
            )));
        }
    }
    let mut saved = Vec::new();
    for node in &nodes {
        let config = open(node)?;
        let awake = Awake::keep(node)?;
        let before = read(node, &config)?;
        refuse_if_reset_before(node, &before)?;
        saved.push((node, config, before, awake));
    }
    let bridge_config = open(&bridge)?;
    let _awake = Awake::keep(&bridge)?;
    let done = bridge_config.reset_secondary_bus(|| sleep(BUS_PAUSE));
    // All are restored, even if one of them fails.
    let mut results = vec![bring_back(&function.node, config, before)];
    results.extend(
        saved
            .iter()
            .map(|(node, config, before, _)| bring_back(node, config, before)),
    );
    done.map_err(|e| {
        system(
            format!("cannot write {}", show(&bridge.below("config"))),
            &e,
        )
    })?;
    results.into_iter().collect()
}

/// The other functions below a bridge, in the order of their addresses.
fn others_below(bridge: &[u8], function: &Function<'_>) -> Result<Vec<Vec<u8>>> {
    let mut paths = pci_bus::functions(&function.node.host.files)?;
    let folder = join(bridge, b"");
    paths.retain(|path| path.starts_with(&folder) && path != function.node.path);
    Ok(paths)
}

/// Whether a function may be in use: it is not detached, or a program uses it through VFIO. Bridges cannot be detached.
fn is_active(node: &Node<'_>) -> Result<bool> {
    Ok(!is_detached(node)? || held_through(node)?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;

    /// The kernel enables a function for its first user, and disables it after the last.
    #[test]
    fn a_function_without_users_may_decode_nothing() {
        const PATH: &str = "/sys/devices/pci0000:00/0000:00:01.0";
        let mut config = vec![0; 256];
        config[0x10..0x14].copy_from_slice(&0xf000_0000_u32.to_le_bytes());
        let before = Snapshot::of(config);
        for (enable, is_refused) in [(Some("0\n"), false), (None, false), (Some("1\n"), true)] {
            let root = tempfile::tempdir().unwrap();
            let folder = root.path().join(&PATH[1..]);
            std::fs::create_dir_all(&folder).unwrap();
            let resource = "0x00000000f0000000 0x00000000f0000fff 0x0000000000040200\n";
            std::fs::write(folder.join("resource"), resource).unwrap();
            if let Some(enable) = enable {
                std::fs::write(folder.join("enable"), enable).unwrap();
            }
            let host = Host::recorded(root.path()).unwrap();
            let node = Node::at(&host, PATH.as_bytes(), b"pci");
            let refused = refuse_if_reset_before(&node, &before).is_err();
            assert_eq!(refused, is_refused, "{enable:?}");
        }
    }
}
