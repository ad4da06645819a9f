//! What makes a manifest useless as a whole: exit 9 with the line and the reason, nothing sent.

use crate::harness::{Run, Server};

/// The run and `check` refuse this manifest with these words.
fn refused(bytes: &[u8], texts: &[&str]) {
    let server = Server::success();
    let run = Run::new(&server).file("manifest.csv", bytes);
    run.go().code(9).says(&["manifest.csv"]).says(texts).left_nothing();
    let check = run.tool(&["check", "manifest.csv"]);
    assert_eq!(check.code, Some(9), "{}", check.stderr);
    for text in texts {
        assert!(
            check.stderr.contains(text),
            "check does not say {text:?}: {}",
            check.stderr
        );
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_missing_column() {
    refused(b"user_id,photo\nu1,p.jpg\n", &["line 1", "user_created_at", "missing"]);
    refused(b"user_created_at,photo\n2021-08-12,p.jpg\n", &["line 1", "user_id"]);
    refused(
        b"user_id,user_created_at,foto\nu1,2021-08-12,p.jpg\n",
        &["line 1", "photo"],
    );
    refused(
        b"u1,2021-08-12,p.jpg\nu2,2021-08-12,p.jpg\n",
        &["line 1", "missing", "u1"],
    );
}

#[test]
fn a_delimiter_that_nobody_can_know() {
    refused(
        b"user_id:user_created_at:photo\nu1:2021-08-12:p.jpg\n",
        &["line 1", "missing", "--delimiter"],
    );
    refused(
        b"user_id,user_created_at,photo,x;user_id;user_created_at;photo;\n",
        &["a comma", "a semicolon", "--delimiter"],
    );
    refused(
        b"sep=:\nuser_id:user_created_at:photo\n",
        &["line 1", "sep=:", "--delimiter"],
    );
}

#[test]
fn a_repeated_column() {
    refused(
        b"user_id,user_created_at,photo,USER_ID\nu1,2021-08-12,p.jpg,u2\n",
        &["line 1", "the same column twice", "user_id"],
    );
    refused(
        b"user_id,user_created_at,photo,photo_path\nu1,2021-08-12,p.jpg,p.jpg\n",
        &["line 1", "photo_path"],
    );
}

#[test]
fn text_that_is_not_utf_8_is_named_by_its_line() {
    refused(
        b"user_id,user_created_at,photo\nu1,2021-08-12,p.jpg\nZo\xeb,2021-08-12,p.jpg\n",
        &["line 3", "UTF-8", "0xEB", "offset 52", "--encoding windows-1252"],
    );
    refused(
        b"user_id,user_created_at,photo,n\xe4me\nu1,2021-08-12,p.jpg,x\n",
        &["line 1", "UTF-8"],
    );
    refused(
        b"user_id,user_created_at,photo\n\"u\n1\",2021-08-12,p.jpg\r\nu2,2021-08-12,p.jpg\nu3,\xff,p.jpg\n",
        &["line 5", "UTF-8"],
    );
    let utf16: Vec<u8> = "user_id,user_created_at,photo\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    refused(&utf16, &["UTF-16", "--encoding utf-16le"]);
}

#[test]
fn no_header() {
    refused(b"", &["line 1", "header"]);
    refused(b"\n\n", &["line 1", "header"]);
    refused("\u{feff}".as_bytes(), &["line 1"]);
}

#[test]
fn a_quote_that_is_never_closed_is_named_by_its_line() {
    refused(
        b"user_id,user_created_at,photo\nu1,2021-08-12,p.jpg\nu2,\"2021-08-12,p.jpg\nu3,2021-08-12,p.jpg\n",
        &["line 3", "quote"],
    );
    refused(b"user_id,user_created_at,\"photo\nu1,2021-08-12,p.jpg\n", &["line 1"]);
}

#[test]
fn a_record_that_does_not_end_is_named_by_the_line_where_it_begins() {
    let rows = "u,2021-08-12,p.jpg\n".repeat(60_000);
    let text = format!("user_id,user_created_at,photo\nu1,2021-08-12,\"p.jpg\n{rows}");
    refused(text.as_bytes(), &["line 2", "1 MiB", "never closed"]);
}

#[test]
fn a_header_that_is_not_csv() {
    refused(
        b"\"user_id\"x,user_created_at,photo\nu1,2021-08-12,p.jpg\n",
        &["line 1", "closing quote"],
    );
    refused(
        b"user_id,user_created_at,photo\ru1,2021-08-12,p.jpg\r",
        &["line 1", "carriage return", "LF or CRLF"],
    );
}

#[test]
fn a_directory_and_a_file_that_is_not_there() {
    let server = Server::success();
    let run = Run::new(&server).named("data");
    std::fs::create_dir(run.path("data")).unwrap();
    run.go().code(9).says(&["data", "directory"]);
    let missing = Run::new(&server).named("none.csv");
    missing.go().code(9).says(&["none.csv"]).left_nothing();
    for name in ["data", "none.csv"] {
        assert_eq!(run.tool(&["check", name]).code, Some(9));
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_late_fault_is_found_before_anything_is_sent() {
    let rows: String = (0..3000).map(|n| format!("u{n},2021-08-12,p.jpg\n")).collect();
    let mut bytes = format!("user_id,user_created_at,photo\n{rows}").into_bytes();
    bytes.extend(b"\xff,2021-08-12,p.jpg\n");
    refused(&bytes, &["line 3002", "UTF-8"]);
}
