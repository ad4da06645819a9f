//! The systemd service and the CronJob: time to stop, few rights, no key in sight.

use std::fs;
use std::process::Command;

use yaml_rust2::Yaml;

use crate::guides::{cronjob, cronjob_command, guide, option, setting, strings, yaml};
use crate::{BINARY, TIME_TO_STOP};

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
