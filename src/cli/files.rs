//! The arguments that name files, or say how they are read.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::reading::{ColumnHeader, DelimiterChar, EncodingName, ManifestFormat};
use super::values::Env;

/// Headings of `--help` that arguments of several structs stand under.
pub(super) const PHOTOS: &str = "Photos";
pub(super) const SENDING: &str = "Sending";
pub(super) const OUTPUT: &str = "Output";

/// What is read.
#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// CSV or JSON Lines with user_id, user_created_at and photo; '-' reads standard input
    // Optional in type only: a subcommand stands in its place.
    #[arg(value_name = "MANIFEST", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) manifest: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: ManifestArgs,
    #[command(flatten)]
    pub(crate) photos: PhotoArgs,
    /// Where to send
    #[arg(long, value_enum, default_value_t = Env::Sandbox, help_heading = SENDING)]
    pub(crate) env: Env,
}

/// How a manifest is read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Manifest")]
pub(crate) struct ManifestArgs {
    /// What the manifest is written in [default: csv; jsonl for a file called .jsonl or .ndjson]
    #[arg(long, value_enum, hide_short_help = true)]
    pub(crate) format: Option<ManifestFormat>,
    /// What stands between the fields: ',' ';' '|' or tab [default: the one under which the header holds the columns]
    #[arg(long, value_name = "CHAR")]
    pub(crate) delimiter: Option<DelimiterChar>,
    /// Encoding of the text, by its WHATWG name [default: utf-8; a byte order mark always wins]
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub(crate) encoding: Option<EncodingName>,
    /// Another header for user_id, user_created_at or photo; may be repeated
    #[arg(long = "column", value_name = "NAME=HEADER")]
    pub(crate) columns: Vec<ColumnHeader>,
    /// Only form of dates: a strftime pattern such as '%d/%m/%Y', or epoch, or epoch_ms
    #[arg(long, value_name = "FMT", hide_short_help = true)]
    pub(crate) date_format: Option<String>,
    /// Zone of times of day without an offset, such as Africa/Lagos [default: UTC]
    #[arg(long, value_name = "ZONE", hide_short_help = true)]
    pub(crate) timezone: Option<String>,
    /// Rows that are well-formed and surely wrong are invalid instead of warned of
    #[arg(long, hide_short_help = true)]
    pub(crate) strict: bool,
}

/// Where photos lie.
#[derive(Debug, Args)]
#[command(next_help_heading = PHOTOS)]
pub(crate) struct PhotoArgs {
    /// Folder or bucket of the photos; may be repeated [default: the manifest's folder]
    ///
    /// A folder, or s3://, gs://, az:// or https:// and what keys begin with. Relative photos begin at the first.
    #[arg(long, value_name = "DIR|URL", value_hint = ValueHint::DirPath)]
    pub(crate) photo_root: Vec<PathBuf>,
    /// Photo's path, made of cells, as '{user_id}.jpg' or '{branch}/{user_id}.*'; no column photo is needed then
    #[arg(long, value_name = "TEXT", hide_short_help = true)]
    pub(crate) photo_template: Option<String>,
}

/// What is done to photos that the API would refuse.
#[derive(Debug, Args)]
#[command(next_help_heading = PHOTOS)]
pub(crate) struct FixArgs {
    /// Turn photos upright, scale large ones, convert WebP, BMP, TIFF and GIF to JPEG; good ones stay as they are
    #[arg(long)]
    pub(crate) fix_photos: bool,
    /// Longest side of a photo, in pixels; a longer one is scaled (64 to 16384)
    #[arg(long, value_name = "PX", default_value_t = 1920, value_parser = clap::value_parser!(u16).range(64..=16384), requires = "fix_photos", hide_short_help = true)]
    pub(crate) max_side: u16,
}

/// What is written, or kept.
#[derive(Debug, Args)]
#[command(next_help_heading = OUTPUT)]
pub(crate) struct PlaceArgs {
    /// Results CSV; '-' is stdout [default: <manifest stem>.<env>.results.csv beside the manifest]
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) results: Option<PathBuf>,
    /// Ledger database [default: one for each endpoint and partner]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ledger: Option<PathBuf>,
    /// Let results and failures replace a file that is not an earlier one of them
    #[arg(long, hide_short_help = true)]
    pub(crate) force: bool,
}
