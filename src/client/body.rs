//! A request's body on its way out, and how far it has come.

use std::convert::Infallible;
use std::io::Cursor;
use std::pin::Pin;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use crate::domain::request::Payload;
use crate::sys::buffers::{Buffer, BufferPool};

/// How far the body has been handed over, as the body itself knows it.
#[derive(Debug)]
pub(super) struct Progress {
    start: Instant,
    /// When the last chunk was taken, in milliseconds after `start`.
    moved_ms: AtomicU64,
    whole: AtomicBool,
}

impl Progress {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            moved_ms: AtomicU64::new(0),
            whole: AtomicBool::new(false),
        }
    }

    fn step(&self, whole: bool) {
        self.moved_ms
            .store(self.start.elapsed().as_millis() as u64, Ordering::Relaxed);
        self.whole.store(whole, Ordering::Release);
    }

    pub(super) fn last_move(&self) -> Instant {
        self.start + Duration::from_millis(self.moved_ms.load(Ordering::Relaxed))
    }

    /// Whether the last byte has been handed over, so that the server may have the whole request.
    pub(super) fn whole(&self) -> bool {
        self.whole.load(Ordering::Acquire)
    }
}

/// A payload as a body that reports its progress.
pub(super) struct StreamedBody {
    payload: Payload,
    buffers: Arc<BufferPool>,
    progress: Arc<Progress>,
}

impl StreamedBody {
    pub(super) fn new(payload: Payload, buffers: Arc<BufferPool>) -> (Self, Arc<Progress>) {
        let progress = Arc::new(Progress::new());
        let body = Self {
            payload,
            buffers,
            progress: Arc::clone(&progress),
        };
        (body, progress)
    }
}

impl Body for StreamedBody {
    type Data = Cursor<Buffer>;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Infallible>>> {
        let length = self.payload.next_length();
        if length == 0 {
            return Poll::Ready(None);
        }
        let mut chunk = self.buffers.acquire(length);
        self.payload.take_chunk(chunk.room());
        chunk.advance(length);
        self.progress.step(self.payload.left() == 0);
        Poll::Ready(Some(Ok(Frame::data(Cursor::new(chunk)))))
    }

    fn is_end_stream(&self) -> bool {
        self.payload.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.payload.left())
    }
}
