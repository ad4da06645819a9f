//! Results have the form of their manifest, and hold its cells as they were.

use proptest::prelude::*;

use super::Fixture;
use crate::domain::testing::cases;
use crate::manifest::{CsvForm, Delimiter};
use crate::output::form;

/// A manifest in this form, whose last column holds these cells.
fn manifest(form: CsvForm, cells: &[String]) -> String {
    let mut bytes = Vec::new();
    let mut writer = form::begin(form, &mut bytes).unwrap();
    writer
        .write_record(["user_id", "user_created_at", "photo", "own"])
        .unwrap();
    for (number, cell) in cells.iter().enumerate() {
        let user = format!("u{number}");
        writer.write_record([&user, "2021-08-12", "p.jpg", cell]).unwrap();
    }
    drop(writer);
    String::from_utf8(bytes).unwrap()
}

/// The last of the manifest's own cells, row by row.
fn own_cells(fixture: &Fixture) -> Vec<String> {
    let manifest = &fixture.manifest.manifest;
    let mut records = manifest.records().unwrap();
    let mut cells = Vec::new();
    while let Some((number, record)) = records.next().unwrap() {
        assert!(manifest.row(number, record).is_ok(), "{number}");
        cells.extend(manifest.own_cells(record).nth(3).map(str::to_owned));
    }
    cells
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn results_are_the_next_manifest_in_every_form(
        cells in proptest::collection::vec("[a=,;|\t\"\r\né🙂 ]{0,5}", 1..5),
        place in 0..4_usize,
        bom in any::<bool>(),
        sep_line in any::<bool>(),
        crlf in any::<bool>(),
    ) {
        let wanted = CsvForm { bom, sep_line, delimiter: Delimiter::ALL[place], crlf };
        let fixture = Fixture::new(&manifest(wanted, &cells));
        prop_assert_eq!(fixture.manifest.manifest.csv_form(), wanted);
        let results = fixture.text();
        let next = Fixture::new(&results);
        prop_assert_eq!(next.manifest.manifest.csv_form(), wanted);
        prop_assert_eq!(own_cells(&next), cells);
        prop_assert_eq!(next.text(), results, "and so are the results of results");
    }
}
