// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Lists of numbers as the kernel writes them for processors and cells: `0-3,8` (kernel:
//! Documentation/admin-guide/cputopology.rst).

use crate::host::files::Files;
use crate::host::found::Found;
use crate::text;

/// More than the kernel can have of either.
const MAX: u32 = 1 << 16;

/// The list in a file, in order. A file without a list counts as missing.
pub fn read(files: &Files, path: &[u8]) -> Found<Vec<u32>> {
    Ok(files.read(path)?.and_then(|text| parse(&text)))
}

fn parse(text: &[u8]) -> Option<Vec<u32>> {
    let mut numbers = Vec::new();
    let number = |text: &[u8]| text::parse_u32(text, 10).filter(|number| *number < MAX);
    for part in text.trim_ascii().split(|&b| b == b',') {
        let mut ends = part.splitn(2, |&b| b == b'-');
        let first = number(ends.next()?)?;
        let last = ends.next().map_or(Some(first), number)?;
        numbers.extend(first..=last);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Some(numbers)
}

/// The text of a list that is in order.
pub fn to_text(numbers: &[u32]) -> String {
    let runs = numbers.chunk_by(|one, next| one + 1 == *next);
    let texts: Vec<_> = runs
        .map(|run| match run {
            [first, .., last] => format!("{first}-{last}"),
            _ => run[0].to_string(),
        })
        .collect();
    texts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_written() {
        for (text, numbers) in [
            ("0\n", &[0][..]),
            ("0-1\n", &[0, 1]),
            ("0-2,8,10-11\n", &[0, 1, 2, 8, 10, 11]),
        ] {
            assert_eq!(parse(text.as_bytes()).as_deref(), Some(numbers), "{text}");
            assert_eq!(to_text(numbers), text.trim_end());
        }
        assert_eq!(parse(b"3,1-2,2").as_deref(), Some(&[1, 2, 3][..]));
        for text in [
            "",
            "\n",
            "x",
            "1-",
            "-1",
            "1,,2",
            "0-4294967295",
            "99999999999",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(to_text(&[]), "");
    }
}
