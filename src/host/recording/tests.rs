// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Recordings in memory, as archives, and of a tree that was read.

use std::io::Write;
use std::os::unix::fs::symlink;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::builder::recording_of;
use super::*;
use crate::host::files::Files;

fn place(path: &str) -> Vec<Vec<u8>> {
    components(path.as_bytes()).map(<[u8]>::to_vec).collect()
}

fn file(text: &str) -> Entry {
    Entry::File(text.as_bytes().to_vec())
}

fn link(target: &str) -> Entry {
    Entry::Link(target.as_bytes().to_vec())
}

fn sample() -> Recording {
    let mut recording = Recording::default();
    for (path, what) in [
        ("sys/devices/b/attribute", file("text\n")),
        ("sys/devices/b/up", link("../../class/zoo/../..")),
        ("sys/devices/a", Entry::Folder(Folder::new())),
        ("sys/class/zoo/b", link("../../devices/b")),
        ("sys/class/zoo/dangling", link("../../devices/gone")),
        ("sys/class/zoo/loop", link("loop")),
        ("sys/class/zoo/out", link("../../../../etc/passwd")),
        ("sys/class/zoo/absolute", link("/sys/devices/b")),
    ] {
        recording.put(&place(path), what);
    }
    recording
}

#[test]
fn paths_lead_through_links_and_not_out() {
    let recording = sample();
    assert_eq!(
        recording.read(b"/sys/class/zoo/b/attribute").unwrap(),
        b"text\n"
    );
    assert_eq!(
        recording
            .read(b"/sys/class/zoo/b/up/devices/b//./attribute")
            .unwrap(),
        b"text\n"
    );
    assert_eq!(
        recording.names(b"/sys/class/zoo/b").unwrap(),
        [b"attribute".to_vec(), b"up".to_vec()]
    );
    assert_eq!(
        recording.read_link(b"/sys/class/zoo/dangling").unwrap(),
        b"../../devices/gone"
    );
    let errno = |path: &str| {
        recording
            .find(path.as_bytes(), true)
            .unwrap_err()
            .raw_os_error()
    };
    assert_eq!(errno("/sys/class/zoo/dangling"), Some(libc::ENOENT));
    assert_eq!(errno("/sys/class/zoo/loop"), Some(libc::ELOOP));
    assert_eq!(errno("/sys/class/zoo/out"), Some(libc::EPERM));
    assert_eq!(errno("/sys/class/zoo/absolute"), Some(libc::EPERM));
    assert_eq!(errno("/sys/devices/b/attribute/x"), Some(libc::ENOTDIR));
    assert_eq!(errno("/none"), Some(libc::ENOENT));
    let wrong = recording.read(b"/sys").unwrap_err();
    assert_eq!(wrong.raw_os_error(), Some(libc::EISDIR));
    let wrong = recording
        .read_link(b"/sys/devices/b/attribute")
        .unwrap_err();
    assert_eq!(wrong.raw_os_error(), Some(libc::EINVAL));
}

#[test]
fn what_stands_there_stays() {
    let mut recording = sample();
    recording.put(&place("sys/devices/b/attribute"), file("other"));
    recording.put(&place("sys/devices/b/attribute/below"), file("other"));
    recording.put(&place("sys/class/zoo/b/below"), file("through a link"));
    assert_eq!(recording, sample());
}

#[test]
fn an_archive_gives_everything_back_in_order() {
    let mut recording = sample();
    let long = format!("sys/{}/{}", "x".repeat(150), "y".repeat(150));
    recording.put(&place(&long), link(&"../z".repeat(100)));
    // On both sides of the header's 100 bytes, with parts that a path can do without.
    for length in 97..=104 {
        let target = format!("..//{}/.", "x".repeat(length - 6));
        recording.put(&place(&format!("sys/links/{length}")), link(&target));
        // Names that are no text, in files and folders.
        let name = |first: &[u8]| [first, &vec![b'x'; length - first.len()]].concat();
        recording.put(&[name(b"\xff")], file("text"));
        recording.put(
            &[name(b"\xfe"), b"y".to_vec()],
            Entry::Folder(Folder::new()),
        );
    }
    recording.put(
        &[b"sys".to_vec(), b"\xff\n".to_vec()],
        Entry::File(vec![0; 5000]),
    );
    let mut archive = Vec::new();
    recording.write_archive(&mut archive).unwrap();
    let read = Recording::read_archive(&archive[..]).unwrap();
    assert_eq!(read, recording);
    // Maps compare equal in any order.
    assert_eq!(
        read.names(b"/sys/class/zoo").unwrap(),
        ["b", "dangling", "loop", "out", "absolute"].map(|name| name.as_bytes().to_vec())
    );
    for length in [0, 5, archive.len() / 2, archive.len() - 9] {
        assert!(
            Recording::read_archive(&archive[..length]).is_err(),
            "cut to {length}"
        );
    }
    // The check sum comes after the last entry.
    let at = archive.len() - 8;
    archive[at] ^= 1;
    assert!(Recording::read_archive(&archive[..]).is_err());
}

/// A stack of 256 KiB would not suffice for 100,000 folders.
#[test]
fn folders_are_nested_so_deep_and_no_deeper() {
    let nested = |depth: usize| {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        let path = vec!["a"; depth].join("/");
        builder.append_data(&mut header, path, &b"x"[..]).unwrap();
        builder.into_inner().unwrap().finish().unwrap()
    };
    let deepest = nested(128);
    let too_deep = [nested(129), nested(100_000)];
    let read = std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(move || {
            assert!(Recording::read_archive(&deepest[..]).is_ok());
            too_deep.map(|archive| {
                Recording::read_archive(&archive[..])
                    .unwrap_err()
                    .to_string()
            })
        });
    for error in read.unwrap().join().unwrap() {
        assert_eq!(error, "folders are nested too deeply");
    }
}

#[test]
fn an_archive_unpacks_to_a_multiple_of_its_size() {
    let recording = |size: usize| {
        let mut recording = Recording::default();
        recording.put(&place("zeros"), Entry::File(vec![0; size]));
        recording
    };
    let read = |recording: &Recording, noise: usize| {
        let mut recording = recording.clone();
        let mut number = 1u32;
        let mut byte = || {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (number >> 24) as u8
        };
        let noise = (0..noise).map(|_| byte()).collect();
        recording.put(&place("noise"), Entry::File(noise));
        let mut archive = Vec::new();
        recording.write_archive(&mut archive).unwrap();
        Recording::read_archive(&archive[..]).map(|read| read == recording)
    };
    assert!(read(&recording(15 << 20), 0).unwrap());
    let large = recording(17 << 20);
    assert_eq!(
        read(&large, 0).unwrap_err().to_string(),
        "it unpacks to more than 16 MiB"
    );
    // 256 times as much as 100 KiB are more than that.
    assert!(read(&large, 100 << 10).unwrap());
}

#[test]
fn entries_that_lead_out_of_an_archive_are_passed_over() {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut add = |name: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_size(1);
        header.set_cksum();
        builder.append(&header, &b"x"[..]).unwrap();
    };
    add(b"../out");
    add(b"./sys/in");
    add(b"/sys/absolute");
    let mut gzip = builder.into_inner().unwrap();
    gzip.flush().unwrap();
    let recording = Recording::read_archive(&gzip.finish().unwrap()[..]).unwrap();
    assert_eq!(recording.names(b"/").unwrap(), [b"sys"]);
    assert_eq!(
        recording.names(b"/sys").unwrap(),
        [b"absolute".to_vec(), b"in".to_vec()]
    );
}

#[test]
fn links_without_a_target_or_with_a_nul_in_it_are_passed_over() {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let new_header = |kind: tar::EntryType, name: &[u8], size: u64| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_size(size);
        header.set_cksum();
        header
    };
    let mut add_link = |name: &[u8], target: &[u8]| {
        let header = new_header(tar::EntryType::GNULongLink, b"link", target.len() as u64);
        builder.append(&header, target).unwrap();
        let header = new_header(tar::EntryType::Symlink, name, 0);
        builder.append(&header, io::empty()).unwrap();
    };
    add_link(b"sys/empty", b"\0");
    add_link(b"sys/nul", b"a\0b\0");
    add_link(b"sys/link", b"target\0");
    let packed = builder.into_inner().unwrap().finish().unwrap();
    let recording = Recording::read_archive(&packed[..]).unwrap();
    assert_eq!(recording.names(b"/sys").unwrap(), [b"link"]);
    assert_eq!(recording.read_link(b"/sys/link").unwrap(), b"target");
}

#[test]
fn what_is_read_is_recorded_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    std::fs::create_dir_all(at("sys/devices/pci/dev")).unwrap();
    std::fs::create_dir_all(at("sys/class/net")).unwrap();
    std::fs::create_dir_all(at("sys/bus/drivers/e1000e")).unwrap();
    std::fs::write(at("sys/devices/pci/dev/address"), "aa").unwrap();
    std::fs::write(at("sys/devices/pci/dev/config"), [7; 400]).unwrap();
    std::fs::write(at("sys/devices/pci/dev/secret"), "not read").unwrap();
    std::fs::write(at("sys/devices/pci/dev/node"), "").unwrap();
    symlink("../../devices/pci/dev", at("sys/class/net/eth0")).unwrap();
    symlink(
        "../../../bus/drivers/e1000e",
        at("sys/devices/pci/dev/driver"),
    )
    .unwrap();
    symlink("../../../gone", at("sys/devices/pci/dev/dangling")).unwrap();

    let files = Files::tree(root.path()).unwrap().noted().unwrap();
    assert_eq!(
        files.entries(b"/sys/class/net").unwrap().unwrap(),
        [b"eth0"]
    );
    assert_eq!(
        files.read(b"/sys/class/net/eth0/address").unwrap().unwrap(),
        b"aa"
    );
    assert_eq!(
        files
            .read_start(b"/sys/class/net/eth0/config", 64)
            .unwrap()
            .unwrap()
            .len(),
        64
    );
    assert_eq!(
        files
            .read_start(b"/sys/devices/pci/dev/config", 8)
            .unwrap()
            .unwrap()
            .len(),
        8
    );
    assert_eq!(files.size(b"/sys/devices/pci/dev/config"), Ok(Some(400)));
    assert_eq!(
        files
            .resolve_link(b"/sys/class/net/eth0/driver")
            .unwrap()
            .unwrap(),
        b"e1000e"
    );
    assert_eq!(files.exists(b"/sys/devices/pci/dev/node"), Ok(true));
    let target = files.read_link(b"/sys/devices/pci/dev/dangling").unwrap();
    assert!(target.is_some());
    assert_eq!(files.exists(b"/sys/devices/pci/dev/dangling"), Ok(false));
    assert_eq!(files.read(b"/sys/devices/pci/dev/missing"), Ok(None));

    let mut expected = Recording::default();
    for (path, what) in [
        ("sys/class/net/eth0", link("../../devices/pci/dev")),
        ("sys/devices/pci/dev/address", file("aa")),
        (
            "sys/devices/pci/dev/config",
            Entry::File([[7; 64].to_vec(), vec![0; 336]].concat()),
        ),
        (
            "sys/devices/pci/dev/driver",
            link("../../../bus/drivers/e1000e"),
        ),
        ("sys/bus/drivers/e1000e", Entry::Folder(Folder::new())),
        ("sys/devices/pci/dev/node", file("")),
        ("sys/devices/pci/dev/dangling", link("../../../gone")),
    ] {
        expected.put(&place(path), what);
    }
    assert_eq!(recording_of(files).unwrap(), expected);
}

#[test]
fn folders_are_recorded_in_their_order() {
    let mut original = Recording::default();
    for name in ["c", "a", "d", "b"] {
        original.put(&place(&format!("sys/list/{name}")), file(name));
    }
    let files = Files::recording(original.clone()).noted().unwrap();
    files.read(b"/sys/list/b").unwrap();
    files.read(b"/sys/list/a").unwrap();
    files.entries(b"/sys/list").unwrap();
    let recording = recording_of(files).unwrap();
    assert_eq!(
        recording.names(b"/sys/list").unwrap(),
        original.names(b"/sys/list").unwrap()
    );
    assert_eq!(recording.read(b"/sys/list/b").unwrap(), b"b");
    assert_eq!(
        recording.read(b"/sys/list/c").unwrap(),
        b"",
        "it was listed, not read"
    );
}
