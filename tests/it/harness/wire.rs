//! HTTP/1.1 as far as the server needs it, on any stream.

use std::io::{self, Read, Write};

/// A connection, plain or TLS.
pub(crate) trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// The request line and the headers, as they came.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) raw: String,
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    /// Reads up to the empty line; what comes after stays in `buffer`. Nothing at the end of the connection.
    pub(super) fn read(stream: &mut dyn Stream, buffer: &mut Vec<u8>) -> io::Result<Option<Self>> {
        loop {
            if let Some(end) = find(buffer, b"\r\n\r\n") {
                let raw: Vec<u8> = buffer.drain(..end + 4).collect();
                return Ok(Some(Self::parse(&String::from_utf8_lossy(&raw))));
            }
            if fill(stream, buffer)? == 0 {
                return Ok(None);
            }
        }
    }

    fn parse(raw: &str) -> Self {
        let mut lines = raw.trim_end().split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            (name.trim().to_lowercase(), value.trim().to_owned())
        };
        Self {
            raw: raw.to_owned(),
            line,
            headers: lines.map(header).collect(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn content_length(&self) -> usize {
        self.header("content-length")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
    }
}

/// Reads until `buffer` holds `length` bytes or `until` is in it. False where the connection ended first.
pub(super) fn read_body(
    stream: &mut dyn Stream,
    buffer: &mut Vec<u8>,
    length: usize,
    until: Option<&[u8]>,
) -> io::Result<bool> {
    while buffer.len() < length {
        if until.is_some_and(|until| find(buffer, until).is_some()) {
            return Ok(true);
        }
        if fill(stream, buffer)? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes a response; `body` may be shorter than the length that is announced.
pub(super) fn write_response(
    stream: &mut dyn Stream,
    status: u16,
    headers: &[(String, String)],
    announced: usize,
    body: &[u8],
) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} Status\r\nContent-Length: {announced}\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes())?;
    stream.write_all(body)?;
    stream.flush()
}

pub(super) fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, part)
}

fn fill(stream: &mut dyn Stream, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut chunk = vec![0; 64 * 1024];
    let count = stream.read(&mut chunk)?;
    buffer.extend_from_slice(&chunk[..count]);
    Ok(count)
}
