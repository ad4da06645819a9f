//! Zsh: the first word is a manifest or a command, and behind a manifest there are options and no commands.

use clap::Command;

/// The manifest in first place, which leaves the commands for the second.
const MANIFEST: &str = "':manifest -- ";
const COMMANDS: &str = r#"":: :_image-enroll_commands" \"#;
const FIRST_WORD: &str = r#"": :_image-enroll_first_word" \"#;
const FUNCTION: &str = r#"(( $+functions[_image-enroll_first_word] )) ||
_image-enroll_first_word() {
    _alternative 'commands:command:_image-enroll_commands' 'manifests:manifest:_files'
}

"#;
const OPTIONS: &str = r#"    _arguments "${_arguments_options[@]}" : \"#;
const CASE: &str = "        case $line[2] in";

pub(super) fn correct(script: &str, command: &Command) -> String {
    let behind_manifest = behind_manifest(&options(script), command);
    let mut corrected = String::new();
    let mut has_first_word = false;
    for line in script.lines() {
        match line {
            _ if line.starts_with(MANIFEST) && !has_first_word => continue,
            COMMANDS if !has_first_word => {
                has_first_word = true;
                corrected += FIRST_WORD;
            }
            CASE => corrected += &format!("{}\n{}", CASE.replace("$line[2]", "$line[1]"), behind_manifest),
            "if [ \"$funcstack[1]\" = \"_image-enroll\" ]; then" => corrected += &format!("{FUNCTION}{line}"),
            _ => corrected += &line.replace("$line[2]", "$line[1]"),
        }
        corrected.push('\n');
    }
    corrected
}

/// The options of a run, a line each.
fn options(script: &str) -> String {
    let lines = script.lines().skip_while(|line| *line != OPTIONS).skip(1);
    let lines = lines.take_while(|line| !line.starts_with(MANIFEST) && *line != COMMANDS);
    lines.map(|line| format!("{line}\n")).collect()
}

/// The case of a first word that is none of the commands: a manifest.
fn behind_manifest(options: &str, command: &Command) -> String {
    let names = command.get_subcommands().map(Command::get_name).chain(["help"]);
    let names = names.collect::<Vec<_>>().join("|");
    format!("            (^({names}))\n{OPTIONS}\n{options}&& ret=0\n;;")
}
