//! The form of the results: the manifest's own, so that who opens one can open the other, and either is a manifest.

use std::io::{self, Write};

use csv::{Terminator, Writer, WriterBuilder};

use crate::manifest::{CsvForm, Delimiter};

/// The mark by which a spreadsheet knows UTF-8.
const BOM: &str = "\u{feff}";

/// A writer for a new file, behind what stands before its header.
pub(super) fn begin<W: Write>(form: CsvForm, mut out: W) -> io::Result<Writer<W>> {
    if form.bom {
        out.write_all(BOM.as_bytes())?;
    }
    if form.sep_line {
        let end = if form.crlf { "\r\n" } else { "\n" };
        write!(out, "sep={}{end}", char::from(form.delimiter.byte()))?;
    }
    Ok(go_on(form, out))
}

/// A writer for a file that has been begun.
pub(super) fn go_on<W: Write>(form: CsvForm, out: W) -> Writer<W> {
    let terminator = if form.crlf {
        Terminator::CRLF
    } else {
        Terminator::Any(b'\n')
    };
    WriterBuilder::new()
        .delimiter(form.delimiter.byte())
        .terminator(terminator)
        .from_writer(out)
}

/// The header of a text that [`begin`] may have begun, read with each delimiter in turn, until one is what is looked for.
pub(super) fn has_header(text: &[u8], is_it: impl Fn(&[&[u8]]) -> bool) -> io::Result<bool> {
    let text = text.strip_prefix(BOM.as_bytes()).unwrap_or(text);
    for delimiter in Delimiter::ALL {
        let sep = [b"sep=".as_slice(), &[delimiter.byte()]].concat();
        let behind = text.strip_prefix(&*sep).unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(delimiter.byte())
            .from_reader(behind);
        let mut header = csv::ByteRecord::new();
        reader.read_byte_record(&mut header)?;
        let cells: Vec<&[u8]> = header.iter().map(<[u8]>::trim_ascii).collect();
        if is_it(&cells) {
            return Ok(true);
        }
    }
    Ok(false)
}
