// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The header is fresh, and compiles wherever C and C++ programs include it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The header as cbindgen makes it from the C skin alone, its modules in the order of `mod.rs`.
fn generated() -> String {
    let skin = root().join("src/ffi");
    let modules = fs::read_to_string(skin.join("mod.rs")).expect("mod.rs");
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml");
    let builder = modules
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "))
        .map(|name| skin.join(name.trim_end_matches(';')).with_extension("rs"))
        .fold(cbindgen::Builder::new(), cbindgen::Builder::with_src);
    let bindings = builder.with_config(config).generate();
    let mut text = Vec::new();
    bindings.expect("the source is parsed").write(&mut text);
    let text = String::from_utf8(text).expect("cbindgen writes UTF-8");
    [
        // rustdoc's heading for what a caller must see to, in words for a C reader.
        (" * # Safety\n", " * The caller sees to it that:\n"),
        // What C90 and C++98 do not have.
        (",\n}", "\n}"),
        ("#endif // __cplusplus\n", "#endif /* __cplusplus */\n"),
        ("#endif  // __cplusplus\n", "#endif /* __cplusplus */\n"),
    ]
    .iter()
    .fold(text, |text, (old, new)| text.replace(old, new))
}

/// `BLESS=1 cargo test --test header` writes the header anew.
#[test]
fn the_header_is_fresh() {
    let path = root().join("include/virnodedev.h");
    let wanted = generated();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &wanted).expect("the header is written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "{} is stale: run BLESS=1 cargo test --test header",
        path.display()
    );
}

/// Compiles a source text; the compiler's words if it complains.
fn compile(name: &str, compiler: &[&str], source: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file: PathBuf = folder.path().join(name);
    fs::write(&file, source).expect("the source is written");
    let output = Command::new(compiler[0])
        .args(&compiler[1..])
        .args(["-Wall", "-Wextra", "-pedantic", "-c", "-o"])
        .arg(folder.path().join("out.o"))
        .arg("-I")
        .arg(root().join("include"))
        .arg(&file)
        .args(std::env::var("WERROR").ok().filter(|word| !word.is_empty()))
        .output()
        .expect("the compiler runs");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.success() {
        true => Ok(()),
        false => Err(words),
    }
}

const C99: [&str; 2] = ["cc", "-std=c99"];
/// Compilers that are not on every machine: they are asked where they are.
const OTHERS: [(&str, &[&str]); 3] = [
    ("x.c", &["tcc", "-std=c99"]),
    ("x.c", &["musl-gcc", "-std=c99"]),
    ("x.c", &["clang", "-std=c99"]),
];

fn others() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    let is_here = |compiler: &[&str]| {
        Command::new(compiler[0])
            .arg("-v")
            .output()
            .is_ok_and(|done| done.status.success())
    };
    OTHERS
        .into_iter()
        .filter(move |(_, compiler)| is_here(compiler))
}

const COMPILERS: [(&str, &[&str]); 4] = [
    ("x.c", &C99),
    ("x.c", &["cc", "-std=c17", "-Wstrict-prototypes"]),
    ("x.cc", &["c++", "-std=c++11"]),
    ("x.cc", &["c++", "-std=c++20"]),
];

#[test]
fn each_header_compiles_alone_and_twice() {
    let headers = [
        "virnodedev.h",
        "libvirt/libvirt.h",
        "libvirt/virterror.h",
        "libvirt/libvirt-qemu.h",
        "libvirt/libvirt-lxc.h",
    ];
    // libvirt's functions have long long, which these two do not know.
    let oldest: [(&str, &[&str]); 2] = [
        ("x.c", &["cc", "-std=c90", "-Wno-long-long"]),
        ("x.cc", &["c++", "-std=c++98", "-Wno-long-long"]),
    ];
    for (file, compiler) in COMPILERS.into_iter().chain(oldest).chain(others()) {
        for header in headers {
            let include = format!("#include <{header}>\n");
            for source in [include.clone(), include.repeat(2)] {
                if let Err(words) = compile(file, compiler, &source) {
                    panic!("{compiler:?} on {source}: {words}");
                }
            }
        }
    }
}

/// A program as written for libvirt: every type, constant and function of the area under its usual name.
const PROGRAM: &str = include_str!("data/header_program.c");

#[test]
fn a_program_for_libvirt_compiles_as_c_and_cpp() {
    for (file, compiler) in COMPILERS.into_iter().chain(others()) {
        if let Err(words) = compile(file, compiler, PROGRAM) {
            panic!("{compiler:?}: {words}");
        }
    }
}

#[test]
fn the_compiler_is_strict_enough_to_notice() {
    let unknown = format!("{PROGRAM}\nint x(void) {{ return virNoSuchFunction(); }}\n");
    let strict = ["cc", "-std=c99", "-Werror=implicit-function-declaration"];
    assert!(compile("x.c", &strict, PROGRAM).is_ok());
    assert!(compile("x.c", &strict, &unknown).is_err());
}

/// The number that the header's macro `name` stands for.
fn macro_value(header: &str, name: &str) -> u64 {
    let line = header
        .lines()
        .find_map(|l| l.strip_prefix(&format!("#define {name} ")))
        .unwrap_or_else(|| panic!("{name} is not in the header"));
    line.trim()
        .parse()
        .unwrap_or_else(|_| panic!("{name} is {line}"))
}

#[test]
fn the_version_macros_are_those_of_the_crate() {
    let header = fs::read_to_string(root().join("include/virnodedev.h")).expect("the header");
    let parts = ["MAJOR", "MINOR", "MICRO"]
        .map(|part| macro_value(&header, &format!("VIRNODEDEV_VERSION_{part}")));
    assert_eq!(
        parts.map(|p| p.to_string()).join("."),
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(macro_value(&header, "LIBVIR_VERSION_NUMBER"), 12008000);
}
