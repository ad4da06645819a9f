//! A production run is meant: somebody says so on a terminal, or the command line does (contract, section 2).

use crate::harness::{Run, Server};

#[test]
fn without_a_terminal_a_production_run_needs_yes() {
    let server = Server::success();
    // Not even a manifest that is none is looked at before.
    for manifest in ["user_id,user_created_at,photo\nu1,2021-08-12,p.jpg\n", "no manifest"] {
        let run = Run::new(&server).manifest(manifest).set("--env", "production");
        run.go().code(2).says(&["--env production", "--yes"]).left_nothing();
        run.go_with(&["-q"]).code(2).says(&["--yes"]);
    }
    assert_eq!(server.connections(), 0);
    let run = Run::new(&server).rows(1).set("--env", "production").flag("--yes");
    run.go().code(0).all("enrolled");
}

#[test]
fn the_other_environments_and_commands_need_no_yes() {
    let server = Server::success();
    let run = Run::new(&server).rows(1).set("--env", "production").flag("--yes");
    run.go().code(0);
    assert_eq!(run.tool(&["check", "manifest.csv"]).code, Some(0));
    let output = run.results(&["--env", "production"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    Run::new(&server).users(["other"]).go().code(0);
    Run::bare().rows(1).set("--env", "local").go().code(0);
}

#[test]
fn the_help_says_when_yes_is_needed() {
    let output = Run::bare().tool(&["--help"]);
    let help = String::from_utf8(output.stdout).unwrap();
    let (_, yes) = help.split_once("--yes\n").unwrap();
    assert!(yes.lines().next().unwrap().contains("no terminal"), "{yes}");
}
