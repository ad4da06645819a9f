//! One ledger for an endpoint and a partner, whatever the manifest is called (contract, sections 2 and 7).

use crate::harness::{PARTNER, Reply, Run, Server, png, sha256};

/// A manifest of these users; each row is a user and its photo.
fn table(rows: &[(&str, &str)]) -> String {
    let rows = rows.iter().map(|(user, photo)| format!("{user},2021-08-12,{photo}\n"));
    format!("user_id,user_created_at,photo\n{}", rows.collect::<String>())
}

#[test]
fn a_renamed_copy_sends_nobody_again_and_keeps_a_doubt() {
    let server = Server::script([("u2", vec![Reply::lost()])]);
    let run = Run::new(&server).rows(3).set("--retries", "0");
    run.go().code(4).rows(["enrolled", "in_doubt no_answer", "enrolled"]);
    let text = std::fs::read_to_string(run.path("manifest.csv")).unwrap();
    let run = run.named("elsewhere/july.csv").set("--photo-root", ".").manifest(&text);
    run.go()
        .code(0)
        .rows(["enrolled", "enrolled_inferred answer_lost", "enrolled"])
        .summary("/settled_before", 2);
    assert_eq!(server.users(), ["u1", "u2", "u2", "u3"]);
}

#[test]
fn a_corrected_copy_sends_what_was_corrected() {
    let server = Server::success();
    let run = Run::new(&server).file("q.png", &png(1));
    let run = run.manifest(&table(&[("u1", "p.jpg"), ("u2", "none.jpg"), ("u3", "p.jpg")]));
    run.go().code(1).summary("/counts/enrolled", 2);
    let corrected = table(&[("u1", "p.jpg"), ("u2", "q.png"), ("u3", "p.jpg")]);
    let run = run.named("manifest (corrected).csv").manifest(&corrected);
    run.go().code(0).all("enrolled").summary("/attempts", 1);
    assert_eq!(server.users(), ["u1", "u2", "u3"]);
    assert_eq!(server.held()["u2"], sha256(&png(1)));
}

#[test]
fn the_results_are_the_next_manifest_and_a_refusal_is_remembered() {
    let server = Server::script([
        ("u2", vec![Reply::result("0941", "No face found")]),
        ("u3", vec![Reply::lost()]),
    ]);
    let run = Run::new(&server).rows(4).set("--retries", "0");
    run.go().code(4);
    let run = run.named("manifest.sandbox.results.csv");
    run.go()
        .code(1)
        .rows([
            "enrolled",
            "rejected no_face_found",
            "enrolled_inferred answer_lost",
            "enrolled",
        ])
        .summary("/attempts", 1);
    assert_eq!(server.users(), ["u1", "u2", "u3", "u3", "u4"]);
}

#[test]
fn tomorrows_export_sends_only_who_is_new() {
    let server = Server::script([("u2", vec![Reply::lost()])]);
    let run = Run::new(&server).named("2026-11-23.csv").rows(4).set("--retries", "0");
    run.go().code(4);
    // The one in doubt has left the export, and is back the day after.
    let run = run.named("2026-11-24.csv").users(["u9", "u4", "u1"]);
    run.go().code(0).all("enrolled").summary("/settled_before", 2);
    let run = run.named("2026-11-25.csv").users(["u1", "u2", "u3", "u9"]);
    run.go()
        .code(0)
        .rows(["enrolled", "enrolled_inferred answer_lost", "enrolled", "enrolled"]);
    assert_eq!(server.users(), ["u1", "u2", "u2", "u3", "u4", "u9"]);
}

#[test]
fn each_partner_and_each_endpoint_has_a_ledger_of_its_own() {
    let (server, other) = (Server::success(), Server::new(|_| Reply::success()));
    let run = Run::new(&server).rows(1);
    run.go().code(0);
    let folder = run.path("state/image-enroll");
    let go = |endpoint: &str, partner: &str| {
        let account = [
            "--endpoint",
            endpoint,
            "--partner-id",
            partner,
            "--api-key-file",
            "key.txt",
        ];
        let output = run.tool(&[&account[..], &["manifest.csv"]].concat());
        assert_eq!(output.code, Some(0), "{endpoint} {partner}: {}", output.stderr);
    };
    for partner in ["0085", "a/b", "..", "a%2Fb", "ä"] {
        go(&server.url(), partner);
    }
    go(&other.url(), PARTNER);
    go(&format!("http://localhost:{}/", server.port()), PARTNER);
    let mut wanted: Vec<String> = ["085", "0085", "a%2Fb", "..", "a%252Fb", "%C3%A4"]
        .map(|partner| format!("127.0.0.1-{}-{partner}.ledger.db", server.port()))
        .into();
    wanted.push(format!("127.0.0.1-{}-085.ledger.db", other.port()));
    wanted.push(format!("localhost-{}-085.ledger.db", server.port()));
    let mut found: Vec<String> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".ledger.db"))
        .collect();
    wanted.sort();
    found.sort();
    assert_eq!(found, wanted);
}

#[cfg(unix)]
#[test]
fn the_folder_of_ledgers_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::success();
    let run = Run::new(&server).rows(1);
    run.go().code(0);
    for folder in ["state", "state/image-enroll"] {
        let mode = run.path(folder).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{folder}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_home_folder_is_taken_where_no_folder_for_state_is_named() {
    let server = Server::success();
    for state in ["", "relative/state"] {
        let run = Run::new(&server)
            .users([format!("of-{state}")])
            .env("XDG_STATE_HOME", state);
        run.go().code(0);
        let name = format!(".local/state/image-enroll/127.0.0.1-{}-085.ledger.db", server.port());
        assert!(run.path(&name).is_file(), "{state:?}");
    }
}

#[cfg(unix)]
#[test]
fn without_a_home_folder_the_ledger_must_be_named() {
    let server = Server::success();
    for home in ["", "/no/such/home", "relative"] {
        let run = Run::new(&server).rows(1).env("XDG_STATE_HOME", "").env("HOME", home);
        run.go().code(2).says(&["home folder", "--ledger"]).left_nothing();
        let output = run.results(&[]);
        assert_eq!(output.code, Some(2), "{}", output.stderr);
        assert!(output.stderr.contains("--ledger"), "{}", output.stderr);
    }
    assert_eq!(server.count(), 0);
    let run = Run::new(&server).rows(1).env("XDG_STATE_HOME", "").env("HOME", "");
    run.set("--ledger", "l.db").go().code(0).all("enrolled");
}

#[test]
fn a_folder_that_cannot_be_made_is_explained() {
    let server = Server::success();
    let run = Run::new(&server).rows(1).file("state", b"a file");
    run.go().code(2).says(&["--ledger", "image-enroll"]).left_nothing();
    assert_eq!(server.count(), 0);
}

#[test]
fn results_find_the_ledger_by_endpoint_and_partner() {
    let server = Server::success();
    let run = Run::new(&server).rows(2);
    let before = run.go().raw.clone();
    let path = run.path("manifest.sandbox.results.csv");
    std::fs::remove_file(&path).unwrap();
    let output = run.results(&[]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let run = run.env("SMILE_PARTNER_ID", PARTNER);
    let output = run.tool(&["results", "--endpoint", &server.url(), "-o", "-", "manifest.csv"]);
    assert_eq!(output.stdout, before, "{}", output.stderr);
}

#[test]
fn results_without_a_ledger_say_what_they_looked_for() {
    let server = Server::success();
    let run = Run::new(&server).rows(1);
    let output = run.results(&[]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    for part in [server.url().as_str(), PARTNER, "--ledger", "085.ledger.db"] {
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
    assert!(!run.path("state").exists());
    let output = run.tool(&["results", "manifest.csv"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(output.stderr.contains("--partner-id"), "{}", output.stderr);
}

#[test]
fn results_of_another_endpoint_are_not_taken_from_the_same_place() {
    let server = Server::success();
    let run = Run::new(&server).rows(1);
    run.go().code(0);
    let endpoint = server.url() + "/gateway";
    let words = [
        "results",
        "--endpoint",
        &endpoint,
        "--partner-id",
        PARTNER,
        "manifest.csv",
    ];
    let output = run.tool(&words);
    assert_ne!(output.code, Some(0));
    assert!(output.stderr.contains("belongs to"), "{}", output.stderr);
}

#[test]
fn the_path_of_the_ledger_is_said_at_the_end() {
    let server = Server::success();
    let run = Run::new(&server).rows(1);
    let ledger = run.ledger().display().to_string();
    run.go().code(0).says(&[&format!("ledger:  {ledger}")]);
}

#[test]
fn a_ledger_that_the_first_version_left_beside_the_manifest_is_not_forgotten() {
    let server = Server::success();
    let run = Run::new(&server).rows(2);
    run.go().code(0);
    // As the first version had it: beside the manifest, and nothing in the folder for state.
    let old = run.path("manifest.sandbox.ledger.db");
    std::fs::rename(run.ledger(), &old).unwrap();
    std::fs::remove_file(run.path("manifest.sandbox.results.csv")).unwrap();
    let new = run.ledger().display().to_string();
    let ways = ["manifest.sandbox.ledger.db", "--ledger", "move", "-wal", &new];
    run.go().code(2).says(&ways).left_nothing();
    assert_eq!(run.results(&[]).code, Some(2));
    // The one way out.
    let named = ["--ledger", "manifest.sandbox.ledger.db"];
    run.go_with(&named).code(0).summary("/settled_before", 2);
    assert_eq!(run.results(&named).code, Some(0));
    // The other.
    std::fs::create_dir_all(run.ledger().parent().unwrap()).unwrap();
    std::fs::rename(&old, run.ledger()).unwrap();
    run.go().code(0).summary("/settled_before", 2);
    assert_eq!(server.count(), 2);
}

#[test]
fn a_left_ledger_beside_another_one_is_not_moved_over_it() {
    let server = Server::success();
    let run = Run::new(&server).rows(1);
    run.go().code(0);
    std::fs::copy(run.ledger(), run.path("manifest.sandbox.ledger.db")).unwrap();
    let mut done = run.go();
    let moves = done.stderr.contains("move");
    done.code(2)
        .says(&["--ledger", "085.ledger.db"])
        .check(!moves, "it says to move it");
    assert_eq!(server.count(), 1);
}
