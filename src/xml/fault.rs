// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What is wrong with XML text, with messages in the words and the layout of libxml2, which libvirt uses.

use crate::error::{Code, Error};

/// How much of the line is shown in a message, in bytes.
const WINDOW: usize = 80;

/// A fault for which a text is not well-formed XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Its offset, in bytes from the start of the document.
    pub at: usize,
    pub message: String,
}

impl Fault {
    pub fn new(at: usize, message: impl Into<String>) -> Fault {
        Fault {
            at,
            message: message.into(),
        }
    }

    /// The error (code 35), with the line and a pointer into it. `source` is the name of the file; `None` if the
    /// document does not come from a file.
    pub fn into_error(self, document: &str, source: Option<&str>) -> Error {
        let place = match source {
            Some(source) => format!("{source}:{}", line_of(document, self.at)),
            None => format!("at line {}", line_of(document, self.at)),
        };
        let message = self.message;
        let (context, column) = context(document, self.at);
        Error::new(
            Code::XmlDetail,
            match context {
                "" => format!("{place}: {message}\n"),
                _ => format!("{place}: {message}\n{context}\n{}^", "-".repeat(column)),
            },
        )
    }
}

/// The number of the line that holds a byte, from 1.
fn line_of(document: &str, at: usize) -> usize {
    let before = &document.as_bytes()[..at.min(document.len())];
    1 + before.iter().filter(|b| **b == b'\n').count()
}

/// The offset of the character to which a byte belongs, or the end of the text.
fn boundary(document: &str, at: usize) -> usize {
    let mut before = (0..=at.min(document.len())).rev();
    before
        .find(|at| document.is_char_boundary(*at))
        .unwrap_or(0)
}

/// The part of the line around a byte, and the column of the byte in it. For a byte right behind the end of a
/// line, that line.
fn context(document: &str, at: usize) -> (&str, usize) {
    let bytes = document.as_bytes();
    let is_end = |b: u8| matches!(b, b'\n' | b'\r');
    let mut at = at.min(bytes.len());
    while at > 0 && is_end(bytes[at - 1]) {
        at -= 1;
    }
    let line = bytes[..at]
        .iter()
        .rposition(|b| is_end(*b))
        .map_or(0, |p| p + 1);
    let start = boundary(document, line.max((at + 1).saturating_sub(WINDOW)));
    let end = bytes[start..]
        .iter()
        .position(|b| is_end(*b))
        .map_or(bytes.len(), |p| start + p);
    let end = boundary(document, end.min(start + WINDOW));
    let at = boundary(document, at).clamp(start, end);
    (&document[start..end], document[start..at].chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(document: &str, at: usize) -> String {
        Fault::new(at, "wrong").into_error(document, None).message()
    }

    #[test]
    fn the_line_is_shown_with_a_pointer() {
        assert_eq!(
            message("<a>\n <é b>\n</a>", 8),
            "at line 2: wrong\n <é b>\n---^"
        );
        assert_eq!(message("<a>\n", 4), "at line 2: wrong\n<a>\n---^");
        assert_eq!(message("", 0), "at line 1: wrong\n");
        assert_eq!(message("\n", 1), "at line 2: wrong\n");
        let named = Fault::new(0, "wrong").into_error("x", Some("/tmp/y.xml"));
        assert_eq!(named.message(), "/tmp/y.xml:1: wrong\nx\n^");
    }

    #[test]
    fn long_lines_are_cut_around_the_pointer() {
        let long = "é".repeat(500);
        for at in (0..=1000).step_by(2) {
            let (shown, column) = context(&long, at);
            assert!(shown.len() <= WINDOW && column <= shown.chars().count());
        }
        assert_eq!(context(&long, 0), (&long[..80], 0));
        assert_eq!(context(&long, 1000), (&long[920..], 40));
    }
}
