//! Cells that pass through a spreadsheet and come back as they were.
//!
//! A spreadsheet takes a cell of a CSV file for a formula, a number or a date wherever it can, and saves what it has made
//! of it: `007` as `7`, `2021-08-12` as `8/12/2021`. A cell behind an apostrophe is text to Excel and LibreOffice, through
//! any number of openings and savings, whereas `="007"` is text once and the number 7 the second time. So whatever is not
//! surely left alone gets an apostrophe, and [`unescape`] takes it away. Where somebody has taken it away already, as
//! Google Sheets does, the cell is right as well, unless it begins with an apostrophe by itself.

use std::borrow::Cow;

/// Longest number that Excel shows in full, and so saves in full, in a cell of no special format.
const MAX_DIGITS: usize = 11;

/// What makes a formula of a cell; the wide forms do in a Japanese Excel.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Endings of a photo's name, which no number and no date has.
const PHOTO_NAMES: [&str; 3] = [".jpg", ".jpeg", ".png"];

/// Words that spreadsheets take for truth values, and write in capitals.
const TRUTH_VALUES: [&str; 16] = [
    "true",
    "false",
    "wahr",
    "falsch",
    "vrai",
    "faux",
    "verdadero",
    "falso",
    "verdadeiro",
    "vero",
    "waar",
    "onwaar",
    "prawda",
    "fałsz",
    "sant",
    "sand",
];

/// Letters in front of digits that make a sum of money of them in some country, as `R12` is one of rand in South Africa.
const CURRENCIES: [&str; 44] = [
    "aed", "brl", "chf", "cny", "egp", "eur", "gbp", "ghs", "inr", "jpy", "kes", "mad", "ngn", "rwf", "tzs", "ugx",
    "usd", "xaf", "xof", "zar", "b", "bs", "br", "d", "din", "e", "ft", "g", "gs", "k", "kc", "km", "kr", "ks", "ksh",
    "l", "le", "p", "q", "r", "rm", "rp", "rs", "sh",
];

/// How the names of months begin, in the languages of spreadsheets.
const MONTHS: [&str; 40] = [
    "abr", "ago", "aou", "apr", "aug", "avg", "avr", "cze", "dec", "des", "dez", "dic", "ene", "feb", "fev", "gen",
    "giu", "gru", "jan", "jui", "jul", "jun", "kwi", "lip", "lis", "lug", "lut", "mag", "mai", "maj", "mar", "mei",
    "mrt", "nov", "oct", "okt", "out", "set", "sie", "wrz",
];

/// Others of that kind, of other lengths.
const LONG_MONTHS: [&str; 8] = ["paz", "sept", "sep", "sty", "ott", "may", "mrz", "juin"];

/// A cell that a spreadsheet shows and saves as it stands.
pub(crate) fn escape(cell: &str) -> Cow<'_, str> {
    match is_left_alone(cell) {
        true => Cow::Borrowed(cell),
        false => Cow::Owned(format!("'{cell}")),
    }
}

/// What was escaped.
pub(crate) fn unescape(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

/// In doubt it is not.
fn is_left_alone(cell: &str) -> bool {
    let Some(first) = cell.chars().next() else {
        return true;
    };
    let is_cut = cell.trim() != cell || cell.contains('\0');
    if first == '\'' || FORMULA.contains(&first) || is_cut || is_truth_value(cell) {
        return false;
    }
    let is_word = !cell.contains(char::is_numeric);
    is_word || is_short_number(cell) || (first.is_ascii_alphanumeric() && is_surely_text(cell))
}

fn is_truth_value(cell: &str) -> bool {
    let lower = cell.to_lowercase();
    TRUTH_VALUES.contains(&lower.as_str())
}

/// A number that comes back with the same digits.
fn is_short_number(cell: &str) -> bool {
    let is_number = cell.len() <= MAX_DIGITS && cell.bytes().all(|byte| byte.is_ascii_digit());
    is_number && (cell == "0" || !cell.starts_with('0'))
}

/// Digits that no language has in a number, a date, a time or a sum of money.
fn is_surely_text(cell: &str) -> bool {
    has_underscore_or_ending(cell) || begins_with_plain_word(cell) || is_uuid(cell)
}

/// A word in front of the digits with which they are no date and no sum of money: `u1`, `cust-007`.
fn begins_with_plain_word(cell: &str) -> bool {
    let end = cell.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(cell.len());
    let word = cell.get(..end).unwrap_or_default().to_ascii_lowercase();
    let is_month = || MONTHS.iter().chain(&LONG_MONTHS).any(|month| word.starts_with(month));
    !word.is_empty() && !CURRENCIES.contains(&word.as_str()) && !is_month()
}

/// `3f2504e0-4f89-11d3-9a0c-0305e82c3301`, with letters enough to be no number.
fn is_uuid(cell: &str) -> bool {
    let mut lengths = cell.split('-').map(str::len);
    let is_hex = cell.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_hex && [8, 4, 4, 4, 12].into_iter().eq(lengths.by_ref())
}

fn has_underscore_or_ending(cell: &str) -> bool {
    let ends_in = |ending: &&str| {
        let end = cell.len().checked_sub(ending.len()).and_then(|at| cell.get(at..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(ending))
    };
    cell.contains('_') || PHOTO_NAMES.iter().any(ends_in)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::cases;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(cases(256))]

        #[test]
        fn every_cell_comes_back(cell in any::<String>()) {
            let escaped = escape(&cell);
            prop_assert_eq!(unescape(&escaped), &cell);
        }

        #[test]
        fn cells_that_spreadsheets_know_come_back(cell in "['=+@\t -]{0,3}[0-9E/:.a-f-]{0,20}") {
            let escaped = escape(&cell).into_owned();
            prop_assert_eq!(unescape(&escaped), &cell);
            // What was taken away by somebody else does no harm, unless it was the cell's own.
            if !cell.starts_with('\'') {
                prop_assert_eq!(unescape(&cell), &cell);
            }
            prop_assert!(!escaped.starts_with(['=', '+', '-', '@', '\t', '\r', ' ']), "{}", escaped);
        }
    }

    #[test]
    fn what_a_spreadsheet_would_change_is_text() {
        for cell in [
            "007",
            "00",
            "1E5",
            "1e5",
            "3-4",
            "1/2",
            "2021-08-12",
            "12:30",
            "5%",
            "1.50",
            "1,5",
            "123456789012",
            "12345678901234567890",
            "MAR1",
            "R12",
            "Rs 12",
            "mars 3",
            "Sept-21",
            "3f2504e0-4f89-11d3-9a0c",
            "TRUE",
            "false",
            "=1+1",
            "+1",
            "-1",
            "@x",
            "\tx",
            "\rx",
            " 7",
            "7 ",
            "'x",
            "''",
            "＝1",
            "１２",
            "½",
            "-x_y",
            "=a.jpg",
            "1 A",
            "$5",
            "#1",
            "x\0",
        ] {
            assert_eq!(escape(cell), format!("'{cell}"));
        }
    }

    #[test]
    fn what_it_leaves_alone_stays_as_it_is() {
        for cell in [
            "",
            "0",
            "7",
            "12345678901",
            "Ada",
            "Ngũgĩ wa Thiong'o",
            "demo_0101",
            "u1",
            "cust-007",
            "ABC123456789012345",
            "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "photos/07.JPG",
            "1.jpeg",
            "a.png",
            "#N/A",
            "trueish",
            "photo",
        ] {
            assert_eq!(escape(cell), cell);
        }
    }
}
