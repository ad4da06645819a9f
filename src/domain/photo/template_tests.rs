//! Which templates are read, and what cells make of them.

use super::*;

fn fault(text: &str) -> Option<TemplateFault> {
    PhotoTemplate::parse(text).err().map(|error| error.fault)
}

/// The path that these cells make, with `*` for the unknown part, or the fault and its column.
fn fill(text: &str, cells: &[&str]) -> Result<String, (String, CellFault)> {
    let template = PhotoTemplate::parse(text).unwrap();
    assert_eq!(template.columns().count(), cells.len(), "{text}");
    match template.fill(cells.iter().copied()) {
        Ok(Filled {
            folder,
            name: FilledName::Known(name),
        }) => Ok(folder + &name),
        Ok(Filled {
            folder,
            name: FilledName::Pattern(name),
        }) => Ok(format!("{folder}{name}")),
        Err((column, fault)) => Err((column.name.clone(), fault)),
    }
}

#[test]
fn cells_take_the_place_of_their_columns() {
    for (text, cells, path) in [
        ("{user_id}.jpg", &["u1"][..], "u1.jpg"),
        ("{ user_id }.jpg", &["u1"], "u1.jpg"),
        ("{branch}/{user_id}/selfie.png", &["ikeja", "u1"], "ikeja/u1/selfie.png"),
        ("{branch}/{user_id}.jpg", &["lagos/ikeja", "u1"], "lagos/ikeja/u1.jpg"),
        ("{a}{a}.jpg", &["x", "y"], "xy.jpg"),
        ("/srv/../{a}", &["x"], "/srv/../x"),
        ("{{{a}}}.jpg", &["x"], "{x}.jpg"),
        ("{a}.*", &["x"], "x.*"),
        ("{a}.*", &["*"], "*.*"),
        ("{a}/*", &["x"], "x/*"),
        ("*_{a}.jpg", &["?[]"], "*_?[].jpg"),
        ("{a}.jpg", &["..x"], "..x.jpg"),
        ("{a}.jpg", &[".."], "...jpg"),
        ("名{a}", &["é"], "名é"),
    ] {
        assert_eq!(fill(text, cells).as_deref(), Ok(path), "{text}");
    }
}

#[test]
fn no_cell_leads_out_of_its_folder() {
    use CellFault::{Character, Elsewhere, Empty, Separator};
    for (text, cells, fault) in [
        ("{a}.jpg", &[""][..], Empty),
        ("{a}.jpg", &["../../etc/x"], Separator),
        ("{a}.jpg", &["/etc/x"], Separator),
        ("{a}.jpg", &["b/c"], Separator),
        ("{a}", &[".."], Elsewhere),
        ("{a}", &["."], Elsewhere),
        ("{a}/x.jpg", &[".."], Elsewhere),
        ("{a}/x.jpg", &["../b"], Elsewhere),
        ("{a}/x.jpg", &["b/../../c"], Elsewhere),
        ("{a}/x.jpg", &["/etc"], Elsewhere),
        ("{a}/x.jpg", &["b/"], Elsewhere),
        ("{a}/x.jpg", &["b//c"], Elsewhere),
        ("{a}/x.jpg", &["./b"], Elsewhere),
        ("x-{a}/x.jpg", &["b/c"], Separator),
        (".{a}/x.jpg", &["."], Elsewhere),
        ("{a}{b}/x.jpg", &[".", "."], Elsewhere),
        ("{a}.jpg", &["b\\c"], Character),
        ("{a}/x.jpg", &["..\\b"], Character),
        ("{a}.jpg", &["b\0"], Character),
        ("{a}.jpg", &["b\n"], Character),
    ] {
        let column = if text.contains("{b}") { "b" } else { "a" };
        assert_eq!(fill(text, cells), Err((column.to_owned(), fault)), "{text} {cells:?}");
    }
}

#[test]
fn a_template_that_cannot_be_meant_is_refused() {
    use TemplateFault as Fault;
    for (text, wanted) in [
        ("", Fault::NoFile),
        ("photo.jpg", Fault::NoColumn),
        ("{{user_id}}.jpg", Fault::NoColumn),
        ("x/{user_id", Fault::Unclosed(3)),
        ("{user_{id}}", Fault::Unclosed(1)),
        ("{", Fault::Unclosed(1)),
        ("user_id}.jpg", Fault::Unopened(8)),
        ("{}.jpg", Fault::Nameless(1)),
        ("é{ }.jpg", Fault::Nameless(2)),
        ("{user_id}/", Fault::NoFile),
        ("*/{user_id}.jpg", Fault::UnknownFolder),
        ("*_{user_id}.*", Fault::TwoUnknowns),
        ("{user_id}*.jpg", Fault::NoSeparator),
        ("*{user_id}.jpg", Fault::NoSeparator),
    ] {
        assert_eq!(fault(text), Some(wanted), "{text}");
    }
    assert_eq!(fault("a\\{user_id}.jpg"), (!cfg!(windows)).then_some(Fault::Backslash));
    let shown = PhotoTemplate::parse("x/{user_id").unwrap_err().to_string();
    let words =
        "--photo-template \"x/{user_id\": the brace at character 3 is not closed; write {{ for the character itself";
    assert_eq!(shown, words);
}

#[test]
fn the_unknown_part_is_parted_from_cells_by_a_character_that_it_does_not_hold() {
    for (text, wanted) in [
        ("{a}.*", [Some('.'), None]),
        ("{a}_x-*.jpg", [Some('-'), None]),
        ("*_{a}.jpg", [None, Some('_')]),
        ("{a}_*-{a}", [Some('_'), Some('-')]),
        ("IMG*.{a}", [None, Some('.')]),
        ("{a}/x*", [None, None]),
    ] {
        let template = PhotoTemplate::parse(text).unwrap();
        let filled = template.fill(std::iter::repeat("x")).unwrap();
        let FilledName::Pattern(name) = filled.name else {
            panic!("{text}")
        };
        assert_eq!(name.separators, wanted, "{text}");
    }
}
