//! One connection of the server: reads requests, follows the script, writes the books.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, MutexGuard, atomic::Ordering};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::books::{Books, Seen};
use super::lookups::{Job, LOOKUP_PATH};
use super::reply::{Answer, Reply, What};
use super::server::{Asked, Shared};
use super::wire::{Head, Stream, find, read_body, write_response};
use super::{PATIENCE, sha256, signing_key};

impl Shared {
    pub(super) fn accept(self: Arc<Self>, listener: &TcpListener) {
        while let Ok((stream, _)) = listener.accept() {
            if self.closing.load(Ordering::SeqCst) {
                return;
            }
            self.books.lock().unwrap().connections += 1;
            let shared = Arc::clone(&self);
            std::thread::spawn(move || drop(shared.converse(stream)));
        }
    }

    fn converse(&self, tcp: TcpStream) -> io::Result<()> {
        tcp.set_read_timeout(Some(PATIENCE))?;
        tcp.set_nodelay(true)?;
        let mut stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(tcp),
            Some(config) => {
                let connection = rustls::ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
                Box::new(rustls::StreamOwned::new(connection, tcp))
            }
        };
        let mut buffer = Vec::new();
        while let Some(head) = Head::read(&mut *stream, &mut buffer)? {
            if !self.serve(&mut *stream, &mut buffer, head)? {
                break;
            }
        }
        Ok(())
    }

    /// One request. False: the connection is to be closed.
    fn serve(&self, stream: &mut dyn Stream, buffer: &mut Vec<u8>, head: Head) -> io::Result<bool> {
        if !head.line.starts_with("POST ") {
            self.books.lock().unwrap().strange.push(head.raw);
            write_response(stream, 403, &[], 0, b"")?;
            return Ok(false);
        }
        let length = head.content_length();
        if head.line.contains(LOOKUP_PATH) {
            return self.look_up(stream, buffer, length);
        }
        read_body(stream, buffer, length, Some(b"\"photo\":\""))?;
        let Some(mut asked) = Asked::read(buffer) else {
            let broken = format!("{}{}", head.raw, String::from_utf8_lossy(buffer));
            self.books.lock().unwrap().broken.push(broken);
            return Ok(false);
        };
        let in_flight = InFlight::begin(self, &mut asked);
        let mut reply = (self.behaviour)(&asked);
        if reply.enrolls && asked.key.is_none() {
            reply = Reply::error("2205", "You are not authorized to do that.");
        }
        match &reply.what {
            What::CloseEarly => return Ok(false),
            What::AnswerEarly(answer) => {
                self.write(stream, &asked, answer, usize::MAX)?;
                read_body(stream, buffer, length, None)?;
                return Ok(false);
            }
            _ => {}
        }
        if !read_body(stream, buffer, length, None)? {
            return Ok(false);
        }
        let body: Vec<u8> = buffer.drain(..length).collect();
        let reply = self.record(head, &asked, &body, reply);
        if let Some(latch) = &reply.latch {
            latch.wait();
        }
        // The answer lets the client start its next request, so this one is over before.
        drop(in_flight);
        self.answer(stream, buffer, &asked, &reply)
    }

    pub(super) fn answer(
        &self,
        stream: &mut dyn Stream,
        buffer: &mut Vec<u8>,
        asked: &Asked,
        reply: &Reply,
    ) -> io::Result<bool> {
        match &reply.what {
            What::Answer(answer) => self.write(stream, asked, answer, usize::MAX).map(|()| true),
            What::CutOff(answer, bytes) => self.write(stream, asked, answer, *bytes).map(|()| false),
            // Nothing comes from the client until it gives up.
            What::Silence => read_body(stream, buffer, usize::MAX, None).map(|_| false),
            What::HangUp | What::CloseEarly | What::AnswerEarly(_) => Ok(false),
        }
    }

    /// Writes a whole request into the books, and enrolls; a second enrollment turns the reply into a 2209.
    fn record(&self, head: Head, asked: &Asked, body: &[u8], reply: Reply) -> Reply {
        let mut books = self.books.lock().unwrap();
        let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(body) else {
            books.broken.push(String::from_utf8_lossy(body).into_owned());
            return reply;
        };
        let text = fields.get("photo").and_then(Value::as_str).unwrap_or_default();
        let photo = BASE64_STANDARD.decode(text).unwrap_or_default();
        let photo_sha256 = sha256(&photo);
        let refused = reply.enrolls && !books.enroll(&asked.user_id, &photo_sha256);
        if let Some(job) = Job::of(&reply, asked).filter(|_| !refused) {
            books.jobs.entry(asked.user_id.clone()).or_default().push(job);
        }
        books.requests.push(Seen {
            head,
            fields,
            length: body.len(),
            user_id: asked.user_id.clone(),
            photo_sha256,
            photo_bytes: photo.len(),
            key: asked.key,
        });
        self.changed.notify_all();
        let mut books = self.wait_while_held(books);
        match (refused, &reply.what) {
            (true, What::Answer(_)) => Reply {
                latch: reply.latch,
                ..Reply::taken()
            },
            (false, What::Answer(_)) if reply.enrolls => {
                // Before the answer is written: who has read it finds it in the books.
                books.told.insert(asked.user_id.clone());
                reply
            }
            _ => reply,
        }
    }

    fn wait_while_held<'a>(&self, books: MutexGuard<'a, Books>) -> MutexGuard<'a, Books> {
        let waited = self
            .changed
            .wait_timeout_while(books, PATIENCE, |books| books.is_held());
        waited.unwrap().0
    }

    fn write(&self, stream: &mut dyn Stream, asked: &Asked, answer: &Answer, most: usize) -> io::Result<()> {
        let body = answer.bytes(asked);
        let sent = &body[..most.min(body.len())];
        write_response(stream, answer.status, &answer.headers, body.len(), sent)
    }
}

/// Counts a request as in flight for as long as it lives.
struct InFlight<'a>(&'a Shared);

impl<'a> InFlight<'a> {
    fn begin(shared: &'a Shared, asked: &mut Asked) -> Self {
        (asked.nth, asked.order) = shared.books.lock().unwrap().begin(&asked.user_id);
        shared.changed.notify_all();
        drop(shared.wait_while_held(shared.books.lock().unwrap()));
        Self(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.books.lock().unwrap().in_flight -= 1;
    }
}

impl Asked {
    /// Reads the fields before the photo.
    fn read(body: &[u8]) -> Option<Self> {
        let end = find(body, b",\"photo\":\"")?;
        let fields: Map<String, Value> = serde_json::from_slice(&[&body[..end], b"}"].concat()).ok()?;
        let mut asked = Self {
            user_id: fields.get("user_id")?.as_str()?.to_owned(),
            nth: 0,
            order: 0,
            key: None,
            fields,
        };
        let [partner_id, timestamp, signature] = ["partner_id", "timestamp", "signature"].map(|name| asked.field(name));
        asked.key = signing_key(partner_id, timestamp, signature);
        Some(asked)
    }
}
