// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Names of PCI vendors and devices, from the system's `pci.ids` file and from udev's hardware database.
//!
//! `pci.ids` is a text that is kept by hand: a line `VVVV  Name` is a vendor, one with a tab and `DDDD  Name` a device of
//! that vendor, one with two tabs a subsystem. The first line `C xx  Name` starts the device classes. Subsystems and
//! classes are for [`details`]. The head of the file describes the format.

pub mod details;
mod table;

use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

use once_cell::sync::OnceCell;

use super::files::Files;
use super::found::{Found, found, retry_interrupted};
use super::gzip::{self, Unpacker};
use super::udev::Hwdb;
use crate::error::Result;
use crate::host::environment;
use crate::process::without_fork;
use crate::text;
use table::Table;

/// The environment variable that names a file to use in place of the system's.
const OVERRIDE: &str = "VIRNODEDEV_PCI_IDS";

/// Where distributions have the file: Debian and Fedora, Arch, Slackware, `update-pciids`.
const PLACES: [&str; 4] = [
    "/usr/share/misc/pci.ids",
    "/usr/share/hwdata/pci.ids",
    "/usr/share/pci.ids",
    "/var/lib/pciutils/pci.ids",
];

/// What messages call udev's hardware database.
const HWDB: &[u8] = b"udev's hardware database";

/// The most that a compressed file may unpack to, in bytes.
const LIMIT: u64 = 64 << 20;

/// The names of one `pci.ids` file.
#[derive(Default)]
pub struct PciIds {
    vendors: Table<u32>,
    /// By the vendor's id and the device's.
    devices: Table<u32>,
}

/// Reads a file, plain or compressed by gzip, with `parse`; one that cannot be unpacked counts as missing.
fn load<T>(files: &Files, path: &[u8], parse: impl Fn(&[u8]) -> T) -> Found<T> {
    let Some(content) = files.read(path)? else {
        return Ok(None);
    };
    if !content.starts_with(gzip::MAGIC) {
        return Ok(Some(parse(&content)));
    }
    let mut unpacked = Vec::with_capacity(content.len() * 5);
    let result = Unpacker::new(&content)
        .and_then(|unpacker| unpacker.take(LIMIT).read_to_end(&mut unpacked));
    Ok(result.is_ok().then(|| parse(&unpacked)))
}

/// Reads the first file that exists in the usual places.
fn load_usual<T>(files: &Files, parse: impl Fn(&[u8]) -> T) -> Found<T> {
    for place in PLACES {
        for path in [place.to_string(), format!("{place}.gz")] {
            if let Some(names) = load(files, path.as_bytes(), &parse)? {
                return Ok(Some(names));
            }
        }
    }
    Ok(None)
}

/// Reads the running system's file: the one that the user has named, or that in the usual places.
fn load_system<T>(parse: impl Fn(&[u8]) -> T) -> Found<T> {
    match named_file() {
        Some(path) => load(&Files::live(), path.as_bytes(), parse),
        None => load_usual(&Files::live(), parse),
    }
}

impl PciIds {
    /// Indexes the text of a file; invalid lines are skipped.
    pub fn parse(text: &[u8]) -> PciIds {
        let mut ids = PciIds::default();
        let mut vendor = None;
        for line in text::lines(text) {
            match line {
                [b'\t', b'\t', ..] | [b'#', ..] | [] => {}
                [b'\t', line @ ..] => {
                    if let (Some(vendor), Some((device, name))) = (vendor, entry(line)) {
                        ids.devices.add(vendor << 16 | device, name);
                    }
                }
                [b'C', b' ', ..] => break,
                _ => {
                    vendor = None;
                    if let Some((id, name)) = entry(line) {
                        vendor = Some(id);
                        ids.vendors.add(id, name);
                    }
                }
            }
        }
        ids.vendors.finish();
        ids.devices.finish();
        ids
    }

    /// The name of a vendor; `None` if it is not in the file.
    pub fn vendor(&self, vendor: u16) -> Option<String> {
        self.vendors.find(vendor.into())
    }

    /// The name of a vendor's device; `None` if it is not in the file.
    pub fn device(&self, vendor: u16, device: u16) -> Option<String> {
        self.devices
            .find(u32::from(vendor) << 16 | u32::from(device))
    }
}

impl fmt::Debug for PciIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PciIds")
            .field("vendors", &self.vendors.len())
            .field("devices", &self.devices.len())
            .finish()
    }
}

/// Reads four hexadecimal digits, white space and a name. Editing by hand may have left a tab or a `\r`.
fn entry(line: &[u8]) -> Option<(u32, &[u8])> {
    numbered(line, 4)
}

/// Reads so many hexadecimal digits, white space and a name.
fn numbered(line: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (digits, rest) = line.split_at_checked(digits)?;
    // A first XML of a PCI function reads some 20,000 of these lines.
    let mut id = 0;
    for &digit in digits {
        id = id << 4 | char::from(digit).to_digit(16)?;
    }
    let name = rest.trim_ascii_start();
    (name.len() < rest.len()).then_some((id, name.strip_suffix(b"\r").unwrap_or(name)))
}

/// The names that are printed for a host's devices.
#[derive(Debug)]
pub enum Names {
    /// Those of the file in a recorded tree. No other names are used, so that a recording reads the same everywhere.
    Recorded(PciIds),
    /// Those of the running system.
    System(&'static SystemNames),
}

impl Names {
    /// The running system's names; its files are read when a name is first asked for.
    pub fn system() -> &'static Names {
        static NAMES: Names = Names::System(&SYSTEM);
        &NAMES
    }

    /// The names in the recorded tree with these files; the system's if it has none.
    pub fn recorded(files: &Files) -> Result<Names> {
        Ok(match load_usual(files, PciIds::parse)? {
            Some(ids) => Names::Recorded(ids),
            None => Names::System(&SYSTEM),
        })
    }

    /// The name of a vendor; `None` if no source has it.
    pub fn vendor(&self, vendor: u16) -> Found<String> {
        match self {
            Names::Recorded(ids) => Ok(ids.vendor(vendor)),
            Names::System(system) => match system.ids()?.vendor(vendor) {
                None => system.query(&format!("pci:v{vendor:08X}"), "ID_VENDOR_FROM_DATABASE"),
                name => Ok(name),
            },
        }
    }

    /// The name of a vendor's device; `None` if no source has it.
    pub fn device(&self, vendor: u16, device: u16) -> Found<String> {
        match self {
            Names::Recorded(ids) => Ok(ids.device(vendor, device)),
            Names::System(system) => match system.ids()?.device(vendor, device) {
                None => {
                    let modalias = format!("pci:v{vendor:08X}d{device:08X}");
                    system.query(&modalias, "ID_MODEL_FROM_DATABASE")
                }
                name => Ok(name),
            },
        }
    }
}

/// The running system's names, read once in each process.
pub struct SystemNames {
    ids: OnceCell<PciIds>,
    /// udev's hardware database; `None` if there is none or it is not used.
    hwdb: OnceCell<Option<Hwdb>>,
}

static SYSTEM: SystemNames = SystemNames {
    ids: OnceCell::new(),
    hwdb: OnceCell::new(),
};

impl SystemNames {
    fn ids(&self) -> Result<&PciIds> {
        let load = || Ok(load_system(PciIds::parse)?.unwrap_or_default());
        match self.ids.get() {
            Some(ids) => Ok(ids),
            None => without_fork(|| self.ids.get_or_try_init(load)),
        }
    }

    fn query(&self, modalias: &str, key: &str) -> Found<String> {
        let open = || match named_file() {
            None => {
                let hwdb = retry_interrupted(Hwdb::open);
                found("open", HWDB, hwdb)
            }
            // A user who names a file wants its names only.
            Some(_) => Ok(None),
        };
        without_fork(|| {
            let Some(hwdb) = self.hwdb.get_or_try_init(open)? else {
                return Ok(None);
            };
            let name = found("read", HWDB, hwdb.query(modalias, key))?.flatten();
            let name = name.map(|name| text::clean(&name));
            Ok(name.filter(|name| !name.is_empty()))
        })
    }
}

/// The file that the user has named.
fn named_file() -> Option<OsString> {
    environment::variable(OVERRIDE)
}

impl fmt::Debug for SystemNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemNames")
            .field("ids", &self.ids)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::path::Path;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    const SAMPLE: &[u8] = b"# comment\n\
        \tffff  device without a vendor\n\
        0001  First\n\
        \t0002  Two\n\
        \t\t0001 0002  subsystem\n\
        # comment\n\
        \t0001  One \xff\x01\n\
        \t0002  Two again\n\
        zz11  no id\n\
        \t0003  below nothing\n\
        ABCD  Upper\r\n\
        \tabcd  lower\n\
        0001x no blank\n\
        12  short\n\
        0002\n\
        0003  \n\
        \n\
        C 02  Network controller\n\
        \t0000  Ethernet\n\
        0004  after the classes\n";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn load_file(path: &Path) -> Option<PciIds> {
        load(&Files::live(), path.as_os_str().as_bytes(), PciIds::parse).unwrap()
    }

    #[test]
    fn vendors_and_devices() {
        let ids = PciIds::parse(SAMPLE);
        let text = |name: &str| Some(name.to_string());
        assert_eq!(ids.vendor(1), text("First"));
        assert_eq!(ids.device(1, 1), text("One \u{fffd}"));
        assert_eq!(ids.device(1, 2), text("Two"), "the first of two counts");
        assert_eq!(ids.device(1, 3), None);
        assert_eq!(ids.vendor(0xabcd), text("Upper"));
        assert_eq!(ids.device(0xabcd, 0xabcd), text("lower"));
        assert_eq!(ids.device(0xabcd, 1), None);
        for vendor in [0, 2, 3, 4, 0x12, 0xffff] {
            assert_eq!(ids.vendor(vendor), None, "{vendor:#x}");
        }
        assert_eq!(ids.device(0, 0xffff), None);
    }

    #[test]
    fn nonsense_is_an_empty_database() {
        for text in [&b""[..], b"\n\n\n", b"\t", b"\0\0\0\0  x", &[b'0'; 100_000]] {
            let ids = PciIds::parse(text);
            assert!(ids.vendors.len() + ids.devices.len() == 0);
        }
        let huge = [b"0001  ".to_vec(), vec![b'x'; 1 << 20]].concat();
        assert_eq!(PciIds::parse(&huge).vendor(1), None);
    }

    /// The file that gave libvirt 12.8.0 the names in the recorded machines; names read off with `grep`.
    #[test]
    fn the_real_file() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pci.ids.gz");
        let ids = load_file(&path).unwrap();
        let text = |name: &str| Some(name.to_string());
        assert_eq!(ids.vendor(0x8086), text("Intel Corporation"));
        assert_eq!(
            ids.device(0x8086, 0x1237),
            text("440FX - 82441FX PMC [Natoma]")
        );
        assert_eq!(ids.vendor(0x15b3), text("Mellanox Technologies"));
        assert_eq!(
            ids.device(0x15b3, 0x101d),
            text("MT2892 Family [ConnectX-6 Dx]")
        );
        assert_eq!(ids.vendor(0x0001), text("SafeNet (wrong ID)"));
        assert_eq!(
            ids.vendor(0x15cf),
            text("Hilscher Gesellschaft für Systemautomation mbH")
        );
        // Counted with `grep -c` above the line `C 00`.
        assert_eq!(ids.vendors.len(), 2522);
        assert_eq!(ids.devices.len(), 21693);
    }

    #[test]
    fn files_plain_and_compressed() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("ids");
        std::fs::write(&path, SAMPLE).unwrap();
        assert_eq!(load_file(&path).unwrap().vendor(1).unwrap(), "First");
        let packed = gzip(SAMPLE);
        std::fs::write(&path, &packed).unwrap();
        assert_eq!(load_file(&path).unwrap().vendor(1).unwrap(), "First");
        std::fs::write(&path, &packed[..packed.len() / 2]).unwrap();
        assert!(load_file(&path).is_none());
        assert!(load_file(&root.path().join("none")).is_none());
        assert!(load_file(root.path()).is_none());
    }

    #[test]
    fn a_recorded_tree_uses_its_own_file() {
        for (folder, name, content) in [
            ("usr/share/misc", "pci.ids", SAMPLE.to_vec()),
            ("usr/share/hwdata", "pci.ids.gz", gzip(SAMPLE)),
        ] {
            let root = tempfile::tempdir().unwrap();
            let folder = root.path().join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(name), content).unwrap();
            let names = Names::recorded(&Files::tree(root.path()).unwrap()).unwrap();
            assert_eq!(names.vendor(1).unwrap().as_deref(), Some("First"));
            assert_eq!(names.device(1, 1).unwrap().as_deref(), Some("One \u{fffd}"));
            assert_eq!(names.vendor(0x8086).unwrap(), None);
        }
    }

    #[test]
    fn a_tree_without_one_uses_the_systems() {
        let root = tempfile::tempdir().unwrap();
        let misc = root.path().join("usr/share/misc");
        std::fs::create_dir_all(&misc).unwrap();
        let outside = root.path().join("outside");
        std::fs::write(&outside, SAMPLE).unwrap();
        // An absolute link leads out of the tree: it is not followed.
        std::os::unix::fs::symlink(&outside, misc.join("pci.ids")).unwrap();
        let files = Files::tree(root.path()).unwrap();
        assert!(matches!(Names::recorded(&files).unwrap(), Names::System(_)));
    }

    #[test]
    fn the_system_answers_what_its_sources_know() {
        let names = Names::system();
        let known = load_usual(&Files::live(), PciIds::parse)
            .unwrap()
            .and_then(|ids| ids.vendor(0x8086));
        let hwdb = SYSTEM
            .query("pci:v00008086", "ID_VENDOR_FROM_DATABASE")
            .unwrap();
        if known.is_none() && hwdb.is_none() {
            eprintln!(
                "neither pci.ids nor a hardware database is installed: only misses are tested"
            );
        }
        if named_file().is_none() {
            assert_eq!(names.vendor(0x8086).unwrap(), known.or(hwdb));
        }
        if let Some(vendor) = names.vendor(0x8086).unwrap() {
            assert_eq!(vendor, "Intel Corporation");
        }
        // 0xffff is what an absent function reads as; it is nobody's id.
        assert_eq!(names.device(0xffff, 0xffff).unwrap(), None);
    }
}
