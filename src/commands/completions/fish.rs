//! Fish: options behind a manifest, values of options before any command, and no files where none may stand.

use std::fmt::Write as _;

use clap::Command;

use super::takes_file;

/// An option that still lacks its value is no word of the command line that means nothing: what comes is that value.
const UNREADABLE: &str = "    or return\n";
const READABLE: &str = "    or return 0\n";
/// Where the options of a run belong: before a command or a manifest, and behind a manifest.
const BEFORE_COMMAND: &str = r#"-n "__fish_image_enroll_needs_command" -"#;
const OF_RUN: &str = r#"-n "__fish_image_enroll_runs" -"#;

pub(super) fn correct(script: &str, command: &Command) -> String {
    let mut corrected = script.replacen(UNREADABLE, READABLE, 1);
    // Commands, which have `-a`, belong into first place only.
    let lines = corrected
        .lines()
        .map(|line| match line.contains(r#"_needs_command" -a"#) {
            true => line.to_owned(),
            false => line.replace(BEFORE_COMMAND, OF_RUN),
        });
    corrected = lines.map(|line| line + "\n").collect();
    function(command) + &corrected + &no_files(command)
}

fn function(command: &Command) -> String {
    let names = command.get_subcommands().map(Command::get_name).chain(["help"]);
    let names = names.collect::<Vec<_>>().join(" ");
    format!(
        "function __fish_image_enroll_runs\n    set -l word (__fish_image_enroll_needs_command)\n    \
         not contains -- \"$word[1]\" {names}\nend\n\n"
    )
}

/// Commands without a file offer none, and those with a word from a list offer that.
fn no_files(command: &Command) -> String {
    let mut lines = String::new();
    for subcommand in command.get_subcommands().filter(|subcommand| !takes_file(subcommand)) {
        let words = subcommand.get_positionals().flat_map(clap::Arg::get_possible_values);
        let words: Vec<String> = words.map(|value| value.get_name().to_owned()).collect();
        let words = match words.is_empty() {
            true => String::new(),
            false => format!(" -a \"{}\"", words.join(" ")),
        };
        let name = subcommand.get_name();
        let _ = writeln!(
            lines,
            "complete -c image-enroll -n \"__fish_image_enroll_using_subcommand {name}\" -f{words}"
        );
    }
    lines
}
