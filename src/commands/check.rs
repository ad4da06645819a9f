//! `check`: everything that can be known without sending, all findings, no credentials.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::Utc;
use tokio::task::JoinHandle;

use crate::cli::CheckArgs;
use crate::config::{ConfigError, photo_root};
use crate::domain::outcome::Reason;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::manifest::{Manifest, ManifestError, Role, Row, Survey};
use crate::photo::{IDLE_PHOTO_BYTES, OwnFiles, Photo, PhotoError};
use crate::sys::buffers::BufferPool;
use crate::terminal::Findings;

/// Photos under way at a time: enough to keep disks busy, 160 MB at the most.
const PHOTOS_AT_ONCE: usize = 32;

pub(super) fn run(args: &CheckArgs) -> Result<ExitStatus, Error> {
    if args.manifest.as_os_str() == "-" && args.photo_root.is_none() && !args.no_photos {
        return Err(ConfigError::StdinNeeds("--photo-root").into());
    }
    let root = photo_root(&args.manifest, args.photo_root.as_deref());
    let error = |source| Error::Manifest {
        path: args.manifest.clone(),
        source,
    };
    let manifest = Manifest::open(&args.manifest, root, Utc::now()).map_err(error)?;
    let mut findings = Findings::default();
    let survey = Survey::take(&manifest, |row, fault| findings.row(row, fault.reason, &fault.detail)).map_err(error)?;
    for (row, other) in survey.conflicts() {
        let detail = format!("row {other} has the same user_id with another date or photo");
        findings.row(*row, Reason::ConflictingRows, &detail);
    }
    if !args.no_photos {
        let runtime = super::runtime()?;
        runtime
            .block_on(check_photos(
                &manifest,
                &survey,
                OwnFiles::new([args.manifest.clone()]),
                &mut findings,
            ))
            .map_err(error)?;
    }
    findings.close(&survey);
    Ok(if findings.is_clean() {
        ExitStatus::Settled
    } else {
        ExitStatus::DataFaults
    })
}

/// Photos are read many at a time, and their findings told in the manifest's order.
async fn check_photos(
    manifest: &Manifest,
    survey: &Survey,
    own_files: OwnFiles,
    findings: &mut Findings,
) -> Result<(), ManifestError> {
    let mut records = manifest.records()?;
    let (own_files, buffers) = (Arc::new(own_files), BufferPool::new(IDLE_PHOTO_BYTES));
    let mut under_way: VecDeque<(u32, JoinHandle<Result<bool, PhotoError>>)> = VecDeque::new();
    while let Some((number, record)) = records.next()? {
        if survey.role(number) != Some(Role::First) {
            continue;
        }
        let row = manifest.row(number, record).map_err(|_| ManifestError::Changed)?;
        let (own_files, buffers) = (Arc::clone(&own_files), Arc::clone(&buffers));
        let task = tokio::task::spawn_blocking(move || is_large(&row, &own_files, &buffers));
        under_way.push_back((number, task));
        if under_way.len() >= PHOTOS_AT_ONCE {
            tell(under_way.pop_front(), findings).await;
        }
    }
    while let Some(photo) = under_way.pop_front() {
        tell(Some(photo), findings).await;
    }
    Ok(())
}

fn is_large(row: &Row, own_files: &OwnFiles, buffers: &Arc<BufferPool>) -> Result<bool, PhotoError> {
    Photo::read(&row.photo, own_files, buffers).map(|photo| photo.is_large())
}

async fn tell(photo: Option<(u32, JoinHandle<Result<bool, PhotoError>>)>, findings: &mut Findings) {
    let Some((row, handle)) = photo else {
        return;
    };
    match handle.await {
        Ok(Ok(false)) => {}
        Ok(Ok(true)) => findings.large_photo(row),
        Ok(Err(PhotoError::Invalid { reason, detail })) => findings.row(row, reason, &detail),
        Ok(Err(PhotoError::Machine(error))) => findings.row(row, Reason::PhotoNotReadable, &error.to_string()),
        Err(panic) => findings.row(row, Reason::PhotoNotReadable, &panic.to_string()),
    }
}
