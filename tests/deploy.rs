//! The guides under `examples/deploy` and the workflows: every command line in them is run by the built binary
//! against a simulator on loopback, and what they promise is looked up in them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use tempfile::TempDir;
use yaml_rust2::{Yaml, YamlLoader};

#[cfg(unix)]
#[path = "deploy/arrays.rs"]
mod arrays;

const BINARY: &str = env!("CARGO_BIN_EXE_image-enroll");
const PARTNER_ID: &str = "085";
/// Seconds: the drain of 25, and the results of ten million rows at 20 for each million.
const TIME_TO_STOP: u32 = 25 + 200;
/// Folders that the guides name, all of which a test puts into one.
const FOLDERS: [&str; 5] = [
    "/var/lib/image-enroll/",
    "/etc/image-enroll/",
    "/run/secrets/image-enroll/",
    "/data/",
    "%d/",
];

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn guide(name: &str) -> String {
    fs::read_to_string(repository("examples/deploy").join(name)).unwrap()
}

fn yaml(text: &str) -> Vec<Yaml> {
    YamlLoader::load_from_str(text).unwrap()
}

fn strings(list: &Yaml) -> Vec<String> {
    let list = list.as_vec().unwrap().iter();
    list.map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// A command line that needs no shell.
fn words(line: &str) -> Vec<String> {
    assert!(
        !line.contains(['\'', '"', '$', '\\', '|', '%']) || line.contains("%d/"),
        "{line}"
    );
    line.split_whitespace().map(str::to_owned).collect()
}

/// The one value of a setting in a unit file.
fn setting(unit: &str, name: &str) -> String {
    let prefix = format!("{name}=");
    let values: Vec<_> = unit.lines().filter_map(|line| line.strip_prefix(&prefix)).collect();
    assert_eq!(values.len(), 1, "{name}");
    values.concat()
}

fn crontab_command() -> Vec<String> {
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

fn service_command() -> Vec<String> {
    words(&setting(&guide("image-enroll.service"), "ExecStart"))
}

fn cronjob() -> Yaml {
    let documents = yaml(&guide("cronjob.yaml"));
    let kinds: Vec<_> = documents.iter().map(|document| document["kind"].as_str()).collect();
    let wanted = ["ServiceAccount", "PersistentVolumeClaim", "CronJob"];
    assert_eq!(kinds, wanted.map(Some));
    documents[2]["spec"].clone()
}

fn cronjob_command() -> Vec<String> {
    let spec = cronjob();
    let container = &spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
    [strings(&container["command"]), strings(&container["args"])].concat()
}

fn workflow(name: &str) -> Yaml {
    let text = fs::read_to_string(repository(".github/workflows").join(name)).unwrap();
    yaml(&text).remove(0)
}

fn jobs(workflow: &Yaml) -> Vec<Yaml> {
    let jobs = workflow["jobs"].as_hash().unwrap();
    jobs.values().cloned().collect()
}

fn steps(workflow: &Yaml) -> Vec<Yaml> {
    let steps = |job: &Yaml| job["steps"].as_vec().unwrap().clone();
    jobs(workflow).iter().flat_map(steps).collect()
}

fn smoke_command() -> Vec<String> {
    let steps = steps(&workflow("smoke.yml"));
    let enroll = steps
        .iter()
        .find(|step| step["name"].as_str() == Some("Enroll"))
        .unwrap();
    let script = enroll["run"].as_str().unwrap();
    words(script.split(" ||").next().unwrap())
}

/// The simulator as a process; it ends with the test.
struct Simulator {
    process: Child,
    url: String,
    _stderr: BufReader<ChildStderr>,
}

impl Simulator {
    fn start(key: &Path) -> Self {
        let mut command = Command::new(BINARY);
        command.args(["simulator", "--port", "0", "--partner-id", PARTNER_ID, "--api-key-file"]);
        let mut process = command
            .arg(key)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let mut url = String::new();
        stderr.read_line(&mut url).unwrap();
        Self {
            process,
            url: url.trim().to_owned(),
            _stderr: stderr,
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A folder that stands for all the folders of a guide, and the API on loopback.
struct Place {
    folder: TempDir,
    simulator: Simulator,
    /// Where the bucket of a guide is that has one.
    bucket: String,
}

/// Serves the files of a folder as objects of a bucket, as long as the process lives.
fn serve_bucket(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let folder = folder.clone();
            std::thread::spawn(move || drop(serve_objects(stream, &folder)));
        }
    });
    url
}

fn serve_objects(mut stream: TcpStream, folder: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while let Some(request) = lines.next().transpose()? {
        for line in lines.by_ref() {
            if line?.is_empty() {
                break;
            }
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        let object = path
            .strip_prefix("/our-photos/enroll/")
            .map(|key| fs::read(folder.join(key)));
        let (status, bytes) = object
            .and_then(Result::ok)
            .map_or((404, Vec::new()), |bytes| (200, bytes));
        write!(
            stream,
            "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n\r\n",
            bytes.len()
        )?;
        stream.write_all(&bytes)?;
    }
    Ok(())
}

impl Place {
    /// With the example rows as the manifest `name`, and the key under every name that a guide gives it.
    fn new(manifest: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["production.key", "api-key"] {
            fs::write(folder.path().join(name), "key-of-the-guides\n").unwrap();
        }
        fs::copy(repository("examples/manifest.csv"), folder.path().join(manifest)).unwrap();
        fs::create_dir(folder.path().join("photos")).unwrap();
        for photo in fs::read_dir(repository("examples/photos")).unwrap().flatten() {
            fs::copy(photo.path(), folder.path().join("photos").join(photo.file_name())).unwrap();
        }
        let simulator = Simulator::start(&folder.path().join("api-key"));
        let bucket = serve_bucket(folder.path().to_owned());
        Self {
            folder,
            simulator,
            bucket,
        }
    }

    /// Runs a guide's command to the letter, but for its folders and the endpoint.
    fn run(&self, command: &[String], folders: &[&str]) -> Output {
        let here = |word: &String| {
            let is_here = format!("{}/", self.folder.path().display());
            folders
                .iter()
                .fold(word.clone(), |word, folder| word.replace(folder, &is_here))
        };
        assert!(command[0].ends_with("image-enroll"), "{command:?}");
        let mut process = Command::new(BINARY);
        process
            .args(command[1..].iter().map(here))
            .args(["--endpoint", &self.simulator.url]);
        process
            .env("SMILE_PARTNER_ID", PARTNER_ID)
            .env("SMILE_API_KEY", "key-of-the-guides");
        // In place of a workload identity, which only a cluster gives.
        process
            .env("AWS_ENDPOINT_URL", &self.bucket)
            .env("AWS_ACCESS_KEY_ID", "AKIATESTTESTTEST")
            .env("AWS_SECRET_ACCESS_KEY", "test");
        // As for a service's user: there is no home folder to keep a ledger in.
        process.env("HOME", "").env("XDG_STATE_HOME", "");
        process.stdin(Stdio::null()).output().unwrap()
    }

    fn summary(&self) -> Yaml {
        let text = fs::read_to_string(self.folder.path().join("summary.json")).unwrap();
        yaml(&text).remove(0)
    }
}

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

/// The value of an option, written as one word or as two.
fn option(command: &[String], name: &str) -> String {
    let line = command.join(" ").replace('=', " ");
    let (_, rest) = line.split_once(&format!("{name} ")).unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
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

/// The names of metrics in a query or a panel.
fn metrics(text: &str) -> Vec<String> {
    let is_name = |c: &char| c.is_ascii_lowercase() || *c == '_';
    let found = text.match_indices("image_enroll_").map(|(at, _)| &text[at..]);
    found.map(|rest| rest.chars().take_while(is_name).collect()).collect()
}

#[test]
fn alerts_and_dashboard_name_metrics_that_are_there_and_between_them_all() {
    let contract = fs::read_to_string(repository("src/docs/contract.md")).unwrap();
    let (_, table) = contract
        .split_once("| metric | kind | what it holds |\n|---|---|---|\n")
        .unwrap();
    let rows = table.lines().map_while(|line| line.strip_prefix("| `"));
    let known: Vec<String> = rows.map(|row| row.split('`').next().unwrap().to_owned()).collect();
    let mut named = Vec::new();
    for guide in [guide("prometheus-alerts.yml"), guide("grafana-dashboard.json")] {
        let of_guide = metrics(&guide);
        assert!(of_guide.len() > 5);
        named.extend(of_guide.iter().map(|name| name.trim_end_matches("_bucket").to_owned()));
    }
    for name in &named {
        assert!(known.contains(name), "{name} is no metric");
    }
    let told = ["start_time_seconds", "end_time_seconds", "rows_settled_before"];
    for name in known.iter().filter(|name| !told.iter().any(|end| name.ends_with(end))) {
        assert!(named.contains(name), "nothing shows {name}");
    }
}

#[test]
fn the_alerts_are_rules_and_the_dashboard_has_its_panels() {
    let alerts = yaml(&guide("prometheus-alerts.yml")).remove(0);
    let rules = alerts["groups"][0]["rules"].as_vec().unwrap().clone();
    assert!(rules.len() >= 5);
    for rule in rules {
        for key in ["alert", "expr"] {
            assert!(rule[key].as_str().is_some(), "{rule:?}");
        }
        assert!(rule["annotations"]["summary"].as_str().is_some(), "{rule:?}");
    }
    let dashboard: serde_json::Value = serde_json::from_str(&guide("grafana-dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids: Vec<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    ids.dedup();
    assert_eq!(ids.len(), panels.len());
    for panel in panels {
        let targets = panel["targets"].as_array().unwrap();
        assert!(
            !targets.is_empty() && targets.iter().all(|target| target["expr"].is_string()),
            "{panel}"
        );
    }
}

/// As far as Prometheus' own tool is installed here.
#[test]
fn promtool_finds_no_fault_in_the_alerts() {
    let mut command = Command::new("promtool");
    let path = repository("examples/deploy/prometheus-alerts.yml");
    if let Ok(output) = command.args(["check", "rules"]).arg(path).output() {
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn the_service_leaves_time_to_drain_and_keeps_the_key_out_of_sight() {
    let unit = guide("image-enroll.service");
    let stop: u32 = setting(&unit, "TimeoutStopSec").trim_end_matches('s').parse().unwrap();
    assert!(stop >= TIME_TO_STOP);
    assert_eq!(setting(&unit, "SuccessExitStatus"), "143");
    for (name, value) in [
        ("ProtectSystem", "strict"),
        ("NoNewPrivileges", "yes"),
        ("UMask", "0077"),
        ("LimitCORE", "0"),
        ("LoadCredential", "api-key:/etc/image-enroll/production.key"),
    ] {
        assert_eq!(setting(&unit, name), value);
    }
    assert!(!unit.contains("API_KEY"));
}

/// As far as systemd is installed here.
#[test]
#[cfg(target_os = "linux")]
fn systemd_finds_no_fault_in_service_and_timer() {
    let folder = tempfile::tempdir().unwrap();
    let service = guide("image-enroll.service").replace("/usr/local/bin/image-enroll", BINARY);
    fs::write(folder.path().join("image-enroll.service"), service).unwrap();
    fs::write(folder.path().join("image-enroll.timer"), guide("image-enroll.timer")).unwrap();
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no", "--recursive-errors=no"]);
    let units = ["image-enroll.service", "image-enroll.timer"].map(|unit| folder.path().join(unit));
    let Ok(output) = command.args(units).output() else {
        return;
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !stderr.contains("image-enroll"), "{stderr}");
}

#[test]
fn the_cronjob_runs_alone_once_and_without_privileges() {
    let spec = cronjob();
    let job = &spec["jobTemplate"]["spec"];
    let pod = &job["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!(spec["concurrencyPolicy"].as_str(), Some("Forbid"));
    assert_eq!(job["backoffLimit"].as_i64(), Some(0));
    assert!(job["activeDeadlineSeconds"].as_i64() > Some(4 * 3_600 + 60));
    assert_eq!(pod["restartPolicy"].as_str(), Some("Never"));
    assert!(pod["terminationGracePeriodSeconds"].as_i64() >= Some(TIME_TO_STOP.into()));
    assert_eq!(pod["securityContext"]["runAsNonRoot"].as_bool(), Some(true));
    assert_eq!(
        container["securityContext"]["readOnlyRootFilesystem"].as_bool(),
        Some(true)
    );
    assert_eq!(
        container["securityContext"]["allowPrivilegeEscalation"].as_bool(),
        Some(false)
    );
    assert_eq!(strings(&container["securityContext"]["capabilities"]["drop"]), ["ALL"]);
}

#[test]
fn the_cronjob_reads_a_bucket_by_a_workload_identity_and_holds_no_key() {
    assert_eq!(option(&cronjob_command(), "--photo-root"), "s3://our-photos/enroll");
    let documents = yaml(&guide("cronjob.yaml"));
    let (account, pod) = (&documents[0], &cronjob()["jobTemplate"]["spec"]["template"]["spec"]);
    assert_eq!(pod["serviceAccountName"], account["metadata"]["name"]);
    let role = &account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"];
    assert!(role.as_str().unwrap().starts_with("arn:aws:iam::"));
    for key in ["ACCESS_KEY", "ACCOUNT_KEY", "SAS", "APPLICATION_CREDENTIALS"] {
        assert!(!guide("cronjob.yaml").contains(key), "{key}");
    }
}

#[test]
fn every_volume_of_the_cronjob_is_mounted_and_every_mount_has_its_volume() {
    let spec = cronjob();
    let pod = &spec["jobTemplate"]["spec"]["template"]["spec"];
    let names = |list: &Yaml| -> Vec<String> {
        let list = list.as_vec().unwrap().iter();
        list.map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&pod["volumes"]), names(&pod["containers"][0]["volumeMounts"]));
}

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
