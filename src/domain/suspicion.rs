//! Rows that are well-formed and surely wrong: an enrollment is hard to undo, so that a person is asked to look first.
//!
//! The tables are short on purpose. A real id that is called wrong teaches people not to read warnings.

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};

use super::outcome::Reason;

/// Why a row that is right by its form looks wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Suspicion {
    #[error("a spreadsheet has written this in the place of the user_id; export the column as text")]
    SpoiltUserId,
    #[error("the text stands for no user")]
    PlaceholderUserId,
    #[error("the user_id of row {other} differs only in case, Unicode form or invisible characters")]
    SimilarUserId { other: u32 },
    #[error("the day is the zero of a clock or a calendar, which stands for no date")]
    ZeroDate,
    #[error("the date lies before {FIRST_YEAR}")]
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
        if is_scientific(user_id) || is_spreadsheet_error(user_id) {
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
mod tests {
    use super::*;

    #[test]
    fn ids_that_are_surely_none_are_told_from_ids() {
        let spoilt = [
            "1.23457E+11",
            "1,23457E+11",
            "1.23457e+11",
            "-1.2E+15",
            "1E+11",
            "1.23457E11",
            "1.2345678E7",
            "12.3E+10",
            "1.20E-04",
            "######",
            "#",
            "#REF!",
            "#VALUE!",
            "#NAME?",
            "#DIV/0!",
            "#ÜBERLAUF!",
            "#¿NOMBRE?",
            "Err:502",
        ];
        let nothing = [
            "NULL",
            "null",
            "Null",
            "(null)",
            "\\N",
            "None",
            "nan",
            "NaN",
            "NaT",
            "N/A",
            "n/a",
            "NA",
            "<NA>",
            "#N/A",
            "undefined",
            "[object Object]",
            "-",
            "--",
            "—",
            "?",
            "...",
            "\u{200b}",
            "\u{feff}-",
        ];
        let ids = [
            "007",
            "0",
            "1",
            "1e3",
            "12E45",
            "1E11",
            "3E-12",
            "5e2a",
            "e+1",
            "1.5",
            "1.E+5",
            ".5E+5",
            "1234E+5",
            "1.2E+1234",
            "1.2.3E+4",
            "E+11",
            "a1.2E+11",
            "1.2E+11a",
            "nullable",
            "nan-1",
            "nana",
            "Annan",
            "none1",
            "N/A-7",
            "nil",
            "unknown",
            "true",
            "test",
            "#1",
            "#42!",
            "#yes!",
            "#A B!",
            "user#",
            "-1",
            "_a",
            "a-",
            "Err:abc",
            "🙂",
            "用户",
            "é",
            "x\u{200b}",
            "d9821b53-ada3-411c-8c5c-d6ea2a95915c",
            "john@example.com",
        ];
        for id in spoilt {
            assert_eq!(Suspicion::of_user_id(id), Some(Suspicion::SpoiltUserId), "{id:?}");
        }
        for id in nothing {
            assert_eq!(Suspicion::of_user_id(id), Some(Suspicion::PlaceholderUserId), "{id:?}");
        }
        for id in ids {
            assert_eq!(Suspicion::of_user_id(id), None, "{id:?}");
        }
    }

    #[test]
    fn no_ordinary_id_of_digits_or_letters_is_suspicious() {
        for number in (0..3_000_000_u64).step_by(37) {
            for id in [
                number.to_string(),
                format!("{number:x}"),
                format!("{number:08X}"),
                format!("u{number}"),
            ] {
                assert_eq!(Suspicion::of_user_id(&id), None, "{id:?}");
            }
        }
    }

    #[test]
    fn dates_before_2010_and_zeros_are_suspicious() {
        for (date, wanted) in [
            ("1970-01-01", Some(Suspicion::ZeroDate)),
            ("1970-01-01 00:00:00+0000", Some(Suspicion::ZeroDate)),
            ("1969-12-31 16:00:00-0800", Some(Suspicion::ZeroDate)),
            ("1899-12-30", Some(Suspicion::ZeroDate)),
            ("1900-01-01 00:00:00+0100", Some(Suspicion::ZeroDate)),
            ("0001-01-01", Some(Suspicion::ZeroDate)),
            ("0000-01-01", Some(Suspicion::EarlyDate)),
            ("1999-12-31", Some(Suspicion::EarlyDate)),
            ("2009-12-31", Some(Suspicion::EarlyDate)),
            ("2009-12-31 23:59:59-1200", Some(Suspicion::EarlyDate)),
            ("2010-01-01", None),
            ("2010-01-01 00:00:00+1400", None),
            ("2021-08-12", None),
            ("2026-05-28 20:26:40+0000", None),
        ] {
            assert_eq!(Suspicion::of_date(date), wanted, "{date}");
        }
    }

    fn folded(user_id: &str) -> String {
        let mut text = "left over".to_owned();
        fold(user_id, &mut text);
        text
    }

    #[test]
    fn ids_that_look_alike_fold_to_the_same() {
        for group in [
            &[
                "ann",
                "Ann",
                "ANN",
                "ａｎｎ",
                "a\u{ad}nn",
                "\u{feff}ann",
                "ann\u{200b}",
                "\u{202e}Ann\u{202c}",
            ][..],
            &["zoë", "Zoe\u{308}", "ZOË", "zo\u{200d}ë"],
            &["straße", "STRASSE", "Straẞe"],
            &["ﬁx", "fix", "FIX"],
            &["x²", "x2"],
            &["Å1", "\u{212b}1", "A\u{30a}1", "å1"],
            &["ΣΑΣ", "σας", "σασ"],
            &["İ", "i\u{307}"],
        ] {
            for id in group {
                assert_eq!(folded(id), folded(group[0]), "{id:?}");
                assert_eq!(folded(&folded(id)), folded(id), "{id:?}");
            }
        }
        let different = [
            "a", "b", "ab", "a b", "a-b", "a_b", "é", "e", "0", "o", "1", "l", "ı", "i", "а",
        ];
        for (place, id) in different.iter().enumerate() {
            for other in &different[..place] {
                assert_ne!(folded(id), folded(other), "{id:?} {other:?}");
            }
        }
    }

    #[test]
    fn every_character_folds_to_what_folds_to_itself() {
        for character in (0..=0x0010_ffff_u32).step_by(3).filter_map(char::from_u32) {
            let once = folded(&format!("é{character}"));
            assert_eq!(folded(&once), once, "{character:?}");
        }
    }
}
