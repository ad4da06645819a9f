//! Completions as the shells themselves make them of our scripts. A shell that is not installed is passed over with a word;
//! `.ci/run` installs all three.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on says where it stopped, and one that does nothing says so"
)]

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_image-enroll");

/// The words typed so far, the last of them unfinished; what has to be offered; what must not be.
type Case = (
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

const CASES: &[Case] = &[
    (
        &[""],
        &["check", "results", "simulator", "completions", "customers.csv"],
        &["--no-photos"],
    ),
    (&["ch"], &["check"], &["customers.csv", "results"]),
    (&["cus"], &["customers.csv"], &["check"]),
    (&["--summ"], &["--summary"], &["--no-photos"]),
    (
        &["--env", ""],
        &["local", "sandbox", "production"],
        &["customers.csv", "check"],
    ),
    (&["customers.csv", "--repo"], &["--report"], &["--no-photos"]),
    (&["--env", "sandbox", "cus"], &["customers.csv"], &["check"]),
    (&["check", "--no"], &["--no-photos"], &["--report", "--summary"]),
    (&["check", "cus"], &["customers.csv"], &["check"]),
    (&["check", "--no-photos", "cus"], &["customers.csv"], &["results"]),
    (&["check", "--log-format", ""], &["text", "json"], &["customers.csv"]),
    (
        &["results", "--env", ""],
        &["local", "sandbox", "production"],
        &["customers.csv"],
    ),
    (&["results", "customers.csv", "--led"], &["--ledger"], &["--limit"]),
    (&["simulator", "--fa"], &["--fail-rate"], &["--report"]),
    (&["simulator", "--state", "cus"], &["customers.csv"], &["--seed"]),
    (&["simulator", "--seed", ""], &[], &["customers.csv"]),
    (&["completions", ""], &["bash", "zsh", "fish"], &["customers.csv"]),
];

/// A folder with a file, a script and a driver for the shell.
struct Stage {
    folder: TempDir,
}

impl Stage {
    fn new(shell: &str, driver: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = Command::new(BINARY).args(["completions", shell]).output().unwrap();
        assert!(script.status.success());
        fs::create_dir(folder.path().join("place")).unwrap();
        for (name, bytes) in [
            ("_image-enroll", script.stdout.as_slice()),
            ("driver", driver.as_bytes()),
            ("place/customers.csv", b""),
        ] {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        Self { folder }
    }

    /// What the shell offers; nothing on stderr.
    fn ask(&self, shell: &str, options: &[&str], words: &[&str]) -> BTreeSet<String> {
        let output = Command::new(shell)
            .args(options)
            .arg(self.folder.path().join("driver"))
            .args(words)
            .current_dir(self.folder.path().join("place"))
            .env("HOME", self.folder.path())
            .env("SCRIPT", self.folder.path().join("_image-enroll"))
            .env("FOLDER", self.folder.path())
            .env("TERM", "xterm")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.is_empty(), "{words:?}: {stderr}");
        let text = String::from_utf8_lossy(&output.stdout).replace('\r', "");
        text.lines().map(|line| line.trim_end().to_owned()).collect()
    }
}

fn is_installed(shell: &str) -> bool {
    let found = Command::new(shell)
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok();
    if !found {
        eprintln!("{shell} is not installed; its completions are not tried");
    }
    found
}

#[track_caller]
fn judge(offer: impl Fn(&[&str]) -> BTreeSet<String>) {
    let mut wrong = Vec::new();
    for (words, wanted, unwanted) in CASES {
        let offered = offer(words);
        let lacks = wanted.iter().filter(|word| !offered.contains(**word));
        wrong.extend(lacks.map(|word| format!("{words:?} lacks {word}: {offered:?}")));
        let excess = unwanted.iter().filter(|word| offered.contains(**word));
        wrong.extend(excess.map(|word| format!("{words:?} offers {word}: {offered:?}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// As readline does it: the function, and file names where it offers nothing.
const BASH: &str = r#"
source "$SCRIPT"
compopt() { :; }
COMP_WORDS=(image-enroll "$@")
COMP_CWORD=$#
current=${COMP_WORDS[COMP_CWORD]}
[[ $(complete -p image-enroll) =~ -F\ ([^ ]+) ]]
"${BASH_REMATCH[1]}" image-enroll "$current" "${COMP_WORDS[COMP_CWORD - 1]}"
if [[ ${#COMPREPLY[@]} -eq 0 ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
fi
printf '%s\n' "${COMPREPLY[@]}"
"#;

#[test]
fn bash() {
    if !is_installed("bash") {
        return;
    }
    let stage = Stage::new("bash", BASH);
    // Readline offers files wherever the function offers nothing, whatever is wanted there.
    judge(|words| {
        let mut offered = stage.ask("bash", &["--norc"], words);
        if words == ["simulator", "--seed", ""] {
            offered.remove("customers.csv");
        }
        offered
    });
}

const FISH: &str = r#"
source $SCRIPT
complete -C (string join -- ' ' image-enroll $argv) | string replace -r '\t.*' ''
"#;

#[test]
fn fish() {
    if !is_installed("fish") {
        return;
    }
    let stage = Stage::new("fish", FISH);
    judge(|words| stage.ask("fish", &["--no-config"], words));
}

/// A shell of its own behind a terminal, which lists what Tab would offer.
const ZSH: &str = r#"
zmodload zsh/zpty
typed="image-enroll ${(j: :)argv}"
zpty child zsh -f -i
zpty -w child "PROMPT= RPROMPT=; unsetopt prompt_sp zle_bracketed_paste; fpath=($FOLDER \$fpath); autoload -U compinit; compinit -u -d $FOLDER/dump"
zpty -w child "zstyle ':completion:*' list-grouped false; zstyle ':completion:*' verbose false; zstyle ':completion:*' force-list always; zstyle ':completion:*:default' list-prompt ''; LISTMAX=9999; compadd() { if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd \"\$@\"; return; fi; typeset -a __hits; builtin compadd -A __hits \"\$@\"; print -rl -- \${__hits/#/OFFER:}; builtin compadd \"\$@\" }; bindkey '^I' complete-word; show() { print BEGIN; zle complete-word; print; print FINISH }; zle -N show; bindkey '^X' show; stty -echo"
zpty -w child "print READY\$((1 + 1))"
zpty -r child out '*READY2*'
zpty -n -w child "$typed"$'\x18'
zpty -r child out '*FINISH*'
print -rl -- ${${(M)${(f)out}:#*OFFER:*}##*OFFER:}
zpty -d child
"#;

#[test]
fn zsh() {
    if !is_installed("zsh") {
        return;
    }
    let stage = Stage::new("zsh", ZSH);
    judge(|words| stage.ask("zsh", &["-f"], words));
}
