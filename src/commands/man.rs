//! `man`: the manual as one page, from the definitions of the command line, the exit codes, the statuses and the reasons.
//! It writes to stdout only; `man -l` and packagers do the rest.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use super::help::{self, EXAMPLES};
use crate::config::with_variables;
use crate::domain::outcome::{Reason, Status};
use crate::error::Error;
use crate::exit::ExitStatus;

/// What is read from the environment. Proxies are the HTTP library's affair, the rest the tool's own.
const ENVIRONMENT: [(&str, &str); 8] = [
    (
        "IMAGE_ENROLL_<OPTION>",
        "The value of an option that is not typed: its long name in capitals, with _ for -. Of a switch 1 or 0.",
    ),
    (
        "SMILE_PARTNER_ID",
        "The partner id, kept as written, where --partner-id is absent.",
    ),
    (
        "SMILE_SANDBOX_API_KEY",
        "The API key of the sandbox, where --api-key-file is absent.",
    ),
    (
        "SMILE_PRODUCTION_API_KEY",
        "The API key of production, where --api-key-file is absent.",
    ),
    (
        "SMILE_API_KEY",
        "The API key, where neither --api-key-file nor the environment's own variable is given.",
    ),
    (
        "XDG_STATE_HOME",
        "The folder for state, below which the ledger stands where --ledger is absent.",
    ),
    ("HTTPS_PROXY", "The proxy that requests go through."),
    ("NO_PROXY", "Hosts that are reached without the proxy."),
];

/// What a run leaves, unless other places are named.
const FILES: [(&str, &str); 3] = [
    (
        "<state folder>/image-enroll/<host>[-<port>]-<partner>.ledger.db",
        "The ledger of an endpoint and a partner: what was sent and what became of it, whatever the manifest was \
         called. As long as it is kept, no user is sent twice. The state folder is $XDG_STATE_HOME or ~/.local/state; \
         on macOS and Windows it is the user's folder for local data.",
    ),
    (
        "<manifest stem>.<env>.results.csv",
        "The results, beside the manifest: its rows with their status. Itself a valid manifest.",
    ),
    (
        "<manifest stem>.<env>.failures.csv",
        "The rows that are not settled, with reasons in words, for a spreadsheet. Corrected, it is the next manifest.",
    ),
];

pub(super) fn run() -> Result<ExitStatus, Error> {
    let page = page(definitions()).map_err(Error::Stdout)?;
    super::print(&page)
}

/// The command line, built, without what every command says about help.
fn definitions() -> Command {
    let mut command = with_variables(help::definitions())
        .disable_help_subcommand(true)
        .mut_subcommands(|subcommand| subcommand.disable_help_flag(true));
    command.build();
    command
}

fn page(command: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let man = Man::new(command.clone().override_usage(synopsis(&command)));
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    page.extend_from_slice(&grouped_options(&command)?);
    commands(&command, &mut page)?;
    closing_sections().to_writer(&mut page)?;
    Ok(page)
}

/// One line for each command.
fn synopsis(command: &Command) -> String {
    let commands = [command].into_iter().chain(command.get_subcommands());
    commands.map(usage).collect::<Vec<_>>().join("\n")
}

/// The first form of a command's usage; of the whole program the one that enrolls.
fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let first = usage.lines().next().unwrap_or_default();
    first.trim_start_matches("Usage:").trim().to_owned()
}

/// Each subcommand as a subsection with its options, since there is but one page.
fn commands(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    Roff::new().control("SH", ["COMMANDS"]).to_writer(page)?;
    for subcommand in command.get_subcommands() {
        let about = subcommand.get_about().map(ToString::to_string).unwrap_or_default();
        Roff::new()
            .control("SS", [usage(subcommand).as_str()])
            .text([roman(format!("{about}."))])
            .to_writer(page)?;
        page.extend_from_slice(&options(subcommand)?);
    }
    Ok(())
}

/// The options of the whole program as one section. The groups of `--help`, of which the library makes sections, are
/// subsections of it.
fn grouped_options(command: &Command) -> io::Result<Vec<u8>> {
    let below = |line: String| match line.as_str() {
        ".SH OPTIONS\n" => line,
        _ => line.replacen(".SH ", ".SS ", 1),
    };
    let lines = option_lines(command)?.into_iter();
    Ok(lines.map(below).collect::<String>().into())
}

/// A subcommand's options without the headings that would make sections of them.
fn options(subcommand: &Command) -> io::Result<Vec<u8>> {
    let lines = option_lines(subcommand)?.into_iter();
    let plain = lines.filter(|line| !line.starts_with(".SH "));
    Ok(plain.collect::<String>().into())
}

/// The options as the library writes them, by lines, with headings.
fn option_lines(command: &Command) -> io::Result<Vec<String>> {
    let mut section = Vec::new();
    Man::new(command.clone()).render_options_section(&mut section)?;
    let section = String::from_utf8_lossy(&section);
    Ok(section.split_inclusive('\n').map(str::to_owned).collect())
}

fn closing_sections() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for status in ExitStatus::ALL {
        roff.control("TP", []).text([bold(status.code().to_string())]);
        roff.text([roman(status.meaning())]);
    }
    roff.control("SH", ["STATUSES"]);
    words(
        &mut roff,
        Status::ALL.iter().map(|status| (status.word(), status.explanation())),
    );
    roff.control("SH", ["REASONS"]);
    words(
        &mut roff,
        Reason::ALL.iter().map(|reason| (reason.word(), reason.explanation())),
    );
    roff.control("SH", ["ENVIRONMENT"]);
    entries(&mut roff, &ENVIRONMENT);
    roff.control("SH", ["FILES"]);
    entries(&mut roff, &FILES);
    examples(&mut roff);
    roff
}

fn entries(roff: &mut Roff, entries: &[(&str, &str)]) {
    for (name, text) in entries {
        roff.control("TP", []).text([italic(*name)]).text([roman(*text)]);
    }
}

/// The words of the results; what they mean is plain text, without the marks of a Markdown table.
fn words<'a>(roff: &mut Roff, words: impl Iterator<Item = (&'a str, &'a str)>) {
    for (word, explanation) in words {
        let explanation = explanation.replace('`', "");
        roff.control("TP", []).text([bold(word)]).text([roman(explanation)]);
    }
}

fn examples(roff: &mut Roff) {
    roff.control("SH", ["EXAMPLES"]);
    for (command, purpose) in EXAMPLES {
        roff.control("TP", []).text([bold(command)]).text([roman(purpose)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> String {
        String::from_utf8(page(definitions()).unwrap()).unwrap()
    }

    #[test]
    fn every_option_of_every_command_is_on_the_page() {
        let plain = text().replace("\\-", "-").replace("\\fB", "").replace("\\fR", "");
        let command = definitions();
        for command in [&command].into_iter().chain(command.get_subcommands()) {
            assert!(plain.contains(&usage(command)), "{}", command.get_name());
            for long in command.get_arguments().filter_map(clap::Arg::get_long) {
                assert!(plain.contains(&format!("--{long}")), "{long}");
            }
        }
    }

    #[test]
    fn every_status_and_every_reason_is_on_the_page_with_its_explanation() {
        let page = text().replace("\\-", "-").replace("\\*(Aq", "'");
        let entries = Status::ALL.iter().map(|status| (status.word(), status.explanation()));
        let entries = entries.chain(Reason::ALL.iter().map(|reason| (reason.word(), reason.explanation())));
        for (word, explanation) in entries {
            let entry = format!(".TP\n\\fB{word}\\fR\n{}\n", explanation.replace('`', ""));
            assert!(page.contains(&entry), "{entry}");
        }
    }

    #[test]
    fn sections_stand_in_the_order_of_the_manuals_convention() {
        let page = text();
        let sections: Vec<_> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
        let expected = [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "COMMANDS",
            "\"EXIT STATUS\"",
            "STATUSES",
            "REASONS",
            "ENVIRONMENT",
            "FILES",
            "EXAMPLES",
        ];
        assert_eq!(sections, expected);
    }
}
