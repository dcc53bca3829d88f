// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Processors: which there are, where they are, how fast they are and what they did (kernel:
//! Documentation/admin-guide/cputopology.rst; proc_stat(5), proc_cpuinfo(5)).

use super::number_list;
use crate::error::Result;
use crate::host::clock_ticks;
use crate::host::files::{Files, join};
use crate::host::found::Found;
use crate::text;

const FOLDER: &[u8] = b"/sys/devices/system/cpu";

/// Names and values of what is counted.
pub type Counts = Vec<(&'static str, u64)>;

/// A processor that works, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processor {
    /// Its number.
    pub id: u32,
    /// The number of its socket.
    pub socket: u32,
    /// That of its die in the socket.
    pub die: u32,
    /// That of its cluster.
    pub cluster: u32,
    /// That of its core.
    pub core: u32,
    /// Numbers of the processors in that core, its own included.
    pub siblings: Vec<u32>,
}

/// The numbers of the processors that there are.
pub fn present(files: &Files) -> Result<Vec<u32>> {
    listed(files, b"present")
}

/// The numbers of those that work.
pub fn online(files: &Files) -> Result<Vec<u32>> {
    listed(files, b"online")
}

/// A list of sysfs; without sysfs the processors that are counted.
fn listed(files: &Files, name: &[u8]) -> Result<Vec<u32>> {
    if let Some(numbers) = number_list::read(files, &join(FOLDER, name))? {
        return Ok(numbers);
    }
    let stat = files.read(b"/proc/stat")?.unwrap_or_default();
    let lines = stat.split(|&b| b == b'\n');
    let number = |line: &[u8]| {
        let word = line.split(|&b| b == b' ').next()?;
        text::parse_u32(word.strip_prefix(b"cpu")?, 10)
    };
    Ok(lines.filter_map(number).collect())
}

/// Where the processor of that number is. What the kernel does not say, or says to be -1, is 0; each processor is a core
/// then.
pub fn place(files: &Files, id: u32) -> Result<Processor> {
    let folder = join(FOLDER, format!("cpu{id}/topology").as_bytes());
    let number = |name: &[u8]| -> Found<u32> {
        let text = files.read(&join(&folder, name))?;
        let number = text.and_then(|text| text::parse_i32(text.trim_ascii(), 10));
        Ok(number.and_then(|number| u32::try_from(number).ok()))
    };
    let siblings = number_list::read(files, &join(&folder, b"thread_siblings_list"))?;
    Ok(Processor {
        id,
        socket: number(b"physical_package_id")?.unwrap_or(0),
        die: number(b"die_id")?.unwrap_or(0),
        cluster: number(b"cluster_id")?.unwrap_or(0),
        core: number(b"core_id")?.unwrap_or(id),
        siblings: siblings.unwrap_or_else(|| vec![id]),
    })
}

/// How fast the first processor is, in MHz; 0 where the kernel does not say.
pub fn frequency(files: &Files) -> Result<u32> {
    let info = files.read(b"/proc/cpuinfo")?.unwrap_or_default();
    // "cpu MHz : 2100.000" of x86, "clock : 3425.000000MHz" of POWER.
    let whole = |line: &[u8]| {
        let colon = line.iter().position(|&b| b == b':')?;
        let (key, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
        let digits = value.split(|b| !b.is_ascii_digit()).next()?;
        matches!(key, b"cpu MHz" | b"clock").then(|| text::parse_u32(digits, 10))?
    };
    let mut lines = info.split(|&b| b == b'\n');
    Ok(lines.find_map(whole).unwrap_or(0))
}

/// What all processors, or one of them, spent their time on, in nanoseconds: the kernel with what interrupted it,
/// programs with those of low priority, nothing, and nothing while a disk was waited for.
pub fn times(files: &Files, number: Option<u32>) -> Found<Counts> {
    let stat = files.read(b"/proc/stat")?.unwrap_or_default();
    let name = number.map_or("cpu".into(), |number| format!("cpu{number}"));
    let mut lines = stat.split(|&b| b == b'\n').map(|line| {
        let words = line.split(|&b| b == b' ');
        words.filter(|word| !word.is_empty())
    });
    let Some(words) =
        lines.find_map(|mut words| (words.next()? == name.as_bytes()).then_some(words))
    else {
        return Ok(None);
    };
    let ticks: Vec<u64> = words.map_while(|word| text::parse_u64(word, 10)).collect();
    let [user, nice, system, idle, iowait, irq, softirq, ..] = ticks[..] else {
        return Ok(None);
    };
    let nanoseconds = |ticks: u64| {
        let nanoseconds = u128::from(ticks) * 1_000_000_000 / u128::from(clock_ticks());
        u64::try_from(nanoseconds).unwrap_or(u64::MAX)
    };
    Ok(Some(vec![
        (
            "kernel",
            nanoseconds(system.saturating_add(irq).saturating_add(softirq)),
        ),
        ("user", nanoseconds(user.saturating_add(nice))),
        ("idle", nanoseconds(idle)),
        ("iowait", nanoseconds(iowait)),
    ]))
}
