// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Runs a program of the system, and waits for it for a limited time.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::MemfdFlags;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::host::environment;

/// Folders with programs for the administrator, which the PATH of a user may lack.
const ADMIN_FOLDERS: [&str; 2] = ["/usr/sbin", "/sbin"];

/// How long to wait for a program that changes a device, or for the device that it makes: as long as libvirt waits.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The most that is kept of a program's output, in bytes; the rest is read and dropped.
const OUTPUT_LIMIT: usize = 1 << 20;

/// How a line begins with which a program tells why it failed.
const ERROR: &[u8] = b"error";

/// How many times a pipe is read before the time limit is checked.
const READS: usize = 64;

/// How long a killed program is waited for; one that hangs in a system call may not end at all.
const END: Duration = Duration::from_secs(5);

/// How often to check whether the program has ended, where no descriptor tells (Linux before 5.3).
const SLICE: Duration = Duration::from_millis(10);

/// The output of a program, and how it ended.
#[derive(Debug)]
pub struct Output {
    /// Its exit status; `None` if a signal ended it, or if the status is lost: this process ignores SIGCHLD, or another
    /// part of it waits for every child.
    pub status: Option<i32>,
    /// The number of the signal that ended it; `None` if none did, or if the status is lost.
    pub signal: Option<i32>,
    /// Its standard output, cut to 1 MiB.
    pub stdout: Vec<u8>,
    /// Its error output, cut to 1 MiB.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Whether it succeeded. If the status is lost, whether it printed no error.
    pub fn is_good(&self) -> bool {
        match (self.status, self.signal) {
            (Some(status), _) => status == 0,
            (None, Some(_)) => false,
            (None, None) => !self.speaks_of_error(),
        }
    }

    fn speaks_of_error(&self) -> bool {
        let is_error = |line: &[u8]| {
            let start = line.get(..ERROR.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(ERROR))
        };
        self.stderr.split(|&b| b == b'\n').any(is_error)
    }
}

/// Runs `program` until it ends, with `stdin` as its input and messages in English. It is looked for in PATH unless its
/// name has a slash, and no shell is used. After `limit` its process group is killed, and the error is ETIMEDOUT.
/// ENOENT if there is no such program.
pub fn run(program: &str, args: &[&OsStr], stdin: &[u8], limit: Duration) -> io::Result<Output> {
    let deadline = Instant::now() + limit;
    let path = find(program).ok_or(Errno::NOENT)?;
    let input = match stdin {
        [] => Stdio::null(),
        text => file_of(text)?.into(),
    };
    let child = Command::new(path)
        .args(args)
        .env("LC_ALL", "C")
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let mut running = Running::new(child);
    let ended = running.listen(deadline);
    if ended.is_err() {
        running.kill();
        let _ = running.listen(Instant::now() + END);
    }
    ended?;
    // It has ended. Without a status, another part of the process has waited for it.
    let status = running.child.try_wait().ok().flatten();
    let [stdout, stderr] = running.pipes.map(|pipe| pipe.text);
    Ok(Output {
        status: status.and_then(|status| status.code()),
        signal: status.and_then(|status| status.signal()),
        stdout,
        stderr,
    })
}

/// A file in memory for the input. With a pipe, a program that does not read everything would cause SIGPIPE in this
/// process.
fn file_of(text: &[u8]) -> io::Result<File> {
    let make = |flags| rustix::fs::memfd_create("input", MemfdFlags::CLOEXEC | flags);
    // A host may require the flag (sysctl vm.memfd_noexec); Linux before 6.3 does not have it.
    let made = make(MemfdFlags::NOEXEC_SEAL).or_else(|_| make(MemfdFlags::empty()));
    let mut file: File = made?.into();
    file.write_all(text)?;
    file.rewind()?;
    Ok(file)
}

/// The first file with this name in PATH that can be run; `None` if there is none.
pub fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(program.into());
    }
    let path = environment::variable("PATH").unwrap_or_else(|| OsString::from("/usr/bin:/bin"));
    let folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    folders
        .chain(ADMIN_FOLDERS.map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| may_run(file))
}

fn may_run(file: &Path) -> bool {
    file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}

/// The output of a program on one descriptor.
#[derive(Debug)]
struct Pipe {
    /// `None` after its end was read.
    file: Option<File>,
    text: Vec<u8>,
}

impl Pipe {
    fn new(fd: Option<impl Into<OwnedFd>>) -> Pipe {
        let fd = fd.map(Into::into);
        let fd = fd.filter(|fd| rustix::io::ioctl_fionbio(fd, true).is_ok());
        Pipe {
            file: fd.map(File::from),
            text: Vec::new(),
        }
    }

    /// Reads what is there; a part of it if there is no end.
    fn drain(&mut self) {
        let mut buffer = [0; 4096];
        for _ in 0..READS {
            let Some(file) = &mut self.file else { return };
            match file.read(&mut buffer) {
                Ok(n) if n > 0 => {
                    let room = OUTPUT_LIMIT - self.text.len();
                    self.text.extend_from_slice(&buffer[..n.min(room)]);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                _ => self.file = None,
            }
        }
    }
}

/// A program that was started.
struct Running {
    child: Child,
    /// A descriptor that is readable when the program has ended; `None` if the kernel has no such descriptors.
    end: Option<OwnedFd>,
    pipes: [Pipe; 2],
}

impl Running {
    fn new(mut child: Child) -> Running {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Running {
            end: pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()),
            pipes: [
                Pipe::new(child.stdout.take()),
                Pipe::new(child.stderr.take()),
            ],
            child,
        }
    }

    /// Reads the output until the program has ended. Programs that it left running may keep the descriptors open, but
    /// are not waited for.
    fn listen(&mut self, deadline: Instant) -> io::Result<()> {
        loop {
            let has_ended = self.has_ended();
            self.pipes.iter_mut().for_each(Pipe::drain);
            if has_ended {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Errno::TIMEDOUT.into());
            }
            self.wait(left);
        }
    }

    fn has_ended(&mut self) -> bool {
        // An error means that the child has ended and was waited for by another part of the process.
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until there is output, the program ends or the time is over.
    fn wait(&self, left: Duration) {
        let outputs = self.pipes.iter().filter_map(|pipe| pipe.file.as_ref());
        let mut fds: Vec<_> = outputs
            .map(|file| PollFd::new(file, PollFlags::IN))
            .collect();
        let limit = match &self.end {
            Some(end) => {
                fds.push(PollFd::new(end, PollFlags::IN));
                left
            }
            None => left.min(SLICE),
        };
        let limit = Timespec::try_from(limit).ok();
        let _ = poll(&mut fds, limit.as_ref());
    }

    fn kill(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn shell(script: &str, stdin: &[u8], limit: Duration) -> io::Result<Output> {
        run("sh", &["-c".as_ref(), script.as_ref()], stdin, limit)
    }

    #[test]
    fn status_and_both_outputs_are_told() {
        let done = shell("echo out; echo err >&2; exit 3", b"", MINUTE).unwrap();
        assert_eq!(done.status, Some(3));
        assert!(!done.is_good());
        assert_eq!(
            (&done.stdout[..], &done.stderr[..]),
            (&b"out\n"[..], &b"err\n"[..])
        );
        assert!(shell("test $LC_ALL = C", b"", MINUTE).unwrap().is_good());
        let killed = shell("kill -9 $$", b"", MINUTE).unwrap();
        assert_eq!((killed.status, killed.signal), (None, Some(9)));
        assert!(!killed.is_good());
    }

    #[test]
    fn what_is_said_decides_where_the_status_is_lost() {
        let lost = |stderr: &str| Output {
            status: None,
            signal: None,
            stdout: Vec::new(),
            stderr: stderr.into(),
        };
        assert!(lost("").is_good());
        assert!(lost("[WARN] no error\n").is_good());
        assert!(!lost("[WARN] x\nError: Device already exists\n").is_good());
        assert!(!lost("error: unexpected argument").is_good());
    }

    #[test]
    fn input_of_any_size_goes_through_while_output_comes() {
        let input = vec![b'x'; 300_000];
        let done = shell("cat", &input, MINUTE).unwrap();
        assert_eq!(done.stdout, input);
        let done = shell("exec <&-; echo closed", &input, MINUTE).unwrap();
        assert_eq!(done.stdout, b"closed\n");
        assert_eq!(shell("cat", b"", MINUTE).unwrap().stdout, b"");
        let named = shell("cat /dev/stdin", b"by name", MINUTE).unwrap();
        assert_eq!(named.stdout, b"by name");
    }

    #[test]
    fn output_without_end_is_cut() {
        let done = shell("head -c 3000000 /dev/zero", b"", MINUTE).unwrap();
        assert_eq!((done.status, done.stdout.len()), (Some(0), OUTPUT_LIMIT));
        let begin = Instant::now();
        let endless = shell("exec cat /dev/zero", b"", Duration::from_millis(300));
        assert_eq!(endless.unwrap_err().raw_os_error(), Some(libc::ETIMEDOUT));
        assert!(begin.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn what_takes_too_long_is_killed_with_its_children() {
        let begin = Instant::now();
        let late = shell(
            "sleep 60 & echo $!; sleep 60",
            b"",
            Duration::from_millis(300),
        );
        assert_eq!(late.unwrap_err().raw_os_error(), Some(libc::ETIMEDOUT));
        assert!(begin.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn what_is_left_running_is_not_waited_for() {
        let begin = Instant::now();
        let done = shell("sleep 20 & echo $!", b"", MINUTE).unwrap();
        assert!(begin.elapsed() < Duration::from_secs(10));
        let pid: i32 = String::from_utf8(done.stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        rustix::process::kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        for program in ["virnodedev-no-such-program", "/virnodedev/none"] {
            let error = run(program, &[], b"", MINUTE).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        }
        assert!(find("sh").unwrap().is_absolute());
    }
}
