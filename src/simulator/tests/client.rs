//! A minimal HTTP/1.1 client and a running simulator for the tests; it must not hide what is on the wire.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::super::{Settings, Simulator, sample};

pub(super) const PATH: &str = "/v1/backfill_users";

pub(super) fn settings() -> Settings {
    Settings {
        seed: 1,
        ..Settings::faultless(&sample::signer())
    }
}

/// A simulator on a free port of loopback.
pub(super) struct Running {
    pub(super) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Running {
    pub(super) async fn start(settings: Settings) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { stopped.await.unwrap_or_default() };
        let served = tokio::spawn(Simulator::new(settings).serve(listener, stopped));
        Self { address, stop, served }
    }

    pub(super) async fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).await.expect("the simulator accepts");
        Client(BufReader::new(stream))
    }

    /// One request on a connection of its own.
    pub(super) async fn post(&self, body: &Value) -> Option<Answer> {
        self.connect().await.post(body).await
    }

    pub(super) fn begin_stop(self) -> JoinHandle<()> {
        self.stop.send(()).expect("the simulator runs");
        self.served
    }
}

pub(super) struct Answer {
    pub(super) status: u16,
    head: String,
    body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

pub(super) struct Client(BufReader<TcpStream>);

impl Client {
    pub(super) async fn post(&mut self, body: &Value) -> Option<Answer> {
        self.send(&format!("POST {PATH}"), "application/json", body.to_string().as_bytes())
            .await
    }

    /// Sends a whole request; `None` when the connection is closed without an answer.
    pub(super) async fn send(&mut self, line: &str, content_type: &str, body: &[u8]) -> Option<Answer> {
        let length = body.len();
        let head = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
        );
        self.write(head.as_bytes()).await.ok()?;
        // The answer to a request that is not read to its end may come before the end is written.
        let _ = self.write(body).await;
        self.answer().await
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.get_mut().write_all(bytes).await
    }

    pub(super) async fn answer(&mut self) -> Option<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head).await.ok()? == 0 {
                return None;
            }
        }
        let mut answer = Answer {
            status: head.split(' ').nth(1)?.parse().ok()?,
            head,
            body: String::new(),
        };
        let length = answer.header("content-length").unwrap_or("0").parse().ok()?;
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.ok()?;
        answer.body = String::from_utf8(body).ok()?;
        Some(answer)
    }

    /// Whether the other side has closed the connection.
    pub(super) async fn is_closed(&mut self) -> bool {
        matches!(self.0.read(&mut [0; 1]).await, Ok(0) | Err(_))
    }
}
