//! Each module by itself; tests/native/test_reading.py holds the whole to the Python reader.

use super::split::{Shape, Span, Splitter, whole_rows};
use super::{crowding, json, plain};

fn divided(data: &[u8]) -> Vec<(usize, u32, Shape, Vec<Vec<u8>>)> {
    let mut splitter = Splitter::new(data, b',', true, true);
    let (mut cells, mut arena, mut found) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(row) = splitter.next(&mut cells, &mut arena) {
        let text = |span: &Span| {
            let (start, size) = (span.start as usize, span.size as usize);
            if start < data.len() { &data[start..start + size] } else { &arena[start - data.len()..][..size] }.to_vec()
        };
        found.push((row.end, row.lines, row.shape, cells.iter().map(text).collect()));
    }
    found
}

fn texts(cells: &[&str]) -> Vec<Vec<u8>> {
    cells.iter().map(|cell| cell.as_bytes().to_vec()).collect()
}

#[test]
fn rows_are_divided_as_the_csv_module_divides_them() {
    let rows = divided(b"a,\"b\"\n\"x\ny\",\"q\"\"\"\r\n=\"1\",2\r3,\"z\"z\n4,5");
    assert_eq!(
        rows,
        [
            (6, 1, Shape::Cells, texts(&["a", "b"])),
            (19, 2, Shape::Cells, texts(&["x\ny", "q\""])),
            (26, 1, Shape::Odd, texts(&["=\"1\"", "2"])),
            (33, 1, Shape::Odd, texts(&["3"])),
            (36, 1, Shape::Cells, texts(&["4", "5"])),
        ]
    );
}

#[test]
fn a_block_ends_where_a_row_ends() {
    assert_eq!(whole_rows(b"a,b\nc,\"d\ne\"\nf", b',', false), (12, 3));
    assert_eq!(whole_rows(b"a,b\nc,\"d\ne\"\nf", b',', true), (13, 4));
    assert_eq!(whole_rows(b"a,b\r", b',', false), (0, 0));
    assert_eq!(whole_rows(b"a,b\nc", b',', false), (4, 1));
}

#[test]
fn days_are_counted_from_1970() {
    for (text, day) in [
        ("1970-01-01", Some(0)),
        ("20000229", Some(11_016)),
        ("2099/12/31", Some(47_481)),
        ("1950.1.1", Some(-7_305)),
        ("2100-01-01", None),
        ("2023-02-29", None),
        ("2022-05/31", None),
        ("2022-005-1", None),
    ] {
        assert_eq!(plain::date(text.as_bytes()), day, "{text}");
    }
}

#[test]
fn amounts_are_exact() {
    for (text, fen) in [
        ("125,000.00", Some(12_500_000)),
        ("0.5", Some(50)),
        ("12.", Some(1_200)),
        ("1,25.00", None),
        ("1.005", None),
        (".5", None),
        ("999999999999999.99", Some(99_999_999_999_999_999)),
        ("1000000000000000", None),
    ] {
        assert_eq!(plain::amount(text.as_bytes(), 100), fen, "{text}");
    }
}

#[test]
fn json_is_python_s() {
    let mut out = Vec::new();
    json::quote("甲\"\\\n\u{1}\u{7f}".as_bytes(), &mut out);
    assert_eq!(out, "\"甲\\\"\\\\\\n\\u0001\u{7f}\"".as_bytes());
    for number in [0, -1, i64::MAX, i64::MIN] {
        out.clear();
        json::number(number, &mut out);
        assert_eq!(out, number.to_string().as_bytes());
    }
}

#[test]
fn the_same_record_twice_crowds_nobody() {
    let (tags, handles) = ([[1; 8], [1; 8], [2; 8], [2; 8]].concat(), [[1; 8], [1; 8], [1; 8], [2; 8]].concat());
    assert_eq!(crowding::crowded(&tags, &handles, 1), Ok(vec![2; 8]));
}
