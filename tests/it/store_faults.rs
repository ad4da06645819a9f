//! Objects that cannot be read, and stores that are down or refuse: a row's reason, or a wait and an end of the run that
//! says it is the store and not the API.

use std::net::TcpListener;

use crate::harness::{Latch, Object, Reply, Run, Server, Store, jpeg, padded, png};

fn from<'a>(store: &Store, server: &'a Server) -> Run<'a> {
    Run::new(server).set("--photo-root", &store.url())
}

/// Users `u1`, `u2`, … with these keys.
fn with_keys<'a>(run: Run<'a>, keys: &[&str]) -> Run<'a> {
    let rows = (1..).zip(keys).map(|(n, key)| format!("u{n},2021-08-12,{key}\n"));
    run.manifest(&format!("user_id,user_created_at,photo\n{}", rows.collect::<String>()))
}

#[test]
fn every_fault_of_an_object_has_its_reason_and_harms_no_other_row() {
    let other = Store::new(|_, _| Object::new(&jpeg()));
    let elsewhere = format!("{}/a.jpg", other.url());
    let store = Store::new(move |path, _| match path {
        "/good.jpg" => Object::new(&jpeg()),
        "/forbidden.jpg" => Object::status(403),
        "/login.jpg" => Object::status(401),
        "/gone.jpg" => Object::status(410),
        "/moved.jpg" => Object::status(302).header("Location", &elsewhere),
        // It never comes: whoever waits for it waits in vain.
        "/large.jpg" => Object::new(&padded(10_000)).size(Some(5_000_001)),
        "/endless.jpg" => Object::new(&jpeg()).size(None),
        "/page.jpg" => Object::new(b"<html>"),
        "/empty.jpg" => Object::new(b""),
        "/half.jpg" => Object::new(&jpeg()[..100]),
        _ => Object::status(404),
    });
    let server = Server::success();
    let cases = [
        ("good.jpg", "enrolled"),
        ("none.jpg", "invalid photo_not_found"),
        ("forbidden.jpg", "invalid photo_forbidden"),
        ("login.jpg", "invalid photo_forbidden"),
        ("gone.jpg", "invalid photo_not_found"),
        ("moved.jpg", "invalid photo_not_readable"),
        ("large.jpg", "invalid photo_too_large"),
        ("endless.jpg", "invalid photo_not_readable"),
        ("page.jpg", "invalid photo_not_jpeg_or_png"),
        ("empty.jpg", "invalid photo_empty"),
        ("half.jpg", "invalid photo_truncated"),
    ];
    let run = with_keys(from(&store, &server), &cases.map(|(key, _)| key));
    run.go().code(1).rows(cases.map(|(_, wanted)| wanted));
    assert_eq!((server.users(), other.asked().len()), (vec!["u1".to_owned()], 0));
}

#[test]
fn a_store_that_recovers_costs_no_row() {
    let store = Store::new(|_, nth| match nth {
        1 => Object::status(503),
        // It breaks off in the middle of the photo.
        2 => Object::new(&jpeg()[..100]).size(Some(jpeg().len())),
        _ => Object::new(&jpeg()),
    });
    let server = Server::success();
    let run = from(&store, &server).rows(1);
    run.go()
        .code(0)
        .all("enrolled")
        .says(&["warning: the store of the photos"]);
    assert_eq!(store.asked().len(), 3);
}

/// Of these the store gives nothing, for ever: one fails, one breaks off, one is said to be there and breaks off before it
/// begins.
fn broken(path: &str) -> Option<Object> {
    match path {
        "/failing.jpg" => Some(Object::status(500)),
        "/half.jpg" => Some(Object::new(&jpeg()[..100]).size(Some(jpeg().len()))),
        "/nothing.jpg" => Some(Object::new(b"").size(Some(jpeg().len()))),
        _ => None,
    }
}

#[test]
fn an_object_that_always_breaks_ends_as_a_fault_of_its_row_and_of_nothing_else() {
    let broken_keys = ["failing.jpg", "half.jpg", "nothing.jpg"];
    let store = Store::new(|path, _| broken(path).unwrap_or_else(|| Object::new(&jpeg())));
    let server = Server::success();
    let run = from(&store, &server)
        .flag("-v")
        .set("--retries", "1")
        .set("--max-outage", "30s");
    let run = with_keys(run, &["a.jpg", broken_keys[0], "b.jpg", broken_keys[1], broken_keys[2]]);
    let (good, bad) = ("enrolled", "invalid photo_not_readable");
    run.go()
        .code(1)
        .rows([good, bad, good, bad, bad])
        .says(&["half.jpg", "while its store answered otherwise"]);
    assert!(
        broken_keys.iter().all(|key| tries(&store, key) == 4),
        "{:?}",
        store.asked()
    );
    // With nothing but them the next run comes to its end as well.
    run.go().code(1).rows([good, bad, good, bad, bad]);
    let check = run.tool(&["check", "--photo-root", &store.url(), "manifest.csv", "-o", "-"]);
    assert_eq!(check.code, Some(1), "{}", check.stderr);
    let findings = String::from_utf8_lossy(&check.stdout);
    assert_eq!(findings.matches("photo_not_readable").count(), 3, "{findings}");
}

fn tries(store: &Store, key: &str) -> usize {
    store.asked().iter().filter(|path| path[1..] == *key).count()
}

#[test]
fn the_only_object_of_a_store_is_to_blame_where_the_store_says_anything_else() {
    let server = Server::success();
    for elsewhere in [404, 403, 501, 500] {
        let store = Store::new(move |path, _| broken(path).unwrap_or_else(|| Object::status(elsewhere)));
        let run = from(&store, &server).set("--retries", "0").set("--max-outage", "1s");
        let run = with_keys(run, &["half.jpg"]);
        match elsewhere {
            500 => run.go().code(6).all("pending"),
            _ => run.go().code(1).all("invalid photo_not_readable"),
        };
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn too_many_requests_are_never_the_fault_of_an_object() {
    let store = Store::new(|path, _| match path {
        "/p.jpg" => Object::status(429),
        _ => Object::status(404),
    });
    let server = Server::success();
    let run = from(&store, &server).rows(1).set("--retries", "0");
    run.set("--max-outage", "3s").go().code(6).all("pending");
}

#[test]
fn a_store_that_stays_away_ends_the_run_and_the_api_is_not_blamed() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server::success();
    let url = format!("http://127.0.0.1:{port}");
    let run = Run::new(&server)
        .rows(50)
        .set("--photo-root", &url)
        .set("--max-outage", "1s");
    run.go()
        .code(6)
        .summary("/stopped_by", "store_outage")
        .summary("/counts/pending", 50)
        .summary("/attempts", 0)
        .says(&[
            "the store of the photos, and not the API",
            &url,
            "Connection refused",
            "look at the store of the photos",
        ]);
    assert_eq!(server.count(), 0);
}

#[test]
fn photos_of_files_are_sent_while_a_store_is_down() {
    let store = Store::new(|_, _| Object::status(500));
    let server = Server::success();
    let run = from(&store, &server).set("--max-outage", "1s");
    let file = run.path("p.jpg").display().to_string();
    let run = with_keys(run, &["a.jpg", &file, &file, &file]);
    run.go_with(&["--photo-root", "."])
        .code(6)
        .rows(["pending", "enrolled", "enrolled", "enrolled"]);
}

#[test]
fn objects_that_are_all_refused_end_the_run() {
    let store = Store::new(|_, _| Object::status(403));
    let server = Server::success();
    from(&store, &server)
        .rows(500)
        .go()
        .code(5)
        .summary("/stopped_by", "store_refused")
        .summary("/counts/invalid", 20)
        .summary("/reasons/photo_forbidden", 20)
        .says(&["the first 20 objects are all refused"]);
    // Beside one that was given, and sent before they are refused, they are their rows' own matter.
    let sent = Latch::new();
    let waiting = sent.clone();
    let store = Store::new(move |path, _| match path {
        "/p.jpg" => Object::new(&png(1)),
        _ => {
            waiting.wait();
            Object::status(403)
        }
    });
    let keys: Vec<String> = (0..50).map(|n| format!("{n}.jpg")).collect();
    let keys: Vec<&str> = ["p.jpg"].into_iter().chain(keys.iter().map(String::as_str)).collect();
    let server = Server::new(move |_| {
        sent.release();
        Reply::success()
    });
    let run = with_keys(from(&store, &server), &keys);
    run.go().code(1).summary("/counts/invalid", 50);
}

const SECRETS: [&str; 3] = ["AKIAMARKEDMARKED", "marked-secret-key", "marked-session-token"];

#[test]
fn no_credential_and_no_word_of_a_store_comes_to_light() {
    let echo = SECRETS.join(" ");
    for (status, code) in [
        (403, "InvalidAccessKeyId"),
        (403, "AccessDenied"),
        (500, "InternalError"),
        (400, &*echo),
    ] {
        let body = format!("<Error><Code>{code}</Code><Message>{echo} X-Amz-Signature=marked</Message></Error>");
        let store = Store::new(move |_, _| {
            let marked = format!("https://marked.example/?sig={}", "marked-secret-key");
            Object::status(status)
                .body(body.as_bytes())
                .header("x-amz-request-id", &marked)
        });
        let server = Server::success();
        for format in ["text", "json"] {
            let run = Run::new(&server)
                .rows(30)
                .flag("-v")
                .set("--log-format", format)
                .set("--max-outage", "200ms")
                .set("--photo-root", "s3://bucket")
                .env("AWS_ENDPOINT_URL", &store.url())
                .env("AWS_ACCESS_KEY_ID", SECRETS[0])
                .env("AWS_SECRET_ACCESS_KEY", SECRETS[1])
                .env("AWS_SESSION_TOKEN", SECRETS[2]);
            let mut ended = run.go();
            let code = if status == 500 { 6 } else { 5 };
            ended.code(code);
            for place in [
                ended.stderr.as_bytes(),
                &ended.raw,
                &std::fs::read(run.ledger()).unwrap(),
            ] {
                let text = String::from_utf8_lossy(place);
                assert!(!text.to_lowercase().contains("marked"), "{text}");
            }
            let check = run.tool(&[
                "check",
                "-o",
                "-",
                "--no-photos",
                "--photo-root",
                "s3://bucket",
                "manifest.csv",
            ]);
            assert!(!check.stderr.contains("marked"), "{}", check.stderr);
        }
    }
}

#[test]
fn a_machine_without_credentials_is_told_which_there_are() {
    // In place of the metadata service that gives a machine of the cloud its credentials.
    let nobody = Store::new(|_, _| Object::status(404));
    let server = Server::success();
    let run = Run::new(&server)
        .rows(30)
        .set("--photo-root", "s3://bucket")
        .env("AWS_ENDPOINT_URL", &nobody.url())
        .env("AWS_METADATA_ENDPOINT", &nobody.url());
    run.go()
        .code(5)
        .summary("/counts/pending", 30)
        .says(&["AWS_ACCESS_KEY_ID", "~/.aws"]);
    let check = run.tool(&["check", "--photo-root", "s3://bucket", "manifest.csv"]);
    assert_eq!(check.code, Some(5), "{}", check.stderr);
    assert!(check.stderr.contains("AWS_ACCESS_KEY_ID"), "{}", check.stderr);
}

#[test]
fn a_store_on_another_machine_is_not_asked_without_tls() {
    let server = Server::success();
    for allow in ["true", "false"] {
        let run = Run::new(&server)
            .rows(3)
            .set("--photo-root", "s3://bucket")
            .env("AWS_ENDPOINT_URL", "http://minio.example:9000")
            .env("AWS_ALLOW_HTTP", allow)
            .env("AWS_ACCESS_KEY_ID", "a")
            .env("AWS_SECRET_ACCESS_KEY", "b");
        run.go().code(5).all("pending").says(&["plain http://"]);
    }
}
