// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Runs mdevctl(8). If it fails, the error has libvirt's words.

use std::ffi::OsStr;
use std::io;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::files::{Attributes, has_callouts, listed_attributes};
use crate::error::{Cause, Code, Error, Result};
use crate::host::files::Files;
use crate::host::found::is_failure;
use crate::host::program::{self, LIMIT};
use crate::text;

const MDEVCTL: &str = "mdevctl";

/// Whether there is an mdevctl that can be run.
pub fn is_installed() -> bool {
    program::find(MDEVCTL).is_some()
}

/// The parts of the error message for a failure of mdevctl.
#[derive(Debug)]
pub struct FailureText {
    /// What could not be done: the text before the colon.
    pub what: String,
    /// The text after the colon if mdevctl printed nothing.
    pub unknown: &'static str,
}

impl FailureText {
    /// The parts of the error that libvirt has for most commands.
    pub fn of(what: impl Into<String>) -> FailureText {
        FailureText {
            what: what.into(),
            unknown: "Unknown error",
        }
    }
}

/// Whether mdevctl may be run to read a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// No program is started.
    Never,
    /// mdevctl may be run up to this time; devices after that are described without it.
    Until(Instant),
}

impl Asking {
    /// For a call that begins now: all its runs of mdevctl together may take as long as one change may.
    pub fn within_one_call() -> Asking {
        Asking::Until(Instant::now() + LIMIT)
    }
}

/// The attributes of a running device, in order. sysfs does not show them, but for some types mdevctl has a script
/// that knows them. Empty if mdevctl may not be run or has no scripts, and if it fails or takes too long. An error if
/// it could not be started because the system failed (code 38).
pub fn attributes(files: &Files, uuid: &str, asking: Asking) -> Result<Attributes> {
    let Asking::Until(deadline) = asking else {
        return Ok(Vec::new());
    };
    if !files.is_live() || !has_callouts(files)? {
        return Ok(Vec::new());
    }
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Ok(Vec::new());
    }
    let listed = match list(uuid, left) {
        Ok(text) => listed_attributes(text.as_bytes()),
        Err(e) => match e.cause() {
            Cause::System { errno, .. } if is_failure(Errno::from_raw_os_error(*errno)) => {
                return Err(e);
            }
            _ => None,
        },
    };
    Ok(listed.unwrap_or_default())
}

/// What mdevctl prints for a running device.
fn list(uuid: &str, limit: Duration) -> Result<String> {
    let failure = FailureText::of("failed to query mdevs from mdevctl");
    let uuid = format!("--uuid={uuid}");
    run_within(limit, &["list", "--dumpjson", &uuid], "", &failure)
}

/// Runs mdevctl with `json` as its input, and returns what it printed, without white space around it. Code 1 if it
/// fails, ends by a signal or takes too long; code 38 if it cannot be run.
pub fn run(args: &[impl AsRef<OsStr>], json: &str, failure: &FailureText) -> Result<String> {
    run_within(LIMIT, args, json, failure)
}

fn run_within(
    limit: Duration,
    args: &[impl AsRef<OsStr>],
    json: &str,
    failure: &FailureText,
) -> Result<String> {
    let output = output_of(limit, args, json, failure)?;
    if let Some(signal) = output.signal {
        let args: Vec<_> = args
            .iter()
            .map(|arg| arg.as_ref().to_string_lossy())
            .collect();
        let command = args.join(" ");
        return Err(Error::new(
            Code::InternalError,
            format!("Child process (mdevctl {command}) unexpected fatal signal {signal}"),
        ));
    }
    if !output.is_good() {
        let said = text::clean(&output.stderr);
        let said = if said.is_empty() {
            failure.unknown
        } else {
            &said
        };
        return Err(Error::new(
            Code::InternalError,
            format!("{}: {said}", failure.what),
        ));
    }
    Ok(text::clean(&output.stdout).trim().to_string())
}

/// Runs mdevctl for at most `limit`, and returns its output, whether it succeeded or not.
pub fn output_of(
    limit: Duration,
    args: &[impl AsRef<OsStr>],
    json: &str,
    failure: &FailureText,
) -> Result<program::Output> {
    let args: Vec<_> = args.iter().map(AsRef::as_ref).collect();
    let what = &failure.what;
    program::run(MDEVCTL, &args, json.as_bytes(), limit).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => {
            Error::system("Cannot find 'mdevctl' in path", libc::ENOENT)
        }
        io::ErrorKind::TimedOut => {
            let seconds = limit.as_secs();
            Error::new(Code::InternalError, format!(
                "{what}: mdevctl did not end within {seconds} seconds and was killed; see with 'mdevctl list' what it has done"
            ))
        }
        _ => Error::io(format!("{what}: cannot run mdevctl"), &e),
    })
}
