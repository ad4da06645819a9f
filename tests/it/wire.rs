//! The request as it goes over the wire (contract, section 5).

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::harness::{KEY, Latch, PARTNER, Reply, Run, Server, base64, jpeg, padded, png, sha256, sign};

const FIELDS: [&str; 6] = [
    "partner_id",
    "photo",
    "signature",
    "timestamp",
    "user_created_at",
    "user_id",
];

#[test]
fn the_body_holds_exactly_six_texts() {
    let server = Server::success();
    let run = Run::new(&server).users(["\"a\"\"b\\c,Zoë\u{2028}🙂\""]);
    run.go().code(0);
    let request = &server.requests()[0];
    assert!(request.fields.keys().eq(FIELDS), "{:?}", request.fields.keys());
    assert!(request.fields.values().all(serde_json::Value::is_string));
    assert_eq!(request.field("partner_id"), PARTNER);
    assert_eq!(request.field("user_id"), "a\"b\\c,Zoë\u{2028}🙂");
    assert_eq!(request.field("user_created_at"), "2021-08-12");
    assert_eq!(request.field("photo"), base64(&jpeg()));
}

#[test]
fn the_head_says_what_it_is_and_how_long() {
    let server = Server::success();
    let run = Run::new(&server).rows(3).file("p.jpg", &padded(1_000_001));
    run.go().code(0);
    for request in server.requests() {
        let header = |name: &str| request.head.header(name).unwrap_or_default().to_owned();
        assert_eq!(request.head.line, "POST /v1/backfill_users HTTP/1.1");
        assert_eq!(header("content-type"), "application/json");
        assert_eq!(header("content-length"), request.length.to_string());
        assert_eq!(
            header("user-agent"),
            concat!("image-enroll/", env!("CARGO_PKG_VERSION"))
        );
        assert_eq!(header("host"), format!("127.0.0.1:{}", server.port()));
        let absent = [
            "transfer-encoding",
            "expect",
            "referer",
            "cookie",
            "authorization",
            "content-encoding",
        ];
        assert!(
            absent.iter().all(|name| request.head.header(name).is_none()),
            "{}",
            request.head.raw
        );
        let names: BTreeSet<_> = request.head.headers.iter().map(|(name, _)| name).collect();
        assert_eq!(
            names.len(),
            request.head.headers.len(),
            "a header stands there twice: {}",
            request.head.raw
        );
        // The base64 of a photo has no line breaks and is padded.
        assert_eq!(request.field("photo").len(), 1_000_001_usize.div_ceil(3) * 4);
    }
}

#[test]
fn the_length_is_exact_whatever_the_photos_size_modulo_three() {
    let server = Server::success();
    let sizes = [1000, 1001, 1002, 98_303, 98_304, 98_305, 196_608, 196_609];
    let rows = sizes.map(|size| format!("u{size},2021-08-12,{size}.jpg\n")).concat();
    let run = Run::new(&server).manifest(&format!("user_id,user_created_at,photo\n{rows}"));
    for size in sizes {
        run.write(&format!("{size}.jpg"), &padded(size));
    }
    run.go().code(0).all("enrolled");
    for request in server.requests() {
        assert_eq!(request.user_id, format!("u{}", request.photo_bytes));
        assert_eq!(request.field("photo"), base64(&padded(request.photo_bytes)));
        assert_eq!(request.photo_sha256, sha256(&padded(request.photo_bytes)));
    }
}

fn instant(timestamp: &str) -> DateTime<Utc> {
    assert_eq!(timestamp.len(), "2023-02-13T15:07:42.214Z".len(), "{timestamp}");
    NaiveDateTime::parse_from_str(timestamp, "%Y-%m-%dT%H:%M:%S%.3fZ")
        .unwrap()
        .and_utc()
}

#[test]
fn the_signature_follows_the_rule_and_the_timestamp_is_the_moment_of_sending() {
    let server = Server::success();
    let before = Utc::now() - Duration::from_millis(1);
    let run = Run::new(&server).rows(5).set("--partner-id", "0012");
    run.go().code(0);
    for request in server.requests() {
        let timestamp = request.field("timestamp");
        assert_eq!(request.field("signature"), sign(KEY, "0012", timestamp));
        assert!((before..=Utc::now()).contains(&instant(timestamp)), "{timestamp}");
    }
}

#[test]
fn the_independent_signature_knows_the_published_answers() {
    for (key, timestamp, wanted) in [
        (
            "apiKey",
            "2023-02-13T15:07:42.214Z",
            "XxThLHZy2ij1WINkqNEPgzVs9RvUDHWlebDYzprqS74=",
        ),
        (
            "apikey",
            "2023-03-09T21:35:00.279Z",
            "+S/hVtmFwynoroXQQbjOQ3/l+a5zshNldrQh/iBdxRQ=",
        ),
    ] {
        assert_eq!(sign(key, "partner", timestamp), wanted);
    }
}

#[test]
fn every_attempt_is_signed_anew() {
    let busy = || Reply::json(503, serde_json::json!({})).header("Retry-After", "0");
    let server = Server::in_order([busy(), busy(), busy()]);
    Run::new(&server).rows(1).go().code(0).cell(1, "attempts", "4");
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    for pair in requests.windows(2) {
        assert!(instant(pair[0].field("timestamp")) < instant(pair[1].field("timestamp")));
        assert_ne!(pair[0].field("signature"), pair[1].field("signature"));
    }
    assert!(requests.iter().all(|request| request.key == Some(KEY)));
}

#[test]
fn a_photo_that_changes_between_two_attempts_is_validated_again() {
    for (photo, wanted) in [
        (png(1), "enrolled"),
        (jpeg()[..300].to_vec(), "invalid photo_truncated"),
    ] {
        let latch = Latch::new();
        let busy = Reply::text(408, "").header("Retry-After", "0").after(&latch);
        let server = Server::in_order([busy]);
        let run = Run::new(&server).rows(1);
        let running = run.start();
        server.wait_for(1);
        run.write("p.jpg", &photo);
        latch.release();
        let mut done = run.finish(running);
        done.rows([wanted]);
        if wanted == "enrolled" {
            done.cell(1, "photo_sha256", &sha256(&photo));
            assert_eq!(server.held()["u1"], sha256(&photo));
        }
    }
}

#[test]
fn connections_are_kept_and_requests_in_flight_stay_below_the_limit() {
    let server = Server::success();
    Run::new(&server).rows(60).set("--concurrency", "3").go().code(0);
    assert!(server.most_in_flight() <= 3, "{} in flight", server.most_in_flight());
    assert!(server.connections() <= 6, "{} connections", server.connections());
}

#[test]
fn a_rate_holds_from_the_first_request_on() {
    let server = Server::success();
    let started = std::time::Instant::now();
    Run::new(&server).rows(5).set("--rate", "20/s").go().code(0);
    assert!(
        started.elapsed() >= Duration::from_millis(200),
        "{:?}",
        started.elapsed()
    );
}
