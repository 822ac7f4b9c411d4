//! Each module by itself; tests/native/test_sheets.py holds the whole to the Python reader.

use super::numbers::{self, Kind};
use super::texts::{TextsReader, unescape};

fn texts(xml: &str, size: usize) -> Option<Vec<String>> {
    let mut reader = TextsReader::default();
    for piece in xml.as_bytes().chunks(size) {
        reader.feed(piece)?;
    }
    let texts = reader.finish()?;
    Some((0..texts.count()).map(|at| String::from_utf8(texts.get(at).unwrap().to_vec()).unwrap()).collect())
}

#[test]
fn plain_xml_is_read_however_it_is_cut() {
    let xml = "\u{feff}<?xml version='1.0' encoding=\"utf-8\" standalone=\"yes\"?>\r\n<x:sst a='1>' b = \"&lt;\">\
               <x:si><x:t>甲&amp;&#x4e59;\r\n</x:t><x:rPh><x:t>a</x:t></x:rPh></x:si ><x:si/><x:si><x:t >c]]</x:t></x:si></x:sst>\n";
    for size in 1..=xml.len() {
        assert_eq!(texts(xml, size).unwrap(), ["甲&乙\n", "", "c]]"], "{size}");
    }
}

#[test]
fn anything_else_is_left_to_python() {
    for xml in [
        "",
        "a<s/>",
        "<s/>a",
        "<s/><s/>",
        "<s>",
        "</s>",
        "<s></t>",
        "<s a='1' a='2'/>",
        "<s a='1'b='2'/>",
        "<s a=1/>",
        "<s a='<'/>",
        "<s a='&no;'/>",
        "<s>&no;</s>",
        "<s>&amp</s>",
        "<s>&#0;</s>",
        "<s>&#xd800;</s>",
        "<s>&#xfffe;</s>",
        "<s>]]></s>",
        "<s>\u{1}</s>",
        "<s>\u{ffff}</s>",
        "<s><!-- a --></s>",
        "<s><![CDATA[a]]></s>",
        "<s><?a?></s>",
        "<!DOCTYPE s><s/>",
        "< s/>",
        "<s / >",
        "<甲/>",
        " <?xml version='1.0'?><s/>",
        "<?xml version='1.1'?><s/>",
        "<?xml version='1.0' encoding='gbk'?><s/>",
        "<?xml version='1.0'encoding='utf-8'?><s/>",
    ] {
        assert_eq!(texts(xml, 1 << 18), None, "{xml}");
    }
}

#[test]
fn escapes_are_characters() {
    let mut out = Vec::new();
    unescape("_x005F_x000D__xD800__x12_xx0041_".as_bytes(), &mut out);
    assert_eq!(out, "_x000D_\u{fffd}_x12_xx0041_".as_bytes());
}

#[test]
fn numbers_are_shown_with_fifteen_digits() {
    for (raw, kind, text) in [
        ("120000", Kind::Amount, Some("120000")),
        ("1234.5600000000001", Kind::Amount, Some("1234.56")),
        ("0.30000000000000004", Kind::Loose, Some("0.3")),
        ("99999999999999.95", Kind::Amount, Some("100000000000000")),
        ("1.00000000000000500", Kind::Amount, Some("1")),
        ("1.00000000000001500", Kind::Amount, Some("1.00000000000002")),
        ("12.50", Kind::Amount, Some("12.5")),
        ("0.0", Kind::Amount, Some("0")),
        ("1.5", Kind::Exact, None),
        ("1E5", Kind::Amount, None),
        ("-5", Kind::Amount, None),
        ("00.5", Kind::Amount, None),
        ("5.", Kind::Amount, None),
        ("1234567890123456", Kind::Exact, None),
        ("44712", Kind::Date, None),
        ("20220531", Kind::Date, Some("20220531")),
        ("", Kind::Amount, None),
    ] {
        let found = numbers::text(raw.as_bytes(), kind);
        assert_eq!(found.as_deref(), text.map(str::as_bytes), "{raw}");
    }
}
