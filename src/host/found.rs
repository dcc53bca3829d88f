// SPDX-License-Identifier: LGPL-2.1-or-later
//! Missing and failed are different things.
//!
//! A host does not have everything that is asked for, which is an answer: `Ok(None)`. A process that has no
//! descriptor left, or a disk that cannot be read, gives no answer at all: `Err`. Whoever took that for
//! "there is none" would tell of devices that went and did not.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::{Errno, retry_on_intr};

use crate::error::{Error, Result};
use crate::text;

/// What was looked for, `None` if it is not there, or the error of a system call that failed (code 38).
pub type Found<T> = Result<Option<T>>;

/// Whether an error says that there is no such thing, at least for this process.
///
/// EINVAL, EISDIR, ENOTDIR: something else stands in its place. ELOOP, ENAMETOOLONG: a link leads nowhere. ENODEV,
/// ENXIO, ENODATA, EOPNOTSUPP: the kernel or a driver has none. ESRCH: the process whose it is has ended. EFBIG:
/// more than anything that belongs there.
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
        // cap-std's answer to a path that leads out of a recorded tree.
        None => error.kind() == io::ErrorKind::PermissionDenied,
    }
}

/// Whether the system has not what every call needs, whoever answers it.
pub fn is_shortage(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS
    )
}

/// Whether the system failed, whoever was asked and for what.
pub fn is_failure(errno: Errno) -> bool {
    errno == Errno::IO || is_shortage(errno)
}

/// What a system call on a file found; `what` was to be done to it, for the message.
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

/// Makes a system call again for as long as a signal interrupts it.
pub fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Puts a question that the kernel passes on to a driver: again for as long as a signal interrupts it, and a
/// second time after EIO, which drivers say of hardware that does not answer, and the system of a failure.
pub fn insist<T>(mut ask: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    match retry_on_intr(&mut ask) {
        Err(Errno::IO) => retry_on_intr(ask),
        answer => answer,
    }
}

/// The answer to such a question. A driver refuses with any error that it likes, which all come out as ENODATA.
pub fn answer_of_driver<T>(ask: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    insist(ask).map_err(|errno| match is_shortage(errno) {
        true => errno,
        false => Errno::NODATA,
    })
}

/// A socket by which the kernel is asked of `what`; `None` where the process may not have one, or the kernel
/// knows no such socket.
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
        assert_eq!(again(|| Ok(results.pop().unwrap()?)).unwrap(), 7);
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
