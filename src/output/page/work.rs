//! What the run did: its attempts and what they came to, its doubts and what became of them, its photos.

use maud::{Markup, html};
use strum::VariantArray;

use super::text::{self, counted, grouped};
use crate::domain::{
    outcome::Status,
    photo::PhotoFormat,
    photo_counts::{PhotoCounts, SIZES},
    stats::Stats,
};
use crate::ledger::{AttemptCount, Retrospect};

/// Most kinds of attempts that are listed.
const MOST_KINDS: usize = 20;

pub(super) fn section(stats: &Stats, retrospect: Option<&Retrospect>) -> Markup {
    html! {
        section.work {
            h2 { "Attempts" }
            p {
                (counted(stats.attempts, "request")) (if stats.attempts == 1 { " was sent" } else { " were sent" })
                @if stats.retries > 0 { ", " (grouped(stats.retries)) " of them not the first of " (if stats.retries == 1 { "its row" } else { "their rows" }) }
                @if stats.attempts > 0 { ", with " (text::bytes(stats.photo_bytes_sent)) " of photos" }
                "."
            }
            @if let Some(retrospect) = retrospect {
                @let (taken_back, sent) = apart(&retrospect.attempts);
                @if !sent.is_empty() { (attempts(&sent)) }
                @if taken_back > 0 { (told_of(taken_back)) }
                @if stats.attempts > 0 { (doubts(&retrospect.doubts)) }
            }
            @if stats.photos.total() > 0 { (photos(&stats.photos)) }
        }
    }
}

/// How many were taken back before they left, and the others.
fn apart(kinds: &[AttemptCount]) -> (u64, Vec<&AttemptCount>) {
    let is_taken_back = |kind: &&AttemptCount| kind.class == "not_sent";
    let (taken_back, sent): (Vec<_>, Vec<_>) = kinds.iter().partition(is_taken_back);
    (taken_back.iter().map(|kind| kind.attempts).sum(), sent)
}

/// What was taken back is no attempt to whoever reads the page; the ledger has it all the same.
fn told_of(taken_back: u64) -> Markup {
    html! {
        p {
            (counted(taken_back, "time")) " a row was about to be sent and was taken back, since the server asked to wait or the run "
            "was ending. Nothing of it had left: such a row was sent later, or it is pending, and the next run sends it."
        }
    }
}

fn attempts(kinds: &[&AttemptCount]) -> Markup {
    html! {
        table {
            caption { "Attempts by what they came to" }
            thead { tr { th scope="col" { "Attempt" } th scope="col" { "Reason" } th.number scope="col" { "Attempts" } } }
            tbody {
                @for kind in kinds.iter().take(MOST_KINDS) {
                    tr {
                        th scope="row" { (class(&kind.class)) }
                        td { (kind.reason.as_deref().unwrap_or("–")) }
                        td.number { (grouped(kind.attempts)) }
                    }
                }
            }
        }
    }
}

/// A word of the ledger in plain English; one of a later version stays as it is.
fn class(word: &str) -> &str {
    match word {
        "settled" => "answered",
        "not_processed" => "not processed",
        "in_doubt" => "in doubt",
        "resolved" => "in doubt, cleared up since",
        "stopped" => "ended the run",
        "intent" => "under way at the end",
        other => other,
    }
}

fn doubts(doubts: &[(Status, u64)]) -> Markup {
    let users: u64 = doubts.iter().map(|(_, users)| users).sum();
    html! {
        h3 { "Doubts" }
        @if users == 0 {
            p { "No request was left in doubt: every answer came." }
        } @else {
            p {
                "Of " (counted(users, "user")) " an answer was lost or proved nothing, so that nobody knew whether the request "
                "had been processed. What became of them:"
            }
            table {
                caption { "Users with an attempt in doubt, by what is known now" }
                thead { tr { th scope="col" { "Status" } th.number scope="col" { "Users" } } }
                tbody {
                    @for (status, users) in doubts {
                        tr {
                            th scope="row" { span class={ "dot s-" (status) } {} (status) small { (doubt_ended(*status)) } }
                            td.number { (grouped(*users)) }
                        }
                    }
                }
            }
        }
    }
}

/// What a status says of an earlier doubt.
fn doubt_ended(status: Status) -> &'static str {
    match status {
        Status::EnrolledInferred => "the lost answer was a success: a repeat was told that the user is enrolled",
        Status::Enrolled | Status::Provisional => {
            "the doubtful attempt had not been processed; a repeat enrolled the user"
        }
        Status::InDoubt => "still not known; the next run asks again",
        Status::Rejected => "a repeat was refused for its photo",
        Status::AlreadyEnrolled | Status::Invalid | Status::Failed | Status::Pending => "",
    }
}

fn photos(counts: &PhotoCounts) -> Markup {
    html! {
        h3 { "Photos" }
        table {
            caption { "Photos sent, by size and format" }
            thead {
                tr {
                    th scope="col" { "Size" }
                    @for format in PhotoFormat::VARIANTS { th.number scope="col" { (name(*format)) } }
                }
            }
            tbody {
                @for (place, most) in SIZES.iter().enumerate() {
                    @let row: Vec<u64> = PhotoFormat::VARIANTS.iter().map(|format| counts.of(*format)[place]).collect();
                    @if row.iter().any(|count| *count > 0) {
                        tr {
                            th scope="row" { "to " (text::bytes(*most)) }
                            @for count in row { td.number { (grouped(count)) } }
                        }
                    }
                }
            }
        }
    }
}

fn name(format: PhotoFormat) -> &'static str {
    match format {
        PhotoFormat::Jpeg => "JPEG",
        PhotoFormat::Png => "PNG",
    }
}
