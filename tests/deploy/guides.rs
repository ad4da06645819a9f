//! The guides and workflows as they are read: their text, and the command lines in them.

use std::fs;

use yaml_rust2::{Yaml, YamlLoader};

use crate::repository;

pub(super) fn guide(name: &str) -> String {
    fs::read_to_string(repository("examples/deploy").join(name)).unwrap()
}

pub(super) fn yaml(text: &str) -> Vec<Yaml> {
    YamlLoader::load_from_str(text).unwrap()
}

pub(super) fn strings(list: &Yaml) -> Vec<String> {
    let list = list.as_vec().unwrap().iter();
    list.map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// A command line that needs no shell.
pub(super) fn words(line: &str) -> Vec<String> {
    assert!(
        !line.contains(['\'', '"', '$', '\\', '|', '%']) || line.contains("%d/"),
        "{line}"
    );
    line.split_whitespace().map(str::to_owned).collect()
}

/// The one value of a setting in a unit file.
pub(super) fn setting(unit: &str, name: &str) -> String {
    let prefix = format!("{name}=");
    let values: Vec<_> = unit.lines().filter_map(|line| line.strip_prefix(&prefix)).collect();
    assert_eq!(values.len(), 1, "{name}");
    values.concat()
}

/// The value of an option, written as one word or as two.
pub(super) fn option(command: &[String], name: &str) -> String {
    let line = command.join(" ").replace('=', " ");
    let (_, rest) = line.split_once(&format!("{name} ")).unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

pub(super) fn crontab_command() -> Vec<String> {
    let text = guide("crontab");
    let is_job = |line: &&str| !line.starts_with('#') && !line.split_whitespace().next().unwrap_or("=").contains('=');
    let jobs: Vec<_> = text.lines().filter(is_job).collect();
    assert_eq!(jobs.len(), 1);
    let fields = words(jobs[0]);
    assert!(
        fields[..5]
            .iter()
            .all(|field| field == "*" || field.parse::<u8>().is_ok())
    );
    fields[5..].to_vec()
}

pub(super) fn service_command() -> Vec<String> {
    words(&setting(&guide("image-enroll.service"), "ExecStart"))
}

pub(super) fn cronjob() -> Yaml {
    let documents = yaml(&guide("cronjob.yaml"));
    let kinds: Vec<_> = documents.iter().map(|document| document["kind"].as_str()).collect();
    let wanted = ["ServiceAccount", "PersistentVolumeClaim", "CronJob"];
    assert_eq!(kinds, wanted.map(Some));
    documents[2]["spec"].clone()
}

pub(super) fn cronjob_command() -> Vec<String> {
    let spec = cronjob();
    let container = &spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
    [strings(&container["command"]), strings(&container["args"])].concat()
}

pub(super) fn workflow(name: &str) -> Yaml {
    let text = fs::read_to_string(repository(".github/workflows").join(name)).unwrap();
    yaml(&text).remove(0)
}

pub(super) fn jobs(workflow: &Yaml) -> Vec<Yaml> {
    let jobs = workflow["jobs"].as_hash().unwrap();
    jobs.values().cloned().collect()
}

pub(super) fn steps(workflow: &Yaml) -> Vec<Yaml> {
    let steps = |job: &Yaml| job["steps"].as_vec().unwrap().clone();
    jobs(workflow).iter().flat_map(steps).collect()
}

pub(super) fn smoke_command() -> Vec<String> {
    let steps = steps(&workflow("smoke.yml"));
    let enroll = steps
        .iter()
        .find(|step| step["name"].as_str() == Some("Enroll"))
        .unwrap();
    let script = enroll["run"].as_str().unwrap();
    words(script.split(" ||").next().unwrap())
}
