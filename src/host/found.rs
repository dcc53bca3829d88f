// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Keeps what is missing apart from what failed.
//!
//! A host need not have what is asked for, which is an answer: `Ok(None)`. If a process has no descriptor left, or a
//! disk cannot be read, there is no answer: `Err`. To take that for "there is none" would be to report devices as
//! removed that are still there.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::{Errno, retry_on_intr};

use crate::error::{Error, Result};
use crate::text;

/// What was looked for; `None` if it is not there; the error of a system call that failed (code 38).
pub type Found<T> = Result<Option<T>>;

/// Whether an error means that there is no such thing, at least for this process.
///
/// EACCES, EPERM: the process may not see it. EINVAL, EISDIR, ENOTDIR: something else is in its place. ELOOP,
/// ENAMETOOLONG: a link leads nowhere. ENODEV, ENXIO, ENODATA, EOPNOTSUPP: the kernel or a driver has none. ESRCH: the
/// process that it belongs to has ended. EFBIG: it is larger than anything that belongs there.
fn is_missing(error: &io::Error) -> bool {
    match Errno::from_io_error(error) {
        Some(errno) => matches!(
            errno,
            Errno::NOENT
                | Errno::NOTDIR
                | Errno::ISDIR
                | Errno::INVAL
                | Errno::LOOP
                | Errno::NAMETOOLONG
                | Errno::ACCESS
                | Errno::PERM
                | Errno::NODEV
                | Errno::NXIO
                | Errno::NODATA
                | Errno::SRCH
                | Errno::OPNOTSUPP
                | Errno::FBIG
        ),
        // The error of cap-std for a path that leads out of a recorded tree.
        None => error.kind() == io::ErrorKind::PermissionDenied,
    }
}

/// Whether the process or the system lacks a resource that any call needs: descriptors or memory.
pub fn is_shortage(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS
    )
}

/// Whether the system failed, so that the error says nothing about what was asked for.
pub fn is_failure(errno: Errno) -> bool {
    errno == Errno::IO || is_shortage(errno)
}

/// Turns the result of a system call on a file into what was found; `what` is what was to be done, for the message.
pub fn found<T>(what: &str, path: &[u8], result: io::Result<T>) -> Found<T> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(e) if is_missing(&e) => Ok(None),
        Err(e) => Err(Error::io(
            format!("cannot {what} {}", text::clean(path)),
            &e,
        )),
    }
}

/// Repeats a system call as long as signals interrupt it.
pub fn retry_interrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Makes a system call that the kernel may pass on to a driver. It is repeated as long as signals interrupt it, and
/// once after EIO, which can mean that hardware did not answer or that the system failed.
pub fn retry_once_on_eio<T>(
    mut ask: impl FnMut() -> rustix::io::Result<T>,
) -> rustix::io::Result<T> {
    match retry_on_intr(&mut ask) {
        Err(Errno::IO) => retry_on_intr(ask),
        answer => answer,
    }
}

/// The result of such a system call. Drivers refuse with different errors, all of which are returned as ENODATA.
pub fn answer_of_driver<T>(ask: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    retry_once_on_eio(ask).map_err(|errno| match is_shortage(errno) {
        true => errno,
        false => Errno::NODATA,
    })
}

/// Turns the result of opening a socket, by which the kernel is asked for `what`, into what was found; `None` if the
/// process may not have such a socket, or the kernel has none.
pub fn optional_socket(what: &str, socket: rustix::io::Result<OwnedFd>) -> Found<OwnedFd> {
    match socket {
        Ok(socket) => Ok(Some(socket)),
        Err(
            Errno::ACCESS | Errno::PERM | Errno::AFNOSUPPORT | Errno::PROTONOSUPPORT | Errno::NOSYS,
        ) => Ok(None),
        Err(e) => Err(Error::io(
            format!("cannot open a socket to ask for {what}"),
            &e.into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Cause, Code};

    #[test]
    fn what_is_missing_is_no_failure() {
        let of = |errno: Errno| found::<()>("read", b"/sys/x", Err(errno.into()));
        for errno in [Errno::NOENT, Errno::NODEV, Errno::ACCESS, Errno::INVAL] {
            assert_eq!(of(errno), Ok(None));
        }
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::IO] {
            let error = of(errno).unwrap_err();
            assert_eq!(error.code(), Code::SystemError);
            let what = "cannot read /sys/x".to_string();
            let errno = errno.raw_os_error();
            assert_eq!(*error.cause(), Cause::System { what, errno });
        }
        assert_eq!(found("read", b"", Ok(1)), Ok(Some(1)));
    }

    #[test]
    fn interrupted_calls_are_made_again() {
        let mut results = vec![Ok(7), Err(Errno::INTR), Err(Errno::INTR)];
        assert_eq!(
            retry_interrupted(|| Ok(results.pop().unwrap()?)).unwrap(),
            7
        );
    }

    #[test]
    fn drivers_are_asked_twice_what_hardware_does_not_answer() {
        let ask =
            |mut answers: Vec<rustix::io::Result<u8>>| answer_of_driver(|| answers.pop().unwrap());
        assert_eq!(ask(vec![Ok(1), Err(Errno::IO)]), Ok(1));
        assert_eq!(
            ask(vec![Err(Errno::IO), Err(Errno::IO)]),
            Err(Errno::NODATA)
        );
        assert_eq!(ask(vec![Err(Errno::TIMEDOUT)]), Err(Errno::NODATA));
        assert_eq!(ask(vec![Err(Errno::NOMEM)]), Err(Errno::NOMEM));
    }
}
