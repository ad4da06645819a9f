//! A request's body on its way out, and how far it has come.
//!
//! The body belongs to the task that serves the connection; whoever waits for the answer holds its [`Progress`]. Both
//! share one state, and whoever changes it first has decided: the body by taking its last chunk, or the one who waits
//! by giving up. A request that was called incomplete can therefore never be completed afterwards.

use std::pin::Pin;
use std::sync::{
    Arc,
    atomic::{AtomicU8, AtomicU64, Ordering},
};
use std::task::{Context, Poll};
use std::time::Duration;

use base64::EncodeSliceError;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use crate::domain::request::Payload;
use crate::sys::buffers::{Buffer, BufferPool};

/// Chunks are being taken.
const OPEN: u8 = 0;
/// Given up before the last chunk was taken, which no longer can be.
const CANCELLED: u8 = 1;
/// The last chunk was taken: the server may get the whole request.
const WHOLE: u8 = 2;

/// What body and progress share.
#[derive(Debug)]
struct Shared {
    start: Instant,
    /// When something moved last, in milliseconds after `start` and rounded up; 0 before the first chunk.
    moved_ms: AtomicU64,
    state: AtomicU8,
}

impl Shared {
    fn moved(&self) {
        let elapsed = self.start.elapsed().as_millis() as u64;
        self.moved_ms.store(elapsed + 1, Ordering::Relaxed);
    }

    /// Whether the next chunk may be taken, which for the last one decides that the request is whole.
    fn claim(&self, is_last: bool) -> bool {
        match is_last {
            true => self.change(WHOLE).is_ok(),
            false => self.state.load(Ordering::Acquire) == OPEN,
        }
    }

    /// From open to `state`; otherwise what it is already.
    fn change(&self, state: u8) -> Result<u8, u8> {
        self.state
            .compare_exchange(OPEN, state, Ordering::AcqRel, Ordering::Acquire)
    }
}

/// How far a body has been handed over. Dropping it gives the body up.
#[derive(Debug)]
pub(super) struct Progress(Arc<Shared>);

impl Progress {
    /// When a chunk was last taken, or written to the socket; none before the first was taken.
    pub(super) fn last_move(&self) -> Option<Instant> {
        let moved_ms = self.0.moved_ms.load(Ordering::Relaxed);
        (moved_ms > 0).then(|| self.0.start + Duration::from_millis(moved_ms))
    }

    /// Stops the body, unless it is whole: then the answer is yes, and the server may have all of it.
    pub(super) fn give_up(&self) -> bool {
        self.0.change(CANCELLED) == Err(WHOLE)
    }
}

impl Drop for Progress {
    /// Nobody waits for the answer any more, so nothing may become whole unseen. After an answer that came before the
    /// end of the request this ends the connection: the answer stands, and the server is not sent the rest.
    fn drop(&mut self) {
        self.give_up();
    }
}

/// Why a body ends before its last chunk, which ends its connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the request was given up")]
    GivenUp,
    #[error("cannot encode the photo")]
    Encode(#[from] EncodeSliceError),
}

/// A payload as a body that reports its progress.
pub(super) struct StreamedBody {
    payload: Payload,
    buffers: Arc<BufferPool>,
    shared: Arc<Shared>,
}

impl StreamedBody {
    pub(super) fn new(payload: Payload, buffers: Arc<BufferPool>) -> (Self, Progress) {
        let shared = Arc::new(Shared {
            start: Instant::now(),
            moved_ms: AtomicU64::new(0),
            state: AtomicU8::new(OPEN),
        });
        let progress = Progress(Arc::clone(&shared));
        let body = Self {
            payload,
            buffers,
            shared,
        };
        (body, progress)
    }

    fn next_chunk(&mut self) -> Result<Bytes, BodyError> {
        let length = self.payload.next_length();
        if !self.shared.claim(length as u64 == self.payload.left()) {
            return Err(BodyError::GivenUp);
        }
        let mut buffer = self.buffers.acquire(length);
        self.payload.take_chunk(buffer.spare())?;
        buffer.advance(length);
        self.shared.moved();
        let shared = Arc::clone(&self.shared);
        Ok(Bytes::from_owner(Chunk { buffer, shared }))
    }
}

impl Body for StreamedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(self.next_chunk().map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.payload.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.payload.left())
    }
}

/// A chunk that is waiting to be written. The connection takes chunks ahead of a slow socket, and drops each when it is
/// written: that is a movement too, and the buffer is free again.
struct Chunk {
    buffer: Buffer,
    shared: Arc<Shared>,
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        self.buffer.as_ref()
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.shared.moved();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::payload;

    fn body(photo_bytes: usize) -> (StreamedBody, Progress) {
        StreamedBody::new(payload("u1", photo_bytes), BufferPool::new(1 << 20))
    }

    /// What the connection would get next.
    fn take(body: &mut StreamedBody) -> Option<Result<Bytes, BodyError>> {
        match Pin::new(body).poll_frame(&mut Context::from_waker(std::task::Waker::noop())) {
            Poll::Ready(frame) => frame.map(|frame| frame.map(|frame| frame.into_data().unwrap())),
            Poll::Pending => panic!("a body never waits"),
        }
    }

    /// Takes every chunk but the last.
    fn take_all_but_the_last(body: &mut StreamedBody) {
        while body.payload.next_length() as u64 != body.payload.left() {
            take(body).unwrap().unwrap();
        }
    }

    fn is_given_up(taken: Option<Result<Bytes, BodyError>>) -> bool {
        matches!(taken, Some(Err(BodyError::GivenUp)))
    }

    #[tokio::test]
    async fn the_last_chunk_taken_first_makes_the_request_whole_for_good() {
        for photo_bytes in [10, 1_000_000] {
            let (mut body, progress) = body(photo_bytes);
            take_all_but_the_last(&mut body);
            take(&mut body).unwrap().unwrap();
            assert_eq!([progress.give_up(), progress.give_up()], [true, true]);
            assert!(take(&mut body).is_none());
        }
    }

    #[tokio::test]
    async fn giving_up_first_keeps_the_last_chunk_from_ever_being_taken() {
        for photo_bytes in [10, 1_000_000] {
            let (mut body, progress) = body(photo_bytes);
            take_all_but_the_last(&mut body);
            assert!(!progress.give_up());
            assert!(is_given_up(take(&mut body)) && is_given_up(take(&mut body)));
            assert!(!progress.give_up());
        }
    }

    #[tokio::test]
    async fn a_body_that_nobody_waits_for_ends_at_once() {
        let (mut body, progress) = body(1_000_000);
        take(&mut body).unwrap().unwrap();
        drop(progress);
        assert!(is_given_up(take(&mut body)));
        assert!(!body.is_end_stream());
    }

    #[tokio::test]
    async fn its_chunks_are_the_payload_and_its_length_is_exact() {
        let (mut body, _progress) = body(1_000_000);
        let length = body.size_hint().exact().unwrap();
        let chunks: Vec<_> = std::iter::from_fn(|| take(&mut body)).collect();
        let bytes: Vec<_> = chunks.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(bytes.len() as u64, length);
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(value["user_id"], "u1");
    }

    #[tokio::test(start_paused = true)]
    async fn taking_a_chunk_and_writing_it_are_movements() {
        let second = Duration::from_secs(1);
        let (mut body, progress) = body(1_000_000);
        tokio::time::advance(second).await;
        assert_eq!(progress.last_move(), None);
        let begun = Instant::now();
        let chunk = take(&mut body).unwrap().unwrap();
        assert!(progress.last_move().unwrap() >= begun);
        tokio::time::advance(second).await;
        assert!(progress.last_move().unwrap() < begun + second);
        drop(chunk);
        assert!(progress.last_move().unwrap() >= begun + second);
    }
}
