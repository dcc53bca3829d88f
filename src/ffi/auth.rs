// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The ready-made way to authenticate: questions at the terminal.
//!
//! What asks is `credentials`; programs written for libvirt refer to it.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::io::{ErrorKind, Write};
use std::ptr;

use super::args;
use super::cancellation::{OwnWork, in_program, points::read};
use super::constants::virConnectCredentialType::{
    VIR_CRED_AUTHNAME, VIR_CRED_ECHOPROMPT, VIR_CRED_EXTERNAL, VIR_CRED_NOECHOPROMPT,
    VIR_CRED_PASSPHRASE, VIR_CRED_REALM,
};
use super::out;
use super::shield::shield;
use super::types::{
    virConnectAuth, virConnectAuthPtr, virConnectCredential, virConnectCredentialPtr,
};

const KINDS: usize = 6;

static mut CREDENTIAL_TYPES: [c_int; KINDS] = [
    VIR_CRED_AUTHNAME as c_int,
    VIR_CRED_ECHOPROMPT as c_int,
    VIR_CRED_REALM as c_int,
    VIR_CRED_PASSPHRASE as c_int,
    VIR_CRED_NOECHOPROMPT as c_int,
    VIR_CRED_EXTERNAL as c_int,
];

static mut DEFAULT: virConnectAuth = virConnectAuth {
    credtype: (&raw mut CREDENTIAL_TYPES).cast(),
    ncredtype: KINDS as c_uint,
    cb: Some(ask_at_terminal),
    cbdata: ptr::null_mut(),
};

/// A way to authenticate for virConnectOpenAuth(): asks at the terminal, on standard output and input.
///
/// Since virnodedev 0.1.0 (libvirt 0.4.0).
#[unsafe(no_mangle)]
pub static mut virConnectAuthPtrDefault: virConnectAuthPtr = &raw mut DEFAULT;

unsafe extern "C-unwind" fn ask_at_terminal(
    cred: virConnectCredentialPtr,
    ncred: c_uint,
    _cbdata: *mut c_void,
) -> c_int {
    let _own_work = OwnWork::begin();
    for index in 0..ncred as usize {
        // SAFETY: the caller passes ncred questions.
        let at = unsafe { cred.add(index) };
        // SAFETY: as above, and nobody else uses them meanwhile.
        let Some(question) = (unsafe { at.as_mut() }) else {
            return -1;
        };
        if answer(question).is_none() {
            return -1;
        }
    }
    0
}

fn answer(question: &mut virConnectCredential) -> Option<()> {
    const HIDDEN: [c_int; 2] = [VIR_CRED_PASSPHRASE as c_int, VIR_CRED_NOECHOPROMPT as c_int];
    const SHOWN: [c_int; 3] = [
        VIR_CRED_AUTHNAME as c_int,
        VIR_CRED_ECHOPROMPT as c_int,
        VIR_CRED_REALM as c_int,
    ];
    let hidden = HIDDEN.contains(&question.r#type);
    if !hidden && !SHOWN.contains(&question.r#type) {
        return None;
    }
    let echo = hidden.then(Silence::new);
    shield(None, || {
        let mut output = std::io::stdout();
        output.write_all(text(question.prompt)).ok()?;
        output.write_all(b":").ok()?;
        output.flush().ok()
    })?;
    let line = read_line()?;
    drop(echo);
    shield(None, || {
        let end = line.iter().rposition(|byte| !b"\r\n".contains(byte));
        let given = match end {
            Some(last) => &line[..=last],
            None => text(question.defresult),
        };
        question.result = out::bytes(given).ok()?;
        question.resultlen = given.len().try_into().ok()?;
        Some(())
    })
}

/// A line of standard input with its end, if there is any. The thread can be cancelled meanwhile.
fn read_line() -> Option<Vec<u8>> {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let mut byte = 0u8;
        let at = (&raw mut byte).cast();
        // SAFETY: there is room for one byte.
        match in_program(|| unsafe { read(libc::STDIN_FILENO, at, 1) }) {
            0 => break,
            1 => line.push(byte),
            _ if std::io::Error::last_os_error().kind() == ErrorKind::Interrupted => {}
            _ => return None,
        }
    }
    (!line.is_empty()).then_some(line)
}

fn text<'a>(text: *const c_char) -> &'a [u8] {
    // SAFETY: the strings of a question are NULL or NUL-terminated and outlive the call.
    unsafe { args::opt_text(text) }.map_or(b"", CStr::to_bytes)
}

/// Keeps the terminal from showing what is typed.
struct Silence(Option<libc::termios>);

impl Silence {
    fn new() -> Self {
        let mut now = std::mem::MaybeUninit::<libc::termios>::uninit();
        // SAFETY: fills the settings where standard input is a terminal.
        if unsafe { libc::tcgetattr(libc::STDIN_FILENO, now.as_mut_ptr()) } != 0 {
            return Silence(None);
        }
        // SAFETY: filled, since the call succeeded.
        let before = unsafe { now.assume_init() };
        let mut quiet = before;
        quiet.c_lflag &= !libc::ECHO;
        // SAFETY: whole settings of the same terminal.
        unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSAFLUSH, &quiet) };
        Silence(Some(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // SAFETY: the settings that the terminal had.
            unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSAFLUSH, before) };
            // Nobody is left to tell when that fails.
            let _ = std::io::stdout().write_all(b"\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn default() -> virConnectAuth {
        let at = &raw const virConnectAuthPtrDefault;
        // SAFETY: nothing in the tests changes the variable.
        let auth = unsafe { at.read() };
        // SAFETY: it points to the library's own value.
        unsafe { auth.read() }
    }

    // Kinds and their order as in libvirt 12.8.0.
    #[test]
    fn the_default_names_the_kinds_it_can_answer() {
        let auth = default();
        let kinds = (0..auth.ncredtype as usize).map(|index| {
            // SAFETY: inside the array, whose length the value tells.
            let at = unsafe { auth.credtype.add(index) };
            // SAFETY: as above.
            unsafe { at.read() }
        });
        assert_eq!(kinds.collect::<Vec<_>>(), [2, 6, 8, 5, 7, 9]);
        assert!(auth.cbdata.is_null());
    }

    #[test]
    fn what_cannot_be_asked_at_a_terminal_fails() {
        let ask = default().cb.expect("a function");
        let mut question = virConnectCredential {
            r#type: VIR_CRED_EXTERNAL as c_int,
            prompt: ptr::null(),
            challenge: ptr::null(),
            defresult: ptr::null(),
            result: ptr::null_mut(),
            resultlen: 0,
        };
        // SAFETY: one question of the test.
        assert_eq!(unsafe { ask(&mut question, 1, ptr::null_mut()) }, -1);
        assert!(question.result.is_null());
        // SAFETY: no questions.
        assert_eq!(unsafe { ask(ptr::null_mut(), 0, ptr::null_mut()) }, 0);
    }
}
