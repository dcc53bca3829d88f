// SPDX-License-Identifier: LGPL-2.1-or-later
//! Which devices a connection URI asks for.

use std::path::{Path, PathBuf};

use fluent_uri::Uri;

use crate::environment;
use crate::error::{Code, Domain, Error, Result};

/// The environment variable that names the connection of a program that names none.
pub const DEFAULT_URI_VARIABLE: &str = "LIBVIRT_DEFAULT_URI";

const DEFAULT_URI: &str = "nodedev:///system";

/// Hypervisors that run on the host whose devices are asked for.
const LOCAL_HYPERVISORS: [&str; 8] = ["bhyve", "ch", "libxl", "lxc", "openvz", "qemu", "vz", "xen"];

/// What a URI asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The devices of this host.
    Host,
    /// The recorded tree below a folder.
    Recording(PathBuf),
    /// The built-in devices of the test driver.
    TestDefault,
    /// The devices of a test driver file.
    TestFile(PathBuf),
}

/// The URI that `name` stands for: itself, or the default for none.
pub fn effective(name: Option<&str>) -> String {
    match name {
        Some(name) if !name.is_empty() => name.to_string(),
        _ => environment::variable(DEFAULT_URI_VARIABLE)
            .and_then(|uri| uri.into_string().ok())
            .unwrap_or_else(|| DEFAULT_URI.to_string()),
    }
}

fn refused(detail: impl Into<String>) -> Error {
    Error::new(Code::NoConnect, detail).in_domain(Domain::None)
}

fn internal(detail: String) -> Error {
    Error::new(Code::InternalError, detail).in_domain(Domain::None)
}

/// Decides what `uri` asks for.
pub fn target(uri: &str) -> Result<Target> {
    if !uri.contains(':') {
        return Err(refused(format!(
            "URI '{uri}' does not include a driver name"
        )));
    }
    let parsed = Uri::parse(uri).map_err(|_| {
        Error::new(Code::InternalError, format!("Unable to parse URI {uri}")).in_domain(Domain::Uri)
    })?;
    if parsed.authority().is_some_and(|a| !a.host().is_empty()) {
        return Err(refused(format!(
            "{uri}: this library has no remote access, connect to the devices of this host with {DEFAULT_URI}"
        )));
    }
    let path = parsed.path().decode().to_string_lossy().into_owned();
    // `qemu+unix:///system` names the transport to a local daemon.
    let scheme = parsed.scheme().as_str();
    match scheme.split_once('+').map_or(scheme, |(driver, _)| driver) {
        "nodedev" => match path.as_str() {
            "/system" | "/session" => Ok(Target::Host),
            "/embed" => recording(uri, parsed.query().map_or("", |query| query.as_str())),
            _ => Err(internal(format!(
                "unexpected nodedev URI path '{path}', try {DEFAULT_URI}"
            ))),
        },
        "test" => match path.as_str() {
            "/default" => Ok(Target::TestDefault),
            "" | "/" => Err(internal(format!(
                "{uri}: name a file of devices, or the built-in ones by test:///default"
            ))),
            file => Ok(Target::TestFile(file.into())),
        },
        driver if LOCAL_HYPERVISORS.contains(&driver) => Ok(Target::Host),
        _ => Err(refused(uri)),
    }
}

/// The folder of `nodedev:///embed?root=DIR`.
fn recording(uri: &str, query: &str) -> Result<Target> {
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
    let root = fluent_uri::pct_enc::EStr::<fluent_uri::pct_enc::encoder::Query>::new(root)
        .map(|root| root.decode().to_string_lossy().into_owned())
        .ok_or_else(|| bad("the root is not well-formed"))?;
    if !Path::new(&root).is_absolute() {
        return Err(bad("the root must be an absolute path"));
    }
    Ok(Target::Recording(root.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host_has_many_names() {
        for uri in [
            "nodedev:///system",
            "nodedev:///session",
            "qemu:///system",
            "qemu+unix:///system",
            "xen:///system",
            "lxc:///",
        ] {
            assert_eq!(target(uri), Ok(Target::Host), "{uri}");
        }
    }

    #[test]
    fn recordings_need_an_absolute_root() {
        assert_eq!(
            target("nodedev:///embed?root=/tmp/a%20b"),
            Ok(Target::Recording("/tmp/a b".into()))
        );
        for uri in [
            "nodedev:///embed",
            "nodedev:///embed?root=tmp",
            "nodedev:///embed?root=",
        ] {
            let error = target(uri).unwrap_err();
            assert_eq!(error.code(), Code::InvalidArg, "{uri}");
        }
    }

    #[test]
    fn test_driver_files() {
        assert_eq!(target("test:///default"), Ok(Target::TestDefault));
        assert_eq!(
            target("test:///tmp/x.xml"),
            Ok(Target::TestFile("/tmp/x.xml".into()))
        );
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
            let error = target(uri).unwrap_err();
            assert_eq!(error.code(), code, "{uri}");
            assert_eq!(error.domain(), domain, "{uri}");
            assert_eq!(error.message(), message, "{uri}");
        }
        let remote = target("qemu+ssh://host/system").unwrap_err();
        assert_eq!(remote.code(), Code::NoConnect);
        assert!(remote.message().contains("no remote access"));
    }
}
