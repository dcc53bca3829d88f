// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Connection URIs, and the devices that they ask for.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use crate::error::{Code, Domain, Error, Result};
use crate::host::environment;
use crate::text::uri::{Uri, decode};

/// The environment variable with the URI for programs that give none.
pub const DEFAULT_URI_VARIABLE: &str = "LIBVIRT_DEFAULT_URI";

const DEFAULT_URI: &str = "nodedev:///system";

/// The schemes of hypervisors that run on the host itself: their URIs mean this host's devices.
const LOCAL_HYPERVISORS: [&str; 8] = ["bhyve", "ch", "libxl", "lxc", "openvz", "qemu", "vz", "xen"];

/// The devices that a URI asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceSource {
    /// The devices of this host.
    Host,
    /// The recorded machine below a folder, or in an archive.
    Recording(PathBuf),
    /// The built-in devices of the test driver.
    TestDefault,
    /// The devices of a test driver file.
    TestFile(PathBuf),
}

/// The URI to open: `name`, or for `None` or an empty name the one in [`DEFAULT_URI_VARIABLE`], or
/// else `nodedev:///system`. Code 1 if it is not UTF-8.
pub fn effective(name: Option<&[u8]>) -> Result<String> {
    let uri = match name {
        Some(name) if !name.is_empty() => name.to_vec(),
        _ => environment::variable(DEFAULT_URI_VARIABLE)
            .map_or_else(|| DEFAULT_URI.into(), OsString::into_vec),
    };
    String::from_utf8(uri).map_err(|e| unparsable(&String::from_utf8_lossy(e.as_bytes())))
}

fn unparsable(uri: &str) -> Error {
    Error::new(Code::InternalError, format!("Unable to parse URI {uri}")).in_domain(Domain::Uri)
}

fn refused(detail: impl Into<String>) -> Error {
    Error::new(Code::NoConnect, detail).in_domain(Domain::None)
}

fn internal(detail: String) -> Error {
    Error::new(Code::InternalError, detail).in_domain(Domain::None)
}

/// The devices that `uri` asks for. Code 1 if it is malformed or has an unknown path, 5 if no
/// driver serves it, 8 if it names no root of a recorded machine.
pub fn source_of(uri: &str) -> Result<DeviceSource> {
    if !uri.contains(':') {
        return Err(refused(format!(
            "URI '{uri}' does not include a driver name"
        )));
    }
    let Uri {
        scheme,
        host,
        path,
        query,
    } = Uri::parse(uri).ok_or_else(|| unparsable(uri))?;
    if !host.is_empty() {
        return Err(refused(format!(
            "{uri}: this library has no remote access, connect to the devices of this host with {DEFAULT_URI}"
        )));
    }
    let path = decode(path);
    // `qemu+unix:///system` names the transport to a local daemon.
    match scheme.split_once('+').map_or(scheme, |(driver, _)| driver) {
        "nodedev" => match path.as_bytes() {
            b"/system" | b"/session" => Ok(DeviceSource::Host),
            b"/embed" => recording(uri, query),
            _ => Err(internal(format!(
                "unexpected nodedev URI path '{}', try {DEFAULT_URI}",
                path.to_string_lossy()
            ))),
        },
        "test" => match path.as_bytes() {
            b"/default" => Ok(DeviceSource::TestDefault),
            b"" | b"/" => Err(internal(format!(
                "{uri}: name a file of devices, or the built-in ones by test:///default"
            ))),
            _ => Ok(DeviceSource::TestFile(path.into())),
        },
        driver if LOCAL_HYPERVISORS.contains(&driver) => Ok(DeviceSource::Host),
        _ => Err(refused(uri)),
    }
}

/// The root in `nodedev:///embed?root=…`.
fn recording(uri: &str, query: &str) -> Result<DeviceSource> {
    let bad = |why: &str| {
        Error::new(
            Code::InvalidArg,
            format!("{uri}: {why}, as in nodedev:///embed?root=/folder/of/recording"),
        )
        .in_domain(Domain::None)
    };
    let root = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("root="))
        .ok_or_else(|| bad("the query must name the root of a recorded tree"))?;
    let root = PathBuf::from(decode(root));
    if !root.is_absolute() {
        return Err(bad("the root must be an absolute path"));
    }
    Ok(DeviceSource::Recording(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host_has_many_names() {
        let mut uris: Vec<_> = LOCAL_HYPERVISORS
            .iter()
            .map(|driver| format!("{driver}:///system"))
            .collect();
        for other in [
            "nodedev:///system",
            "nodedev:///session",
            "nodedev:/system",
            "nodedev+unix:///system",
            "qemu+unix:///system",
            "qemu+unix:///system?socket=/x#y",
            "lxc:///",
            "lxc:",
        ] {
            uris.push(other.to_string());
        }
        for uri in uris {
            assert_eq!(source_of(&uri), Ok(DeviceSource::Host), "{uri}");
        }
    }

    #[test]
    fn a_name_stands_for_itself_and_is_text() {
        assert_eq!(effective(Some(b"x:y")), Ok("x:y".to_string()));
        assert_eq!(effective(Some(b"")), effective(None));
        let error = effective(Some(b"test:///\xff")).unwrap_err();
        assert_eq!(
            (error.code(), error.domain()),
            (Code::InternalError, Domain::Uri)
        );
        assert_eq!(
            error.message(),
            "internal error: Unable to parse URI test:///\u{fffd}"
        );
    }

    #[test]
    fn recordings_need_an_absolute_root() {
        for (query, root) in [
            ("root=/tmp/a%20b", &b"/tmp/a b"[..]),
            ("root=/%ff%2F+", b"/\xff/+"),
            ("x=y&root=/a&root=/b&z", b"/a"),
        ] {
            let root = PathBuf::from(OsString::from_vec(root.to_vec()));
            assert_eq!(
                source_of(&format!("nodedev:///embed?{query}")),
                Ok(DeviceSource::Recording(root)),
                "{query}"
            );
        }
        let hint = "as in nodedev:///embed?root=/folder/of/recording";
        for (query, why) in [
            ("", "the query must name the root of a recorded tree"),
            (
                "?roots=/",
                "the query must name the root of a recorded tree",
            ),
            ("?root=tmp", "the root must be an absolute path"),
            ("?root=", "the root must be an absolute path"),
        ] {
            let uri = format!("nodedev:///embed{query}");
            let error = source_of(&uri).unwrap_err();
            assert_eq!(
                (error.code(), error.domain()),
                (Code::InvalidArg, Domain::None)
            );
            assert!(
                error.message().ends_with(&format!("{uri}: {why}, {hint}")),
                "{error}"
            );
        }
    }

    #[test]
    fn test_driver_files() {
        assert_eq!(source_of("test:///default"), Ok(DeviceSource::TestDefault));
        assert_eq!(
            source_of("test:///tmp/x.xml"),
            Ok(DeviceSource::TestFile("/tmp/x.xml".into()))
        );
        assert_eq!(
            source_of("test:///%FF"),
            Ok(DeviceSource::TestFile(
                OsString::from_vec(b"/\xff".to_vec()).into()
            ))
        );
        for uri in ["test:", "test:/", "test:///"] {
            let error = source_of(uri).unwrap_err();
            assert_eq!(error.code(), Code::InternalError, "{uri}");
            assert!(error.message().contains("name a file of devices"), "{uri}");
        }
    }

    #[test]
    fn refusals_say_why() {
        let cases = [
            (
                "nodedev",
                Code::NoConnect,
                Domain::None,
                "no connection driver available for URI 'nodedev' does not include a driver name",
            ),
            (
                "bogus:///x",
                Code::NoConnect,
                Domain::None,
                "no connection driver available for bogus:///x",
            ),
            (
                "nodedev:///nosuch",
                Code::InternalError,
                Domain::None,
                "internal error: unexpected nodedev URI path '/nosuch', try nodedev:///system",
            ),
            (
                "nodedev:///a b",
                Code::InternalError,
                Domain::Uri,
                "internal error: Unable to parse URI nodedev:///a b",
            ),
        ];
        for (uri, code, domain, message) in cases {
            let error = source_of(uri).unwrap_err();
            assert_eq!(error.code(), code, "{uri}");
            assert_eq!(error.domain(), domain, "{uri}");
            assert_eq!(error.message(), message, "{uri}");
        }
        let remote = source_of("qemu+ssh://host/system").unwrap_err();
        assert_eq!(remote.code(), Code::NoConnect);
        assert!(remote.message().contains("no remote access"));
    }
}
