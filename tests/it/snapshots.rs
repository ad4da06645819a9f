//! What people read, word for word. CONTRIBUTING says how to accept a change.

use insta::{Settings, assert_snapshot};

use crate::harness::{Reply, Run, Server, png};

const COMMANDS: [&[&str]; 8] = [
    &[],
    &["check"],
    &["results"],
    &["extract"],
    &["status"],
    &["simulator"],
    &["completions"],
    &["man"],
];

/// What differs from run to run and from machine to machine.
const FILTERS: [(&str, &str); 11] = [
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "[time]"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[id]"),
    (r"127\.0\.0\.1([:-])[0-9]+", "127.0.0.1$1[port]"),
    (r" in [0-9.]+ s\b", " in [seconds] s"),
    (
        r#"("(latency_ms|p50|p90|p99|max|rows_per_second)": ?)[0-9.]+"#,
        "$1[number]",
    ),
    (r"[^ ]*/image-enroll(\.exe)? ", "image-enroll "),
    (env!("CARGO_MANIFEST_DIR"), "[repository]"),
    (r"/[^ ]*/state/image-enroll/", "[state]/image-enroll/"),
    (r#"[^ "]*\[state\]"#, "[state]"),
    (r#"(image-enroll |"version": ")[0-9]+\.[0-9]+\.[0-9]+"#, "$1[version]"),
    (r" +\n", "\n"),
];

/// Takes the snapshots in `assert` with the filters.
fn filtered(assert: impl FnOnce()) {
    let mut settings = Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    FILTERS
        .iter()
        .for_each(|(pattern, name)| settings.add_filter(pattern, *name));
    settings.bind(assert);
}

/// The document that each command prints with this flag.
fn help(flag: &str) -> String {
    let run = Run::bare();
    let helps = COMMANDS.map(|command| {
        let output = run.tool(&[command, &[flag]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        format!("$ image-enroll {}\n{text}", [command, &[flag]].concat().join(" "))
    });
    helps.join("\n")
}

/// Some rows of every kind: enrolled, to be reviewed, refused, failed, in doubt, wrong by themselves, and twice there.
fn mixed() -> (Server, &'static str) {
    let server = Server::script([
        ("enrolled", vec![Reply::success()]),
        ("review", vec![Reply::result("0842", "Under Review")]),
        ("no_face", vec![Reply::result("0941", "Face Not Found")]),
        ("busy", vec![Reply::text(408, "")]),
        ("lost", vec![Reply::lost()]),
        ("taken", vec![Reply::taken()]),
    ]);
    let manifest = "user_id,user_created_at,photo\n\
                    enrolled,2021-08-12,1.png\n\
                    review,2021-08-12,2.png\n\
                    no_face,2021-08-12,3.png\n\
                    busy,2021-08-12,4.png\n\
                    lost,2021-08-12,5.png\n\
                    taken,2021-08-12,6.png\n\
                    bad_date,12/08/2021,1.png\n\
                    no_photo,2021-08-12,none.jpg\n\
                    enrolled,2021-08-12,1.png\n";
    (server, manifest)
}

/// A run of them with one request at a time, to which `edit` may add. Each user has a photo of their own: rows are
/// not bound to be sent in the manifest's order, and the warning of a shared photo names the row sent first.
fn mixed_run(edit: impl FnOnce(Run<'_>) -> Run<'_>) -> String {
    let (server, manifest) = mixed();
    let run = Run::new(&server).manifest(manifest);
    let run = (1..=6).fold(run, |run, user| run.file(&format!("{user}.png"), &png(user)));
    let run = run.set("--retries", "0").set("-c", "1");
    let run = edit(run);
    let mut finished = run.go();
    finished.code(4);
    finished.stderr.clone()
}

#[test]
fn short_help_of_every_command() {
    filtered(|| assert_snapshot!("help_short", help("-h")));
}

#[test]
fn long_help_of_every_command() {
    filtered(|| assert_snapshot!("help_long", help("--help")));
}

#[test]
fn man_page() {
    let page = Run::bare().tool(&["man"]).stdout;
    filtered(|| assert_snapshot!("man", String::from_utf8(page).unwrap()));
}

#[test]
fn closing_text_of_a_mixed_run() {
    for columns in ["80", "40"] {
        let stderr = mixed_run(|run| run.env("COLUMNS", columns));
        filtered(|| assert_snapshot!(format!("closing_{columns}"), stderr));
    }
}

#[test]
fn closing_text_of_a_quiet_mixed_run() {
    let stderr = mixed_run(|run| run.flag("-q"));
    filtered(|| assert_snapshot!("closing_quiet", stderr));
}

#[test]
fn check_of_a_manifest_with_errors() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/manifest-with-errors.csv");
    let output = Run::bare().tool(&["check", manifest]);
    assert_eq!(output.code, Some(1));
    filtered(|| assert_snapshot!("check", output.stderr));
}

#[test]
fn json_lines_and_summary_of_a_small_run() {
    // One row, since rows are not bound to be sent in the manifest's order.
    let server = Server::script([(
        "no_face",
        vec![Reply::text(408, ""), Reply::result("0941", "Face Not Found")],
    )]);
    let run = Run::new(&server).users(["no_face"]).set("--log-format", "json");
    let mut finished = run.go();
    finished.code(1);
    let summary = std::fs::read_to_string(run.path("summary.json")).unwrap();
    filtered(|| {
        assert_snapshot!("json_lines", finished.stderr);
        assert_snapshot!("summary", summary);
    });
}
