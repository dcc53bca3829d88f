// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0

mod entities;

use super::*;
use crate::error::{Code, Domain};

fn root(document: &str) -> Element {
    parse(document.as_bytes(), None).unwrap()
}

fn message(document: &[u8]) -> String {
    parse(document, None).map(drop).unwrap_err().message()
}

/// Columns count characters, also on a line that goes on behind an element.
#[test]
fn columns() {
    let root = root("<\u{e9}>\u{1f600}\t<a/><!--\n--><b\nc=''/><d/></\u{e9}>");
    let places: Vec<_> = root
        .children
        .iter()
        .map(|e| (&*e.name, e.line, e.column))
        .collect();
    assert_eq!(places, [("a", 1, 6), ("b", 2, 4), ("d", 3, 7)]);
}

#[test]
fn a_tree_of_elements() {
    let root = root(
        "\u{feff}<?xml version='1.0' encoding='UTF-8'?>\n<!DOCTYPE a [<!ENTITY e 'x'>]>\n\
         <!-- c --><a p='1' q=\"&lt;2\">\r\n  <b/>x&amp;<![CDATA[<&]]>&#x20;&#233;\n\
         <c:d\n  r=''>one<?pi?> two</c:d>\n  <b>2</b></a>\n<!-- end -->\n",
    );
    assert_eq!(root.name, "a");
    assert_eq!(
        (root.attribute("p"), root.attribute("q")),
        (Some("1"), Some("<2"))
    );
    assert_eq!(root.attribute("r"), None);
    assert_eq!(root.text, "\n  x&<& é\n\n  ");
    assert_eq!(root.child_text("c:d"), Some("one two"));
    let found: Vec<_> = root
        .children_named("b")
        .map(|b| (b.line, b.column, &*b.text))
        .collect();
    assert_eq!(found, [(4, 3, ""), (7, 3, "2")]);
    assert_eq!(
        root.children.iter().map(|e| e.line).collect::<Vec<_>>(),
        [4, 5, 7]
    );
    assert_eq!((root.line, root.column), (3, 11));
}

/// The messages of libvirt 12.8.0 for these documents (recorded).
#[test]
fn recorded_messages() {
    let cases: [(&str, &str); 5] = [
        ("", "at line 1: Document is empty\n"),
        ("\n", "at line 2: Start tag expected, '<' not found\n"),
        (
            "hello",
            "at line 1: Start tag expected, '<' not found\nhello\n^",
        ),
        (
            "<device><parent>computer",
            "at line 1: Premature end of data in tag parent line 1\n\
             <device><parent>computer\n------------------------^",
        ),
        (
            "<device><parent>computer\n",
            "at line 2: Premature end of data in tag parent line 1\n\
             <device><parent>computer\n------------------------^",
        ),
    ];
    for (document, expected) in cases {
        let error = parse(document.as_bytes(), None).unwrap_err();
        assert_eq!(error.message(), expected);
        assert_eq!(
            (error.code(), error.domain()),
            (Code::XmlDetail, Domain::NodeDevice)
        );
    }
}

/// The first message of `xmllint --noout` (libxml2 2.9.14), with the column of its pointer.
#[test]
fn messages_in_the_words_of_libxml2() {
    let cases: [(&str, &str, usize); 46] = [
        (
            "<a></b>",
            "Opening and ending tag mismatch: a line 1 and b",
            7,
        ),
        ("<a", "Couldn't find end of Start Tag a line 1", 2),
        ("<a b", "Specification mandates value for attribute b", 4),
        ("<a b=>", "AttValue: \" or ' expected", 5),
        ("<a b=1/>", "AttValue: \" or ' expected", 5),
        ("<a b='1/>", "AttValue: ' expected", 9),
        ("<a b='1' b='2'/>", "Attribute b redefined", 14),
        (
            "<a b='<'/>",
            "Unescaped '<' not allowed in attributes values",
            6,
        ),
        ("<a b='1'c='2'/>", "attributes construct error", 8),
        ("<a b='&x;'/>", "Entity 'x' not defined", 9),
        ("<a/b/>", "error parsing attribute name", 2),
        ("<a>&x;</a>", "Entity 'x' not defined", 6),
        ("<a>&lt</a>", "EntityRef: expecting ';'", 6),
        ("<a>& </a>", "xmlParseEntityRef: no name", 4),
        ("<a>&", "xmlParseEntityRef: no name", 4),
        ("<a>&#1;</a>", "xmlParseCharRef: invalid xmlChar value 1", 7),
        ("<a>&#xZ;</a>", "CharRef: invalid hexadecimal value", 6),
        ("<a>&#Z;</a>", "CharRef: invalid decimal value", 5),
        ("<a>\u{1}</a>", "PCDATA invalid Char value 1", 3),
        ("<a/><b/>", "Extra content at the end of the document", 4),
        ("<a/>x", "Extra content at the end of the document", 4),
        ("<a/>&amp;", "Extra content at the end of the document", 4),
        ("<a></a></a>", "Extra content at the end of the document", 7),
        ("<1/>", "StartTag: invalid element name", 1),
        ("</a>", "StartTag: invalid element name", 1),
        ("<a><!DOCTYPE a></a>", "StartTag: invalid element name", 4),
        ("<a><!x></a>", "StartTag: invalid element name", 4),
        ("<a><!-- x</a>", "Comment not terminated", 13),
        ("<a><![CDATA[x</a>", "CData section not finished", 17),
        ("<a>]]></a>", "Sequence ']]>' not allowed in content", 3),
        (
            " <?xml version='1.0'?><a/>",
            "XML declaration allowed only at the start of the document",
            6,
        ),
        ("<a></a", "expected '>'", 6),
        ("<a></", "expected '>'", 5),
        ("<a></a b>", "expected '>'", 7),
        ("<a></a  b>", "expected '>'", 8),
        ("</", "StartTag: invalid element name", 1),
        ("<![CDATA[x]]><a/>", "StartTag: invalid element name", 1),
        ("<a><b", "Couldn't find end of Start Tag b line 1", 5),
        ("<a/></", "Extra content at the end of the document", 4),
        ("<a/>  x", "Extra content at the end of the document", 6),
        (
            "<a/><![CDATA[]]>",
            "Extra content at the end of the document",
            4,
        ),
        ("  x", "Start tag expected, '<' not found", 2),
        ("<?xml version='2.0'?><a/>", "Unsupported version '2.0'", 19),
        (
            "<!DOCTYPE a [<!ENTITY x '&y'>]><a/>",
            "EntityValue: '&' forbidden except for entities references",
            28,
        ),
        (
            "<!DOCTYPE a [<!ENTITY x '&#xZ;'>]><a/>",
            "CharRef: invalid hexadecimal value",
            31,
        ),
        (
            "<!DOCTYPE a [<!ENTITY x 'y'>",
            "DOCTYPE improperly terminated",
            28,
        ),
    ];
    for (document, words, column) in cases {
        let pointer = "-".repeat(column);
        assert_eq!(
            message(document.as_bytes()),
            format!("at line 1: {words}\n{document}\n{pointer}^")
        );
    }
}

/// Where libxml2's words are others, or its pointer is less exact.
#[test]
fn messages_in_other_words() {
    for (document, words, column) in [
        (
            "<a>x]]></a>",
            "Sequence ']]>' not allowed in content",
            "<a>x".len(),
        ),
        (
            "<a><?pi x</a>",
            "processing instruction not finished",
            "<a><?pi x</a>".len(),
        ),
        (
            "<?xml version=1.0?><a/>",
            "AttValue: \" or ' expected",
            "<?xml version=".len(),
        ),
    ] {
        let pointer = "-".repeat(column);
        assert_eq!(
            message(document.as_bytes()),
            format!("at line 1: {words}\n{document}\n{pointer}^")
        );
    }
    // libxml2 knows these encodings; here, only documents without other characters are read in them.
    let russian = b"<?xml version='1.0' encoding='KOI8-R'?><a>\xc1</a>";
    assert!(message(russian).contains("Unsupported encoding: KOI8-R"));
    let german = b"<?xml version='1.0' encoding='ASCII'?><a>\xfc</a>";
    assert!(message(german).contains("Invalid bytes in character encoding"));
}

/// Of a long line, 80 characters are shown, as by libxml2; the last is the one that the pointer stands under.
#[test]
fn a_long_line_is_cut_behind_the_pointer() {
    let document = format!("<a>{}&y;{}</a>", "x".repeat(150), "z".repeat(19));
    let pointer = "-".repeat(79);
    assert_eq!(
        message(document.as_bytes()),
        format!(
            "at line 1: Entity 'y' not defined\n{}&y;z\n{pointer}^",
            "x".repeat(76)
        )
    );
}

/// Documents that libvirt 12.8.0 accepted, and those that it refused, with the start of its message (recorded).
#[test]
fn prologs() {
    let accepted: [&[u8]; 25] = [
        b"<?xml version='1.0' encoding='ISO-8859-1'?><a>caf\xe9</a>",
        b"<?xml version='1.0' encoding='windows-1252'?><a/>",
        b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><a>caf\xc3\xa9</a>",
        b"\xef\xbb\xbf<?xml version='1.0' encoding='ISO-8859-1'?><a>caf\xc3\xa9</a>",
        b"<?xml version='1.1'?><a/>",
        b"<?xml version='1.0' standalone='yes'?><a/>",
        b"<?xml version='1.0' standalone='no'?><a/>",
        b"<?xml version='1.0' encoding='US-ASCII'?><a/>",
        b"<?xml version='1.0' encoding='ASCII'?><a/>",
        b"<?pi x?><a/>",
        b"<?a:b x?><a/>",
        b"<?xml-foo x?><a/>",
        b"<a>b<?x y?>c</a>",
        b" \n<a/> \n",
        b"<!DOCTYPE a><a/>",
        b"<!DOCTYPE a SYSTEM 'file:///nosuch.dtd'><a/>",
        b"<!DOCTYPE a PUBLIC 'x' 'http://127.0.0.1:9/x'><a/>",
        b"<!DOCTYPE a [<!ELEMENT a ANY><!ATTLIST a b CDATA '>'><!NOTATION c SYSTEM 'd'>]><a/>",
        b"<!DOCTYPE a [<!-- ]> --><?x ]>?>]><a/>",
        b"<!DOCTYPE a [<!ENTITY % x SYSTEM 'file:///etc/hostname'> %x;]><a/>",
        b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><a/>",
        b"<!DOCTYPE a [<!ENTITY x 'yy'>]><a>&x;</a>",
        b"<!DOCTYPE a [<!ENTITY lt '&#38;#60;'>]><a>&lt;</a>",
        b"<a></a\n>",
        b"<a b='&#x10FFFF;'/>",
    ];
    for document in accepted {
        let read = parse(document, None);
        assert!(read.is_ok(), "{}: {read:?}", document.escape_ascii());
    }
    let refused: [(&[u8], &str); 31] = [
        (b"<a>caf\xe9</a>", "Invalid bytes in character encoding"),
        (b"<a b='\xc0\x80'/>", "Invalid bytes in character encoding"),
        (
            b"<a b='\xed\xa0\x80'/>",
            "Invalid bytes in character encoding",
        ),
        (
            b"<?xml version='1.0' encoding='US-ASCII'?><a>\xc3\xa9</a>",
            "Invalid bytes in character encoding",
        ),
        (
            b"<?xml version='1.0' encoding='bogus'?><a/>",
            "Unsupported encoding: bogus\n<?xml version='1.0' encoding='bogus'?><a/>\n\
             ------------------------------------^",
        ),
        (b"<?xml version='1.0' encoding='UTF-16'?><a/>", ""),
        (b"<?xml version='1.0' encoding='EBCDIC-US'?><a/>", ""),
        (b"<?xml version='2.0'?><a/>", "Unsupported version '2.0'"),
        (b"<?xml version='abc'?><a/>", ""),
        (
            b"<?xml encoding='UTF-8'?><a/>",
            "Malformed declaration expecting version\n<?xml encoding='UTF-8'?><a/>\n------^",
        ),
        (b"<?xml ?><a/>", "Malformed declaration expecting version"),
        (
            b"<?xml version='1.0' standalone='maybe'?><a/>",
            "standalone accepts only 'yes' or 'no'",
        ),
        (
            b"<?xml version='1.0' foo='bar'?><a/>",
            "parsing XML declaration: '?>' expected",
        ),
        (b"<?xml version=1.0?><a/>", ""),
        (
            b" <?xml version='1.0'?><a/>",
            "XML declaration allowed only at the start of the document",
        ),
        (b"<?XML x?><a/>", "Invalid PI name\n<?XML x?><a/>\n-----^"),
        (
            b"<? x?><a/>",
            "xmlParsePI : no target name\n<? x?><a/>\n--^",
        ),
        (b"<?1 x?><a/>", "xmlParsePI : no target name"),
        (
            b"<!DOCTYPE><a/>",
            "Space required after 'DOCTYPE'\n<!DOCTYPE><a/>\n---------^",
        ),
        (
            b"<!DOCTYPE a foo><a/>",
            "DOCTYPE improperly terminated\n<!DOCTYPE a foo><a/>\n------------^",
        ),
        (
            b"<!DOCTYPE a [foo]><a/>",
            "Content error in the internal subset\n<!DOCTYPE a [foo]><a/>\n-------------^",
        ),
        (
            b"<!DOCTYPE a [<foo>]><a/>",
            "Content error in the internal subset",
        ),
        (
            b"<!doctype a><a/>",
            "StartTag: invalid element name\n<!doctype a><a/>\n-^",
        ),
        (
            b"<!DOCTYPE a><!DOCTYPE b><a/>",
            "StartTag: invalid element name\n<!DOCTYPE a><!DOCTYPE b><a/>\n-------------^",
        ),
        (b"<!DOCTYPE a []><a>&x;</a>", "Entity 'x' not defined"),
        (
            b"<!DOCTYPE a [<!ENTITY x '&x;'>]><a>&x;</a>",
            "Detected an entity reference loop",
        ),
        (
            b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><a b='&x;'/>",
            "Entity 'x' is external",
        ),
        (b"<a b='\xef\xbf\xbe'/>", ""),
        (b"<a/>\x01", ""),
        (b"<a/><!-- -- -->", "Double hyphen within comment"),
        (b"<a></a b='1'>", "expected '>'"),
    ];
    for (document, expected) in refused {
        let message = message(document);
        let (_, words) = message.split_once(": ").unwrap();
        assert!(words.starts_with(expected), "{message}");
    }
    let latin = parse(accepted[0], None).unwrap();
    assert_eq!(latin.text, "caf\u{e9}");
    let wide: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(message(&wide).contains("invalid Char value 0"));
}

#[test]
fn size_is_limited() {
    let sized = |n: usize| format!("<a>{}</a>", "x".repeat(n - 7));
    assert_eq!(root(&sized(SIZE_LIMIT)).text.len(), SIZE_LIMIT - 7);
    assert_eq!(
        message(sized(SIZE_LIMIT + 1).as_bytes()),
        "at line 1: Document is larger than 10485760 bytes\n"
    );
}

/// The memory for elements is limited by the document's size; small documents may have any number of them.
#[test]
fn memory_is_limited() {
    let children = |child: &str, count: usize| format!("<a>{}</a>", child.repeat(count));
    assert_eq!(root(&children("<b/>", 5_000)).children.len(), 5_000);
    let usual = "<address domain='0' bus='1'>12</address>\n";
    assert_eq!(root(&children(usual, 30_000)).children.len(), 30_000);
    for dense in [
        "<b/>",
        "<b>1<c/></b>",
        "<b c=''/>",
        "<b c='' d='' e=''/>",
        "<b><c/></b>",
    ] {
        let count = 1_500_000 / dense.len();
        let error = message(children(dense, count).as_bytes());
        let expected = "at line 1: Document would take more than 16 times its size of memory\n";
        assert!(error.starts_with(expected), "{dense}: {error}");
    }
}

#[test]
fn depth_is_limited() {
    let nested = |n: usize| "<a>".repeat(n) + &"</a>".repeat(n);
    assert_eq!(root(&nested(DEPTH_LIMIT)).children.len(), 1);
    assert!(message(nested(DEPTH_LIMIT + 1).as_bytes()).contains("Excessive depth"));
    assert!(message("<a>".repeat(1_000_000).as_bytes()).contains("Excessive depth"));
}

/// Found by fuzzing: the tokenizer skips a second mark without counting it.
#[test]
fn one_byte_order_mark_is_enough() {
    assert_eq!(root("\u{feff}<a>x</a>").text, "x");
    let two = message("\u{feff}\u{feff}<devic\u{e9}>".as_bytes());
    assert!(two.contains("Start tag expected"), "{two}");
    let inside = message("<!DOCTYPE a>\u{feff}<a/>".as_bytes());
    assert!(inside.contains("Start tag expected"), "{inside}");
}
