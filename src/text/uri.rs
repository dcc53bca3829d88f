// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The parts of a URI (RFC 3986, appendix A).

use std::ffi::OsString;
use std::net::Ipv6Addr;
use std::os::unix::ffi::OsStringExt;

/// The parts of a well-formed URI, still percent-encoded; see [`decode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    /// The part before the first colon.
    pub scheme: &'a str,
    /// The host; empty if there is none.
    pub host: &'a str,
    /// The path, from its first slash.
    pub path: &'a str,
    /// The part after the question mark; empty if there is none.
    pub query: &'a str,
}

impl<'a> Uri<'a> {
    /// Splits a URI into its parts; `None` if it is not well-formed.
    pub fn parse(uri: &'a str) -> Option<Uri<'a>> {
        let (scheme, rest) = uri.split_once(':')?;
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = match rest.strip_prefix("//") {
            None => ("", rest),
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (host(authority)?, path)
            }
        };
        let is_good = is_scheme(scheme)
            && is_made_of(path, ":@/")
            && is_made_of(query, ":@/?")
            && is_made_of(fragment, ":@/?");
        is_good.then_some(Uri {
            scheme,
            host,
            path,
            query,
        })
    }
}

/// The bytes of a percent-encoded text, which need not be UTF-8.
pub fn decode(text: &str) -> OsString {
    OsString::from_vec(percent_encoding::percent_decode_str(text).collect())
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// The host of an authority, `user@host:port`.
fn host(authority: &str) -> Option<&str> {
    let (user, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, port) = match place.find(']') {
        Some(end) => place.split_at(end + 1),
        None => place.split_at(place.find(':').unwrap_or(place.len())),
    };
    let mut port = port.bytes();
    let is_good = is_made_of(user, ":")
        && matches!(port.next(), None | Some(b':'))
        && port.all(|digit| digit.is_ascii_digit())
        && (is_made_of(host, "") || is_literal(host));
    is_good.then_some(host)
}

/// Whether a host is an address in brackets: of IPv6, or of a future version.
fn is_literal(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    inner.is_some_and(|inner| match inner.strip_prefix(['v', 'V']) {
        None => inner.parse::<Ipv6Addr>().is_ok(),
        Some(future) => future.split_once('.').is_some_and(|(version, address)| {
            !version.is_empty()
                && version.bytes().all(|digit| digit.is_ascii_hexdigit())
                && !address.is_empty()
                && !address.contains('%')
                && is_made_of(address, ":")
        }),
    })
}

/// Whether a text holds nothing but letters, digits, `-._~!$&'()*+,;=`, these other characters, and
/// bytes as `%` and two hexadecimal digits.
fn is_made_of(text: &str, others: &str) -> bool {
    let mut encoded = text.split('%');
    let is_plain = |text: &str| {
        text.chars().all(|c| {
            c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=".contains(c) || others.contains(c)
        })
    };
    encoded.next().is_some_and(is_plain)
        && encoded.all(|part| {
            part.get(..2).is_some_and(|digits| {
                digits.bytes().all(|b| b.is_ascii_hexdigit()) && is_plain(&part[2..])
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_taken_apart() {
        let cases = [
            ("a:", ("a", "", "", "")),
            ("test:///a/b.xml", ("test", "", "/a/b.xml", "")),
            ("a:/b?c=d?e#f", ("a", "", "/b", "c=d?e")),
            ("a:b:c", ("a", "", "b:c", "")),
            ("a://host", ("a", "host", "", "")),
            ("a+b-c.1://host/x//y", ("a+b-c.1", "host", "/x//y", "")),
            ("a://u:p@host:22/x", ("a", "host", "/x", "")),
            ("a://u@:22/x", ("a", "", "/x", "")),
            ("a://[::1]:/x", ("a", "[::1]", "/x", "")),
            ("a://[::1]", ("a", "[::1]", "", "")),
            ("a://[vF.x:1]/x", ("a", "[vF.x:1]", "/x", "")),
            (
                "a:/-._~!$&'()*+,;=:@%20?/?:@#/?",
                ("a", "", "/-._~!$&'()*+,;=:@%20", "/?:@"),
            ),
        ];
        for (uri, (scheme, host, path, query)) in cases {
            let expected = Uri {
                scheme,
                host,
                path,
                query,
            };
            assert_eq!(Uri::parse(uri), Some(expected), "{uri}");
        }
    }

    /// Texts that no rule of RFC 3986 allows.
    #[test]
    fn other_texts_are_no_uris() {
        for text in [
            "",
            "a",
            "/a",
            ":a",
            "1a:b",
            "-a:b",
            "a_b:c",
            "ä:b",
            "a:b c",
            "a:b\n",
            "a:ä",
            "a:%",
            "a:%2",
            "a:%2g",
            "a:%ä",
            "a:/b^",
            "a:/[b]",
            "a:/b?^",
            "a:/b#^",
            "a:/b#c#d",
            "a:\0",
            "a://b@c@d/",
            "a://b:c/",
            "a://b:1:2/",
            "a://[::1/",
            "a://::1]/",
            "a://[::1]x/",
            "a://[]/",
            "a://[::g]/",
            "a://[v.x]/",
            "a://[v1.]/",
            "a://[vg.x]/",
            "a://[v1x]/",
            "a://[v1.%20]/",
            "a://u^@b/",
            "a://b^/",
            "a://b%2/",
        ] {
            assert_eq!(Uri::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn encoded_bytes_are_bytes() {
        let bytes = |text| decode(text).into_vec();
        assert_eq!(bytes("/a%20b%2F%c3%A9+"), "/a b/\u{e9}+".as_bytes());
        assert_eq!(bytes("%ff%00%fe"), b"\xff\0\xfe");
    }
}
