//! The columns that files of this tool append to those of a manifest, and how they are told from its own.

use super::outcome::ResultColumns;

/// The columns that follow the manifest's own in a failures file (contract, section 8).
pub(crate) const FAILURE_COLUMNS: [&str; 5] = ["row", "line", "status", "reason", "explanation"];

/// What stands before the name of a column of ours where the manifest has one of that name.
const PREFIX: &str = "image_enroll_";

/// Which of the files of this tool a header is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Results,
    Failures,
}

/// What a file of this tool has behind the columns of its manifest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Appended {
    pub(crate) form: Form,
    pub(crate) columns: &'static [&'static str],
}

/// Every list of columns that a version of this tool has appended. None of them is the end of another one.
const APPENDED: [Appended; 3] = [
    Appended {
        form: Form::Results,
        columns: ResultColumns::Plain.names(),
    },
    Appended {
        form: Form::Results,
        columns: ResultColumns::WithFixes.names(),
    },
    Appended {
        form: Form::Failures,
        columns: &FAILURE_COLUMNS,
    },
];

impl Appended {
    /// What a file of this tool has appended to a header, if it is of such a file.
    pub(crate) fn of(header: &[&str]) -> Option<&'static Self> {
        APPENDED.iter().find(|appended| appended.ends(header))
    }

    fn ends(&self, header: &[&str]) -> bool {
        let own = header.len().checked_sub(self.columns.len());
        let ours = own.and_then(|own| header.get(own..)).unwrap_or_default();
        !ours.is_empty() && is_ours(ours, self.columns)
    }

    /// Where one of the columns stands among those that are appended.
    pub(crate) fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| *name == column)
    }
}

/// The columns of a header that are the manifest's own. A file of this tool is itself a manifest, without those it appended.
pub(crate) fn own_columns<'a, 'b>(header: &'a [&'b str]) -> &'a [&'b str] {
    let appended = Appended::of(header).map_or(0, |appended| appended.columns.len());
    header.get(..header.len() - appended).unwrap_or(header)
}

/// Whether the columns of a failures file stand in a header, at whatever place.
pub(crate) fn holds_failure_columns(header: &[&str]) -> bool {
    let count = FAILURE_COLUMNS.len();
    header.windows(count).any(|part| is_ours(part, &FAILURE_COLUMNS))
}

/// The names under which `columns` are appended to the manifest's own: theirs, unless it has one of that name.
pub(crate) fn names_beside<S: AsRef<str>>(own: &[S], columns: &[&str]) -> Vec<String> {
    let own: Vec<String> = own.iter().map(|name| loosely(name.as_ref())).collect();
    let name = |column: &&str| {
        let mut name = (*column).to_owned();
        while own.contains(&loosely(&name)) {
            name.insert_str(0, PREFIX);
        }
        name
    };
    columns.iter().map(name).collect()
}

fn is_ours(names: &[&str], columns: &[&str]) -> bool {
    let is_it = |(name, column): (&&str, &&str)| name.trim_start_matches(PREFIX) == *column;
    names.len() == columns.len() && names.iter().zip(columns).all(is_it)
}

/// What names have in common that people would take for the same.
fn loosely(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, ' ' | '-' | '_'));
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outcome::RESULT_COLUMNS;

    fn header<'a>(own: &[&'a str], ours: &'a [String]) -> Vec<&'a str> {
        own.iter().copied().chain(ours.iter().map(String::as_str)).collect()
    }

    #[test]
    fn only_what_collides_has_another_name_and_both_names_are_ours() {
        for own in [
            &["user_id", "photo"][..],
            &["status", "user_id"],
            &["Row", " STATUS ", "Run-Id", "line", "reason"],
            &["status", "image_enroll_status"],
            &[],
        ] {
            for appended in &APPENDED {
                let ours = names_beside(own, appended.columns);
                let header = header(own, &ours);
                assert_eq!(own_columns(&header), own, "{header:?}");
                assert_eq!(Appended::of(&header).map(|found| found.form), Some(appended.form));
            }
        }
        let names = names_beside(&["user_id", "Status", "explanation "], &FAILURE_COLUMNS);
        let wanted = [
            "row",
            "line",
            "image_enroll_status",
            "reason",
            "image_enroll_explanation",
        ];
        assert_eq!(names, wanted);
        let twice = names_beside(&["status", "image_enroll_status"], &["status"]);
        assert_eq!(twice, ["image_enroll_image_enroll_status"]);
        assert_eq!(names_beside(&["user_id"], &RESULT_COLUMNS), RESULT_COLUMNS);
    }

    #[test]
    fn columns_elsewhere_or_in_part_are_the_manifests_own() {
        let failures = FAILURE_COLUMNS;
        for header in [
            [&failures[..], &["comment"]].concat(),
            [&["user_id"], &failures[1..]].concat(),
            [&["user_id"], &RESULT_COLUMNS[..15]].concat(),
            vec!["status"],
            vec![],
        ] {
            assert_eq!(own_columns(&header), header);
        }
        assert!(holds_failure_columns(
            &[&["user_id"], &failures[..], &["", "comment"]].concat()
        ));
        assert!(!holds_failure_columns(&[&["user_id"], &RESULT_COLUMNS[..]].concat()));
        assert!(!holds_failure_columns(&failures[..4]));
    }
}
