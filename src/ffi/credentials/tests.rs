// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Questions, codes, domains and texts are those of libvirt 12.8.0, asked to open the same file.

use std::cell::RefCell;
use std::ffi::c_uint;

use super::*;
use crate::ffi::connect::{virConnectClose, virConnectOpen, virConnectOpenAuth};
use crate::ffi::testing::{last_words, note_errors, text};
use crate::ffi::types::{virConnectAuth, virConnectCredentialPtr};

const NODE: &str =
    "<node><auth><user password='123456'>astrochicken</user><user>hellraiser</user></auth></node>";
const ASKED_NAME: &str = "2 Enter username for localhost [localhost]";
const ASKED_PASSWORD: &str = "5 Enter astrochicken's password for localhost []";

/// The answers to name and password, the status of each, and what was asked.
type Script = ([Option<&'static CStr>; 2], [c_int; 2], Vec<String>);

thread_local! {
    static SCRIPT: RefCell<Script> =
        const { RefCell::new(([None; 2], [0; 2], Vec::new())) };
}

unsafe extern "C-unwind" fn answer(
    questions: virConnectCredentialPtr,
    number: c_uint,
    _: *mut c_void,
) -> c_int {
    assert_eq!(number, 1);
    // SAFETY: one question of the library.
    let question = unsafe { &mut *questions };
    SCRIPT.with_borrow_mut(|(answers, status, asked)| {
        let prompt = text(question.prompt).unwrap_or_default();
        let challenge = text(question.challenge).unwrap_or_default();
        asked.push(format!("{} {prompt} [{challenge}]", question.r#type));
        let which = usize::from(question.r#type != NAME);
        if let Some(answer) = answers[which] {
            // SAFETY: a string of the test.
            question.result = unsafe { libc::strdup(answer.as_ptr()) };
        }
        status[which]
    })
}

/// Opens the file: what was asked, and the error, if there is one.
fn open(
    kinds: &mut [c_int],
    answers: [Option<&'static CStr>; 2],
    status: [c_int; 2],
) -> (Vec<String>, Option<(i32, i32, String)>) {
    note_errors();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.xml");
    std::fs::write(&path, NODE).unwrap();
    let uri = CString::new(format!("test://{}", path.display())).unwrap();
    SCRIPT.set((answers, status, Vec::new()));
    let mut auth = virConnectAuth {
        credtype: kinds.as_mut_ptr(),
        ncredtype: kinds.len() as c_uint,
        cb: Some(answer),
        cbdata: ptr::null_mut(),
    };
    // SAFETY: strings and function of the test.
    let conn = unsafe { virConnectOpenAuth(uri.as_ptr(), &mut auth, 0) };
    let error = conn.is_null().then(last_words);
    if error.is_none() {
        assert_eq!(virConnectClose(conn), 0);
    }
    (SCRIPT.with_borrow(|script| script.2.clone()), error)
}

#[test]
fn who_is_a_user_gets_in() {
    let (name, password) = (Some(c"astrochicken"), Some(c"123456"));
    let both = || vec![ASKED_NAME.to_string(), ASKED_PASSWORD.to_string()];
    assert_eq!(open(&mut [2, 5], [name, password], [0, 0]), (both(), None));
    assert_eq!(open(&mut [5, 2], [name, password], [1, 1]), (both(), None));
    let (asked, error) = open(&mut [2, 7, 5], [name, password], [0, 0]);
    assert!(
        error.is_none() && asked[1].starts_with("7 Enter"),
        "{asked:?}"
    );
    // Has no password.
    let asked = open(&mut [2], [Some(c"hellraiser"), None], [0, 0]);
    assert_eq!(asked, (vec![ASKED_NAME.to_string()], None));
}

#[test]
fn who_is_none_does_not() {
    let (name, password) = (Some(c"astrochicken"), Some(c"123456"));
    let refused = "authentication failed: authentication failed, see test XML for the correct username/password";
    let nobody = "authentication failed: Username request failed";
    let silent = "operation failed: failed to retrieve user response for authentication callback";
    let unable = "Operation not supported: no suitable callback authentication callback was found";
    let nameless = "authentication failed: Missing VIR_CRED_AUTHNAME credential type";
    for (kinds, answers, status, code, domain, message) in [
        (&[2, 5][..], [name, Some(c"wrong")], [0, 0], 45, 12, refused),
        (&[2, 5], [name, Some(c"")], [0, 0], 45, 12, refused),
        (
            &[2, 5],
            [Some(c"nobody"), password],
            [0, 0],
            45,
            12,
            refused,
        ),
        (&[2, 5], [Some(c""), password], [0, 0], 45, 12, refused),
        (&[2, 5], [None, password], [0, 0], 45, 46, nobody),
        (&[2, 5], [name, password], [-1, 0], 45, 46, nobody),
        (&[2, 5], [name, None], [0, 0], 9, 46, silent),
        (&[2, 5], [name, password], [0, -1], 9, 46, silent),
        (&[2], [name, None], [0, 0], 84, 46, unable),
        (&[5], [name, password], [0, 0], 45, 46, nameless),
        (&[6, 7], [name, password], [0, 0], 45, 46, nameless),
        (&[], [name, password], [0, 0], 45, 46, nameless),
    ] {
        let (_, error) = open(&mut kinds.to_vec(), answers, status);
        assert_eq!(
            error,
            Some((code, domain, message.to_string())),
            "{kinds:?}"
        );
    }
}

#[test]
fn a_program_that_cannot_be_asked_does_not_get_in() {
    note_errors();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.xml");
    std::fs::write(&path, NODE).unwrap();
    let uri = CString::new(format!("test://{}", path.display())).unwrap();
    // SAFETY: a NUL-terminated string.
    assert!(unsafe { virConnectOpen(uri.as_ptr()) }.is_null());
    let text = "invalid argument: Missing authentication credentials";
    assert_eq!(last_words(), (8, 46, text.into()));
    let mut auth = virConnectAuth {
        credtype: ptr::null_mut(),
        ncredtype: 0,
        cb: None,
        cbdata: ptr::null_mut(),
    };
    // SAFETY: as above, and there is no function to be called.
    assert!(unsafe { virConnectOpenAuth(uri.as_ptr(), &mut auth, 0) }.is_null());
    let text = "invalid argument: Missing authentication callback";
    assert_eq!(last_words(), (8, 46, text.into()));
    std::fs::write(&path, "<node><auth><user/></auth></node>").unwrap();
    // SAFETY: as above.
    assert!(unsafe { virConnectOpen(uri.as_ptr()) }.is_null());
    let text = "XML error: missing username in /node/auth/user field";
    assert_eq!(last_words(), (27, 12, text.into()));
    std::fs::write(&path, "<node><auth/></node>").unwrap();
    // SAFETY: as above.
    let conn = unsafe { virConnectOpen(uri.as_ptr()) };
    assert_eq!(virConnectClose(conn), 0);
}
