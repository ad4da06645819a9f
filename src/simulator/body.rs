//! Takes a request's body off the wire into one buffer.
//!
//! It must not look at what it reads. A body that is refused is still read to its end, because a
//! connection closed under a client that writes would cost that client the answer.

use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::{Body, Bytes};
use hyper::header::EXPECT;

/// Most bytes of a body that are accepted: a photo of 5 MB in base64, with a margin.
pub(super) const MAX_BODY: usize = 7 * 1024 * 1024;

/// Most bytes of a refused body that are read off the wire before the connection is given up.
const MAX_DISCARDED: usize = 64 * 1024 * 1024;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    TooLong,
    /// The client went away in the middle.
    Broken,
}

/// Reads the body whole.
pub(super) async fn read(request: Request<impl Body<Data = Bytes> + Unpin>) -> Result<Vec<u8>, Unread> {
    let announced = announced_length(&request);
    if announced > MAX_BODY && request.headers().contains_key(EXPECT) {
        // The client waits for permission to send, and gets the refusal instead.
        return Err(Unread::TooLong);
    }
    let mut buffer = Buffer::with_capacity(announced);
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Unread::Broken)?;
        buffer.push(frame.data_ref().map_or(&[], |data| data))?;
    }
    buffer.whole()
}

/// What `Content-Length` says; 0 for a chunked body.
fn announced_length(request: &Request<impl Body>) -> usize {
    let exact = request.body().size_hint().exact().unwrap_or(0);
    usize::try_from(exact).unwrap_or(usize::MAX)
}

/// Keeps a body up to its limit, and only counts beyond.
struct Buffer {
    kept: Vec<u8>,
    seen: usize,
}

impl Buffer {
    fn with_capacity(announced: usize) -> Self {
        let capacity = if announced > MAX_BODY { 0 } else { announced };
        Self {
            kept: Vec::with_capacity(capacity),
            seen: 0,
        }
    }

    fn push(&mut self, data: &[u8]) -> Result<(), Unread> {
        self.seen += data.len();
        if self.seen > MAX_DISCARDED {
            return Err(Unread::TooLong);
        }
        if self.seen > MAX_BODY {
            self.kept = Vec::new();
        } else {
            self.kept.extend_from_slice(data);
        }
        Ok(())
    }

    fn whole(self) -> Result<Vec<u8>, Unread> {
        if self.seen > MAX_BODY {
            return Err(Unread::TooLong);
        }
        Ok(self.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_of(length: usize) -> Result<usize, Unread> {
        let request = Request::new("x".repeat(length));
        read(request).await.map(|body| body.len())
    }

    #[tokio::test]
    async fn the_limit_is_the_last_length_accepted() {
        assert_eq!(read_of(0).await, Ok(0));
        assert_eq!(read_of(MAX_BODY).await, Ok(MAX_BODY));
        assert_eq!(read_of(MAX_BODY + 1).await, Err(Unread::TooLong));
        assert_eq!(read_of(MAX_DISCARDED + 1).await, Err(Unread::TooLong));
    }

    #[test]
    fn nothing_is_kept_of_a_body_too_long() {
        let mut buffer = Buffer::with_capacity(0);
        for _ in 0..8 {
            assert_eq!(buffer.push(&[0; 1024 * 1024]), Ok(()));
        }
        assert_eq!(buffer.kept.capacity(), 0);
        assert_eq!(buffer.whole(), Err(Unread::TooLong));
    }
}
