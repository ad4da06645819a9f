//! Why rows are not settled: each cause with its explanation, what to do about it, and some of its rows.

use std::cmp::Reverse;

use maud::{Markup, html};

use super::text::{self, counted, grouped, prose};
use crate::domain::outcome::{Reason, Status};
use crate::output::{Group, Tally, tally::Example};

/// Most causes that are shown. With twenty rows each and texts that are cut, the page stays below a megabyte.
const MOST_CAUSES: usize = 20;

type Cause<'a> = (&'a (Status, Option<Reason>, Option<String>), &'a Group);

pub(super) fn section(tally: &Tally, full_ids: bool) -> Markup {
    let mut causes: Vec<Cause<'_>> = tally.groups().collect();
    causes.sort_by_key(|(_, group)| Reverse(group.rows));
    let hidden = causes.split_off(causes.len().min(MOST_CAUSES));
    html! {
        @if !causes.is_empty() {
            section.reasons {
                h2 { "Reasons" }
                @for (kind, group) in causes { (cause(kind, group, full_ids)) }
                @if !hidden.is_empty() {
                    @let rows: u32 = hidden.iter().map(|(_, group)| group.rows).sum();
                    p { (counted(hidden.len() as u64, "more cause")) " with " (counted(rows, "row")) "; the results have all of them." }
                }
            }
        }
    }
}

fn cause((status, reason, code): &(Status, Option<Reason>, Option<String>), group: &Group, full_ids: bool) -> Markup {
    html! {
        article {
            h3 {
                span class={ "dot s-" (status) } {}
                @match reason { Some(reason) => (reason), None => (status) }
                @if let Some(code) = code { " " code { (code) } }
                span.count { (counted(group.rows, "row")) ", " (text::plain(*status)) }
            }
            @if let Some(reason) = reason {
                p { (capital(reason.explanation())) "." }
                p.remedy { strong { "What to do: " } (prose(reason.remedy())) }
            }
            details {
                summary { "Rows" @if group.rows as usize > group.examples.len() { " (the first " (group.examples.len()) ")" } }
                (rows(group, full_ids))
            }
        }
    }
}

fn rows(group: &Group, full_ids: bool) -> Markup {
    let says = group.examples.iter().any(|example| example.text.is_some());
    html! {
        table {
            caption { "The first rows of this cause" }
            thead {
                tr {
                    th scope="col" { "Row (line)" }
                    th scope="col" { "User" }
                    @if says { th scope="col" { "Answer" } }
                }
            }
            tbody { @for example in &group.examples { (row(example, says, full_ids)) } }
        }
    }
}

fn row(example: &Example, says: bool, full_ids: bool) -> Markup {
    let said = example
        .text
        .as_deref()
        .map(|said| text::said(said, &example.user, full_ids));
    html! {
        tr {
            td { (grouped(example.row)) " (" (grouped(example.line)) ")" }
            td.text { (text::user(&example.user, full_ids)) }
            @if says { td.text { (said.unwrap_or_default()) } }
        }
    }
}

/// An explanation as a sentence; what begins with a word of the tool stays as it is.
fn capital(text: &str) -> Markup {
    let mut letters = text.chars();
    let first = letters
        .next()
        .filter(|_| !text.starts_with("user_") && !text.starts_with('`'));
    match first {
        Some(first) => prose(&first.to_uppercase().chain(letters).collect::<String>()),
        None => prose(text),
    }
}
