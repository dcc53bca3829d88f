// SPDX-License-Identifier: LGPL-2.1-or-later

use super::*;

fn root(document: &str) -> Element {
    parse(document.as_bytes(), None).unwrap()
}

fn message(document: &[u8]) -> String {
    parse(document, None).unwrap_err().message()
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

/// What libvirt 12.8.0 said of these (recorded from it).
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
            (error.code() as i32, error.domain() as i32, error.int1()),
            (35, 22, -1)
        );
    }
}

/// The first message of `xmllint --noout` (libxml2 2.9.14), with the column of its pointer.
#[test]
fn messages_in_the_words_of_libxml2() {
    let cases: [(&str, &str, usize); 33] = [
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

#[test]
fn encodings_other_than_utf_8_are_refused() {
    assert_eq!(
        message(b"<a>\xff</a>"),
        "at line 1: Input is not proper UTF-8, indicate encoding !\n<a>\u{fffd}</a>\n---^"
    );
    let latin = "<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>";
    assert!(message(latin.as_bytes()).contains("Unsupported encoding ISO-8859-1\n"));
    assert_eq!(root(&latin.replace('é', "e")).text, "e");
    let wide: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(message(&wide).contains("invalid Char value 0"));
}

#[test]
fn entities_do_not_grow() {
    let bomb = "<!DOCTYPE a [<!ENTITY x 'aaaa'><!ENTITY y '&x;&x;&x;'>]><a>&y;</a>";
    assert!(message(bomb.as_bytes()).contains("Entity 'y' not defined"));
    let outside = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><a b='&x;'/>";
    assert!(message(outside.as_bytes()).contains("Entity 'x' not defined"));
}

#[test]
fn depth_is_limited() {
    let nested = |n: usize| "<a>".repeat(n) + &"</a>".repeat(n);
    assert_eq!(root(&nested(DEPTH_LIMIT)).children.len(), 1);
    assert!(message(nested(DEPTH_LIMIT + 1).as_bytes()).contains("Excessive depth"));
    assert!(message("<a>".repeat(1_000_000).as_bytes()).contains("Excessive depth"));
}

/// Found by fuzzing: the tokeniser passes over a second mark without counting it.
#[test]
fn one_byte_order_mark_is_enough() {
    assert_eq!(root("\u{feff}<a>x</a>").text, "x");
    let two = message("\u{feff}\u{feff}<devic\u{e9}>".as_bytes());
    assert!(two.contains("Start tag expected"), "{two}");
}
