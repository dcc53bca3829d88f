// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Asks a program who its user is, where a file of made-up devices names those who may open it.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::{ptr, slice};

use super::cancellation::in_program;
use super::constants::virConnectCredentialType::{
    VIR_CRED_AUTHNAME, VIR_CRED_NOECHOPROMPT, VIR_CRED_PASSPHRASE,
};
use super::failure::{Failure, Result};
use super::guard::Call;
use super::out;
use super::types::{virConnectAuthCallbackPtr, virConnectAuthPtr, virConnectCredential};
use crate::error::{Code, Domain, Error};
use crate::testdriver::User;

const NAME: c_int = VIR_CRED_AUTHNAME as c_int;
/// What a password is asked for as: the first that the program can answer.
const SECRET: [c_int; 2] = [VIR_CRED_PASSPHRASE as c_int, VIR_CRED_NOECHOPROMPT as c_int];
/// Whose users they are, in the words of the questions.
const HOST: &CStr = c"localhost";

fn failure(code: Code, text: &str) -> Failure {
    Error::new(code, text).in_domain(Domain::Auth).into()
}

/// Refuses a program whose user is none of `users`, if there are any. Words, order and codes are those of libvirt 12.8.0.
///
/// # Safety
/// `auth` is NULL or points to a way to authenticate: its array has as many kinds as it says, and its function can
/// be called and stores NULL or malloc'd NUL-terminated strings.
pub(super) unsafe fn authenticate(
    call: &mut Call,
    users: &[User],
    auth: virConnectAuthPtr,
) -> Result<()> {
    if users.is_empty() {
        return Ok(());
    }
    if auth.is_null() {
        let text = "Missing authentication credentials";
        return Err(failure(Code::InvalidArg, text));
    }
    // SAFETY: not NULL, so by the caller's promise a way to authenticate.
    let auth = unsafe { auth.read() };
    if auth.cb.is_none() {
        let text = "Missing authentication callback";
        return Err(failure(Code::InvalidArg, text));
    }
    let kinds: &[c_int] = match auth.credtype.is_null() {
        true => &[],
        // SAFETY: as promised by the caller.
        false => unsafe { slice::from_raw_parts(auth.credtype, auth.ncredtype as usize) },
    };
    if !kinds.contains(&NAME) {
        let text = "Missing VIR_CRED_AUTHNAME credential type";
        return Err(failure(Code::AuthFailed, text));
    }
    let prompt = b"Enter username for localhost".to_vec();
    let question = call.own(|_| Ok(Question::new(NAME, prompt, Some(HOST))))?;
    // SAFETY: as promised by the caller.
    let name = unsafe { question.ask(call, auth.cb, auth.cbdata) }?;
    let name = name.ok_or_else(|| failure(Code::AuthFailed, "Username request failed"))?;
    let user = users.iter().find(|user| user.name.as_bytes() == name);
    if user.is_some_and(|user| user.password.is_none()) {
        return Ok(());
    }
    let Some(kind) = kinds.iter().find(|kind| SECRET.contains(kind)) else {
        let text = "no suitable callback authentication callback was found";
        return Err(failure(Code::OperationUnsupported, text));
    };
    let prompt = [b"Enter ", &name[..], b"'s password for localhost"].concat();
    let question = call.own(|_| Ok(Question::new(*kind, prompt, None)))?;
    // SAFETY: as promised by the caller.
    let password = unsafe { question.ask(call, auth.cb, auth.cbdata) }?;
    let password = password.ok_or_else(|| {
        let text = "failed to retrieve user response for authentication callback";
        failure(Code::OperationFailed, text)
    })?;
    let expected = user.and_then(|user| user.password.as_deref());
    if expected.map(str::as_bytes) == Some(&password[..]) {
        return Ok(());
    }
    let text = "authentication failed, see test XML for the correct username/password";
    Err(Error::new(Code::AuthFailed, text)
        .in_domain(Domain::Test)
        .into())
}

/// A question to the program, with the texts that it points to and the answer that is ours to free.
struct Question {
    credential: virConnectCredential,
    _prompt: CString,
}

impl Question {
    fn new(kind: c_int, prompt: Vec<u8>, challenge: Option<&'static CStr>) -> Question {
        // Made of texts of C, so there is no NUL in it.
        let prompt = CString::new(prompt).unwrap_or_default();
        Question {
            credential: virConnectCredential {
                r#type: kind,
                prompt: prompt.as_ptr(),
                challenge: challenge.map_or(ptr::null(), CStr::as_ptr),
                defresult: ptr::null(),
                result: ptr::null_mut(),
                resultlen: 0,
            },
            _prompt: prompt,
        }
    }

    /// What the program answers; nothing where it does not.
    ///
    /// # Safety
    /// `ask` can be called with `data`, and stores NULL or a malloc'd NUL-terminated string.
    unsafe fn ask(
        mut self,
        call: &mut Call,
        ask: virConnectAuthCallbackPtr,
        data: *mut c_void,
    ) -> Result<Option<Vec<u8>>> {
        let Some(ask) = ask else {
            return Ok(None);
        };
        let at = &raw mut self.credential;
        // SAFETY: one question, and as promised by the caller.
        let status = in_program(|| unsafe { ask(at, 1, data) });
        let result: *const c_char = self.credential.result;
        if status < 0 || result.is_null() {
            return Ok(None);
        }
        // SAFETY: as promised by the caller.
        let answer = unsafe { CStr::from_ptr(result) };
        call.own(|_| Ok(Some(answer.to_bytes().to_vec())))
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        // SAFETY: NULL, or from malloc by the promise of who asked; nobody else has it.
        unsafe { out::free(self.credential.result) };
    }
}

#[cfg(test)]
mod tests;
