//! Alerts and dashboard: they ask for metrics that are there.

use std::fs;
use std::process::Command;

use crate::guides::{guide, yaml};
use crate::repository;

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
