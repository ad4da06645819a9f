//! What makes a row wrong by itself.

use super::{HEADER, fault, file, manifest, open, rows};
use crate::domain::{outcome::Reason, photo::PhotoPlace};
use crate::manifest::Survey;

#[test]
fn every_fault_has_its_reason() {
    for (row, reason) in [
        ("a,2021-08-12,a.jpg", None),
        ("a,2021-08-12", Some(Reason::WrongFieldCount)),
        ("a,2021-08-12,a.jpg,", Some(Reason::WrongFieldCount)),
        ("a", Some(Reason::WrongFieldCount)),
        (" ", Some(Reason::WrongFieldCount)),
        (",2021-08-12,a.jpg", Some(Reason::BadUserId)),
        (" a,2021-08-12,a.jpg", Some(Reason::BadUserId)),
        ("\"a\nb\",2021-08-12,a.jpg", Some(Reason::BadUserId)),
        ("a,,a.jpg", Some(Reason::BadDate)),
        ("a,12/08/2021,a.jpg", Some(Reason::BadDate)),
        ("a,2021-02-30,a.jpg", Some(Reason::BadDate)),
        ("a,2099-01-01,a.jpg", Some(Reason::DateInFuture)),
        ("a,2021-08-12,", Some(Reason::PhotoNotGiven)),
        (
            "a,2021-08-12,\"data:image/jpeg;base64,/9j/4AAQ\"",
            Some(Reason::PhotoIsNotAPath),
        ),
        ("a,2021-08-12,DATA:x", Some(Reason::PhotoIsNotAPath)),
        ("a,2021-08-12,iVBORw0KGgoAAAANSUhEUg", Some(Reason::PhotoIsNotAPath)),
    ] {
        assert_eq!(fault(row), reason, "{row:?}");
    }
}

#[test]
fn the_text_of_a_photo_is_no_path_and_a_long_path_is_no_photo() {
    let base64 = |length: usize| "Zm9v+/A9".repeat(length / 8);
    for text in [
        format!("/9j/{}", base64(64)),
        format!("/9j/{}", base64(4_000)),
        base64(256),
        base64(4_000),
        format!("\"{}\n{}\"", base64(240), base64(240)),
    ] {
        assert_eq!(
            fault(&format!("a,2021-08-12,{text}")),
            Some(Reason::PhotoIsNotAPath),
            "{text}"
        );
    }
    let deep = "folder/".repeat(60);
    for path in [
        format!("{deep}photo.jpg"),
        format!("/9j/{deep}photo.jpg"),
        "/9j/photo".to_owned(),
        "photos/0123456789abcdef".to_owned(),
        format!("{deep}photo with space"),
        format!("{}-1", "a".repeat(300)),
        "database.jpg".to_owned(),
        "data.jpg".to_owned(),
    ] {
        assert_eq!(fault(&format!("a,2021-08-12,{path}")), None, "{path}");
    }
}

#[test]
fn a_relative_photo_lies_below_the_root_and_an_absolute_one_where_it_says() {
    let rows = rows(&manifest(format!(
        "{HEADER}a,2021-08-12,a.jpg\nb,2021-08-12,x/../b.jpg\nc,2021-08-12,/srv/c.jpg\nd,2021-08-12,名前.png\n"
    )));
    let photos: Vec<_> = rows.iter().map(|row| row.as_ref().unwrap().2.clone()).collect();
    let wanted = ["/photos/a.jpg", "/photos/x/../b.jpg", "/srv/c.jpg", "/photos/名前.png"];
    assert_eq!(photos, wanted.map(|path| PhotoPlace::File(path.into())));
}

#[test]
fn the_first_pass_tells_of_each_fault_with_its_row() {
    let file = file(format!("{HEADER}a,2021-08-12,a.jpg\nb,x,b.jpg\nc,2021-08-12\n"));
    let mut told = Vec::new();
    let survey = Survey::take(&open(file.path()).unwrap(), |row, fault| told.push((row, fault.reason))).unwrap();
    assert_eq!(told, [(2, Reason::BadDate), (3, Reason::WrongFieldCount)]);
    assert_eq!(survey.rows(), 3);
}

#[test]
fn a_fault_shows_its_value_without_control_characters_and_not_at_length() {
    let text = format!("{HEADER}\"a\u{1b}[2J{}\",2021-08-12,a.jpg\n", "x".repeat(500));
    let fault = rows(&manifest(text)).remove(0).unwrap_err();
    assert!(!fault.detail.contains('\u{1b}'), "{}", fault.detail);
    assert!(fault.detail.chars().count() < 150, "{}", fault.detail);
}

#[test]
fn a_row_of_another_width_does_not_pass_for_a_right_one_when_the_results_are_the_manifest() {
    let ours = crate::domain::outcome::RESULT_COLUMNS.join(",");
    let results = |reason: &str| {
        let cells = format!("1,invalid,{reason},,,,,,,0,,,,,,");
        let text = format!("photo,user_created_at,user_id,{ours}\na.jpg,2021-08-12,Smith,{cells}\n");
        rows(&manifest(text)).remove(0).map_err(|fault| fault.reason)
    };
    assert_eq!(results("wrong_field_count").err(), Some(Reason::WrongFieldCount));
    assert!(results("photo_not_found").is_ok());
}

#[test]
fn what_is_shown_of_a_user_is_harmless() {
    let manifest = manifest(format!("{HEADER}\"a\u{1b}[2J\nb\",2021-08-12,a.jpg\n"));
    let mut records = manifest.records().unwrap();
    let (_, record) = records.next().unwrap().unwrap();
    assert_eq!(manifest.shown_user(record), "a\\u{1b}[2J\\nb");
}
