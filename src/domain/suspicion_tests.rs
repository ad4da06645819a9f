//! What is suspicious and what is not, as tables; and what ids have in common that look alike.

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
        "'007",
        "=\"007\"",
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
