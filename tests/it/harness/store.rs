//! A scripted server of objects on a free port of loopback: requests come in, and the script says what goes out.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::PATIENCE;
use super::wire::{Head, Stream};

/// What goes out for one request.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    status: u16,
    headers: Vec<(String, String)>,
    /// The size that is told; none: no size is.
    size: Option<usize>,
    body: Vec<u8>,
    /// The connection goes down behind the body.
    last: bool,
}

impl Object {
    /// A photo.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self::status(200).body(bytes)
    }

    /// No photo.
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            size: Some(0),
            body: Vec::new(),
            last: false,
        }
    }

    pub(crate) fn body(mut self, bytes: &[u8]) -> Self {
        (self.size, self.body) = (Some(bytes.len()), bytes.to_vec());
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Says that it has another size than it has; then the connection goes down.
    pub(crate) fn size(mut self, size: Option<usize>) -> Self {
        (self.size, self.last) = (size, true);
        self
    }
}

type Script = dyn Fn(&str, usize) -> Object + Send + Sync;

/// The server; its listener lives as long as the test's process.
pub(crate) struct Store {
    address: SocketAddr,
    is_tls: bool,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Store {
    /// Answers as the closure says: it gets the path with its query, and how often that path was asked for, from 1.
    pub(crate) fn new(script: impl Fn(&str, usize) -> Object + Send + Sync + 'static) -> Self {
        Self::start(Arc::new(script), None)
    }

    /// The same over TLS.
    pub(crate) fn tls(
        config: rustls::ServerConfig,
        script: impl Fn(&str, usize) -> Object + Send + Sync + 'static,
    ) -> Self {
        Self::start(Arc::new(script), Some(Arc::new(config)))
    }

    fn start(script: Arc<Script>, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (address, is_tls) = (listener.local_addr().unwrap(), tls.is_some());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let books = Arc::clone(&asked);
        std::thread::spawn(move || {
            while let Ok((tcp, _)) = listener.accept() {
                let (script, tls, books) = (Arc::clone(&script), tls.clone(), Arc::clone(&books));
                std::thread::spawn(move || drop(converse(tcp, tls, &*script, &books)));
            }
        });
        Self { address, is_tls, asked }
    }

    /// The base URL.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// What was asked for, in order: path and query of each GET.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|path| path.starts_with('/')).cloned().collect()
    }
}

fn converse(
    tcp: TcpStream,
    tls: Option<Arc<rustls::ServerConfig>>,
    script: &Script,
    books: &Mutex<Vec<String>>,
) -> io::Result<()> {
    tcp.set_read_timeout(Some(PATIENCE))?;
    let mut stream: Box<dyn Stream> = match tls {
        None => Box::new(tcp),
        Some(config) => {
            let connection = rustls::ServerConnection::new(config).map_err(io::Error::other)?;
            Box::new(rustls::StreamOwned::new(connection, tcp))
        }
    };
    let mut buffer = Vec::new();
    while let Some(head) = Head::read(&mut *stream, &mut buffer)? {
        let path = head.line.split(' ').nth(1).unwrap_or_default().to_owned();
        let is_head = head.line.starts_with("HEAD ");
        let asked = if is_head { format!("HEAD {path}") } else { path.clone() };
        let nth = {
            let mut books = books.lock().unwrap();
            books.push(asked.clone());
            books.iter().filter(|other| **other == asked).count()
        };
        let mut object = script(&path, nth);
        if is_head {
            object.body.clear();
        }
        write(&mut *stream, &object)?;
        if object.last {
            break;
        }
    }
    Ok(())
}

fn write(stream: &mut dyn Stream, object: &Object) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Status\r\n", object.status);
    for (name, value) in &object.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &match object.size {
        Some(size) => format!("Content-Length: {size}\r\n\r\n"),
        None => "Connection: close\r\n\r\n".to_owned(),
    };
    stream.write_all(head.as_bytes())?;
    stream.write_all(&object.body)?;
    stream.flush()
}
