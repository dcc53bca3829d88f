// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Entities and declarations of a document type.

use super::*;
use crate::xml::entities::Entities;

#[test]
fn entities_of_the_document() {
    let read = root(
        "<!DOCTYPE a [\n<!ENTITY x 'one\t&#50;'>\n<!ENTITY y \"&x;-'&x;'\" >\
         <!ENTITY x 'other'><!ENTITY % p '<!-- '>]><a b='&y;&#10;&x;'>&y;<b/>&lt;&x;</a>",
    );
    assert_eq!(read.attribute("b"), Some("one 2-'one 2'\none 2"));
    assert_eq!(read.text, "one\t2-'one\t2'<one\t2");
}

#[test]
fn a_million_characters_and_no_more() {
    let mut entities = Entities::default();
    // Each text counts one more than its length.
    assert_eq!(entities.spend(&"x".repeat(999_999)), Ok(()));
    assert!(entities.spend("").is_err());
}

/// Worked out by hand from XML 1.0, sections 2.11, 3.3.3 and 4.4.
#[test]
fn text_of_entities_and_attributes() {
    let content = |subset: &str, content: &str| {
        root(&format!("<!DOCTYPE a [{subset}]><a>{content}</a>")).text
    };
    assert_eq!(content("<!ENTITY x 'a\rb\r\nc'>", "&x;\r"), "a\nb\nc\n");
    assert_eq!(content("<!ENTITY x 'a&#38;#13;b'>", "&x;"), "a\rb");
    assert_eq!(content("<!ENTITY x ']]&#38;#62;'>", "&x;"), "]]>");
    assert_eq!(content("<!ENTITY y ']]'><!ENTITY x '&y;>'>", "&x;"), "]]>");
    // As libxml2, which reads this text as it reads a document.
    assert_eq!(content("<!ENTITY x 'a&#13;b'>", "&x;"), "a\nb");
    let value = |subset: &str, value: &str| {
        let read = root(&format!("<!DOCTYPE a [{subset}]><a b='{value}'/>"));
        read.attribute("b").map(str::to_string).unwrap()
    };
    assert_eq!(value("<!ENTITY x ']]>'>", "&x;"), "]]>");
    assert_eq!(value("<!ENTITY x 'a\r\nb\t'>", "&x;"), "a b ");
    for (subset, expected) in [
        ("<!ATTLIST a b NMTOKENS #IMPLIED>", "p q"),
        ("<!ATTLIST a c CDATA #IMPLIED b (x|y) 'x'>", "p q"),
        (
            "<!ATTLIST a b ID #REQUIRED><!ATTLIST a b CDATA #IMPLIED>",
            "p q",
        ),
        (
            "<!ATTLIST a b CDATA 'x'><!ATTLIST a b ID #IMPLIED>",
            " p  q ",
        ),
        ("<!ATTLIST other b ID #IMPLIED>", " p  q "),
    ] {
        assert_eq!(value(subset, " p\n q "), expected, "{subset}");
    }
    // White space other than blanks that is given by number stays.
    assert_eq!(
        value("<!ATTLIST a b NMTOKENS #IMPLIED>", "&#9; p&#32;&#32;q"),
        "\t p q"
    );
}

#[test]
fn parameter_entities_are_declarations() {
    let content = |subset: &str| root(&format!("<!DOCTYPE a [{subset}]><a>&x;</a>")).text;
    assert_eq!(
        content("<!ENTITY % p '<!ENTITY x \"y\">'> %p; <!ENTITY x 'z'>"),
        "y"
    );
    assert_eq!(
        content("<!ENTITY % p ' &#37;q;<!--c-->'><!ENTITY % q '<!ENTITY x \"y\">'>%p;"),
        "y"
    );
    // The first definition counts, and entities outside of the document are skipped.
    assert_eq!(
        content("<!ENTITY % p ''><!ENTITY % p 'x'>%p;<!ENTITY x 'y'>"),
        "y"
    );
    assert_eq!(
        content("<!ENTITY % p SYSTEM 's'>%p;%unknown;<!ENTITY x 'y'>"),
        "y"
    );
    let said = |subset: &str| message(format!("<!DOCTYPE a [{subset}]><a/>").as_bytes());
    assert!(said("%p;").contains("PEReference: %p; not found"));
    assert!(said("<!ENTITY % p '&#37;p;'>%p;").contains("reference loop"));
    assert!(said("<!ENTITY % p '<!ENTITY x '>%p;'y'>").contains("String not started"));
    let standalone = "<?xml version='1.0' standalone='yes'?><!DOCTYPE a SYSTEM 's' [%p;]><a/>";
    assert!(message(standalone.as_bytes()).contains("PEReference: %p; not found"));
    // Two of each, forty deep.
    let doubling: String = (1..39)
        .map(|n| format!("<!ENTITY % e{n} '&#37;e{0};&#37;e{0};'>", n - 1))
        .collect();
    let grown = said(&format!("<!ENTITY % e0 ''>{doubling}%e38;"));
    assert!(grown.contains("Maximum entity amplification"), "{grown}");
    let chain: String = (1..=40)
        .map(|n| format!("<!ENTITY % e{n} '&#37;e{};'>", n - 1))
        .collect();
    let deep = |last: usize| format!("<!DOCTYPE a [<!ENTITY % e0 ''>{chain}%e{last};]><a/>");
    assert!(parse(deep(39).as_bytes(), None).is_ok());
    assert!(message(deep(40).as_bytes()).contains("reference loop"));
}

/// The first message of `xmllint --noout` (libxml2 2.9.14).
#[test]
fn messages_about_declarations_in_the_words_of_libxml2() {
    for (subset, words) in [
        ("<!ELEMENT a>", "Space required after the element name"),
        (
            "<!ELEMENT a b>",
            "xmlParseElementDecl: 'EMPTY', 'ANY' or '(' expected",
        ),
        (
            "<!ELEMENT a (b,c|d)>",
            "xmlParseElementChildrenContentDecl : ',' expected",
        ),
        (
            "<!ELEMENT a (b|c,d)>",
            "xmlParseElementChildrenContentDecl : '|' expected",
        ),
        (
            "<!ELEMENT a (b c)>",
            "ContentDecl : ',' '|' or ')' expected",
        ),
        ("<!ELEMENT a (b,)>", "ContentDecl : Name or '(' expected"),
        (
            "<!ELEMENT a (#PCDATA|b)>",
            "MixedContentDecl : '|' or ')*' expected",
        ),
        ("<!ELEMENT a (b) x>", "expected '>'"),
        (
            "<!ATTLIST a b CDATA>",
            "Space required after the attribute type",
        ),
        (
            "<!ATTLIST a b BOGUS #IMPLIED>",
            "'(' required to start ATTLIST enumeration",
        ),
        (
            "<!ATTLIST a b (x y) 'x'>",
            "')' required to finish ATTLIST enumeration",
        ),
        (
            "<!ATTLIST a b (|x) 'x'>",
            "NmToken expected in ATTLIST enumeration",
        ),
        (
            "<!ATTLIST a b (x|) 'x'>",
            "NmToken expected in ATTLIST enumeration",
        ),
        ("<!ENTITY x SYSTEM 's#f'>", "Fragment not allowed"),
        ("<!ATTLIST a b CDATA x>", "AttValue: \" or ' expected"),
        (
            "<!ATTLIST a b CDATA 'x<'>",
            "Unescaped '<' not allowed in attributes values",
        ),
        (
            "<!NOTATION n PUBLIC 'x' y>",
            "'>' required to close NOTATION declaration",
        ),
        (
            "<!ENTITY x 'y' z>",
            "xmlParseEntityDecl: entity x not terminated",
        ),
        (
            "<!ENTITY x '& y'>",
            "EntityValue: '&' forbidden except for entities references",
        ),
        (
            "<!ENTITY x '%p;'>",
            "PEReferences forbidden in internal subset",
        ),
        (
            "<!ENTITY x SYSTEM 's' NDATAn>",
            "Space required after 'NDATA'",
        ),
        ("<?p?i?>", "ParsePI: PI p space expected"),
    ] {
        let said = message(format!("<!DOCTYPE a [{subset}]><a/>").as_bytes());
        let (_, said) = said.split_once(": ").unwrap();
        assert!(said.starts_with(words), "{subset}: {said}");
    }
    let inside = message(b"<!DOCTYPE a [<!ENTITY x ']]>'>]><a>&x;</a>");
    assert!(inside.contains("Sequence ']]>' not allowed in content"));
}

/// What `xmllint --noout` (libxml2 2.9.14) accepts.
#[test]
fn content_models() {
    let nested = |depth: usize| format!("{}b{}", "(".repeat(depth), ")".repeat(depth));
    let read = |model: &str| {
        let document = format!("<!DOCTYPE a [<!ELEMENT a {model}>]><a/>");
        parse(document.as_bytes(), None)
    };
    for model in [
        "(b)",
        "( b? , ( c | d )* , e+ )",
        "((b|c)?|(d)+)*",
        "(b+)?",
        "(#PCDATA)*",
        "( #PCDATA | b | c )*",
        &nested(128),
    ] {
        assert!(read(model).is_ok(), "{model}");
    }
    let too_deep = read(&nested(129)).unwrap_err().message();
    assert!(too_deep.contains("xmlParseElementChildrenContentDecl : too deep"));
}

/// Unlike libvirt, which accepts these and then misses what stands in the entities.
#[test]
fn entities_that_are_more_than_text_are_refused() {
    let markup = "<!DOCTYPE a [<!ENTITY x '<b/>'>]><a>&x;</a>";
    assert!(message(markup.as_bytes()).contains("Entity 'x' holds markup"));
    let outside = "<!DOCTYPE a [<!ENTITY x SYSTEM '/etc/hostname'>]><a>&x;</a>";
    assert!(message(outside.as_bytes()).contains("nothing outside of the document is read"));
    let unknown = "<!DOCTYPE a SYSTEM 'nosuch'><a>&x;</a>";
    assert!(message(unknown.as_bytes()).contains("Entity 'x' not defined"));
}

/// Entities that grow tenfold at each step, and entities that only refer to each other.
#[test]
fn entities_do_not_grow() {
    for leaf in ["ha", ""] {
        let mut definitions = format!("<!ENTITY e0 '{leaf}'>");
        for n in 1..10 {
            let ten = format!("&e{};", n - 1).repeat(10);
            definitions.push_str(&format!("<!ENTITY e{n} '{ten}'>"));
        }
        for use_ in ["<a>&e9;</a>", "<a b='&e9;'/>"] {
            let bomb = format!("<!DOCTYPE a [{definitions}]>{use_}");
            assert!(message(bomb.as_bytes()).contains("Maximum entity amplification"));
        }
    }
    let long = "x".repeat(100_000);
    let many = "&e;".repeat(1000);
    let quadratic = format!("<!DOCTYPE a [<!ENTITY e '{long}'>]><a>{many}</a>");
    assert!(message(quadratic.as_bytes()).contains("Maximum entity amplification"));
    let chain: String = (1..=50)
        .map(|n| format!("<!ENTITY e{n} '&e{};'>", n - 1))
        .collect();
    let deep = format!("<!DOCTYPE a [<!ENTITY e0 ''>{chain}]><a>&e50;</a>");
    assert!(message(deep.as_bytes()).contains("reference loop"));
}
