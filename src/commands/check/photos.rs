//! One photo of a check: read and judged, again where only the machine was short of something or a store was down.

use std::panic;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinError;
use tokio::time::sleep;

use crate::domain::outcome::{FixedDigest, PhotoHash};
use crate::photo::{Photo, PhotoError, StoreError, StoreFault};

/// What is left of a sound photo when its bytes are gone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) sha256: PhotoHash,
    /// Its bytes, where they are so many that a gateway may refuse them.
    pub(super) large: Option<u64>,
    /// What is made of it, if something is.
    pub(super) fixed: Option<FixedPhoto>,
}

/// What is sent in a photo's place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FixedPhoto {
    pub(super) source_bytes: u64,
    pub(super) digest: FixedDigest,
    /// None where nobody wants them: rows wait here for those before them.
    pub(super) bytes: Option<Bytes>,
}

/// First wait before a photo is read again for which the machine had no descriptor or no memory, or its store no answer.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// How often that is done, each wait twice as long as the one before: 25.5 s in all, since other programs may be done by
/// then.
const WAITS: u32 = 8;
/// How often an object is read that its store fails at while it answers otherwise; 3.1 s in all.
const OBJECT_TRIES: u32 = 6;

/// Judges what `read` reads. Faults of the machine and of a store are told when there was time enough to get over them;
/// where the store answers otherwise they are the object's own. `keep`: with the bytes of what is fixed.
pub(super) async fn judge<R>(read: impl Fn() -> R, keep: bool) -> Result<Judgement, PhotoError>
where
    R: Future<Output = Result<Photo, PhotoError>>,
{
    let mut tries = 1;
    loop {
        match read().await {
            Err(PhotoError::Store(error)) if error.only_at.is_some() && tries >= OBJECT_TRIES => {
                return Err(error.of_object(tries));
            }
            Err(error) if is_for_a_moment(&error) && tries <= WAITS => {
                sleep(FIRST_WAIT * 2_u32.pow(tries - 1)).await;
                tries += 1;
            }
            read => return read.map(|photo| Judgement::of(&photo, keep)),
        }
    }
}

fn is_for_a_moment(error: &PhotoError) -> bool {
    match error {
        PhotoError::Machine(_) => true,
        PhotoError::Store(StoreError { fault, .. }) => matches!(fault, StoreFault::Down | StoreFault::Busy),
        PhotoError::Invalid { .. } => false,
    }
}

/// A panic is a defect of ours: it is not swallowed, and no row is to blame for it.
pub(super) fn panicked<T>(error: JoinError) -> T {
    panic::resume_unwind(error.into_panic())
}

impl Judgement {
    fn of(photo: &Photo, keep: bool) -> Self {
        Self {
            sha256: photo.digest.sha256,
            large: photo.is_large().then_some(photo.digest.sent().bytes),
            fixed: photo.digest.fixed.map(|digest| FixedPhoto {
                source_bytes: photo.digest.bytes,
                digest,
                bytes: keep.then(|| photo.pieces.together()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::photo::Pieces;

    use std::future::ready;
    use std::io;
    use std::sync::atomic::{AtomicU32, Ordering};

    use crate::domain::outcome::{PhotoDigest, Reason};
    use crate::domain::photo::PhotoFormat;

    fn photo(bytes: u64) -> Photo {
        Photo {
            pieces: Pieces::default(),
            digest: PhotoDigest {
                sha256: [7; 32],
                bytes,
                fixed: None,
            },
            format: PhotoFormat::Png,
            object: None,
        }
    }

    /// What comes of a photo that the machine cannot read so many times, and how often it was tried.
    async fn short_of_descriptors(times: u32) -> (Result<Judgement, PhotoError>, u32) {
        let reads = AtomicU32::new(0);
        let judged = judge(
            || {
                ready(match reads.fetch_add(1, Ordering::SeqCst) {
                    read if read < times => Err(PhotoError::Machine(io::Error::from_raw_os_error(24))),
                    _ => Ok(photo(10)),
                })
            },
            false,
        );
        (judged.await, reads.load(Ordering::SeqCst))
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_is_short_of_something_gets_time() {
        for times in [0, 1, 8] {
            let (judged, reads) = short_of_descriptors(times).await;
            assert!(judged.is_ok(), "{times}");
            assert_eq!(reads, times + 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_stays_short_is_not_the_rows_fault() {
        let (judged, reads) = short_of_descriptors(u32::MAX).await;
        assert!(matches!(judged, Err(PhotoError::Machine(_))), "{judged:?}");
        assert_eq!(reads, 9);
    }

    /// What comes of an object that is not given, where its store answers otherwise at these tries.
    async fn not_given(answers_otherwise: impl Fn(u32) -> bool) -> (Result<Judgement, PhotoError>, u32) {
        let reads = AtomicU32::new(0);
        let judged = judge(
            || {
                let read = reads.fetch_add(1, Ordering::SeqCst) + 1;
                ready(Err(PhotoError::Store(StoreError {
                    fault: StoreFault::Down,
                    store: "s3://bucket".into(),
                    detail: "no answer".into(),
                    only_at: answers_otherwise(read).then(|| "s3://bucket/a.jpg".into()),
                })))
            },
            false,
        );
        (judged.await, reads.load(Ordering::SeqCst))
    }

    #[tokio::test(start_paused = true)]
    async fn an_object_is_to_blame_only_where_its_store_answers_otherwise() {
        let (judged, reads) = not_given(|_| false).await;
        assert!(matches!(judged, Err(PhotoError::Store(_))), "{judged:?}");
        assert_eq!(reads, 9);
        for (answers_from, wanted) in [(1, 6), (6, 6), (7, 7), (9, 9)] {
            let (judged, reads) = not_given(|read| read >= answers_from).await;
            let Err(PhotoError::Invalid { reason, detail }) = judged else {
                panic!("{answers_from}: {judged:?}");
            };
            assert_eq!((reason, reads), (Reason::PhotoNotReadable, wanted));
            assert!(detail.contains("\"s3://bucket/a.jpg\": no answer"), "{detail}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_fault_of_the_photo_is_told_at_once() {
        let started = tokio::time::Instant::now();
        let judged = judge(
            || {
                ready(Err(PhotoError::Invalid {
                    reason: Reason::PhotoEmpty,
                    detail: "empty".into(),
                }))
            },
            false,
        );
        assert!(matches!(judged.await, Err(PhotoError::Invalid { .. })));
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_panic_is_no_fault_of_the_row() {
        let judging = tokio::spawn(judge(async || panic!("a defect"), false));
        assert!(judging.await.unwrap_err().is_panic());
    }

    #[tokio::test]
    async fn only_a_large_photo_is_called_so() {
        for (bytes, large) in [(4_500_000, None), (4_500_001, Some(4_500_001))] {
            let judged = judge(|| ready(Ok(photo(bytes))), false).await.unwrap();
            assert_eq!(judged.large, large);
        }
    }
}
