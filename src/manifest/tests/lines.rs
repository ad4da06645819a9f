//! On which line of the file a record begins.

use super::{Manifest, manifest};

/// The line of every record.
fn lines(manifest: &Manifest) -> Vec<u64> {
    let mut records = manifest.records().unwrap();
    let mut lines = Vec::new();
    while records.next().unwrap().is_some() {
        lines.push(records.line());
    }
    lines
}

fn lines_of(rows: &str) -> Vec<u64> {
    lines(&manifest(format!("user_id,user_created_at,photo\n{rows}")))
}

#[test]
fn records_are_on_the_lines_that_an_editor_shows() {
    for (rows, wanted) in [
        ("", vec![]),
        ("a,b,c", vec![2]),
        ("a,b,c\n", vec![2]),
        ("a,b,c\nd,e,f\n", vec![2, 3]),
        ("\n\na,b,c\n\n\nd,e,f\n\n", vec![4, 7]),
        ("\"a\n\nb\",b,c\nd,e,\"f\n\"\ng,h,i", vec![2, 5, 7]),
        ("a,\"b\n\"\n\n\"\nd\",e,f", vec![2, 5]),
        ("a\nb,c,d,e\n\n,,\n", vec![2, 3, 5]),
    ] {
        assert_eq!(lines_of(rows), wanted, "{rows:?}");
        let crlf = format!("user_id,user_created_at,photo\n{rows}").replace('\n', "\r\n");
        assert_eq!(lines(&manifest(&crlf)), wanted, "{crlf:?}");
        let bom = format!("\u{feff}{crlf}");
        assert_eq!(lines(&manifest(&bom)), wanted, "{bom:?}");
    }
}

#[test]
fn line_ends_may_be_mixed() {
    assert_eq!(lines_of("a,b,c\r\nd,e,f\n\r\n\ng,h,i\r\n\nj,k,l"), [2, 3, 6, 8]);
}

#[test]
fn lines_are_right_wherever_the_reader_fills_its_buffer() {
    for end in ["\n", "\r\n"] {
        let row = |number: usize| format!("u{number},2021-08-12,{}{end}", "p".repeat(number % 97));
        let text: String = (2..60_000).map(row).collect();
        assert!(text.len() > 4 * 256 * 1024);
        let manifest = manifest(format!("user_id,user_created_at,photo{end}{text}"));
        assert!(lines(&manifest).into_iter().eq(2..60_000));
    }
}
