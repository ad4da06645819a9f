//! Rows between the reading of their photo and their answer. Each stage is a type, and a row moves one way:
//!
//! photo being read -> [`Read`] -> intent with the recorder -> [`Recorded`] -> [`Flight`].
//!
//! What may be launched is a [`Recorded`] row, and only the [`Receipt`] of a successful commit makes one.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use super::row::{Flight, PendingRow, Request};
use crate::domain::unix_millis::UnixMillis;
use crate::ledger::{AttemptId, AttemptStatus, Entry, Receipt};
use crate::photo::Photo;

/// A row whose photo is read and found good; the ledger knows nothing of it yet.
#[derive(Debug)]
struct Read {
    row: PendingRow,
    photo: Photo,
}

/// A row whose intent is with the recorder.
#[derive(Debug)]
struct Intended {
    id: AttemptId,
    read: Read,
}

/// A row whose intent is durable.
#[derive(Debug)]
struct Recorded(Intended);

impl Recorded {
    fn new(intended: Intended, _: &Receipt) -> Self {
        Self(intended)
    }
}

/// All rows under way.
#[derive(Debug)]
pub(super) struct Pipeline {
    reading: usize,
    read: VecDeque<Read>,
    intended: Vec<Intended>,
    recorded: VecDeque<Recorded>,
    in_flight: HashMap<AttemptId, Flight>,
    next_id: AttemptId,
    /// Bytes of a photo, by those seen last; 0 before the first.
    photo_bytes: u64,
}

impl Pipeline {
    pub(super) fn new(next_id: AttemptId) -> Self {
        Self {
            reading: 0,
            read: VecDeque::new(),
            intended: Vec::new(),
            recorded: VecDeque::new(),
            in_flight: HashMap::new(),
            next_id,
            photo_bytes: 0,
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Photos that are being read.
    pub(super) fn reading(&self) -> usize {
        self.reading
    }

    /// Rows whose photo is read and whose intent is still to be recorded.
    pub(super) fn read(&self) -> usize {
        self.read.len()
    }

    /// Rows that may be launched at once.
    pub(super) fn recorded(&self) -> usize {
        self.recorded.len()
    }

    /// Rows with an open intent that have not left.
    pub(super) fn unsent(&self) -> usize {
        self.intended.len() + self.recorded.len()
    }

    /// Every row from the reading of its photo to its answer.
    pub(super) fn rows(&self) -> usize {
        self.reading + self.read.len() + self.unsent() + self.in_flight.len()
    }

    pub(super) fn photo_bytes(&self) -> u64 {
        self.photo_bytes
    }

    pub(super) fn begin_reading(&mut self) {
        self.reading += 1;
    }

    /// A photo was read, well or not; the row is no longer here.
    pub(super) fn end_reading(&mut self) {
        self.reading = self.reading.saturating_sub(1);
    }

    /// The row's photo is good.
    pub(super) fn push(&mut self, row: PendingRow, photo: Photo) {
        // The source's, even where less of it is sent: so much was in memory while it was read.
        let bytes = photo.digest.bytes;
        self.photo_bytes = match self.photo_bytes {
            0 => bytes,
            recent => (recent * 7 + bytes) / 8,
        };
        self.read.push_back(Read { row, photo });
    }

    /// The intents of the next rows, at most so many, for the batch that is committed now.
    pub(super) fn intend(&mut self, most: usize, at: UnixMillis) -> Vec<Entry> {
        let taken = most.min(self.read.len());
        let mut entries = Vec::with_capacity(taken);
        for read in self.read.drain(..taken) {
            let id = self.next_id;
            self.next_id = id.next();
            entries.push(intent(id, &read, at));
            self.intended.push(Intended { id, read });
        }
        entries
    }

    /// The batch is durable, and with it the intents in it.
    pub(super) fn committed(&mut self, receipt: &Receipt) {
        let recorded = self.intended.drain(..).map(|intended| Recorded::new(intended, receipt));
        self.recorded.extend(recorded);
    }

    /// Launches the next row whose intent is durable.
    pub(super) fn launch(&mut self, now: Instant) -> Option<(Request, &Flight)> {
        let Recorded(Intended { id, read }) = self.recorded.pop_front()?;
        let Read { mut row, photo } = read;
        row.past.attempts += 1;
        // From here on an earlier refusal is not the last word on this user.
        row.rejected = None;
        let request = Request {
            id,
            user_id: row.row.user_id.clone(),
            created_at: row.row.created_at.clone(),
            photo: photo.pieces,
        };
        let flight = Flight {
            pending: row,
            photo: photo.digest,
            format: photo.format,
            object: photo.object,
            started: now,
        };
        Some((request, self.in_flight.entry(id).insert_entry(flight).into_mut()))
    }

    /// The row of a request that has come to its end; none where it was given up before.
    pub(super) fn answered(&mut self, id: AttemptId) -> Option<Flight> {
        self.in_flight.remove(&id)
    }

    /// Every request in flight, given up.
    pub(super) fn abort(&mut self) -> HashMap<AttemptId, Flight> {
        std::mem::take(&mut self.in_flight)
    }

    /// Takes back the rows that have not left: those without an intent, and those whose intent is durable, with the
    /// entries that close them.
    pub(super) fn take_back(&mut self, at: UnixMillis) -> (Vec<PendingRow>, Vec<Entry>) {
        let entries = self
            .recorded
            .iter()
            .map(|Recorded(intended)| not_sent(intended.id, at))
            .collect();
        let recorded = self.recorded.drain(..).map(|Recorded(intended)| intended.read.row);
        (
            recorded.chain(self.read.drain(..).map(|read| read.row)).collect(),
            entries,
        )
    }

    /// The commit failed. Its intents may be durable all the same, so each is closed; their rows are given up.
    pub(super) fn forget_intended(&mut self, at: UnixMillis) -> Vec<Entry> {
        let intended = self.intended.drain(..);
        intended.map(|intended| not_sent(intended.id, at)).collect()
    }
}

fn intent(id: AttemptId, read: &Read, at: UnixMillis) -> Entry {
    Entry::Intent {
        id,
        user_id: read.row.row.user_id.clone(),
        number: read.row.past.attempts + 1,
        created_at: read.row.row.created_at.clone(),
        photo: read.photo.digest,
        object: read.photo.object.clone(),
        at,
    }
}

fn not_sent(id: AttemptId, at: UnixMillis) -> Entry {
    Entry::Close {
        id,
        class: AttemptStatus::NotSent,
        reason: None,
        http_status: None,
        at,
    }
}
