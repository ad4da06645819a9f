//! What is given instead of a manifest is called what it is.

use super::{HEADER, file, open};
use crate::manifest::ManifestError;

#[test]
fn a_file_of_another_kind_is_named_with_the_way_out() {
    let webp = b"RIFF\x10\0\0\0WEBPVP8 ".as_slice();
    let tar = [&[b'a'; 257], b"ustar\x0000".as_slice()].concat();
    for (bytes, words) in [
        (
            b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0[Content_Types].xml".as_slice(),
            ["Excel workbook", "CSV UTF-8"],
        ),
        (
            b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
            ["OpenDocument", "as CSV"],
        ),
        (b"PK\x03\x04\x14\0manifest.csv", ["ZIP", "unpack"]),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0",
            ["Excel workbook", "CSV UTF-8"],
        ),
        (b"PAR1\x15\x04\x15\x10\xff\xfe", ["Parquet", "duckdb -c"]),
        (b"SQLite format 3\0\x10\0\x01\x01", ["SQLite", "sqlite3 -header -csv"]),
        (b"PGDMP\x01\x0e", ["PostgreSQL", "psql -c"]),
        (b"%PDF-1.7\n%\xe2\xe3", ["PDF", "CSV"]),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", ["photo (JPEG)", "CSV"]),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ["photo (PNG)", "CSV"]),
        (b"\0\0\0\x18ftypheic\0\0", ["photo (HEIC)", "CSV"]),
        (webp, ["photo (WebP)", "CSV"]),
        (&tar, ["tar", "unpack"]),
        (b"BZh91AY&SY", ["bzip2", "unpack"]),
        (b"\xff\xfe\0\0u\0\0\0s\0\0\0", ["UTF-32", "UTF-8"]),
        (b"[\n  {\"user_id\": \"a\"}\n]\n", ["JSON array", "jq -c '.[]'"]),
        (b"{\"user_id\":\"a\"}\n", ["JSON", "--format jsonl"]),
        (b"\n<!DOCTYPE html>\n<html>", ["HTML", "download"]),
    ] {
        let error = open(file(bytes).path()).unwrap_err();
        assert!(matches!(error, ManifestError::Foreign(_)), "{bytes:?}: {error:?}");
        for word in words {
            assert!(error.to_string().contains(word), "{word:?} is not in {error}");
        }
    }
}

#[test]
fn no_manifest_is_taken_for_something_else_by_its_first_letters() {
    for first in ["PAR1", "BZh", "{", "[x]", "<b>", "%PDF-", "PK\x03\x04"] {
        assert!(open(file(format!("{first},{HEADER}")).path()).is_ok(), "{first:?}");
    }
}
