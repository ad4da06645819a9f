//! One line of the results: the manifest's own cells, then ours.

use std::borrow::Cow;
use std::io::Write;

use csv::Writer;

use super::ResultsError;
use crate::domain::{
    columns::names_beside,
    outcome::{FIX_COLUMNS, Facts, Outcome, PhotoDigest, RESULT_COLUMNS, ResultColumns},
    text,
    unix_millis::UnixMillis,
};
use crate::manifest::Manifest;

pub(super) fn write_header(
    writer: &mut Writer<impl Write>,
    manifest: &Manifest,
    columns: ResultColumns,
) -> Result<(), ResultsError> {
    let ours = names_beside(manifest.own_columns(), columns.names());
    Ok(writer.write_record(manifest.own_columns().iter().chain(&ours))?)
}

/// Writes one row; `own` are the manifest's own cells, verbatim.
pub(super) fn write<'a>(
    writer: &mut Writer<impl Write>,
    own: impl Iterator<Item = &'a str>,
    number: u32,
    outcome: &Outcome,
    columns: ResultColumns,
) -> Result<(), ResultsError> {
    for cell in own {
        writer.write_field(cell)?;
    }
    for cell in cells(number, outcome) {
        writer.write_field(&*cell)?;
    }
    if columns == ResultColumns::WithFixes {
        for cell in fix_cells(outcome.photo) {
            writer.write_field(&*cell)?;
        }
    }
    Ok(writer.write_record(None::<&[u8]>)?)
}

/// Our sixteen cells, in the order of [`RESULT_COLUMNS`]. Taken apart in full, so that none is forgotten.
fn cells(number: u32, outcome: &Outcome) -> [Cow<'_, str>; RESULT_COLUMNS.len()] {
    let Outcome {
        status,
        reason,
        facts,
        attempts,
        photo,
        sent_at,
        finished_at,
        duration_ms,
        run_id,
    } = outcome;
    let Facts {
        http_status,
        result_code,
        result_text,
        smile_job_id,
        job_id,
        confidence,
    } = facts;
    [
        number.to_string().into(),
        status.word().into(),
        reason.map(|reason| reason.word().into()).unwrap_or_default(),
        number_cell(*http_status),
        provider_cell(result_code),
        provider_cell(result_text),
        provider_cell(smile_job_id),
        provider_cell(job_id),
        provider_cell(confidence),
        attempts.to_string().into(),
        photo.map(|photo| text::hex(&photo.sha256).into()).unwrap_or_default(),
        number_cell(photo.map(|photo| photo.bytes)),
        moment_cell(*sent_at),
        moment_cell(*finished_at),
        number_cell(*duration_ms),
        run_id.into(),
    ]
}

/// The cells of [`FIX_COLUMNS`]: what was done to the photo, and what has left of it.
fn fix_cells(photo: Option<PhotoDigest>) -> [Cow<'static, str>; FIX_COLUMNS.len()] {
    let sent = photo.map(|photo| photo.sent());
    [
        sent.map(|sent| sent.fixes.to_string().into()).unwrap_or_default(),
        sent.map(|sent| text::hex(&sent.sha256).into()).unwrap_or_default(),
        number_cell(sent.map(|sent| sent.bytes)),
    ]
}

fn number_cell(value: Option<impl ToString>) -> Cow<'static, str> {
    value.map(|value| value.to_string().into()).unwrap_or_default()
}

fn moment_cell(at: Option<UnixMillis>) -> Cow<'static, str> {
    at.map(|at| at.to_string().into()).unwrap_or_default()
}

/// Anybody may have written it, so a spreadsheet must not take it for a formula.
fn provider_cell(value: &Option<String>) -> Cow<'_, str> {
    text::cell(value.as_deref().unwrap_or_default())
}
