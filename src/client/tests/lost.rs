//! Attempts without an answer: what the server can have seen, and why.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use reqwest::dns::{Name, Resolve, Resolving};

use super::super::error::SendError;
use super::peer::{OK, Peer};
use super::*;

/// Numbers of the system's faults, as on every Unix.
const ENOMEM: i32 = 12;
const EMFILE: i32 = 24;

#[tokio::test]
async fn nobody_listens() {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let (kind, cause) = fails(&settings(&format!("http://{address}")), 10).await;
    assert_eq!(kind, SendErrorKind::Connect);
    assert!(cause.to_lowercase().contains("refused"), "{cause}");
}

#[tokio::test]
async fn a_host_that_has_no_address() {
    // No resolver asks anybody for a label of more than 63 letters.
    let host = "a".repeat(64) + ".invalid";
    let (kind, cause) = fails(&settings(&format!("http://{host}")), 10).await;
    assert_eq!(kind, SendErrorKind::Connect);
    assert!(cause.contains("lookup") || cause.contains("known"), "{cause}");
}

#[tokio::test]
async fn a_reset_before_the_last_byte_proves_that_nothing_was_processed() {
    let peer = Peer::new(|incoming| drop(incoming.next().head()));
    let (kind, cause) = fails(&settings(&peer.url()), HUGE).await;
    assert_eq!(kind, SendErrorKind::Lost { whole: false });
    assert!(!cause.is_empty());
}

#[tokio::test]
async fn a_reset_after_the_last_byte_is_a_doubt() {
    let peer = Peer::new(|incoming| drop(incoming.next().read_up_to(1)));
    let (kind, cause) = fails(&settings(&peer.url()), 100_000).await;
    assert_eq!(kind, SendErrorKind::Lost { whole: true });
    assert!(cause.contains("reset"), "{cause}");
}

#[tokio::test]
async fn a_close_without_an_answer_is_a_doubt() {
    let peer = Peer::new(|incoming| drop(incoming.next().request()));
    let (kind, cause) = fails(&settings(&peer.url()), HUGE).await;
    assert_eq!(kind, SendErrorKind::Lost { whole: true });
    assert!(cause.contains("closed"), "{cause}");
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_a_doubt() {
    let peer = Peer::new(|incoming| {
        let mut connection = incoming.next();
        connection.request();
        connection.say("220 mail.example ESMTP\r\n\r\n");
        connection.wait_for_the_end();
    });
    assert_eq!(
        fails(&settings(&peer.url()), 10).await.0,
        SendErrorKind::Lost { whole: true }
    );
}

#[tokio::test]
async fn a_server_that_stops_taking_the_request() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let peer = Peer::new(move |incoming| {
        let mut connection = incoming.next();
        connection.head();
        assert!(held.recv().is_err());
    });
    let mut settings = settings(&peer.url());
    settings.timeout = SOON;
    let (kind, cause) = fails(&settings, HUGE).await;
    assert_eq!(kind, SendErrorKind::Silent { whole: false });
    assert_eq!(cause, "the server stopped taking the request");
    drop(hold);
    peer.end().await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_a_doubt() {
    let peer = Peer::new(|incoming| {
        let mut connection = incoming.next();
        connection.request();
        connection.wait_for_the_end();
    });
    let mut settings = settings(&peer.url());
    settings.timeout = SOON;
    let (kind, cause) = fails(&settings, 10).await;
    assert_eq!(
        (kind, cause.as_str()),
        (SendErrorKind::Silent { whole: true }, "no answer in time")
    );
    peer.end().await;
}

#[tokio::test]
async fn while_the_connection_is_made_only_its_own_limit_counts() {
    // The kernel accepts, and nobody ever says a word.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut settings = settings(&format!("https://{}", listener.local_addr().unwrap()));
    (settings.timeout, settings.connect_timeout) = (SOON / 10, SOON);
    let start = std::time::Instant::now();
    let (kind, cause) = fails(&settings, 10).await;
    assert_eq!(kind, SendErrorKind::Connect);
    assert!(cause.contains("timed out"), "{cause}");
    assert!(start.elapsed() >= SOON);
}

/// Its body has nothing but a fault of the machine.
struct Faulty(i32);

impl Body for Faulty {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(Some(Err(io::Error::from_raw_os_error(self.0))))
    }
}

impl Resolve for Faulty {
    fn resolve(&self, _: Name) -> Resolving {
        let error = io::Error::from_raw_os_error(self.0);
        Box::pin(async move { Err(error.into()) })
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_short_machine_is_to_blame_only_while_there_is_no_connection() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    for errno in [ENOMEM, EMFILE] {
        let builder = reqwest::Client::builder()
            .no_proxy()
            .dns_resolver(Arc::new(Faulty(errno)));
        let before = builder
            .build()
            .unwrap()
            .post("http://api.example")
            .send()
            .await
            .unwrap_err();
        assert_eq!(SendError::new(before, false).kind, SendErrorKind::Machine);
        for whole in [false, true] {
            let request = reqwest::Client::new().post(&url);
            let live = request
                .body(reqwest::Body::wrap(Faulty(errno)))
                .send()
                .await
                .unwrap_err();
            assert_eq!(SendError::new(live, whole).kind, SendErrorKind::Lost { whole });
        }
    }
}

#[tokio::test]
async fn a_dropped_request_leaves_no_whole_request_behind() {
    let (told, heard) = tokio::sync::oneshot::channel();
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let peer = Peer::new(move |incoming| {
        let mut connection = incoming.next();
        let head = connection.head();
        told.send(()).unwrap();
        assert!(held.recv().is_err());
        let mut rest = Vec::new();
        // It may end with a reset or without.
        let _ = io::copy(&mut connection.0, &mut rest);
        (head, rest)
    });
    let sender = client(peer.address);
    let exchange = tokio::spawn(async move { sender.post(payload("u1", HUGE)).await });
    heard.await.unwrap();
    exchange.abort();
    assert!(exchange.await.unwrap_err().is_cancelled());
    drop(hold);
    let (head, rest) = peer.end().await;
    assert!(head.contains("content-length: ") && !rest.ends_with(b"\"}"), "{head}");
    assert!(rest.len() < HUGE);
}

#[tokio::test]
async fn the_cause_is_one_line_without_the_request() {
    let peer = Peer::new(|incoming| {
        let mut connection = incoming.next();
        connection.request();
        connection.say(&OK[..20]);
    });
    let error = post(&settings(&peer.url()), 10).await.unwrap_err();
    let all = format!("{error} {error:?} {}", error.cause());
    assert!(
        !all.contains("BwcHBw") && !all.contains("signature") && !error.cause().contains('\n'),
        "{all}"
    );
}
