//! A peer that serves its connections by a script, on a thread of its own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

/// A good answer in full.
pub(super) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/// A peer and what its script returned.
pub(super) struct Peer<T> {
    pub(super) address: SocketAddr,
    script: JoinHandle<T>,
}

impl<T: Send + 'static> Peer<T> {
    pub(super) fn new(script: impl FnOnce(&mut Incoming) -> T + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let script = std::thread::spawn(move || script(&mut Incoming(listener)));
        Self { address, script }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for the script while the client's connections are still served.
    pub(super) async fn end(self) -> T {
        let end = tokio::task::spawn_blocking(|| self.script.join().unwrap());
        end.await.unwrap()
    }
}

/// The connections of a peer, in order.
pub(super) struct Incoming(TcpListener);

impl Incoming {
    pub(super) fn next(&mut self) -> Connection {
        let (stream, _) = self.0.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Connection(stream)
    }

    /// Whether another connection has been made and not yet been taken.
    pub(super) fn is_another_waiting(&mut self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        self.0.accept().is_ok()
    }
}

/// One connection. Dropped while something is unread, it is reset.
pub(super) struct Connection(pub(super) TcpStream);

impl Connection {
    /// Reads a request's head, byte by byte so that nothing of the body is read.
    pub(super) fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        String::from_utf8(head).unwrap()
    }

    /// Reads a request up to its last `left` bytes.
    pub(super) fn read_up_to(&mut self, left: usize) -> String {
        let head = self.head();
        let length = |line: &str| {
            line.to_lowercase()
                .strip_prefix("content-length: ")?
                .parse::<usize>()
                .ok()
        };
        let mut body = vec![0; head.lines().find_map(length).unwrap() - left];
        self.0.read_exact(&mut body).unwrap();
        head + &String::from_utf8(body).unwrap()
    }

    pub(super) fn request(&mut self) -> String {
        self.read_up_to(0)
    }

    pub(super) fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the other side has closed the connection, and throws away what still comes.
    pub(super) fn wait_for_the_end(mut self) {
        let _ = std::io::copy(&mut self.0, &mut std::io::sink());
    }
}
