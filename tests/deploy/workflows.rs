//! The workflows: least permissions, pinned actions, and the commands that are named elsewhere too.

use std::fs;

use crate::guides::{guide, jobs, steps, workflow, yaml};
use crate::repository;

#[test]
fn the_github_guide_is_the_workflow_that_runs_here() {
    assert_eq!(yaml(&guide("github-smoke.yml")).remove(0), workflow("smoke.yml"));
}

#[test]
fn user_ids_of_a_smoke_test_are_its_own() {
    let steps = steps(&workflow("smoke.yml"));
    let write = steps
        .iter()
        .find(|step| step["name"].as_str() == Some("Write the manifest"));
    let script = write.unwrap()["run"].as_str().unwrap();
    assert!(script.contains("${GITHUB_RUN_ID}_${GITHUB_RUN_ATTEMPT}"));
    assert_eq!(script.matches("${id}_").count(), 3);
}

#[test]
fn workflows_have_least_permissions_and_an_end() {
    for name in ["ci.yml", "smoke.yml", "release.yml"] {
        let workflow = workflow(name);
        assert_eq!(workflow["permissions"]["contents"].as_str(), Some("read"), "{name}");
        assert!(!workflow["concurrency"]["group"].is_badvalue(), "{name}");
        for job in jobs(&workflow) {
            assert!(job["timeout-minutes"].as_i64() > Some(0), "{name}");
            let writes = job["permissions"]["contents"].as_str() == Some("write");
            assert_eq!(writes, job["name"].as_str() == Some("Draft the release"), "{name}");
        }
    }
}

#[test]
fn actions_are_pinned_and_leave_no_credentials() {
    for name in ["ci.yml", "smoke.yml", "release.yml"] {
        let steps = steps(&workflow(name));
        for step in steps.iter().filter(|step| !step["uses"].is_badvalue()) {
            let (action, commit) = step["uses"].as_str().unwrap().split_once('@').unwrap();
            let is_commit = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
            assert!(is_commit, "{name}: {action}");
            let keeps = step["with"]["persist-credentials"].as_bool() != Some(false);
            assert!(action != "actions/checkout" || !keeps, "{name}");
        }
    }
}

#[test]
fn crates_and_actions_are_brought_up_to_date_every_week() {
    let text = fs::read_to_string(repository(".github/dependabot.yml")).unwrap();
    let updates = yaml(&text).remove(0)["updates"].as_vec().unwrap().clone();
    let kinds = updates.iter().map(|update| {
        assert_eq!(update["schedule"]["interval"].as_str(), Some("weekly"));
        update["package-ecosystem"].as_str().unwrap()
    });
    assert_eq!(kinds.collect::<Vec<_>>(), ["cargo", "github-actions"]);
}

#[test]
fn the_readme_names_the_test_command_that_ci_runs() {
    let readme = fs::read_to_string(repository("README.md")).unwrap().replace('\r', "");
    let (_, block) = readme.split_once("<!-- test command -->\n```").unwrap();
    assert_eq!(block.lines().nth(1), Some("cargo test --locked"));
}
