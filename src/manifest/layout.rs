//! How a manifest is laid out, found out when it is opened and the same in every pass: packing, encoding, form.

use std::fs::File;

use super::columns::Columns;
use super::encoding::{Encoded, Head};
use super::members::Members;
use super::{Delimiter, Format, ManifestError, ManifestOptions, Records};

/// How the bytes of a file become records.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) encoded: Encoded,
    pub(super) form: Form,
}

/// What the records are written in.
#[derive(Debug)]
pub(super) enum Form {
    Csv(Delimiter),
    JsonLines(Members),
}

/// The form in which a manifest comes back in its results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CsvForm {
    /// Whether a byte order mark begins the text, so that a spreadsheet takes it for UTF-8.
    pub(crate) bom: bool,
    /// Whether a line such as `sep=;` stands before the header.
    pub(crate) sep_line: bool,
    pub(crate) delimiter: Delimiter,
    /// Whether lines end in CRLF.
    pub(crate) crlf: bool,
}

/// What is found out about a file when it is opened.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) layout: Layout,
    pub(super) columns: Columns,
    pub(super) csv_form: CsvForm,
    /// The hash of the bytes in which the names of members were found, where they were looked for in all of them.
    pub(super) members_sha256: Option<[u8; 32]>,
}

impl Found {
    pub(super) fn look(file: &File, options: &ManifestOptions) -> Result<Self, ManifestError> {
        let head = Head::read(file, options.encoding)?;
        let found = match options.format {
            Format::Csv => csv(file, head.encoded, options),
            Format::JsonLines => json_lines(file, head.encoded, options),
        };
        found.map_err(|error| head.explain(error, options.format))
    }
}

/// What one delimiter makes of a file.
struct Attempt {
    delimiter: Delimiter,
    /// What a line `sep=` says, whatever the delimiter is.
    sep: Option<char>,
    /// How many fields the header has.
    fields: usize,
    found: Result<Found, ManifestError>,
}

/// The delimiter is the one under which the header holds the columns, unless somebody says it: the operator, or else a
/// line `sep=`.
fn csv(file: &File, encoded: Encoded, options: &ManifestOptions) -> Result<Found, ManifestError> {
    if let Some(delimiter) = options.delimiter {
        return Attempt::new(file, encoded, delimiter, options).found;
    }
    let mut attempts: Vec<Attempt> = Delimiter::ALL
        .map(|delimiter| Attempt::new(file, encoded, delimiter, options))
        .into();
    if let Some(sep) = attempts.iter().find_map(|attempt| attempt.sep) {
        let said = Delimiter::of(sep).ok_or(ManifestError::Sep { sep })?;
        attempts.retain(|attempt| attempt.delimiter == said);
    }
    let fitting = attempts.iter().filter(|attempt| attempt.found.is_ok());
    let fitting: Vec<Delimiter> = fitting.map(|attempt| attempt.delimiter).collect();
    if let [one, other, ..] = fitting[..] {
        return Err(ManifestError::TwoDelimiters { one, other });
    }
    // The error that is told is that of the delimiter that comes nearest; of equal ones the first.
    let nearest = attempts.into_iter().rev().max_by_key(Attempt::nearness);
    nearest.map_or(Err(ManifestError::NoHeader), |attempt| attempt.found)
}

impl Attempt {
    fn new(file: &File, encoded: Encoded, delimiter: Delimiter, options: &ManifestOptions) -> Self {
        let mut attempt = Self {
            delimiter,
            sep: None,
            fields: 0,
            found: Err(ManifestError::NoHeader),
        };
        let layout = Layout {
            encoded,
            form: Form::Csv(delimiter),
        };
        let read = attempt.read(file, &layout, options);
        attempt.found = match read {
            Ok((columns, csv_form)) => Ok(Found {
                layout,
                columns,
                csv_form,
                members_sha256: None,
            }),
            Err(ManifestError::MissingColumns(missing)) => {
                Err(ManifestError::MissingColumns(missing.read_with(delimiter)))
            }
            Err(error) => Err(error),
        };
        attempt
    }

    fn read(
        &mut self,
        file: &File,
        layout: &Layout,
        options: &ManifestOptions,
    ) -> Result<(Columns, CsvForm), ManifestError> {
        let records = Records::new(file, layout)?;
        self.sep = records.sep();
        let (header, line) = records.header()?;
        self.fields = header.len();
        let names: Vec<&str> = header.iter().collect();
        let csv_form = CsvForm {
            bom: layout.encoded.is_marked(),
            sep_line: self.sep.is_some(),
            delimiter: self.delimiter,
            crlf: records.crlf(),
        };
        Ok((Columns::find(&names, line, options)?, csv_form))
    }

    /// How near it comes to a header that holds the columns: how many of them, and of how many fields.
    fn nearness(&self) -> (usize, usize) {
        let columns = match &self.found {
            Ok(_) | Err(ManifestError::RepeatedColumn { .. } | ManifestError::TemplateColumn(_)) => usize::MAX,
            Err(ManifestError::MissingColumns(missing)) => missing.found(),
            Err(_) => 0,
        };
        (columns, self.fields)
    }
}

/// JSON has no header: a pass over the whole finds the names of all members.
fn json_lines(file: &File, encoded: Encoded, options: &ManifestOptions) -> Result<Found, ManifestError> {
    let form = Form::JsonLines(Members::default());
    let (names, sha256) = Members::names(file, &Layout { encoded, form })?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let columns = Columns::of_members(&names, options)?;
    let form = Form::JsonLines(Members::new(&columns));
    let csv_form = CsvForm {
        bom: encoded.is_marked(),
        ..CsvForm::default()
    };
    Ok(Found {
        layout: Layout { encoded, form },
        columns,
        csv_form,
        members_sha256: Some(sha256),
    })
}
