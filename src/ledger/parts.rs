//! The ledgers of parts, made of the ledger of all users: each holds all that is known of its users.
//!
//! Each is made in a folder of its own beside its place, made durable, and put there by rename; one that is there already
//! is never replaced, since it may know users that this one does not.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params_from_iter, types::Value};
use tempfile::TempDir;

use super::migrate::create;
use super::{Ledger, LedgerError, Pin, private_options};
use crate::domain::shard::Shard;
use crate::sys::{
    folder::{folder_of, private_in},
    new_place::put_new,
};

/// Ledgers that are filled by one pass over the whole; each is a database with memory of its own.
const AT_ONCE: usize = 64;
/// Tables whose rows belong to a user.
const OF_USERS: [&str; 3] = ["enrollment", "attempt", "look_up"];
/// Until it is in place, a ledger that is being made may be lost without harm.
const PRAGMAS: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000;
    PRAGMA foreign_keys = OFF; BEGIN;";

/// A ledger that is being made.
struct Part {
    shard: Shard,
    path: PathBuf,
    folder: TempDir,
    db: Connection,
}

impl Ledger {
    /// Makes the ledgers of these parts, all of one number of parts. An error comes with the path that it is about.
    pub(crate) fn split(&self, parts: &[(Shard, PathBuf)]) -> Result<(), (PathBuf, LedgerError)> {
        parts.chunks(AT_ONCE).try_for_each(|some| self.split_some(some))
    }

    fn split_some(&self, parts: &[(Shard, PathBuf)]) -> Result<(), (PathBuf, LedgerError)> {
        let named = |path: &Path| {
            let path = path.to_owned();
            move |error| (path, error)
        };
        let begin = |(shard, path): &(Shard, PathBuf)| self.begin_part(*shard, path).map_err(named(path));
        let mut begun = parts.iter().map(begin).collect::<Result<Vec<_>, _>>()?;
        let folder = parts.first().map(|(_, path)| path.clone()).unwrap_or_default();
        for table in OF_USERS {
            self.copy_users(table, &mut begun).map_err(named(&folder))?;
        }
        for part in begun {
            let path = part.path.clone();
            part.end().map_err(named(&path))?;
        }
        Ok(())
    }

    fn begin_part(&self, shard: Shard, path: &Path) -> Result<Part, LedgerError> {
        let folder = private_in(folder_of(path)).map_err(LedgerError::Open)?;
        let file = folder.path().join(FILE);
        let made = private_options().create_new(true).append(true).open(&file);
        made.map_err(LedgerError::Open)?;
        let db = Connection::open(&file)?;
        db.execute_batch(PRAGMAS)?;
        let whole = self.pin()?;
        let pin = Pin {
            shard: Some(shard),
            ..whole
        };
        create(&db, &pin)?;
        db.execute("UPDATE pin SET lookup_endpoint = ?1", [self.lookup_endpoint()?])?;
        self.copy("run", |_| Some(&db))?;
        Ok(Part {
            shard,
            path: path.to_owned(),
            folder,
            db,
        })
    }

    /// One pass over a table, whichever part each row belongs to.
    fn copy_users(&self, table: &str, parts: &mut [Part]) -> Result<(), LedgerError> {
        let count = parts.first().map_or(1, |part| part.shard.count());
        self.copy(table, |user_id| {
            let index = Shard::of(user_id?, count);
            let found = parts.iter().find(|part| part.shard.index() == index);
            found.map(|part| &part.db)
        })
    }

    /// Copies each row to where `target` says, by its user where it has one.
    fn copy<'a>(
        &self,
        table: &str,
        target: impl Fn(Option<&str>) -> Option<&'a Connection>,
    ) -> Result<(), LedgerError> {
        let mut statement = self.db.prepare(&format!("SELECT * FROM {table}"))?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let (columns, user) = (names.len(), names.iter().position(|name| name == "user_id"));
        let places = vec!["?"; columns].join(", ");
        let insert = format!("INSERT INTO {table} ({}) VALUES ({places})", names.join(", "));
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let user_id = user.map(|place| row.get_ref(place)).transpose()?;
            let user_id = user_id.map(|cell| cell.as_str()).transpose();
            let user_id = user_id.map_err(|_| LedgerError::Damaged("a user that is no text".into()))?;
            let Some(db) = target(user_id) else { continue };
            let values = (0..columns).map(|place| row.get::<_, Value>(place));
            let values = values.collect::<Result<Vec<_>, _>>()?;
            db.prepare_cached(&insert)?.execute(params_from_iter(values))?;
        }
        Ok(())
    }
}

/// What a ledger is called while it is being made.
const FILE: &str = "ledger.db";

impl Part {
    fn end(self) -> Result<(), LedgerError> {
        self.db.execute_batch("COMMIT")?;
        self.db.close().map_err(|(_, error)| error)?;
        put_new(&self.folder.path().join(FILE), &self.path).map_err(LedgerError::Open)
    }
}
