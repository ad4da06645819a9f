//! What people give instead of a manifest, by its first bytes: what it is, and the way out.
//!
//! It is asked only when no manifest was found, so that no manifest is taken for something else by its first letters.

use memchr::memmem;

/// What a file is that is no manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Foreign {
    #[error("it is an Excel workbook; save the sheet as \"CSV UTF-8\" and name that file")]
    Workbook,
    #[error("it is an OpenDocument spreadsheet; save the sheet as CSV and name that file")]
    OpenDocument,
    #[error("it is a ZIP archive; unpack it, and name the CSV file in it")]
    Zip,
    #[error("it is {0}; unpack it, and name the CSV file in it, or pipe it in with '-' as the manifest")]
    Packed(&'static str),
    #[error(
        "it is a Parquet file; pipe it in: duckdb -c \"COPY (SELECT * FROM 'FILE') TO '/dev/stdout' (HEADER)\" | image-enroll [OPTIONS] -"
    )]
    Parquet,
    #[error(
        "it is an SQLite database; pipe the rows in: sqlite3 -header -csv FILE \"SELECT …\" | image-enroll [OPTIONS] -"
    )]
    Sqlite,
    #[error(
        "it is a dump of PostgreSQL; pipe the rows in: psql -c \"\\copy (SELECT …) TO STDOUT CSV HEADER\" | image-enroll [OPTIONS] -"
    )]
    PostgresDump,
    #[error("it is a PDF document; ask for the data behind it as CSV")]
    Pdf,
    #[error("it is a photo ({0}); name the CSV file that lists users and photos")]
    Photo(&'static str),
    #[error("it is text in UTF-32; save it as UTF-8")]
    Utf32,
    #[error("it is HTML or XML, perhaps the page of a login; download the CSV itself")]
    Markup,
    #[error(
        "it is a JSON array; write one object a line: jq -c '.[]' FILE > FILE.jsonl, or jq -c '.[]' FILE | image-enroll --format jsonl [OPTIONS] -"
    )]
    JsonArray,
    #[error(
        "it is JSON; one object a line is read where the file ends in .jsonl or .ndjson, or with --format jsonl; jq -c . FILE writes objects so"
    )]
    JsonObjects,
}

/// First bytes, and what begins with them.
const MAGIC: [(&[u8], Foreign); 18] = [
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Foreign::Workbook),
    (b"PAR1", Foreign::Parquet),
    (b"SQLite format 3\0", Foreign::Sqlite),
    (b"PGDMP", Foreign::PostgresDump),
    (b"%PDF-", Foreign::Pdf),
    (b"\xff\xd8\xff", Foreign::Photo("JPEG")),
    (b"\x89PNG", Foreign::Photo("PNG")),
    (b"GIF8", Foreign::Photo("GIF")),
    (b"II*\0", Foreign::Photo("TIFF")),
    (b"MM\0*", Foreign::Photo("TIFF")),
    (b"\x1f\x8b", Foreign::Packed("packed by gzip twice")),
    (b"BZh", Foreign::Packed("packed by bzip2")),
    (b"\xfd7zXZ\0", Foreign::Packed("packed by xz")),
    (b"\x28\xb5\x2f\xfd", Foreign::Packed("packed by zstd")),
    (b"7z\xbc\xaf\x27\x1c", Foreign::Packed("a 7z archive")),
    (b"Rar!", Foreign::Packed("a RAR archive")),
    (b"\xff\xfe\0\0", Foreign::Utf32),
    (b"\0\0\xfe\xff", Foreign::Utf32),
];

/// What the file is that begins with these bytes.
pub(super) fn kind(head: &[u8]) -> Option<Foreign> {
    let magic = MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
    magic
        .map(|(_, kind)| *kind)
        .or_else(|| zip(head))
        .or_else(|| container(head))
        .or_else(|| document(head))
}

fn zip(head: &[u8]) -> Option<Foreign> {
    let holds = |text: &str| memmem::find(head, text.as_bytes()).is_some();
    let is_zip = head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06");
    is_zip.then(|| match () {
        () if holds("opendocument.spreadsheet") => Foreign::OpenDocument,
        () if holds("[Content_Types].xml") || holds("xl/") || holds("_rels/.rels") => Foreign::Workbook,
        () => Foreign::Zip,
    })
}

/// What says its kind only behind the length of its first part.
fn container(head: &[u8]) -> Option<Foreign> {
    let at = |place: usize, text: &[u8]| head.get(place..).is_some_and(|rest| rest.starts_with(text));
    match () {
        () if at(0, b"RIFF") && at(8, b"WEBP") => Some(Foreign::Photo("WebP")),
        () if at(4, b"ftypavif") => Some(Foreign::Photo("AVIF")),
        () if at(4, b"ftyphei") || at(4, b"ftyphev") || at(4, b"ftypmif1") => Some(Foreign::Photo("HEIC")),
        () if at(257, b"ustar") => Some(Foreign::Packed("a tar archive")),
        () => None,
    }
}

/// Text of another grammar.
fn document(head: &[u8]) -> Option<Foreign> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match text.first()? {
        b'<' => Some(Foreign::Markup),
        b'[' => Some(Foreign::JsonArray),
        b'{' => Some(Foreign::JsonObjects),
        _ => None,
    }
}
