//! Manifests and results as another reader sees them, whatever their form.

use std::io::Read;

use csv::StringRecord;
use encoding_rs::{Encoding, UTF_8};
use flate2::read::MultiGzDecoder;

/// The text of a file; a byte order mark is taken away.
pub(crate) fn text(bytes: &[u8], encoding: Option<&str>) -> String {
    let mut unpacked = Vec::new();
    let is_gzip = MultiGzDecoder::new(bytes).read_to_end(&mut unpacked).is_ok();
    let bytes = if is_gzip { &unpacked } else { bytes };
    let said = encoding.and_then(|name| Encoding::for_label(name.as_bytes()));
    said.unwrap_or(UTF_8).decode(bytes).0.into_owned()
}

/// The records of a CSV, read with the delimiter that finds the most fields in the first of them.
pub(crate) fn records(bytes: &[u8], encoding: Option<&str>) -> Vec<StringRecord> {
    let text = text(bytes, encoding);
    let mut best = Vec::new();
    for delimiter in [b',', b';', b'\t', b'|'] {
        let behind = text
            .split_once('\n')
            .filter(|(first, _)| first.starts_with("sep=") || first.starts_with("#TYPE "));
        let text = behind.map_or(text.as_str(), |(_, rest)| rest);
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        let records: Vec<StringRecord> = reader.records().filter_map(Result::ok).collect();
        let width = |records: &[StringRecord]| records.first().map_or(0, StringRecord::len);
        if width(&records) > width(&best) {
            best = records;
        }
    }
    best
}
