//! The documents say what the code says: every word, code, flag, column and field, and no others.
//!
//! A table that is wrong fails with the table as it has to be, ready to be copied.

mod citations;
mod map;

use std::collections::BTreeSet;
use std::path::Path;

use chrono::DateTime;
use clap::{Arg, Command, CommandFactory};

use crate::cli::{Cli, Env};
use crate::domain::outcome::{FIX_COLUMNS, RESULT_COLUMNS, Reason, Status};
use crate::exit::ExitStatus;
use crate::output::{METRICS, RunStatus, Unstarted};

const CONTRACT: &str = include_str!("contract.md");
const ENDPOINT: &str = include_str!("endpoint.md");
const OPERATING: &str = include_str!("operating.md");
const MANY_MACHINES: &str = include_str!("many-machines.md");
const README: &str = include_str!("../../README.md");

/// Words that end a run, as they stand in the code.
const STOPS: [&str; 2] = [include_str!("../domain/stop.rs"), include_str!("../domain/response.rs")];

/// The rows of all tables with this header, cell by cell.
fn tables(document: &str, header: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut lines = document.lines().skip_while(|line| *line != header).peekable();
    while lines.next().is_some() {
        lines.next();
        while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
            rows.push(
                row.trim_matches('|')
                    .split('|')
                    .map(|cell| cell.trim().to_owned())
                    .collect(),
            );
        }
        while lines.next_if(|line| *line != header).is_some() {}
    }
    assert!(!rows.is_empty(), "there is no table {header}");
    rows
}

/// The text between the heading of a section of the contract and the next one.
fn section(number: u32) -> &'static str {
    let (_, rest) = CONTRACT.split_once(&format!("\n## {number}. ")).unwrap();
    rest.split("\n## ").next().unwrap()
}

/// What stands in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn table_of_reasons() -> String {
    let rows = Reason::ALL
        .iter()
        .map(|reason| format!("| `{reason}` | {} |\n", reason.explanation()));
    format!("| reason | meaning |\n|---|---|\n{}", rows.collect::<String>())
}

fn flags(command: &Command) -> Vec<(String, Arg)> {
    let commands = [command].into_iter().chain(command.get_subcommands());
    let arguments = commands.flat_map(Command::get_arguments);
    arguments
        .filter_map(|argument| Some((format!("--{}", argument.get_long()?), argument.clone())))
        .collect()
}

fn command() -> Command {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    command
}

/// Everything that looks like a long flag.
fn named_flags(text: &str) -> BTreeSet<String> {
    let is_name = |character: &char| character.is_ascii_lowercase() || *character == '-';
    let after = text.match_indices("--").filter(|(at, _)| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|character| !character.is_alphanumeric() && !"-|<!".contains(character))
    });
    let names = after.map(|(at, _)| text[at + 2..].chars().take_while(is_name).collect::<String>());
    let names = names.map(|name| name.trim_end_matches('-').to_owned());
    names
        .filter(|name| !name.is_empty())
        .map(|name| format!("--{name}"))
        .collect()
}

#[test]
fn contract_and_readme_list_every_reason_with_its_explanation_and_no_other() {
    let table = table_of_reasons();
    for (name, document) in [("contract.md", CONTRACT), ("README.md", README)] {
        assert!(
            document.contains(&format!("\n{table}\n")),
            "the reasons in {name} have to read:\n\n{table}"
        );
        assert_eq!(
            tables(document, "| reason | meaning |").len(),
            Reason::ALL.len(),
            "{name}"
        );
    }
}

#[test]
fn contract_and_readme_list_every_status_with_its_explanation_and_no_other() {
    let wanted: Vec<_> = Status::ALL
        .iter()
        .map(|status| [format!("`{status}`"), status.explanation().to_owned()])
        .collect();
    assert_eq!(tables(CONTRACT, "| status | meaning |"), wanted);
    let readme = tables(README, "| status | meaning | sent again by the next run |");
    let readme: Vec<_> = readme.iter().map(|row| &row[..2]).collect();
    assert_eq!(readme, wanted);
}

#[test]
fn the_operators_guide_says_once_what_to_do_for_every_status_and_every_reason() {
    let words = |header| {
        let rows = tables(OPERATING, header);
        let mut words: Vec<String> = rows.iter().flat_map(|row| quoted(&row[0]).map(str::to_owned)).collect();
        assert!(rows.iter().all(|row| row[1].len() > 5), "{header}");
        words.sort_unstable();
        words
    };
    let sorted = |mut words: Vec<&'static str>| {
        words.sort_unstable();
        words
    };
    let reasons = Reason::ALL.iter().map(|reason| reason.word()).collect();
    assert_eq!(words("| reason | what to do |"), sorted(reasons));
    let statuses = Status::ALL.iter().map(|status| status.word()).collect();
    assert_eq!(words("| status | what to do |"), sorted(statuses));
}

#[test]
fn the_operators_guide_says_of_each_reason_what_the_report_says() {
    for row in tables(OPERATING, "| reason | what to do |") {
        for word in quoted(&row[0]) {
            let reason: Reason = word.parse().unwrap();
            assert_eq!(row[1], reason.remedy(), "{word}");
        }
    }
}

#[test]
fn contract_and_operators_guide_list_every_exit_code_and_no_other() {
    let wanted = ExitStatus::ALL.map(|status| status.code().to_string());
    for (document, header) in [
        (CONTRACT, "| code | meaning | what to do |"),
        (OPERATING, "| code | what to do |"),
    ] {
        let codes: Vec<_> = tables(document, header).into_iter().map(|row| row[0].clone()).collect();
        assert_eq!(codes, wanted, "{header}");
    }
}

#[test]
fn the_contract_names_every_flag_and_the_documents_name_no_other() {
    let known: BTreeSet<String> = flags(&command()).into_iter().map(|(flag, _)| flag).collect();
    assert_eq!(named_flags(section(2)), known);
    for (name, document) in [
        ("contract.md", CONTRACT),
        ("endpoint.md", ENDPOINT),
        ("operating.md", OPERATING),
        ("many-machines.md", MANY_MACHINES),
    ] {
        let unknown: Vec<_> = named_flags(document).difference(&known).cloned().collect();
        assert_eq!(unknown, [""; 0], "{name}");
    }
}

#[test]
fn the_contract_names_every_command_variable_and_default() {
    let command = command();
    for subcommand in command.get_subcommands() {
        assert!(
            section(2).contains(&format!("\nimage-enroll {} ", subcommand.get_name())),
            "{subcommand}"
        );
    }
    for (flag, argument) in flags(&command) {
        let variable = argument.get_env();
        assert!(
            variable.is_none_or(|variable| quoted(section(2)).any(|text| text == variable)),
            "{flag}"
        );
        if !argument.get_action().takes_values() || argument.get_default_values().is_empty() {
            continue;
        }
        let default = argument.get_default_values()[0].to_str().unwrap();
        let rows = tables(CONTRACT, "| option | meaning | default |");
        let says_it = |row: &Vec<String>| {
            quoted(&row[0]).any(|form| form.split(' ').next() == Some(&flag)) && row[2].trim_matches('`') == default
        };
        assert!(rows.iter().any(says_it), "{flag} {default}");
    }
}

#[test]
fn the_contract_names_every_column_of_the_results() {
    assert!(section(8).contains(&format!("\n```text\n{}\n```\n", RESULT_COLUMNS.join(","))));
    for column in FIX_COLUMNS {
        assert!(quoted(section(8)).any(|text| text == column), "{column}");
    }
}

#[test]
fn the_contract_names_every_field_of_the_summary_and_no_other() {
    let at = DateTime::UNIX_EPOCH;
    let unstarted = Unstarted {
        run_id: "",
        env: Env::Local,
        endpoint: "",
        partner_id: "",
        manifest: Path::new(""),
        shard: None,
        started_at: at,
        finished_at: at,
        status: ExitStatus::Usage,
        stopped_by: "",
    };
    let summary = serde_json::to_value(unstarted.summary()).unwrap();
    let fields: BTreeSet<String> = summary
        .as_object()
        .unwrap()
        .keys()
        .map(|name| format!("`{name}`"))
        .collect();
    let rows = tables(CONTRACT, "| field | what it holds |");
    assert_eq!(rows.iter().map(|row| row[0].clone()).collect::<BTreeSet<_>>(), fields);
    assert_eq!(rows.len(), fields.len());
    let latency = rows.iter().find(|row| row[0] == "`latency_ms`").unwrap();
    let parts: BTreeSet<&str> = quoted(&latency[1]).collect();
    assert_eq!(
        parts,
        summary["latency_ms"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect()
    );
}

#[test]
fn the_contract_names_every_field_of_the_status() {
    let status = serde_json::to_value(RunStatus::sample()).unwrap();
    let rows = tables(CONTRACT, "| field of the status | what it holds |")
        .concat()
        .concat();
    for field in status.as_object().unwrap().keys() {
        assert!(quoted(&rows).any(|text| text == field), "{field}");
    }
}

#[test]
fn the_contract_lists_every_metric_with_its_kind_and_meaning_and_no_other() {
    let wanted: Vec<_> = METRICS
        .iter()
        .map(|(name, kind, help)| vec![format!("`{name}`"), (*kind).to_owned(), (*help).to_owned()])
        .collect();
    assert_eq!(tables(CONTRACT, "| metric | kind | what it holds |"), wanted);
}

#[test]
fn the_contract_names_every_word_of_stopped_by() {
    let mut found = 0;
    for source in STOPS {
        for line in source.lines().map(str::trim) {
            let word = line
                .split_once("=> \"")
                .or_else(|| line.split_once("#[strum(serialize = \""))
                .and_then(|(_, rest)| rest.split_once('"'));
            let Some((word, "," | ")]")) = word else { continue };
            if word.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                assert!(quoted(section(10)).any(|text| text == word), "{word}");
                found += 1;
            }
        }
    }
    assert!(found > 20, "{found}");
}

#[test]
fn no_code_block_of_the_documents_is_taken_for_a_test() {
    for document in [CONTRACT, ENDPOINT, OPERATING, MANY_MACHINES] {
        let fences: Vec<&str> = document
            .lines()
            .map(str::trim)
            .filter(|line| line.starts_with("```"))
            .collect();
        for block in fences.chunks(2) {
            let [opening, closing] = block else {
                panic!("a block without an end")
            };
            assert!(
                ["```text", "```sh", "```json"].contains(opening) && *closing == "```",
                "{opening}"
            );
        }
        // Without a fence, four spaces would begin a block of Rust.
        let indented = |line: &&str| line.starts_with("    ");
        assert_eq!(document.lines().filter(indented).collect::<Vec<_>>(), [""; 0]);
    }
}
