//! Bash: labels that fit the program's name, and files where a manifest may stand.

use clap::Command;

use super::takes_file;

/// The labels of the script are made of the program's name in two ways, so that no command was ever found.
const WRONG_LABEL: &str = "image__subcmd__enroll";
const LABEL: &str = "image__enroll";
/// Offers the words that fit, and no file.
const WORDS: &str = r#"COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )"#;
const WORDS_AND_FILES: &str = "_image__enroll_words_and_files";
const FUNCTION: &str = r#"_image__enroll_words_and_files() {
    COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
    if [[ ${cur} == -* ]]; then
        return
    fi
    local IFS=$'\n'
    COMPREPLY+=( $(compgen -f -- "${cur}") )
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        compopt -o filenames
    fi
}

"#;

pub(super) fn correct(script: &str, command: &Command) -> String {
    let with_file = command.get_subcommands().filter(|subcommand| takes_file(subcommand));
    let labels = with_file.map(|subcommand| format!("{LABEL}__subcmd__{})", subcommand.get_name()));
    let labels: Vec<String> = labels.chain([format!("{LABEL})")]).collect();
    let mut corrected = FUNCTION.to_owned();
    let mut takes_file = false;
    for line in script.replace(WRONG_LABEL, LABEL).lines() {
        // Labels of the options stand deeper, and those of the words before them hold a comma.
        if line.starts_with("        image__") {
            takes_file = labels.iter().any(|label| line.trim() == label);
        }
        corrected += &match takes_file {
            true => line.replace(WORDS, WORDS_AND_FILES),
            false => line.to_owned(),
        };
        corrected.push('\n');
    }
    corrected
}
