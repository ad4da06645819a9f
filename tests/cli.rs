//! The command line as its users see it: help, suggestions, completion scripts, the man page.
//! Everything runs the built binary; nothing here can send.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];
const EXIT_CODES: [u8; 14] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 129, 130, 143];

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-enroll"));
    command.stdin(Stdio::null()).env_remove("SMILE_PARTNER_ID");
    command
}

fn run(args: &[&str]) -> Output {
    command().args(args).output().unwrap()
}

/// Stdout of a command that has to succeed and to say nothing else.
fn document(args: &[&str]) -> String {
    let output = run(args);
    let stderr = text(&output.stderr);
    assert!(
        output.status.success() && stderr.is_empty(),
        "{args:?}: {:?} {stderr}",
        output.status
    );
    text(&output.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a usage error says; it ends with 2 and leaves stdout alone.
fn usage_error(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    text(&output.stderr)
}

/// What a program makes of `input`; None where the program is not installed.
fn piped(program: &str, args: &[&str], input: &str) -> Option<Output> {
    let mut command = Command::new(program);
    command.args(args).env("MANWIDTH", "100").env("LC_ALL", "C.UTF-8");
    let pipes = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = pipes.spawn().ok()?;
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Some(output)
}

#[test]
fn the_short_help_is_short_and_points_to_the_long_one() {
    let (short, long) = (document(&["-h"]), document(&["--help"]));
    assert!(short.lines().count() < 66 && short.lines().count() * 2 < long.lines().count());
    assert!(short.contains("See --help for every option, examples and exit codes."));
    assert!(!short.contains("Exit codes:"));
}

#[test]
fn the_long_help_holds_examples_and_every_exit_code() {
    let long = document(&["--help"]);
    let (_, codes) = long.split_once("Exit codes:\n").unwrap();
    assert!(long.contains("image-enroll --env local examples/manifest.csv"));
    for code in EXIT_CODES {
        assert!(codes.contains(&format!("\n  {code:>3}  ")) || codes.starts_with(&format!("  {code:>3}  ")));
    }
    assert!(long.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn help_names_every_command() {
    let help = document(&["-h"]);
    for name in ["check", "results", "status", "simulator", "completions", "man"] {
        assert!(help.contains(&format!("\n  {name} ")), "{name}");
        assert!(document(&[name, "--help"]).contains("Usage: image-enroll"), "{name}");
    }
}

#[test]
fn a_wrong_flag_gets_a_suggestion() {
    for (wrong, right) in [
        (&["--concurency", "4", "m.csv"][..], "--concurrency"),
        (&["--max-outtage", "4m", "m.csv"], "--max-outage"),
        (&["--env", "sandbx", "m.csv"], "sandbox"),
        (&["check", "--no-photo", "m.csv"], "--no-photos"),
        (&["completions", "bsh"], "bash"),
    ] {
        let message = usage_error(wrong);
        assert!(
            message.contains("similar") && message.contains(right),
            "{wrong:?}: {message}"
        );
    }
}

#[test]
fn wrong_values_are_usage_errors_that_name_the_flag() {
    for (args, flag) in [
        (&["-c", "0", "m.csv"][..], "--concurrency"),
        (&["-c", "257", "m.csv"], "--concurrency"),
        (&["--rate", "20", "m.csv"], "--rate"),
        (&["--timeout", "0s", "m.csv"], "--timeout"),
        (&["--limit", "0", "m.csv"], "--limit"),
        (&["-v", "-q", "m.csv"], "--quiet"),
        (&["simulator", "--fail-rate", "2"], "--fail-rate"),
        (&["completions"], "<SHELL>"),
    ] {
        let message = usage_error(args);
        assert!(message.contains(flag), "{args:?}: {message}");
    }
}

#[test]
fn no_flag_takes_the_key_itself() {
    let message = usage_error(&["--api-key", "marked-key", "m.csv"]);
    assert!(message.contains("--api-key-file"), "{message}");
}

#[test]
fn every_shell_gets_a_script_with_the_options() {
    for shell in SHELLS {
        let script = document(&["completions", shell]);
        for word in ["max-outage", "image-enroll", "no-photos", "simulator"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

/// As far as the shells are installed here.
#[test]
#[cfg(unix)]
fn a_shell_can_parse_its_script() {
    for shell in ["bash", "zsh", "fish"] {
        let script = document(&["completions", shell]);
        if let Some(output) = piped(shell, &["-n"], &script) {
            assert!(output.status.success(), "{shell}: {}", text(&output.stderr));
            assert!(output.stderr.is_empty(), "{shell}: {}", text(&output.stderr));
        }
    }
}

#[test]
fn the_man_page_has_its_sections_and_the_options_of_every_command() {
    let page = document(&["man"]).replace("\\-", "-");
    for section in [
        ".TH image-enroll 1",
        ".SH \"EXIT STATUS\"",
        ".SH ENVIRONMENT",
        ".SH EXAMPLES",
    ] {
        assert!(page.contains(section), "{section}");
    }
    for word in [
        "--max-outage",
        "--no-photos",
        "--fail-rate",
        "SMILE_SANDBOX_API_KEY",
        "143",
    ] {
        assert!(page.contains(word), "{word}");
    }
}

/// As far as groff is installed here: no warning, and the page reads as a page.
#[test]
#[cfg(unix)]
fn the_man_page_renders_without_a_warning() {
    let page = document(&["man"]);
    let Some(output) = piped("groff", &["-man", "-Tascii", "-P-cbou", "-ww"], &page) else {
        return;
    };
    let rendered = text(&output.stdout);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        text(&output.stderr)
    );
    assert!(rendered.contains("image-enroll check [OPTIONS] <MANIFEST>"));
}

#[test]
fn a_reader_that_closes_early_is_no_error() {
    for args in [&["man"][..], &["completions", "bash"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command().args(args).stdout(writer).output().unwrap();
        assert_eq!(
            (output.status.code(), text(&output.stderr).as_str()),
            (Some(0), ""),
            "{args:?}"
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command().arg("man").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert!(text(&output.stderr).contains("cannot write to standard output"));
}
