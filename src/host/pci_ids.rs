// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Names of PCI hardware, from the system's `pci.ids` file and from udev's hardware database.

pub mod file;

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
use file::PciIds;

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

/// Reads a file, plain or compressed by gzip; one that cannot be unpacked counts as missing.
fn load(files: &Files, path: &[u8]) -> Found<PciIds> {
    let Some(content) = files.read(path)? else {
        return Ok(None);
    };
    if !content.starts_with(gzip::MAGIC) {
        return Ok(Some(PciIds::new(content)));
    }
    let mut unpacked = Vec::with_capacity(content.len() * 5);
    let result = Unpacker::new(&content)
        .and_then(|unpacker| unpacker.take(LIMIT).read_to_end(&mut unpacked));
    Ok(result.is_ok().then(|| PciIds::new(unpacked)))
}

/// Reads the first file that exists in the usual places.
fn load_usual(files: &Files) -> Found<PciIds> {
    for place in PLACES {
        for path in [place.to_string(), format!("{place}.gz")] {
            if let Some(names) = load(files, path.as_bytes())? {
                return Ok(Some(names));
            }
        }
    }
    Ok(None)
}

/// Reads the running system's file: the one that the user has named, or that in the usual places.
fn load_system() -> Found<PciIds> {
    match named_file() {
        Some(path) => load(&Files::live(), path.as_bytes()),
        None => load_usual(&Files::live()),
    }
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
        Ok(match load_usual(files)? {
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

    /// The name of a subsystem of a device, each given by vendor and device id; `None` if the file does not have it.
    pub fn subsystem(&self, device: (u16, u16), subsystem: (u16, u16)) -> Found<String> {
        Ok(self.file()?.subsystem(device, subsystem))
    }

    /// The names of base class, subclass and programming interface of a class code of 24 bits.
    pub fn classes(&self, code: u32) -> Result<[Option<String>; 3]> {
        Ok(self.file()?.classes(code))
    }

    fn file(&self) -> Result<&PciIds> {
        match self {
            Names::Recorded(ids) => Ok(ids),
            Names::System(system) => system.ids(),
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
        let load = || Ok(load_system()?.unwrap_or_default());
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

    const SAMPLE: &[u8] = b"0001  First\n\t0001  One \xff\x01\n";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn load_file(path: &Path) -> Option<PciIds> {
        load(&Files::live(), path.as_os_str().as_bytes()).unwrap()
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
        let known = load_usual(&Files::live())
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
