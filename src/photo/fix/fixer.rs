//! Decides what a photo needs, and does it within the limits.

use std::num::NonZero;
use std::thread::available_parallelism;

use image::metadata::Orientation;

use super::guard::{guarded, prepare};
use super::head::Head;
use super::picture::{Picture, fit};
use super::turns::{Turn, Turns};
use super::{super::kind::Kind, FixError, FixSettings, Fixed, jpeg, others, tiff};
use crate::domain::{
    fixes::Fixes,
    photo::{MAX_PHOTO_BYTES, inspect},
};

/// Most pixels of a source: more than any camera takes. By this and by the source's bytes the time of a photo is
/// bounded, since a decoder cannot be interrupted.
const MAX_PIXELS: u64 = 100_000_000;
/// Most bytes of memory for one photo: enough for 100 million pixels of 8 bits with alpha.
pub(super) const MAX_MEMORY: u64 = 768 * 1024 * 1024;
/// From so many bytes on a photo is worked on while no other one of that size is: twelve million pixels of a PNG are
/// below.
const LARGE_MEMORY: u64 = 96 * 1024 * 1024;
/// Sources of more bytes are read only when it is their turn, so that no pile of them waits in memory.
const READ_IN_TURN_BYTES: u64 = 1_000_000;

/// Fixes the photos of a command.
#[derive(Debug)]
pub(crate) struct Fixer {
    settings: FixSettings,
    turns: Turns,
}

/// A picture whose header is known and whose pixels are not.
enum Source<'a> {
    Jpeg { bytes: &'a [u8], head: Head },
    Tiff(Box<tiff::Opened<'a>>),
    Other(others::Opened<'a>),
}

impl Fixer {
    pub(crate) fn new(settings: FixSettings) -> Option<Self> {
        let photos = available_parallelism().map_or(1, NonZero::get);
        prepare(photos);
        let turns = Turns::of(photos);
        Some(Self { settings, turns })
    }

    /// A turn, waited for, where a source of so many bytes should not be read before.
    pub(in super::super) fn turn(&self, bytes: u64) -> Option<Turn<'_>> {
        (bytes > READ_IN_TURN_BYTES).then(|| self.turns.take())
    }

    /// The photo as it should be sent; none where it is good as it is, or nothing that can be fixed: then the caller's
    /// own look at it says what is wrong.
    pub(in super::super) fn fix(&self, bytes: &[u8], turn: Option<Turn<'_>>) -> Result<Option<Fixed>, FixError> {
        let Some(kind) = Kind::of(bytes).filter(|kind| self.is_wanted(*kind, bytes)) else {
            return Ok(None);
        };
        let turn = turn.unwrap_or_else(|| self.turns.take());
        let fixed = guarded(|| self.work(kind, bytes, &turn));
        fixed
            .unwrap_or_else(|| {
                Err(FixError::Malformed(
                    "the picture is damaged in a way that its decoder fails at".into(),
                ))
            })
            .map(Some)
    }

    /// Whether it is not good as it is. What is a JPEG or a PNG and not whole is not made up.
    fn is_wanted(&self, kind: Kind, bytes: &[u8]) -> bool {
        let head = match kind {
            Kind::Heic | Kind::Avif => return false,
            Kind::Gif | Kind::WebP | Kind::Bmp | Kind::Tiff => return true,
            Kind::Jpeg | Kind::Png if inspect(bytes).is_err() => return false,
            Kind::Jpeg => Head::of_jpeg(bytes),
            Kind::Png => Head::of_png(bytes),
        };
        bytes.len() as u64 > MAX_PHOTO_BYTES
            || head.orientation != Orientation::NoTransforms
            || head.width.max(head.height) > self.settings.max_side.into()
    }

    fn work(&self, kind: Kind, bytes: &[u8], turn: &Turn<'_>) -> Result<Fixed, FixError> {
        let source = Source::open(kind, bytes)?;
        let head = source.head();
        let sides = (head.width, head.height);
        check_pixels(sides)?;
        let wanted = fit(sides, self.settings.max_side);
        let memory = source.memory(wanted);
        check_memory(sides, memory)?;
        let _alone = (memory > LARGE_MEMORY).then(|| turn.alone());
        let picture = source.decode(wanted)?.scaled(wanted)?.turned(head.orientation)?;
        let rotated = head.orientation != Orientation::NoTransforms;
        let scaled = sides != wanted;
        let fixes = Fixes {
            rotated,
            scaled,
            converted: kind != Kind::Jpeg || !(rotated || scaled),
        };
        Ok(Fixed {
            bytes: picture.encoded()?,
            fixes,
        })
    }
}

impl<'a> Source<'a> {
    fn open(kind: Kind, bytes: &'a [u8]) -> Result<Self, FixError> {
        match kind {
            Kind::Jpeg => Ok(Self::Jpeg {
                bytes,
                head: Head::of_jpeg(bytes),
            }),
            Kind::Tiff => tiff::open(bytes).map(|opened| Self::Tiff(Box::new(opened))),
            // The metadata of a PNG may stand behind its pixels, where a decoder does not look.
            Kind::Png => {
                let head = Head::of_png(bytes);
                check_pixels((head.width, head.height))?;
                let mut opened = others::open(kind, bytes)?;
                opened.head.orientation = head.orientation;
                Ok(Self::Other(opened))
            }
            _ => others::open(kind, bytes).map(Self::Other),
        }
    }

    fn head(&self) -> Head {
        match self {
            Self::Jpeg { head, .. } => *head,
            Self::Tiff(opened) => opened.head,
            Self::Other(opened) => opened.head,
        }
    }

    fn memory(&self, wanted: (u32, u32)) -> u64 {
        match self {
            Self::Jpeg { head, .. } => jpeg::memory(head, wanted),
            Self::Tiff(opened) => opened.memory(),
            Self::Other(opened) => opened.memory(),
        }
    }

    fn decode(self, wanted: (u32, u32)) -> Result<Picture, FixError> {
        match self {
            Self::Jpeg { bytes, head } => jpeg::decode(bytes, &head, wanted),
            Self::Tiff(opened) => opened.decode(),
            Self::Other(opened) => opened.decode(),
        }
    }
}

fn check_pixels((width, height): (u32, u32)) -> Result<(), FixError> {
    match u64::from(width) * u64::from(height) {
        0 => Err(FixError::Malformed(format!("it has {width}x{height} pixels"))),
        1..=MAX_PIXELS => Ok(()),
        _ => Err(FixError::TooLarge(format!(
            "it has {width}x{height} pixels, and more than {} million are not decoded; make the picture smaller",
            MAX_PIXELS / 1_000_000
        ))),
    }
}

fn check_memory((width, height): (u32, u32), memory: u64) -> Result<(), FixError> {
    if memory <= MAX_MEMORY {
        return Ok(());
    }
    Err(FixError::TooLarge(format!(
        "decoding its {width}x{height} pixels would take {} MB of memory, more than {}; make the picture smaller",
        memory / 1024 / 1024,
        MAX_MEMORY / 1024 / 1024
    )))
}
