//! Every command line of a guide enrolls everybody in the first night and nobody in the second.

use std::fs;
use std::process::Output;

use yaml_rust2::Yaml;

use crate::guides::{
    cronjob, cronjob_command, crontab_command, guide, option, service_command, setting, smoke_command, yaml,
};
use crate::place::Place;
use crate::{FOLDERS, repository};

/// The first night enrolls everybody, the second nobody.
fn two_nights(command: &[String], folders: &[&str]) -> [Output; 2] {
    let manifest = command.last().unwrap().rsplit('/').next().unwrap().to_owned();
    let place = Place::new(&manifest);
    [(6, 0), (0, 6)].map(|(sent, settled)| {
        let output = place.run(command, folders);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{command:?}: {stderr}");
        let summary = place.summary();
        assert_eq!(summary["attempts"].as_i64(), Some(sent), "{stderr}");
        assert_eq!(summary["settled_before"].as_i64(), Some(settled), "{stderr}");
        output
    })
}

#[test]
fn the_crontab_line_enrolls_and_says_nothing() {
    for output in two_nights(&crontab_command(), &FOLDERS) {
        assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    }
}

#[test]
fn the_service_enrolls() {
    two_nights(&service_command(), &FOLDERS);
}

#[test]
fn the_cronjob_enrolls() {
    two_nights(&cronjob_command(), &FOLDERS);
}

#[test]
fn the_smoke_test_enrolls() {
    two_nights(&smoke_command(), &["smoke/"]);
}

#[test]
fn every_guide_names_its_environment_and_asks_nothing() {
    for command in [crontab_command(), service_command(), cronjob_command()] {
        let line = command.join(" ").replace('=', " ");
        assert!(line.contains("--env production") && line.contains("--yes"), "{line}");
        assert!(line.contains("--api-key-file"), "{line}");
    }
    assert!(smoke_command().join(" ").contains("--env sandbox"));
}

#[test]
fn every_guide_keeps_its_ledger_where_it_outlives_the_run() {
    let folder = "/var/lib/image-enroll/";
    assert!(option(&crontab_command(), "--ledger").starts_with(folder));
    assert!(option(&service_command(), "--ledger").starts_with(folder));
    let unit = guide("image-enroll.service");
    assert_eq!(format!("/var/lib/{}/", setting(&unit, "StateDirectory")), folder);
    let spec = cronjob();
    let pod = &spec["jobTemplate"]["spec"]["template"]["spec"];
    let mount = &pod["containers"][0]["volumeMounts"][0];
    let claim = &pod["volumes"][0]["persistentVolumeClaim"]["claimName"];
    assert_eq!(
        (mount["name"].as_str(), claim.as_str()),
        (Some("data"), Some("image-enroll"))
    );
    let ledger = option(&cronjob_command(), "--ledger");
    assert!(ledger.starts_with(&format!("{}/", mount["mountPath"].as_str().unwrap())));
    // Its users are of this run alone, so that their ledger may end with the machine.
    assert!(option(&smoke_command(), "--ledger").starts_with("smoke/"));
}

#[test]
fn every_guide_begins_with_what_it_does_and_what_to_change() {
    for file in fs::read_dir(repository("examples/deploy")).unwrap().flatten() {
        let text = fs::read_to_string(file.path()).unwrap();
        let is_json = file.path().extension().is_some_and(|extension| extension == "json");
        // JSON has no comments: there its description says it.
        let head = match is_json {
            true => description(&yaml(&text).remove(0)),
            false => text.lines().take_while(|line| line.starts_with('#')).collect(),
        };
        assert!(head.to_lowercase().contains("to change:"), "{:?}", file.path());
    }
}

/// AWS knows no description, but tags.
fn description(document: &Yaml) -> String {
    let places = [&document["description"], &document["tags"]["description"]];
    places.iter().find_map(|place| place.as_str()).unwrap().to_owned()
}
