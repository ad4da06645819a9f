//! Numbers, times and names as the page writes them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::domain::outcome::Status;
use crate::exit::ExitStatus;

/// Most letters of a user's id or of a provider's text that are shown, so that the page stays small.
const MOST_LETTERS: usize = 64;
const MOST_TEXT: usize = 160;
/// Letters of a masked id that are shown; with the row's number they are enough to find it in the manifest.
const SHOWN_LETTERS: usize = 2;
/// Ids with no more letters are masked whole.
const SHORT_ID: usize = 5;

/// A number with its thousands apart.
pub(super) fn grouped(number: impl Into<u64>) -> String {
    let digits = number.into().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun.
pub(super) fn counted(number: impl Into<u64>, noun: &str) -> String {
    let number = number.into();
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

pub(super) fn percent(part: u64, whole: u64) -> String {
    match whole {
        0 => String::new(),
        _ if part == whole => "100 %".to_owned(),
        // What is not all is never rounded up to all.
        _ => format!("{:.1} %", (part as f64 / whole as f64 * 100.0).clamp(0.1, 99.9)),
    }
}

/// A number with as many decimals as its size is worth.
pub(super) fn decimal(number: f64) -> String {
    match number {
        _ if number >= 100.0 || number == 0.0 => grouped(number.round() as u64),
        _ if number >= 10.0 => without_zeros(&format!("{number:.1}")),
        _ => without_zeros(&format!("{number:.2}")),
    }
}

fn without_zeros(number: &str) -> String {
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A time span with the two units that matter.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match seconds {
        0..60 => format!("{} s", decimal(span.as_millis() as f64 / 1_000.0)),
        60..3_600 => two(minutes, "min", seconds % 60, "s"),
        3_600..86_400 => two(hours, "h", minutes, "min"),
        _ => two(days, "d", hours, "h"),
    }
}

fn two(large: u64, unit: &str, small: u64, small_unit: &str) -> String {
    match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {small_unit}"),
    }
}

/// Milliseconds as a person reads them.
pub(super) fn millis(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        _ => span(Duration::from_millis(millis)),
    }
}

pub(super) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", decimal(bytes as f64 / 1e3)),
        1_000_000..1_000_000_000 => format!("{} MB", decimal(bytes as f64 / 1e6)),
        _ => format!("{} GB", decimal(bytes as f64 / 1e9)),
    }
}

pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A status in a sentence.
pub(super) fn plain(status: Status) -> String {
    status.word().replace('_', " ")
}

/// What follows from an exit code: its meaning without the words that the page has said already.
pub(super) fn what_to_do(status: ExitStatus) -> String {
    let meaning = status.meaning();
    let rest = meaning.strip_prefix("Finished; ").unwrap_or(meaning);
    let (first, others) = rest.split_at(1);
    first.to_uppercase() + others
}

/// A user as the page names one: at most so many letters, and only the first two unless ids are shown whole.
pub(super) fn user(id: &str, full: bool) -> String {
    match id.chars().count() {
        0 => String::new(),
        _ if full => cut(id, MOST_LETTERS),
        1..=SHORT_ID => "…".to_owned(),
        _ => id.chars().take(SHOWN_LETTERS).chain(['…']).collect(),
    }
}

/// What the provider said of a row. It may name the user, who is masked there too.
pub(super) fn said(text: &str, id: &str, full: bool) -> String {
    match full || id.is_empty() {
        true => cut(text, MOST_TEXT),
        false => cut(&text.replace(id, &user(id, false)), MOST_TEXT),
    }
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A sentence in which backticks stand around words of the tool.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_written_for_people() {
        let numbers = [0_u64, 7, 999, 1_000, 12_345, 1_234_567].map(grouped);
        assert_eq!(numbers, ["0", "7", "999", "1,000", "12,345", "1,234,567"]);
        assert_eq!([counted(1_u32, "row"), counted(2_u32, "row")], ["1 row", "2 rows"]);
        let decimals = [0.0, 0.5, 1.25, 3.0, 12.34, 20.0, 1_234.4].map(decimal);
        assert_eq!(decimals, ["0", "0.5", "1.25", "3", "12.3", "20", "1,234"]);
        let spans =
            [0.0, 0.1, 13.94, 250.0, 600.0, 7_500.0, 100_000.0].map(|seconds| span(Duration::from_secs_f64(seconds)));
        assert_eq!(
            spans,
            ["0 s", "0.1 s", "13.9 s", "4 min 10 s", "10 min", "2 h 5 min", "1 d 3 h"]
        );
        assert_eq!(
            [millis(12), millis(1_500), bytes(1_500), bytes(4_900_000)],
            ["12 ms", "1.5 s", "1.5 kB", "4.9 MB"]
        );
    }

    #[test]
    fn what_is_not_all_is_not_called_all_and_what_is_not_none_is_not_called_none() {
        assert_eq!(percent(999_999, 1_000_000), "99.9 %");
        assert_eq!(percent(1, 1_000_000), "0.1 %");
        assert_eq!([percent(5, 5), percent(0, 0)], ["100 %", ""]);
    }

    #[test]
    fn a_masked_user_is_nobody_and_a_short_one_less() {
        let masked = ["", "7", "00712", "demo_0001", "Größe_1"].map(|id| user(id, false));
        assert_eq!(masked, ["", "…", "…", "de…", "Gr…"]);
        assert_eq!(user("demo_0001", true), "demo_0001");
        assert_eq!(user(&"é".repeat(300), true).chars().count(), 65);
        let text = "This user is already enrolled with demo_0001, says demo_0001";
        assert_eq!(
            said(text, "demo_0001", false),
            "This user is already enrolled with de…, says de…"
        );
        assert_eq!(said(text, "demo_0001", true), text);
    }

    #[test]
    fn the_advice_is_a_sentence_and_does_not_say_twice_that_it_is_finished() {
        for status in ExitStatus::ALL {
            let text = what_to_do(status);
            assert!(!text.starts_with("Finished") && text.ends_with('.'), "{text}");
            assert!(text.starts_with(char::is_uppercase), "{text}");
        }
    }
}
