//! Rows that are well-formed and surely wrong: an enrollment is hard to undo, so that a person is asked to look first.
//!
//! The tables are short on purpose. A real id that is called wrong teaches people not to read warnings.

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};

use super::{outcome::Reason, row_at::RowAt};

/// Why a row that is right by its form looks wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Suspicion {
    #[error("a spreadsheet has written this in the place of the user_id; export the column as text")]
    SpoiltUserId,
    #[error("the user_id is a word for no value")]
    PlaceholderUserId,
    #[error("the user_id of {other} differs only in case, Unicode form or invisible characters")]
    SimilarUserId { other: RowAt },
    #[error("the date is the zero of a clock or a calendar, and so not a real date")]
    ZeroDate,
    #[error("the date is before {FIRST_YEAR}")]
    EarlyDate,
}

/// No user is older: the service did not exist (contract, section 3).
const FIRST_YEAR: &str = "2010";

/// Zeros of Unix (also west of Greenwich), spreadsheets, FAT, Windows, .NET and SQL.
const ZERO_DAYS: [&str; 9] = [
    "1970-01-01",
    "1969-12-31",
    "1899-12-30",
    "1899-12-31",
    "1900-01-01",
    "1904-01-01",
    "1980-01-01",
    "1601-01-01",
    "0001-01-01",
];

/// What programs write where there is no value, in lower case: SQL, pandas, R, JavaScript, Python, Go, spreadsheets.
const PLACEHOLDERS: [&str; 19] = [
    "null",
    "(null)",
    "<null>",
    "[null]",
    "\\n",
    "none",
    "<none>",
    "(none)",
    "nan",
    "nat",
    "n/a",
    "na",
    "n.a.",
    "<na>",
    "#n/a",
    "#na",
    "undefined",
    "<nil>",
    "[object object]",
];

impl Suspicion {
    pub(crate) fn reason(self) -> Reason {
        match self {
            Self::SpoiltUserId => Reason::SpoiltUserId,
            Self::PlaceholderUserId => Reason::PlaceholderUserId,
            Self::SimilarUserId { .. } => Reason::SimilarUserIds,
            Self::ZeroDate | Self::EarlyDate => Reason::SuspiciousDate,
        }
    }

    /// What looks wrong with a user_id by itself.
    pub(crate) fn of_user_id(user_id: &str) -> Option<Self> {
        if is_scientific(user_id) || is_spreadsheet_error(user_id) || is_escaped(user_id) {
            Some(Self::SpoiltUserId)
        } else if is_placeholder(user_id) {
            Some(Self::PlaceholderUserId)
        } else {
            None
        }
    }

    /// What looks wrong with a date, which is given in one of the API's own forms.
    pub(crate) fn of_date(date: &str) -> Option<Self> {
        let day = date.get(.."YYYY-MM-DD".len())?;
        if ZERO_DAYS.contains(&day) {
            Some(Self::ZeroDate)
        } else {
            (day < FIRST_YEAR).then_some(Self::EarlyDate)
        }
    }
}

/// A long number as spreadsheets and programs shorten it: `1.23457E+11`, `1,23457E+11`, `1E+11`, `1.23457E11`. A sign or
/// a fraction is asked for, since `12E45` may be an id; a minus and no fraction may be one too, as `3E-12`.
fn is_scientific(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_form = match mantissa.split_once(['.', ',']) {
        Some((whole, fraction)) => is_number(whole, 3) && is_number(fraction, 20),
        None => is_number(mantissa, 3) && exponent.starts_with('+'),
    };
    is_form && is_number(digits, 3)
}

/// Between one and `most` digits.
fn is_number(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `#REF!`, `#VALUE!`, `#NAME?` in any language, `Err:502`, and `#####` for a column that is too narrow.
fn is_spreadsheet_error(text: &str) -> bool {
    let name = text.strip_prefix('#').and_then(|rest| rest.strip_suffix(['!', '?']));
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '¡' | '¿'))
            && !name.contains(|c: char| c.is_lowercase() || c.is_whitespace())
    };
    let is_number_of_error = |text: &str| text.strip_prefix("Err:").is_some_and(|number| is_number(number, 3));
    name.is_some_and(is_name) || is_number_of_error(text) || text.bytes().all(|byte| byte == b'#')
}

/// Made text for a spreadsheet, as failures are: `'007`, `="007"`. So it stands where a failures file has lost its columns.
fn is_escaped(text: &str) -> bool {
    text.starts_with("=\"") || text.starts_with('\'')
}

/// A word for nothing, nothing but punctuation, or nothing that can be seen.
fn is_placeholder(text: &str) -> bool {
    let is_punctuation = |c: char| c.is_ascii_punctuation() || matches!(c, '–' | '—' | '…');
    PLACEHOLDERS.iter().any(|word| text.eq_ignore_ascii_case(word))
        || text.chars().all(|c| is_punctuation(c) || is_invisible(c))
}

/// Zero-width characters, soft hyphens, byte order marks, direction marks, variation selectors.
fn is_invisible(character: char) -> bool {
    !character.is_ascii() && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

/// Writes to `folded` what two user_ids have in common that differ only in case, Unicode form or invisible characters
/// (Unicode's NFKC_Casefold). Nothing is allocated for ASCII once `folded` is large enough.
pub(crate) fn fold(user_id: &str, folded: &mut String) {
    folded.clear();
    if user_id.is_ascii() {
        folded.push_str(user_id);
        folded.make_ascii_lowercase();
        return;
    }
    const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfkc();
    let visible: String = user_id.chars().filter(|c| !is_invisible(*c)).collect();
    let folding = CaseMapper::new();
    // Each of the two may make work for the other; Unicode proves that it ends with the second round.
    let once = NFKC
        .normalize(&folding.fold_string(&NFKC.normalize(&visible)))
        .into_owned();
    folded.push_str(&NFKC.normalize(&folding.fold_string(&once)));
}

#[cfg(test)]
#[path = "suspicion_tests.rs"]
mod tests;
