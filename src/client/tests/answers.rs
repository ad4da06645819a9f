//! Answers: whole, cut off, early, too long, and those before the answer.

use super::peer::{OK, Peer};
use super::*;

/// Posts to a peer that reads the request and then says this.
async fn answered(text: String) -> Reply {
    let peer = Peer::new(move |incoming| {
        let mut connection = incoming.next();
        connection.request();
        connection.say(&text);
    });
    let reply = post(&settings(&peer.url()), 10).await.unwrap();
    peer.end().await;
    reply
}

#[tokio::test]
async fn a_request_has_an_exact_length_and_our_name() {
    let peer = Peer::new(|incoming| {
        let mut connection = incoming.next();
        let request = connection.request();
        connection.say(OK);
        request
    });
    let reply = post(&settings(&peer.url()), 1_000_000).await.unwrap();
    assert_eq!(
        (reply.http_status, reply.body.as_slice(), reply.complete),
        (200, b"{}".as_slice(), true)
    );
    let request = peer.end().await;
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head
        .lines()
        .map(str::to_lowercase)
        .filter(|line| !line.starts_with("host: "))
        .collect();
    lines.sort();
    let agent = format!("user-agent: image-enroll/{}", env!("CARGO_PKG_VERSION"));
    let length = format!("content-length: {}", body.len());
    let wanted = [
        "accept: */*",
        &length,
        "content-type: application/json",
        "post /v1/backfill_users http/1.1",
        &agent,
    ];
    assert_eq!(lines, wanted);
    serde_json::from_str::<serde_json::Value>(body).unwrap();
}

#[tokio::test]
async fn what_its_head_says_is_kept() {
    let text =
        "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n";
    let reply = answered(text.into()).await;
    assert_eq!((reply.http_status, reply.retry_after.as_deref()), (429, Some("7")));
    assert_eq!(
        reply.date,
        Some(std::time::UNIX_EPOCH + Duration::from_secs(784_111_777))
    );
}

#[tokio::test]
async fn an_answer_that_breaks_off_keeps_its_status_and_is_not_complete() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n",
    ] {
        let reply = answered(text.into()).await;
        assert_eq!((reply.http_status, reply.complete), (200, false), "{text}");
        assert_eq!(reply.body, b"{\"a\":");
    }
}

#[tokio::test]
async fn an_answer_up_to_its_limit_is_read_and_a_longer_one_is_cut() {
    for (length, complete) in [(1 << 20, true), ((1 << 20) + 1, false), (3 << 20, false)] {
        let peer = Peer::new(move |incoming| {
            let mut connection = incoming.next();
            connection.request();
            let text = format!(
                "HTTP/1.1 500 Bad\r\nContent-Length: {length}\r\n\r\n{}",
                "a".repeat(length)
            );
            // The client hangs up on the rest of what is too long.
            let _ = std::io::Write::write_all(&mut connection.0, text.as_bytes());
            connection.wait_for_the_end();
        });
        let reply = post(&settings(&peer.url()), 10).await.unwrap();
        assert_eq!((reply.http_status, reply.complete), (500, complete), "{length}");
        assert_eq!(reply.body.len(), 1 << 20);
    }
}

#[tokio::test]
async fn what_comes_before_the_answer_is_passed_over() {
    let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    assert_eq!(answered(format!("{early}{OK}")).await.http_status, 200);
}

#[tokio::test]
async fn redirects_are_answers() {
    for status in [301, 302, 303, 307, 308] {
        let text = format!("HTTP/1.1 {status} Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(answered(text).await.http_status, status);
    }
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_request_is_read_and_ends_the_sending() {
    for (status, close) in [(413, true), (429, true), (503, false)] {
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let peer = Peer::new(move |incoming| {
            let mut connection = incoming.next();
            connection.head();
            let close = if close { "Connection: close\r\n" } else { "" };
            connection.say(&format!(
                "HTTP/1.1 {status} No\r\n{close}Content-Length: 5\r\n\r\nearly"
            ));
            assert!(held.recv().is_err());
            let mut rest = Vec::new();
            let _ = std::io::copy(&mut connection.0, &mut rest);
            rest
        });
        let reply = post(&settings(&peer.url()), HUGE).await.unwrap();
        assert_eq!(
            (reply.http_status, reply.complete, reply.body.as_slice()),
            (status, true, b"early".as_slice())
        );
        drop(hold);
        let rest = peer.end().await;
        assert!(
            !rest.ends_with(b"\"}") && rest.len() < HUGE,
            "{status}: {} bytes were sent",
            rest.len()
        );
    }
}
