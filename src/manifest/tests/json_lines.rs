//! JSON Lines: objects whose members are the columns.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{cells, file, now, rows};
use crate::domain::outcome::{RESULT_COLUMNS, Reason};
use crate::domain::testing::cases;
use crate::manifest::{Format, Headers, Manifest, ManifestError, ManifestOptions, Survey};

const MIB: usize = 1024 * 1024;

fn open_with(text: impl AsRef<[u8]>, headers: Headers) -> Result<Manifest, ManifestError> {
    let options = ManifestOptions {
        format: Format::JsonLines,
        headers,
        ..ManifestOptions::in_folder("/photos")
    };
    Manifest::open(file(text).path(), options, now())
}

fn open(text: impl AsRef<[u8]>) -> Result<Manifest, ManifestError> {
    open_with(text, Headers::default())
}

/// The cells of one line behind the three columns that are read.
fn others(members: &str) -> Vec<String> {
    let line = format!("{{\"user_id\":\"a\",\"user_created_at\":\"2021-08-12\",\"photo\":\"a.jpg\",{members}}}\n");
    cells(&open(line).unwrap()).remove(0).1.split_off(3)
}

/// Why the second of three rows is not sent.
fn reason(line: &str) -> Option<Reason> {
    let row =
        |user: &str| format!("{{\"user_id\":\"{user}\",\"user_created_at\":\"2021-08-12\",\"photo\":\"a.jpg\"}}\n");
    let manifest = open(format!("{}{line}\n{}", row("first"), row("last"))).unwrap();
    let mut rows = rows(&manifest);
    assert_eq!(rows.len(), 3, "{line}");
    assert!(rows[0].is_ok() && rows[2].is_ok(), "{line}");
    rows.remove(1).err().map(|fault| fault.reason)
}

#[test]
fn the_columns_are_those_of_all_lines_and_ours_stand_first() {
    let text = "\u{feff}{\"x\":1,\"user_id\":\"a\",\"photo\":\"a.jpg\",\"user_created_at\":\"2021-08-12\"}\r\n\n  \n\
                {\"photo\":\"b.jpg\",\"name\":\"Zo\\u00eb \\ud83d\\ude42\\n\",\"user_id\":\"b\",\"user_created_at\":\"2021-08-12\"}";
    let manifest = open(text).unwrap();
    assert_eq!(
        manifest.own_columns(),
        ["user_id", "user_created_at", "photo", "x", "name"]
    );
    let all = cells(&manifest);
    assert_eq!(all[0].1, ["a", "2021-08-12", "a.jpg", "1", ""]);
    assert_eq!(
        all[1],
        (
            2,
            ["b", "2021-08-12", "b.jpg", "", "Zoë 🙂\n"].map(String::from).to_vec()
        )
    );
    assert!(rows(&manifest).iter().all(Result::is_ok));
    let mut records = manifest.records().unwrap();
    let lines: Vec<u64> = std::iter::from_fn(|| records.next().unwrap().map(|(_, record)| record.line())).collect();
    assert_eq!(lines, [1, 4]);
    let form = manifest.csv_form();
    assert!(form.bom && !form.crlf && !form.sep_line);
}

#[test]
fn other_members_come_as_they_are() {
    for (member, wanted) in [
        ("\"\\u0041\\\"b\\\\\"", "A\"b\\"),
        ("\"\"", ""),
        ("null", ""),
        ("true", "true"),
        ("12345678901234567890.10e+5", "12345678901234567890.10e+5"),
        ("-0", "-0"),
        (
            "[ 1, \"a b\\\" c\" , {\"k\" : null} ]",
            "[1,\"a b\\\" c\",{\"k\":null}]",
        ),
        ("{\"b\" :\t\"\\ud800\"}", "{\"b\":\"\\ud800\"}"),
        ("\"a\\u0000b\"", "a\0b"),
    ] {
        assert_eq!(others(&format!("\"m\" : {member}")), [wanted], "{member}");
    }
    assert_eq!(
        others("\"m\":1,\"m\":2"),
        ["2"],
        "the last of two, as readers of JSON have it"
    );
}

#[test]
fn a_number_is_no_id_and_no_path() {
    let line = |user: &str, date: &str, photo: &str| {
        reason(&format!(
            "{{\"user_id\":{user},\"user_created_at\":{date},\"photo\":{photo}}}"
        ))
    };
    let (date, photo) = ("\"2021-08-12\"", "\"a.jpg\"");
    for user in [
        "7",
        "1e3",
        "true",
        "null",
        "[\"a\"]",
        "{}",
        "\"\"",
        "\"a\\u0000\"",
        "\" a\"",
    ] {
        assert_eq!(line(user, date, photo), Some(Reason::BadUserId), "{user}");
    }
    for photo in ["7", "true", "{\"path\":\"a.jpg\"}", "[\"a.jpg\"]"] {
        assert_eq!(line("\"a\"", date, photo), Some(Reason::PhotoIsNotAPath), "{photo}");
    }
    assert_eq!(line("\"a\"", date, "null"), Some(Reason::PhotoNotGiven));
    for date in ["20210812", "null", "true", "[\"2021-08-12\"]"] {
        assert_eq!(line("\"a\"", date, photo), Some(Reason::BadDate), "{date}");
    }
    assert_eq!(line("\"007\"", date, photo), None);
    let text = format!("{{\"user_id\":7,\"user_created_at\":{date},\"photo\":{photo}}}");
    let fault = rows(&open(text).unwrap()).remove(0).unwrap_err();
    assert!(fault.detail.contains("7 and 007"), "{}", fault.detail);
}

#[test]
fn a_line_that_is_no_object_is_the_fault_of_its_row_alone() {
    for line in [
        "[]",
        "7",
        "null",
        "\"text\"",
        "user_id,user_created_at,photo",
        "{\"user_id\":\"a\"",
        "{\"user_id\":\"a\"} {}",
        "{'user_id':'a'}",
        "{\"user_id\":\"a\",}",
        "{\"user_id\":\"\\ud800\",\"user_created_at\":\"2021-08-12\",\"photo\":\"a.jpg\"}",
        "{\"user_id\":\"\\ud800\\u0041\",\"user_created_at\":\"2021-08-12\",\"photo\":\"a.jpg\"}",
        "{\"user_id\":\"a\",\"user_id\":\"b\",\"user_created_at\":\"2021-08-12\",\"photo\":\"a.jpg\"}",
        "{\"user_id\":\"a\",\"user_\\u0069d\":\"a\",\"user_created_at\":\"2021-08-12\",\"photo\":\"a.jpg\"}",
        "{\"user_id\":\"a\0\",\"user_created_at\":\"2021-08-12\",\"photo\":\"a.jpg\"}",
    ] {
        assert_eq!(reason(line), Some(Reason::BadJson), "{line}");
    }
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(reason(&deep), Some(Reason::BadUserId), "depth by itself is no fault");
}

#[test]
fn a_file_that_is_no_json_lines_is_told() {
    let error = open("user_id,user_created_at,photo\nu1,2021-08-12,a.jpg\n").unwrap_err();
    assert!(
        matches!(error, ManifestError::NotJsonLines { line: 1, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("--format csv"), "{error}");
    let error = open("[\n{\"user_id\":\"a\"}\n]\n").unwrap_err().to_string();
    assert!(error.contains("jq -c '.[]'"), "{error}");
    let error = open("{\"id\":\"a\",\"user_created_at\":1}\n").unwrap_err().to_string();
    assert!(
        error.contains("user_id, photo are missing") && error.contains("id, user_created_at"),
        "{error}"
    );
}

#[test]
fn a_line_has_an_end_and_the_members_are_bounded() {
    let line = |length: usize| {
        let head = "{\"user_id\":\"a\",\"user_created_at\":\"2021-08-12\",\"photo\":\"a.jpg\",\"x\":\"";
        format!("{head}{}\"}}", "x".repeat(length - head.len() - 2))
    };
    assert!(open(line(MIB)).is_ok());
    for end in ["", "\n"] {
        let found = open(format!("\n{}{end}", line(MIB + 1)));
        assert!(matches!(found, Err(ManifestError::LongLine { line: 2 })), "{found:?}");
    }
    let many = |count: usize| {
        (0..count)
            .map(|name| format!("{{\"m{name}\":1}}\n"))
            .collect::<String>()
    };
    let found = open(many(1_001));
    assert!(
        matches!(found, Err(ManifestError::TooManyMembers { line: 1_001 })),
        "{found:?}"
    );
    assert!(matches!(open(many(1_000)), Err(ManifestError::MissingColumns(_))));
    let found = open(b"{\"user_id\":\"caf\xe9\"}");
    assert!(
        matches!(
            found,
            Err(ManifestError::NotUtf8 {
                line: 1,
                offset: 15,
                byte: 0xE9
            })
        ),
        "{found:?}"
    );
}

#[test]
fn an_empty_file_is_one_without_rows() {
    for text in ["", "\n\n", "\u{feff}"] {
        let manifest = open(text).unwrap();
        assert_eq!(manifest.own_columns(), ["user_id", "user_created_at", "photo"]);
        assert_eq!(Survey::take(&manifest, |_, _| ()).unwrap().rows(), 0);
    }
}

#[test]
fn members_that_change_after_the_columns_were_found_are_told() {
    let line = "{\"user_id\":\"a\",\"user_created_at\":\"2021-08-12\",\"photo\":\"a.jpg\",\"x\":1}\n";
    let file = file(line);
    let options = ManifestOptions {
        format: Format::JsonLines,
        ..ManifestOptions::in_folder("/photos")
    };
    let manifest = Manifest::open(file.path(), options, now()).unwrap();
    assert!(Survey::take(&manifest, |_, _| ()).is_ok());
    std::fs::write(file.path(), line.replace("\"x\"", "\"y\"")).unwrap();
    let found = Survey::take(&manifest, |_, _| ());
    assert!(matches!(found, Err(ManifestError::Changed)), "{found:?}");
}

#[test]
fn members_are_called_as_the_operator_says() {
    let headers = Headers {
        user_id: Some("customer".into()),
        ..Headers::default()
    };
    let text = "{\"user_id\":7,\"customer\":\"a\",\"userCreatedAt\":\"2021-08-12\",\"Photo Path\":\"a.jpg\"}\n";
    let manifest = open_with(text, headers).unwrap();
    assert_eq!(
        manifest.own_columns(),
        ["customer", "userCreatedAt", "Photo Path", "user_id"]
    );
    assert_eq!(rows(&manifest)[0].as_ref().unwrap().0, "a");
}

#[test]
fn results_that_were_turned_into_json_keep_their_own_columns_apart() {
    let own = ["name", "user_id", "user_created_at", "photo"];
    let line: Vec<String> = own
        .iter()
        .chain(&RESULT_COLUMNS)
        .map(|name| format!("\"{name}\":\"2021-08-12\""))
        .collect();
    let manifest = open(format!("{{{}}}\n", line.join(","))).unwrap();
    assert_eq!(manifest.own_columns(), ["user_id", "user_created_at", "photo", "name"]);
}

#[test]
fn a_number_in_results_is_not_taken_for_the_text_that_it_was_not() {
    let csv = |user: &str, photo: &str, reason: &str| {
        let header = format!("user_id,user_created_at,photo,{}", RESULT_COLUMNS.join(","));
        let row = format!("{user},2021-08-12,{photo},1,invalid,{reason},,,,,,,0,,,,,,");
        rows(&super::manifest(format!("{header}\n{row}\n")))
            .remove(0)
            .err()
            .map(|fault| fault.reason)
    };
    assert_eq!(csv("7", "a.jpg", "bad_user_id"), Some(Reason::BadUserId));
    assert_eq!(csv("true", "a.jpg", "bad_user_id"), Some(Reason::BadUserId));
    assert_eq!(csv("a", "7", "photo_is_not_a_path"), Some(Reason::PhotoIsNotAPath));
    assert_eq!(csv("{", "a.jpg", "bad_json"), Some(Reason::BadJson));
    // What was fixed is right, and so is a number that nobody has refused.
    for (user, reason) in [
        ("007", "bad_user_id"),
        ("7", ""),
        ("7", "bad_date"),
        ("u7", "bad_user_id"),
    ] {
        assert_eq!(csv(user, "a.jpg", reason), None, "{user} {reason}");
    }
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn any_text_is_read_as_it_was_written(texts in proptest::collection::vec("\\PC{0,6}|[\"\\\\\n\0,;]{0,4}", 1..6), escape in any::<bool>()) {
        let line = |text: &String| {
            let value = json!({"user_id": "a", "user_created_at": "2021-08-12", "photo": "p.jpg", "x": text});
            let line = value.to_string();
            match escape {
                true => line.chars().map(|c| if c.is_ascii() { c.to_string() } else { escaped(c) }).collect(),
                false => line,
            }
        };
        let text: String = texts.iter().map(|text| line(text) + "\n").collect();
        let found: Vec<String> = cells(&open(text).unwrap()).into_iter().map(|(_, cells)| cells[3].clone()).collect();
        prop_assert_eq!(found, texts);
    }

    #[test]
    fn a_line_is_an_object_where_another_reader_finds_one(line in "[{}\\[\\]\":,a1 ]{0,12}") {
        let is_object = serde_json::from_str::<Value>(&line).is_ok_and(|value| value.is_object());
        let is_blank = line.trim().is_empty();
        prop_assume!(!is_blank);
        prop_assert_eq!(reason(&line) == Some(Reason::BadJson), !is_object, "{}", line);
    }
}

fn escaped(character: char) -> String {
    let mut units = [0; 2];
    character
        .encode_utf16(&mut units)
        .iter()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect()
}
