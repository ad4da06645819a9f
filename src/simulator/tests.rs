//! The simulator as a client sees it: over a real socket of loopback.
//!
//! No test sleeps, and none leans on which fault a certain seed draws: a fitting seed is looked for.

mod client;

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::fault::{Fault, Faults};
use super::{Settings, body::MAX_BODY, sample};
use client::{PATH, Running, settings};

/// Settings under which the faults of the first requests are these.
fn settings_drawing(faults: &[Option<Fault>], fail_rate: f64) -> Settings {
    let draws = |seed: u64| {
        let mut drawn = Faults::new(seed, fail_rate);
        faults.iter().all(|fault| drawn.draw() == *fault)
    };
    Settings {
        fail_rate,
        seed: (0..100_000).find(|seed| draws(*seed)).expect("some seed fits"),
        ..settings()
    }
}

fn texts<const N: usize>(answer: &Value, names: [&str; N]) -> [String; N] {
    names.map(|name| answer[name].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_user_is_enrolled_and_then_refused_on_the_same_connection() {
    let running = Running::start(settings()).await;
    let mut client = running.connect().await;

    let first = client.post(&sample::body("user_1")).await.expect("an answer");
    let answer = first.json();
    assert_eq!((first.status, &answer["ResultCode"]), (200, &json!("0840")));
    assert_eq!(first.header("content-type"), Some("application/json"));
    assert!(first.header("date").is_some() && first.header("x-request-id").is_some());
    let [timestamp, signature] = texts(&answer, ["timestamp", "signature"]);
    assert!(sample::signer().verify(&timestamp, &signature));
    assert_eq!(answer["SmileJobID"], "0000000001");
    assert_eq!(answer["PartnerParams"]["user_id"], "user_1");

    let second = client.post(&sample::body("user_1")).await.expect("an answer");
    let refusal = json!({
        "error": "Wrong user id. This user is already enrolled with user_id user_1",
        "code": "2209",
    });
    assert_eq!((second.status, second.json()), (400, refusal));
    assert_ne!(second.header("x-request-id"), first.header("x-request-id"));
}

#[tokio::test]
async fn the_gateway_refuses_what_is_not_the_endpoint() {
    let running = Running::start(settings()).await;
    let mut client = running.connect().await;
    let cases = [
        ("POST /", "application/json", 404, "Not Found"),
        ("POST /v1/backfill_users/", "application/json", 404, "Not Found"),
        ("GET /v2/backfill_users", "application/json", 404, "Not Found"),
        ("GET /v1/backfill_users", "application/json", 405, "Method Not Allowed"),
        ("PUT /v1/backfill_users", "application/json", 405, "Method Not Allowed"),
        ("POST /v1/backfill_users", "text/plain", 415, "Unsupported Media Type"),
    ];
    for (line, content_type, status, message) in cases {
        let answer = client.send(line, content_type, b"{}").await.expect("an answer");
        assert_eq!(
            (answer.status, answer.json()),
            (status, json!({"message": message})),
            "{line}"
        );
        assert_eq!(answer.header("allow"), (status == 405).then_some("POST"), "{line}");
    }
}

#[tokio::test]
async fn a_query_or_a_full_url_leaves_the_path_what_it_is() {
    let running = Running::start(settings()).await;
    let mut client = running.connect().await;
    for line in [
        format!("POST {PATH}?trace=1"),
        format!("POST http://localhost:80{PATH}"),
    ] {
        let answer = client.send(&line, "application/json", b"{").await.expect("an answer");
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("2203")), "{line}");
    }
}

#[tokio::test]
async fn refusals_have_the_form_of_the_provider() {
    let running = Running::start(settings()).await;
    let mut client = running.connect().await;
    let line = format!("POST {PATH}");
    let answer = client.send(&line, "application/json; charset=utf-8", b"{").await;
    let refusal = json!({"error": "Invalid JSON", "code": "2203"});
    assert_eq!(
        answer.map(|answer| (answer.status, answer.json())),
        Some((400, refusal))
    );
}

#[tokio::test]
async fn what_is_too_long_is_refused_and_the_connection_lives_on() {
    let running = Running::start(settings()).await;
    let mut client = running.connect().await;
    let mut large_photo = sample::body("user_1");
    large_photo["photo"] = BASE64_STANDARD.encode(vec![0; 5_000_001]).into();
    for body in [vec![b' '; MAX_BODY + 1], large_photo.to_string().into_bytes()] {
        let answer = client.send(&format!("POST {PATH}"), "application/json", &body).await;
        let refusal = json!({"message": "Request Too Long"});
        assert_eq!(
            answer.map(|answer| (answer.status, answer.json())),
            Some((413, refusal))
        );
    }
    assert!(
        client
            .post(&sample::body("user_1"))
            .await
            .is_some_and(|answer| answer.status == 200)
    );
}

#[tokio::test]
async fn an_unusable_photo_is_an_answer_and_no_enrollment() {
    let running = Running::start(settings()).await;
    let mut body = sample::body("user_1");
    body["photo"] = "AAAA".into();
    let answer = running.post(&body).await.expect("an answer");
    assert_eq!((answer.status, &answer.json()["ResultCode"]), (200, &json!("0001")));
    let answer = running.post(&sample::body("user_1")).await.expect("an answer");
    assert_eq!(answer.json()["ResultCode"], "0840");
}

#[tokio::test]
async fn one_of_many_at_once_enrolls_the_user() {
    let running = Running::start(settings()).await;
    let body = sample::body("user_1");
    let (a, b, c, d) = tokio::join!(
        running.post(&body),
        running.post(&body),
        running.post(&body),
        running.post(&body)
    );
    let mut statuses = [a, b, c, d].map(|answer| answer.map(|answer| answer.status));
    statuses.sort_unstable();
    assert_eq!(statuses, [Some(200), Some(400), Some(400), Some(400)]);
}

#[tokio::test]
async fn chunked_bodies_and_expect_continue_work() {
    let running = Running::start(settings()).await;
    let mut client = running.connect().await;
    let body = sample::body("user_1").to_string();
    let (front, back) = body.split_at(10);
    let head = format!("POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");

    let expecting = format!("{head}Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.write(expecting.as_bytes()).await.expect("a connection");
    assert!(client.answer().await.is_some_and(|answer| answer.status == 100));
    let chunks = format!(
        "{:x}\r\n{front}\r\n{:x}\r\n{back}\r\n0\r\n\r\n",
        front.len(),
        back.len()
    );
    client.write(chunks.as_bytes()).await.expect("a connection");
    assert!(client.answer().await.is_some_and(|answer| answer.status == 200));

    let too_long = format!("{head}Expect: 100-continue\r\nContent-Length: {}\r\n\r\n", MAX_BODY + 1);
    client.write(too_long.as_bytes()).await.expect("a connection");
    assert!(client.answer().await.is_some_and(|answer| answer.status == 413));
}

#[tokio::test]
async fn throttled_and_unavailable_requests_are_not_processed() {
    let faults = [Some(Fault::Throttled), Some(Fault::Unavailable), None];
    let running = Running::start(settings_drawing(&faults, 0.6)).await;
    let mut client = running.connect().await;

    let throttled = client.post(&sample::body("user_1")).await.expect("an answer");
    assert_eq!((throttled.status, throttled.header("retry-after")), (429, Some("1")));
    let refusal = json!({"error": "blocked, too many submissions", "code": "2222"});
    assert_eq!(throttled.json(), refusal);

    let unavailable = client.post(&sample::body("user_1")).await.expect("an answer");
    let refusal = json!({"message": "Service Unavailable"});
    assert_eq!((unavailable.status, unavailable.json()), (503, refusal));

    assert!(
        client
            .post(&sample::body("user_1"))
            .await
            .is_some_and(|answer| answer.status == 200)
    );
}

#[tokio::test]
async fn a_dropped_connection_enrolls_nobody() {
    let running = Running::start(settings_drawing(&[Some(Fault::Dropped)], 1.0)).await;
    assert!(running.post(&sample::body("user_1")).await.is_none());

    let running = Running::start(settings_drawing(&[Some(Fault::Dropped), None], 0.5)).await;
    assert!(running.post(&sample::body("user_1")).await.is_none());
    assert!(
        running
            .post(&sample::body("user_1"))
            .await
            .is_some_and(|answer| answer.status == 200)
    );
}

#[tokio::test]
async fn a_lost_answer_is_an_enrollment_all_the_same() {
    let running = Running::start(settings_drawing(&[Some(Fault::LostAnswer), None], 0.5)).await;
    assert!(running.post(&sample::body("user_1")).await.is_none());
    let answer = running.post(&sample::body("user_1")).await.expect("an answer");
    assert_eq!(answer.json()["code"], "2209");
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_for_the_latency() {
    let latency = Duration::from_secs(3600);
    let running = Running::start(Settings { latency, ..settings() }).await;
    let started = Instant::now();
    assert!(running.post(&sample::body("user_1")).await.is_some());
    assert!(started.elapsed() >= latency);
}

#[tokio::test(start_paused = true)]
async fn the_stop_closes_idle_connections_and_the_listener() {
    let running = Running::start(settings()).await;
    let address = running.address;
    let (mut used, mut fresh) = (running.connect().await, running.connect().await);
    assert!(used.post(&sample::body("user_1")).await.is_some());
    let told = Instant::now();
    running.begin_stop().await.expect("the simulator ends");
    assert_eq!(told.elapsed(), Duration::ZERO);
    assert!(used.is_closed().await && fresh.is_closed().await);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_request_under_way_at_the_stop_is_answered() {
    let running = Running::start(settings()).await;
    let mut client = running.connect().await;
    let body = sample::body("user_1").to_string();
    client
        .write(unfinished(body.len()).as_bytes())
        .await
        .expect("a connection");
    assert!(client.answer().await.is_some_and(|answer| answer.status == 100));
    let served = running.begin_stop();
    client.write(body.as_bytes()).await.expect("a connection");
    assert!(client.answer().await.is_some_and(|answer| answer.status == 200));
    served.await.expect("the simulator ends");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_ends_does_not_hold_the_stop() {
    let running = Running::start(settings()).await;
    let mut client = running.connect().await;
    client.write(unfinished(1000).as_bytes()).await.expect("a connection");
    assert!(client.answer().await.is_some_and(|answer| answer.status == 100));
    running.begin_stop().await.expect("the simulator ends");
    assert!(client.is_closed().await);
}

/// The head of a request that asks for leave to send its body.
fn unfinished(length: usize) -> String {
    format!(
        "POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
    )
}
