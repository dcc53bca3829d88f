// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Links the shared library with the version nodes of `libvirnodedev.map`.
//!
//! rustc always passes the linker a version script without nodes. GNU ld refuses another one beside it, and
//! rust-lld ignores that. So the C compiler is made to run a small program named `ld.bfd`, which passes the map
//! in place of rustc's script and runs the real linker.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=libvirnodedev.map");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        fail("only Linux is supported: the library reads /sys and udev");
    }
    let map = directory("CARGO_MANIFEST_DIR").join("libvirnodedev.map");
    let out = directory("OUT_DIR");
    if let Err(e) = fs::copy(&map, out.join("libvirnodedev.map")) {
        fail(&format!("cannot copy {}: {e}", map.display()));
    }
    let linker = real_linker();
    // The map is beside the wrapper: both stay together when the checkout is moved.
    let wrapper = format!(
        "#!/bin/sh\n\
         map=${{0%/*}}/libvirnodedev.map\n\
         for arg; do\n\
         \x20 shift\n\
         \x20 case $arg in --version-script=*) arg=--version-script=$map ;; esac\n\
         \x20 set -- \"$@\" \"$arg\"\n\
         done\n\
         exec {} \"$@\"\n",
        quoted(&linker),
    );
    write_program(&out.join("ld.bfd"), &wrapper);
    for arg in [
        format!("-B{}", out.display()),
        "-fuse-ld=bfd".into(),
        "-Wl,-soname,libvirnodedev.so.0".into(),
        // dlclose() must not unload the library: other threads may run in it, and each has its last error in it.
        "-Wl,-z,nodelete".into(),
    ] {
        println!("cargo::rustc-cdylib-link-arg={arg}");
    }
}

/// The path of GNU ld, as the C compiler that links for rustc finds it.
fn real_linker() -> String {
    let driver = env::var("RUSTC_LINKER").unwrap_or_else(|_| "cc".into());
    let answer = Command::new(&driver)
        .arg("-print-prog-name=ld.bfd")
        .output()
        .unwrap_or_else(|e| fail(&format!("cannot run the C compiler '{driver}': {e}")));
    let path = String::from_utf8_lossy(&answer.stdout).trim().to_string();
    let path = if path.is_empty() {
        "ld.bfd".into()
    } else {
        path
    };
    let version = Command::new(&path)
        .env("LC_ALL", "C")
        .arg("--version")
        .output();
    match version {
        Ok(v) if String::from_utf8_lossy(&v.stdout).contains("GNU ld") => path,
        _ => fail(&format!(
            "GNU ld ('{path}') was not found: install binutils. It is needed for the \
             version nodes of the shared library"
        )),
    }
}

fn directory(variable: &str) -> PathBuf {
    match env::var_os(variable) {
        Some(path) => path.into(),
        None => fail(&format!(
            "{variable} is not set: build.rs must be run by cargo"
        )),
    }
}

/// The text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn write_program(path: &Path, text: &str) {
    let written = fs::write(path, text)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o755)));
    if let Err(e) = written {
        fail(&format!("cannot write {}: {e}", path.display()));
    }
}

fn fail(why: &str) -> ! {
    println!("cargo::error={why}");
    exit(1)
}
