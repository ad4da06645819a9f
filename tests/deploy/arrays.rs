//! The guides for many machines: their scripts are run as they stand, but for their folders, with the variables that the
//! engine would set, and with commands in place of the engine's that write down how they were called.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use yaml_rust2::Yaml;

use crate::guides::{guide, strings, yaml};
use crate::place::Place;
use crate::{BINARY, PARTNER_ID, TIME_TO_STOP, repository};

const PARTS: usize = 3;

/// A folder with the program and the engine's commands on the path.
fn place_with_engine() -> Place {
    let place = Place::new("users.csv");
    let folder = place.folder.path();
    fs::create_dir(folder.join("bin")).unwrap();
    for name in ["scontrol", "scancel"] {
        let calls = folder.join("calls").display().to_string();
        executable(
            &folder.join("bin").join(name),
            &format!("echo {name} \"$@\" >> '{calls}'"),
        );
    }
    symlink(BINARY, folder.join("bin/image-enroll")).unwrap();
    fs::copy(repository("examples/deploy/part.sh"), folder.join("part.sh")).unwrap();
    place
}

fn executable(path: &Path, script: &str) {
    // A link to the program must not be written through.
    let _ = fs::remove_file(path);
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A guide's text with its folders in the one of the test.
fn here(place: &Place, text: &str) -> String {
    let folder = place.folder.path().display().to_string();
    [
        ("/tmp/image-enroll-", "/node-"),
        ("/shared/image-enroll", ""),
        ("/run/secrets/image-enroll", ""),
        ("/scripts/", "/"),
        ("/shared/", "/"),
        ("/work/", "/work/"),
        ("/usr/local/bin/", "/bin/"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| {
        text.replace(from, &format!("\u{1}{to}"))
    })
    .replace('\u{1}', &folder)
}

/// Runs a shell in the folder.
fn shell(place: &Place, args: &[String], variables: &[(&str, String)]) -> Output {
    let folder = place.folder.path();
    let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new(&args[0]);
    shell.args(&args[1..]).current_dir(folder).stdin(Stdio::null());
    shell
        .env("PATH", path)
        .env("IMAGE_ENROLL_ENDPOINT", &place.simulator.url);
    shell
        .env("SMILE_PARTNER_ID", PARTNER_ID)
        .env("AWS_ENDPOINT_URL", &place.bucket)
        .env("AWS_ACCESS_KEY_ID", "AKIATESTTESTTEST")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    shell.envs(variables.iter().map(|(name, value)| (name, value)));
    shell.output().unwrap()
}

fn assert_code(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
}

fn bash(place: &Place, name: &str) -> Vec<String> {
    vec!["bash".to_owned(), "-c".to_owned(), here(place, &guide(name))]
}

fn slurm_task(task: usize) -> Vec<(&'static str, String)> {
    [
        ("SLURM_ARRAY_JOB_ID", 7),
        ("SLURM_ARRAY_TASK_ID", task),
        ("SLURM_ARRAY_TASK_MIN", 1),
        ("SLURM_ARRAY_TASK_MAX", PARTS),
        ("SLURM_ARRAY_TASK_STEP", 1),
    ]
    .map(|(name, value)| (name, value.to_string()))
    .into()
}

/// What `merge` says of the parts that the guide has left.
fn assert_merged(place: &Place) {
    assert_code(&shell(place, &bash(place, "slurm-merge.sbatch"), &[]), 0);
    assert_eq!(place.summary()["rows"].as_i64(), Some(6));
    assert!(place.folder.path().join("report.html").exists());
}

#[test]
fn an_array_of_slurm_enrolls_every_part_and_merges() {
    let place = place_with_engine();
    for task in (1..=PARTS).chain(1..=PARTS) {
        assert_code(&shell(&place, &bash(&place, "slurm.sbatch"), &slurm_task(task)), 0);
    }
    assert_merged(&place);
    assert!(!place.folder.path().join("calls").exists());
}

/// What the guide for Slurm tells the engine after an exit code of the program.
fn told_after(code: i32, restarts: u32) -> String {
    let place = place_with_engine();
    let program = place.folder.path().join("bin/image-enroll");
    executable(&program, &format!("exit {code}"));
    let mut variables = slurm_task(2);
    variables.push(("SLURM_RESTART_COUNT", restarts.to_string()));
    assert_code(&shell(&place, &bash(&place, "slurm.sbatch"), &variables), code);
    fs::read_to_string(place.folder.path().join("calls")).unwrap_or_default()
}

#[test]
fn slurm_restarts_what_running_again_can_settle_and_nothing_else() {
    for code in [3, 4, 6, 129, 137, 143] {
        assert_eq!(told_after(code, 0), "scontrol requeue 7_2\n", "{code}");
        assert_eq!(told_after(code, 20), "", "{code}");
    }
    for code in [0, 1, 2, 7, 8, 9, 10] {
        assert_eq!(told_after(code, 0), "", "{code}");
    }
    assert_eq!(told_after(5, 0), "scancel --state=PENDING 7\n");
}

/// Runs `part.sh` with a script in place of the program, which finds its folder in `$own`.
fn part(place: &Place, script: &str) -> Output {
    let folder = place.folder.path();
    let own = folder.join("node/1").display().to_string();
    let shared = folder.join("parts/1").display().to_string();
    let part = folder.join("part.sh").display().to_string();
    let args = ["sh", &part, &shared, &own, "sh", "-c", script].map(str::to_owned);
    shell(place, &args, &[("own", own)])
}

#[test]
fn the_ledger_comes_from_the_shared_folder_and_goes_there_also_after_a_kill() {
    let place = place_with_engine();
    assert_code(&part(&place, "echo first > $own/ledger.db; kill -9 $$"), 137);
    assert!(!place.folder.path().join("node/1").exists());
    let go_on = "grep -qx first $own/ledger.db && echo second > $own/ledger.db && exit 3";
    assert_code(&part(&place, go_on), 3);
    let copy = fs::read_to_string(place.folder.path().join("parts/1/ledger.db")).unwrap();
    assert_eq!(copy, "second\n");
    assert_eq!(fs::read_dir(place.folder.path().join("parts")).unwrap().count(), 1);
}

#[test]
fn a_part_that_is_told_to_stop_drains_its_program_and_copies_the_ledger() {
    let place = place_with_engine();
    let stopped = "trap 'echo drained > $own/ledger.db; exit 129' HUP; kill -TERM $PPID; while :; do sleep 0.1; done";
    assert_code(&part(&place, stopped), 129);
    let copy = fs::read_to_string(place.folder.path().join("parts/1/ledger.db")).unwrap();
    assert_eq!(copy, "drained\n");
}

fn indexed_job() -> Yaml {
    let documents = yaml(&guide("indexed-job.yaml"));
    assert_eq!(documents[0]["kind"].as_str(), Some("PersistentVolumeClaim"));
    assert_eq!(documents[1]["kind"].as_str(), Some("Job"));
    documents[1]["spec"].clone()
}

#[test]
fn the_indexed_job_enrolls_every_part_and_merges() {
    let (place, spec) = (place_with_engine(), indexed_job());
    let container = &spec["template"]["spec"]["containers"][0];
    let command = [strings(&container["command"]), strings(&container["args"])].concat();
    let command: Vec<String> = command.iter().map(|word| here(&place, word)).collect();
    let parts = spec["completions"].as_i64().unwrap();
    assert!(command.contains(&format!("--shard=auto/{parts}")));
    for index in 0..parts {
        let variables = [("JOB_COMPLETION_INDEX", index.to_string())];
        assert_code(&shell(&place, &command, &variables), 0);
    }
    assert_merged(&place);
}

#[test]
fn the_indexed_job_fails_as_a_whole_by_what_concerns_everybody() {
    let spec = indexed_job();
    let rules = &spec["podFailurePolicy"]["rules"];
    let codes = |rule: usize| -> Vec<i64> {
        let values = rules[rule]["onExitCodes"]["values"].as_vec().unwrap().iter();
        values.map(|value| value.as_i64().unwrap()).collect()
    };
    assert_eq!(
        (rules[0]["action"].as_str(), codes(0)),
        (Some("FailJob"), vec![2, 5, 9])
    );
    assert_eq!(
        (rules[1]["action"].as_str(), codes(1)),
        (Some("FailIndex"), vec![7, 10])
    );
    assert_eq!(spec["completionMode"].as_str(), Some("Indexed"));
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["restartPolicy"].as_str(), Some("Never"));
    assert!(pod["terminationGracePeriodSeconds"].as_i64() >= Some(TIME_TO_STOP.into()));
    assert_eq!(rules[0]["onExitCodes"]["containerName"], pod["containers"][0]["name"]);
}

#[test]
fn the_batch_job_enrolls_every_part_and_merges() {
    let place = place_with_engine();
    let definition = yaml(&guide("batch-job-definition.json")).remove(0);
    let command = strings(&definition["containerProperties"]["command"]);
    let command: Vec<String> = command.iter().map(|word| here(&place, word)).collect();
    for index in 0..PARTS {
        let variables = [
            ("AWS_BATCH_JOB_ARRAY_INDEX", index.to_string()),
            ("AWS_BATCH_JOB_ARRAY_SIZE", PARTS.to_string()),
            ("SMILE_PRODUCTION_API_KEY", "key-of-the-guides".to_owned()),
        ];
        assert_code(&shell(&place, &command, &variables), 0);
    }
    assert_merged(&place);
}

#[test]
fn the_batch_job_is_not_tried_again_where_a_person_is_needed() {
    let definition = yaml(&guide("batch-job-definition.json")).remove(0);
    let rules = definition["retryStrategy"]["evaluateOnExit"].as_vec().unwrap().clone();
    let rules: Vec<_> = rules
        .iter()
        .map(|rule| (rule["onExitCode"].as_str().unwrap(), rule["action"].as_str().unwrap()))
        .collect();
    // AWS takes five at most.
    let wanted = [
        ("2", "EXIT"),
        ("5", "EXIT"),
        ("9", "EXIT"),
        ("10", "EXIT"),
        ("*", "RETRY"),
    ];
    assert_eq!(rules, wanted);
}

#[test]
fn the_parts_on_one_machine_enroll_and_merge() {
    let place = place_with_engine();
    assert_code(&shell(&place, &bash(&place, "parallel.sh"), &[]), 0);
    assert_eq!(place.summary()["rows"].as_i64(), Some(6));
}

/// Programs that the script needs before it knows whether there is a Slurm; nothing else is on its path.
#[cfg(target_os = "linux")]
const BEFORE_SLURM: [&str; 9] = [
    "bash", "dirname", "env", "id", "mktemp", "realpath", "rm", "tail", "uname",
];

/// CI goes on where Slurm cannot be had, and whoever reads its log sees that nothing was tested.
#[test]
#[cfg(target_os = "linux")]
fn a_slurm_that_cannot_be_had_is_skipped_and_that_is_said() {
    let place = place_with_engine();
    let bin = place.folder.path().join("bin");
    for name in BEFORE_SLURM {
        let mut folders = std::env::split_paths(&std::env::var_os("PATH").unwrap())
            .collect::<Vec<_>>()
            .into_iter();
        let program = folders.find(|folder| folder.join(name).exists()).unwrap().join(name);
        symlink(program, bin.join(name)).unwrap();
    }
    let run = || {
        let mut script = Command::new(bin.join("bash"));
        script.arg(repository("tests/slurm/run")).arg(BINARY).env("PATH", &bin);
        script.output().unwrap()
    };
    let output = run();
    assert_code(&output, 0);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("skipped: Slurm is not installed"), "{said}");
    executable(&bin.join("sudo"), "exit 1");
    executable(&bin.join("apt-get"), "echo 'E: no archive' >&2; exit 100");
    let output = run();
    assert_code(&output, 0);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("skipped: Slurm cannot be installed here"), "{said}");
}
