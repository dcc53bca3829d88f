// SPDX-License-Identifier: LGPL-2.1-or-later
//! Resets a function where nobody else will: through its power states, or with the bus that it is on.

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

/// After each change of the power state (PCI Bus Power Management 1.2, 5.6.1).
const POWER_PAUSE: Duration = Duration::from_millis(10);

/// How long a bus is held in reset, and left alone after it.
const BUS_PAUSE: Duration = Duration::from_millis(200);

/// How long a function may take to answer again (PCI Express Base Specification, 6.6.1).
const ANSWER_LIMIT: Duration = Duration::from_secs(1);

/// Resets the function, or leaves it to those who reset it themselves before they hand it to a virtual machine:
/// VFIO, and the kernel where functions can be reset one by one.
pub fn reset(function: &Function<'_>) -> Result<()> {
    let Function { node, address, .. } = function;
    let config = open(node)?;
    if held_through(node)?.is_some() {
        return Err(internal(format!("Not resetting active device {address}")));
    }
    // Neither may be a bridge, and VFIO's are often asleep.
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

/// Refuses to reset a function that is not set up any more: what it holds would be put back, and a program that
/// was killed in a reset has left it without addresses.
fn refuse_if_reset_before(node: &Node<'_>, before: &Snapshot) -> Result<()> {
    // The addresses of virtual functions are in the physical one's configuration space.
    if node.has("physfn")? {
        return Ok(());
    }
    let resource = node.attribute("resource")?.unwrap_or_default();
    // How many use it; the kernel then has it enabled.
    let users = node.attribute("enable")?.unwrap_or_default();
    let is_used = !users.is_empty() && users != b"0";
    let what = match resources::difference(&resource, before) {
        Some(Difference {
            number,
            found,
            given,
        }) => format!("its base address {number} is {found:#x}, not {given:#x}"),
        None if is_used && resources::is_deaf(&resource, before) => {
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
    /// Where it was allowed to sleep and shall be again.
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
        // What has no power answers nothing.
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
            // There is nobody to tell; it stays awake then.
            let _ = set_power(node, b"auto");
        }
    }
}

fn set_power(node: &Node<'_>, control: &[u8]) -> io::Result<()> {
    node.host.files.write(&node.below("power/control"), control)
}

/// Resets a function by a turn through D3hot; `None` where that resets nothing.
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

/// Waits until a function answers after a reset, and sets it up as it was.
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

/// Whether the function is on a bus that no bridge leads to: below `pciDDDD:BB`.
fn is_on_root_bus(node: &Node<'_>) -> bool {
    let parent = dirname(node.path);
    basename(parent).starts_with(b"pci")
}

/// Resets the function with its bus, and all others there, which nobody must be using.
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
        // Whoever waits for a turn has none, or two could wait for each other.
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
    // All are brought back, whatever becomes of one of them.
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

/// Whether anybody may rely on a function: it was not detached, or a program holds it. A bridge cannot be detached.
fn is_active(node: &Node<'_>) -> Result<bool> {
    Ok(!is_detached(node)? || held_through(node)?.is_some())
}
