//! The small file beside a ledger that says how its run stands, and how another process reads it.
//!
//! Whether the run lives is asked of the kernel: as long as it does it holds a lock of its own on a second file, which ends
//! with the process however that ends. The ledger and its lock are not touched.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::{outcome::Status, shard::Shard, standing::Standing, stop::Stop, unix_millis::UnixMillis};
use crate::ledger::beside;
use crate::sys::identity::resolve;

/// Raised when a field changes its meaning; new fields may come without it.
const SCHEMA: u32 = 1;
/// Most bytes of a status that are read; a real one has about 1 kB.
const MAX_BYTES: u64 = 64 * 1024;

/// What a run does at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Reads the manifest, opens its files, asks.
    Preparing,
    Running,
    /// Admits nothing new, and waits for what is in flight.
    Stopping,
    /// Writes the results.
    Writing,
    Ended,
    /// Its process is gone, and it has not said how it ended. No run says so of itself.
    Died,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Writing => "writing",
            Self::Ended => "ended",
            Self::Died => "died",
        }
    }
}

/// One run at a moment. Field names are the public interface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunStatus {
    pub(crate) schema: u32,
    pub(crate) state: State,
    pub(crate) run_id: String,
    pub(crate) version: String,
    pub(crate) env: String,
    pub(crate) endpoint: String,
    pub(crate) partner_id: String,
    pub(crate) manifest: String,
    /// `I/N`, where the run is about a part of the users.
    pub(crate) shard: Option<String>,
    pub(crate) process: u32,
    pub(crate) started_at: String,
    /// When the run was last heard of.
    pub(crate) heard_at: String,
    pub(crate) ended_at: Option<String>,
    pub(crate) exit_code: Option<u8>,
    pub(crate) stopped_by: Option<String>,
    pub(crate) rows: u32,
    pub(crate) done: u32,
    pub(crate) counts: BTreeMap<String, u32>,
    pub(crate) settled_before: u32,
    pub(crate) to_retry: u32,
    pub(crate) attempts: u64,
    pub(crate) retries: u64,
    pub(crate) photo_bytes_sent: u64,
    pub(crate) in_flight: u32,
    pub(crate) concurrency_limit: u32,
    pub(crate) rows_per_second: f64,
    pub(crate) seconds_left: Option<u64>,
    /// `fine`, `throttled`, `down` or `store_down`.
    pub(crate) weather: String,
    /// Since when it has been so.
    pub(crate) weather_since: Option<String>,
    pub(crate) seconds_to_next_try: Option<u64>,
    pub(crate) seconds_throttled: u64,
    pub(crate) seconds_down: u64,
    pub(crate) seconds_store_down: u64,
}

/// Who runs, and since when.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) run_id: String,
    pub(crate) env: &'static str,
    pub(crate) endpoint: String,
    pub(crate) partner_id: String,
    pub(crate) manifest: String,
    pub(crate) shard: Option<Shard>,
    pub(crate) started_at: UnixMillis,
}

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub(crate) at: UnixMillis,
    pub(crate) exit_code: u8,
    pub(crate) stop: Option<Stop>,
}

impl RunStatus {
    /// One of a run of which nothing is known.
    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        let at = UnixMillis::new(0);
        let identity = Identity {
            run_id: String::new(),
            env: "sandbox",
            endpoint: String::new(),
            partner_id: String::new(),
            manifest: String::new(),
            shard: None,
            started_at: at,
        };
        Self::new(&identity, State::Running, &Standing::nothing(at), None)
    }

    /// That of a run whose process is gone: what it would have done next is no longer true.
    fn died(self) -> Self {
        Self {
            state: State::Died,
            rows_per_second: 0.0,
            seconds_left: None,
            seconds_to_next_try: None,
            ..self
        }
    }

    pub(super) fn new(identity: &Identity, state: State, standing: &Standing, end: Option<End>) -> Self {
        let stop = end.map_or(standing.stop, |end| end.stop);
        let (stats, weather) = (&standing.stats, standing.weather);
        let wait = weather.wait().as_secs_f64().ceil() as u64;
        let spell = i64::try_from(standing.weather_for.as_millis()).unwrap_or_default();
        Self {
            schema: SCHEMA,
            state,
            run_id: identity.run_id.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            env: identity.env.to_owned(),
            endpoint: identity.endpoint.clone(),
            partner_id: identity.partner_id.clone(),
            manifest: identity.manifest.clone(),
            shard: identity.shard.map(|shard| shard.to_string()),
            process: std::process::id(),
            started_at: identity.started_at.to_string(),
            heard_at: end.map_or(standing.at, |end| end.at).to_string(),
            ended_at: end.map(|end| end.at.to_string()),
            exit_code: end.map(|end| end.exit_code),
            stopped_by: stop.map(|stop| stop.word().to_owned()),
            rows: standing.rows,
            done: standing.done,
            counts: Status::ALL
                .iter()
                .map(|status| (status.word().to_owned(), standing.counts.of(*status)))
                .collect(),
            settled_before: stats.settled_before(),
            to_retry: standing.to_retry,
            attempts: stats.attempts,
            retries: stats.retries,
            photo_bytes_sent: stats.photo_bytes_sent,
            in_flight: standing.in_flight,
            concurrency_limit: standing.limit,
            rows_per_second: (standing.rate * 100.0).round() / 100.0,
            seconds_left: standing.left.map(|left| left.as_secs()),
            weather: weather.word().to_owned(),
            weather_since: (standing.rows > 0 && end.is_none())
                .then(|| UnixMillis::new(standing.at.get() - spell).to_string()),
            seconds_to_next_try: (wait > 0).then_some(wait),
            seconds_throttled: standing.waited.throttled.as_secs(),
            seconds_down: standing.waited.down.as_secs(),
            seconds_store_down: standing.waited.store_down.as_secs(),
        }
    }
}

/// The files of a ledger's status.
#[derive(Debug, Clone)]
pub(crate) struct StatusPlace {
    status: PathBuf,
    /// What is about to be put in place.
    new: PathBuf,
    lock: PathBuf,
}

/// For files that nobody else may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true).create(true);
    options
}

impl StatusPlace {
    /// Every spelling of a ledger has the same.
    pub(crate) fn of(ledger: &Path) -> Self {
        let ledger = resolve(ledger).unwrap_or_else(|_| ledger.to_owned());
        Self {
            status: beside(&ledger, ".status.json"),
            new: beside(&ledger, ".status.json.new"),
            lock: beside(&ledger, ".status.lock"),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.status
    }

    /// Takes the lock that says that the run lives. Whoever else has it asks for no longer than a moment.
    pub(super) fn lock(&self) -> io::Result<File> {
        let file = private().read(true).truncate(false).open(&self.lock)?;
        file.lock()?;
        Ok(file)
    }

    /// Puts the whole of it in place. Only the holder of the lock writes, so the file beside it needs no name of its own
    /// each time, and nothing is left of it but for a kill. It need not outlive a power cut as the ledger does: waiting for
    /// the disk every second would hold up the ledger's own writes.
    pub(super) fn write(&self, status: &RunStatus) -> io::Result<()> {
        let mut text = serde_json::to_vec(status)?;
        text.push(b'\n');
        private().truncate(true).open(&self.new)?.write_all(&text)?;
        std::fs::rename(&self.new, &self.status)
    }

    /// What the last run of the ledger has said; none where none has.
    pub(crate) fn read(&self) -> io::Result<Option<RunStatus>> {
        let Some(status) = self.read_file()? else {
            return Ok(None);
        };
        if status.state == State::Ended || self.is_held()? {
            return Ok(Some(status));
        }
        // It may have ended between the one look and the other.
        let status = self.read_file()?.unwrap_or(status);
        Ok(Some(match status.state {
            State::Ended => status,
            _ => status.died(),
        }))
    }

    fn read_file(&self) -> io::Result<Option<RunStatus>> {
        use io::Read as _;
        let file = match File::open(&self.status) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut text = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut text)?;
        Ok(Some(serde_json::from_slice(&text)?))
    }

    /// Whether a process has the lock.
    fn is_held(&self) -> io::Result<bool> {
        let file = match File::open(&self.lock) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            file => file?,
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
