//! The rows of a part: each row of the manifest is in exactly one, and is there what it is in the whole.

use proptest::prelude::*;

use super::{file, open};
use crate::domain::{shard::Shard, testing::cases};
use crate::manifest::{Manifest, ManifestOptions, Role, Survey};
use crate::sys::user_hash::UserHashKeys;

/// The survey of each part of so many.
fn parts(manifest: &Manifest, count: u32) -> Vec<Survey> {
    let keys = UserHashKeys::default();
    let part = |shard| Survey::take_part(manifest, Some(shard), &keys, |_, _| ()).unwrap().0;
    Shard::all(count).map(part).collect()
}

/// Checks each row against the survey of the whole; how many rows each part has.
fn compare(manifest: &Manifest, count: u32) -> Vec<u32> {
    let whole = Survey::take(manifest, |_, _| ()).unwrap();
    let parts = parts(manifest, count);
    let mut records = manifest.records().unwrap();
    while let Some((number, record)) = records.next().unwrap() {
        let own: Vec<_> = parts.iter().filter(|part| !part.is_elsewhere(number)).collect();
        assert_eq!(own.len(), 1, "row {number} is in one part");
        assert_eq!(own[0].role(number), whole.role(number), "row {number}");
        assert_eq!(own[0].similar(number), whole.similar(number), "row {number}");
        let fault = |survey: &Survey| survey.fault(manifest, number, record).map(|fault| fault.reason);
        assert_eq!(fault(own[0]), fault(&whole), "row {number}");
    }
    assert!(parts.iter().all(|part| part.sha256 == whole.sha256));
    let rows: Vec<u32> = parts.iter().map(Survey::rows).collect();
    assert_eq!(rows.iter().sum::<u32>(), whole.rows());
    rows
}

const MANIFEST: &str = "user_id,user_created_at,photo
u1,2021-08-12,a.jpg
u2,2021-08-12,a.jpg
u1,2021-08-12,a.jpg
u2,2021-08-12,b.jpg
U1,2021-08-12,a.jpg
u3,03/04/2021,a.jpg
u3,2021-08-12,a.jpg
,2021-08-12,a.jpg
 u4,2021-08-12,a.jpg
u5
\"u6,2021-08-12,a.jpg\"x
NULL,1970-01-01,a.jpg
";

#[test]
fn each_row_is_in_one_part_and_is_there_what_it_is_in_the_whole() {
    let file = file(MANIFEST.as_bytes());
    let manifest = open(file.path()).unwrap();
    for count in [1, 2, 3, 8, 100] {
        let rows = compare(&manifest, count);
        assert!(count < 100 || rows.contains(&0), "some parts are empty");
    }
}

#[test]
fn a_look_alike_in_another_part_is_found() {
    let file = file(b"user_id,user_created_at,photo\nu1,2021-08-12,a.jpg\nU1,2021-08-12,b.jpg\n");
    let manifest = open(file.path()).unwrap();
    let apart = (2..50).find(|count| Shard::of("u1", *count) != Shard::of("U1", *count));
    let parts = parts(&manifest, apart.unwrap());
    let warned: Vec<u32> = parts
        .iter()
        .flat_map(|part| part.warnings(&manifest).unwrap())
        .map(|w| w.count)
        .collect();
    assert_eq!(warned, [1, 1], "each by the part that sends the user");
}

#[test]
fn a_part_without_rows_is_no_fault_even_strictly() {
    let file = file(b"user_id,user_created_at,photo\n");
    let options = ManifestOptions {
        strict: true,
        ..ManifestOptions::default()
    };
    let manifest = Manifest::open(file.path(), options, super::now()).unwrap();
    assert!(Survey::take(&manifest, |_, _| ()).is_err());
    assert_eq!(parts(&manifest, 2).iter().map(Survey::rows).collect::<Vec<_>>(), [0, 0]);
}

#[test]
fn a_line_that_is_no_object_is_in_the_part_of_no_user() {
    let file = tempfile::Builder::new().suffix(".jsonl").tempfile().unwrap();
    let lines = "{\"user_id\":7,\"user_created_at\":\"2021-08-12\",\"photo\":\"a\"}\n7\n{\"photo\":\"b\"}\n";
    std::fs::write(file.path(), lines).unwrap();
    let options = ManifestOptions {
        format: crate::manifest::Format::JsonLines,
        ..ManifestOptions::default()
    };
    let manifest = Manifest::open(file.path(), options, super::now()).unwrap();
    let rows = compare(&manifest, 8);
    assert_eq!(rows[Shard::of("7", 8) as usize - 1], 1);
    assert_eq!(rows[Shard::of("", 8) as usize - 1], 2);
    assert_eq!(Survey::take(&manifest, |_, _| ()).unwrap().count(Role::Elsewhere), 0);
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn any_manifest_is_cut_into_parts(rows in prop::collection::vec(("[aAbB]{1,2}", 0..2), 0..30), count in 1..12_u32) {
        let rows = rows.iter().map(|(user, photo)| format!("{user},2021-08-12,{photo}.jpg\n"));
        let text = format!("user_id,user_created_at,photo\n{}", rows.collect::<String>());
        let file = file(text.as_bytes());
        compare(&open(file.path()).unwrap(), count);
    }
}
