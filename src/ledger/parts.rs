//! The ledgers of parts, made of the ledger of all users: each holds all that is known of its users.
//!
//! They are made where nobody looks for a ledger, and are durable there; who asked for them gives them their places.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row, params_from_iter, types::Value};

use super::migrate::create;
use super::{Ledger, LedgerError, Pin, private_options};
use crate::domain::shard::Shard;
use crate::sys::signals::{GivenUp, Signals};

/// Most ledgers that are filled by one pass over the whole; each is a database with memory of its own.
const AT_ONCE: usize = 64;
/// Tables whose rows belong to a user.
const OF_USERS: [&str; 3] = ["enrollment", "attempt", "look_up"];
/// A ledger that is being made may be lost without harm.
const PRAGMAS: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000;
    PRAGMA foreign_keys = OFF; BEGIN;";

/// Why the ledgers could not be made.
#[derive(Debug)]
pub(crate) enum SplitError {
    /// About the ledger of all users.
    Whole(LedgerError),
    /// About that of this part.
    Part(Shard, LedgerError),
    GivenUp(GivenUp),
}

impl From<GivenUp> for SplitError {
    fn from(given_up: GivenUp) -> Self {
        Self::GivenUp(given_up)
    }
}

/// A ledger that is being made.
struct Part {
    shard: Shard,
    path: PathBuf,
    db: Connection,
}

impl Ledger {
    /// Makes the ledgers of these parts, all of one number of parts, at these paths, where nothing is. `most_open` of them
    /// are open at a time.
    pub(crate) fn split(
        &self,
        parts: &[(Shard, PathBuf)],
        most_open: usize,
        signals: &Signals,
    ) -> Result<(), SplitError> {
        let mut some = parts.chunks(most_open.clamp(1, AT_ONCE));
        some.try_for_each(|parts| self.split_some(parts, signals))
    }

    fn split_some(&self, parts: &[(Shard, PathBuf)], signals: &Signals) -> Result<(), SplitError> {
        let begin = |(shard, path): &(Shard, PathBuf)| self.begin_part(*shard, path, signals);
        let begun = parts.iter().map(begin).collect::<Result<Vec<_>, _>>()?;
        for table in OF_USERS {
            self.copy_users(table, &begun, signals)?;
        }
        for part in begun {
            part.end(signals)?;
        }
        Ok(())
    }

    fn begin_part(&self, shard: Shard, path: &Path, signals: &Signals) -> Result<Part, SplitError> {
        let whole = self.pin().map_err(SplitError::Whole)?;
        let lookup_endpoint = self.lookup_endpoint().map_err(SplitError::Whole)?;
        let begun = begin(
            path,
            &Pin {
                shard: Some(shard),
                ..whole
            },
            lookup_endpoint.as_deref(),
        );
        let part = Part {
            shard,
            path: path.to_owned(),
            db: begun.map_err(|error| SplitError::Part(shard, error))?,
        };
        self.copy("run", signals, |_| Some(&part))?;
        Ok(part)
    }

    /// One pass over a table, whichever part each row belongs to.
    fn copy_users(&self, table: &str, parts: &[Part], signals: &Signals) -> Result<(), SplitError> {
        let count = parts.first().map_or(1, |part| part.shard.count());
        self.copy(table, signals, |user_id| {
            let index = Shard::of(user_id?, count);
            parts.iter().find(|part| part.shard.index() == index)
        })
    }

    /// Copies each row to where `target` says, by its user where it has one.
    fn copy<'a>(
        &self,
        table: &str,
        signals: &Signals,
        target: impl Fn(Option<&str>) -> Option<&'a Part>,
    ) -> Result<(), SplitError> {
        let mut statement = self.db.prepare(&format!("SELECT * FROM {table}")).map_err(in_whole)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let user = names.iter().position(|name| name == "user_id");
        let places = vec!["?"; names.len()].join(", ");
        let insert = format!("INSERT INTO {table} ({}) VALUES ({places})", names.join(", "));
        let mut rows = statement.query([]).map_err(in_whole)?;
        while let Some(row) = rows.next().map_err(in_whole)? {
            signals.check()?;
            let user_id = user.map(|place| user_of(row, place)).transpose()?;
            let Some(part) = target(user_id) else { continue };
            let values = (0..names.len()).map(|place| row.get::<_, Value>(place));
            let values = values.collect::<Result<Vec<_>, _>>().map_err(in_whole)?;
            part.insert(&insert, values)?;
        }
        Ok(())
    }
}

fn in_whole(error: rusqlite::Error) -> SplitError {
    SplitError::Whole(error.into())
}

fn user_of<'a>(row: &'a Row<'_>, place: usize) -> Result<&'a str, SplitError> {
    let cell = row.get_ref(place).map_err(in_whole)?;
    let damaged = |_| SplitError::Whole(LedgerError::Damaged("a user that is no text".into()));
    cell.as_str().map_err(damaged)
}

fn begin(path: &Path, pin: &Pin, lookup_endpoint: Option<&str>) -> Result<Connection, LedgerError> {
    let made = private_options().create_new(true).append(true).open(path);
    made.map_err(LedgerError::Open)?;
    let db = Connection::open(path)?;
    db.execute_batch(PRAGMAS)?;
    create(&db, pin)?;
    db.execute("UPDATE pin SET lookup_endpoint = ?1", [lookup_endpoint])?;
    Ok(db)
}

impl Part {
    fn insert(&self, insert: &str, values: Vec<Value>) -> Result<(), SplitError> {
        let statement = self.db.prepare_cached(insert);
        let inserted = statement.and_then(|mut statement| statement.execute(params_from_iter(values)));
        inserted
            .map(drop)
            .map_err(|error| SplitError::Part(self.shard, error.into()))
    }

    /// Makes it durable.
    fn end(self, signals: &Signals) -> Result<(), SplitError> {
        signals.check()?;
        let Self { shard, path, db } = self;
        let ended = db.execute_batch("COMMIT").map_err(LedgerError::from);
        let ended = ended.and_then(|()| db.close().map_err(|(_, error)| error.into()));
        let ended = ended.and_then(|()| {
            File::open(path)
                .and_then(|file| file.sync_all())
                .map_err(LedgerError::Open)
        });
        ended.map_err(|error| SplitError::Part(shard, error))
    }
}
