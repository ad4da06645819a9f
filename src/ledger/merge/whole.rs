//! The ledger of all users, made of those of its parts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Row, Statement};

use super::super::directory::{Directory, Known, LAST_ID, RowId};
use super::super::migrate::create;
use super::super::{Holder, Ledger, LedgerError, Lock, Pin, open, private_options};
use super::PartLedger;
use super::part::Reading;
use crate::domain::{merging::PartFacts, outcome::Status, shard::Shard};
use crate::sys::{
    new_place::put_new,
    signals::{GivenUp, Signals},
    user_hash::UserHashKeys,
    work_folder::WorkFolder,
};

/// What it is called until it is in place.
const FILE: &str = "ledger.db";
/// Until it is in place, it may be lost without harm.
const PRAGMAS: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA cache_size = -8000;
    PRAGMA temp_store = MEMORY;
    PRAGMA foreign_keys = OFF;";
const ATTEMPTS_IN_ENROLLMENTS: &str =
    "UPDATE run SET attempts_in_enrollments = attempts_in_enrollments + ?2 WHERE id = ?1";
/// Rows between two looks at whether a signal has come; at the beginning of each table there is one, too.
const ROWS: u32 = 4_096;

/// Why the ledgers could not be put together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MergeError {
    /// About the ledger of the part.
    #[error(transparent)]
    Part(LedgerError),
    /// About the ledger of all users.
    #[error(transparent)]
    Whole(LedgerError),
    #[error(transparent)]
    GivenUp(GivenUp),
}

/// The ledger of all users while it is being made.
pub(crate) struct WholeLedger {
    db: Connection,
    keys: UserHashKeys,
    directory: Directory,
    /// The numbers of the runs by their names: the earliest is the first.
    runs: HashMap<String, i64>,
    /// Runs that stand in it already. Parts that were made of one ledger share those that it knew.
    written: BTreeSet<i64>,
    attempts: i64,
    look_ups: i64,
    signals: Signals,
    folder: WorkFolder,
}

/// What the numbers of a row become.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    id: i64,
    run: i64,
}

/// A table of a part, and the same of the whole.
struct Tables<'a> {
    table: String,
    columns: Vec<String>,
    insert: Statement<'a>,
}

impl WholeLedger {
    /// Begins it in this folder. `parts` are all that will be added.
    pub(crate) fn begin(
        folder: WorkFolder,
        pin: &Pin,
        lookup_endpoint: Option<&str>,
        parts: &[PartFacts],
        signals: &Signals,
    ) -> Result<Self, LedgerError> {
        let file = folder.path().join(FILE);
        let made = private_options().create_new(true).append(true).open(&file);
        made.map_err(LedgerError::Open)?;
        let db = Connection::open(&file)?;
        db.execute_batch(PRAGMAS)?;
        create(&db, pin)?;
        db.execute("UPDATE pin SET lookup_endpoint = ?1", [lookup_endpoint])?;
        Ok(Self {
            db,
            keys: UserHashKeys::default(),
            directory: Directory::with_capacity(0),
            runs: numbers_of_runs(parts),
            written: BTreeSet::new(),
            attempts: 0,
            look_ups: 0,
            signals: signals.clone(),
            folder,
        })
    }

    /// Adds all that a part knows. Its users have to be those of the part.
    pub(crate) fn add(&mut self, part: &PartLedger, shard: Shard) -> Result<(), MergeError> {
        let reading = part.read(self.folder.path(), &self.signals).map_err(MergeError::Part)?;
        self.db.execute_batch("BEGIN").map_err(whole)?;
        let runs = self.add_runs(&reading)?;
        self.add_enrollments(&reading, shard, &runs)?;
        self.attempts = self.add_others(&reading, "attempt", shard, &runs, self.attempts)?;
        self.look_ups = self.add_others(&reading, "look_up", shard, &runs, self.look_ups)?;
        self.db.execute_batch("COMMIT").map_err(whole)
    }

    /// The numbers that this part's runs have from now on, by those they had. How many attempts stand in enrollments alone
    /// is counted with these.
    fn add_runs(&mut self, part: &Reading) -> Result<HashMap<i64, i64>, MergeError> {
        let mut tables = Tables::of(&self.db, "run").map_err(MergeError::Whole)?;
        let counted = tables.place("attempts_in_enrollments");
        let mut found = HashMap::new();
        tables.each(part, |insert, row, columns| {
            let (id, name): (i64, String) = (row.get("id").map_err(in_part)?, row.get("run_id").map_err(in_part)?);
            let lost = || MergeError::Part(LedgerError::Damaged(format!("run {id}, which was not there before")));
            let number = *self.runs.get(&name).ok_or_else(lost)?;
            found.insert(id, number);
            if !self.written.insert(number) {
                return Ok(());
            }
            bind(insert, row, columns, Numbers { id: number, run: 0 })?;
            insert.raw_bind_parameter(counted, 0).map_err(whole)?;
            insert.raw_execute().map(drop).map_err(whole)
        })?;
        Ok(found)
    }

    fn add_enrollments(&mut self, part: &Reading, shard: Shard, runs: &HashMap<i64, i64>) -> Result<(), MergeError> {
        let mut tables = Tables::of(&self.db, "enrollment").map_err(MergeError::Whole)?;
        let (directory, keys, signals) = (&mut self.directory, &self.keys, &self.signals);
        let mut in_enrollments = BTreeMap::<i64, u32>::new();
        let mut rows = 0;
        tables.each(part, |insert, row, columns| {
            check_signals(signals, &mut rows)?;
            let (user_id, run) = (user_of(row, shard)?, run_of(row, runs)?);
            let id = directory.next_id();
            if id > LAST_ID {
                return Err(MergeError::Whole(LedgerError::Full));
            }
            let status = status_of(row)?;
            if directory.put(keys.user(user_id), Known { id, status }).is_some() {
                return Err(MergeError::Part(LedgerError::Damaged(format!(
                    "user {user_id:?} twice"
                ))));
            }
            if row.get::<_, Option<i64>>("is_attempt").map_err(in_part)?.is_some() {
                *in_enrollments.entry(run).or_default() += 1;
            }
            bind(
                insert,
                row,
                columns,
                Numbers {
                    id: RowId::into(id),
                    run,
                },
            )?;
            insert.raw_execute().map(drop).map_err(whole)
        })?;
        drop(tables);
        let mut count = self.db.prepare(ATTEMPTS_IN_ENROLLMENTS).map_err(whole)?;
        for numbers in in_enrollments {
            count.execute(numbers).map_err(whole)?;
        }
        Ok(())
    }

    /// Adds the rows of a table of which one user may have several. The number of the last row.
    fn add_others(
        &self,
        part: &Reading,
        table: &str,
        shard: Shard,
        runs: &HashMap<i64, i64>,
        mut last: i64,
    ) -> Result<i64, MergeError> {
        let mut rows = 0;
        Tables::of(&self.db, table)
            .map_err(MergeError::Whole)?
            .each(part, |insert, row, columns| {
                check_signals(&self.signals, &mut rows)?;
                user_of(row, shard)?;
                last += 1;
                let run = run_of(row, runs)?;
                bind(insert, row, columns, Numbers { id: last, run })?;
                insert.raw_execute().map(drop).map_err(whole)
            })?;
        Ok(last)
    }

    /// The whole of it, to be read.
    pub(crate) fn into_ledger(self, holder: Holder) -> Result<(Ledger, MadeLedger), LedgerError> {
        let path = self.folder.path().join(FILE);
        let mut ledger = Ledger {
            db: self.db,
            runs: HashMap::new(),
            keys: self.keys,
            directory: self.directory,
            run: 0,
            unmerged: 0,
            _copy: None,
            _lock: Lock::take(&path, holder)?,
        };
        ledger.load_runs()?;
        Ok((
            ledger,
            MadeLedger {
                path,
                _folder: self.folder,
            },
        ))
    }
}

/// A ledger that was made and is still without its place; it goes when this is dropped.
pub(crate) struct MadeLedger {
    path: PathBuf,
    _folder: WorkFolder,
}

impl MadeLedger {
    /// Makes it durable and puts it at the place that was locked for it, unless something is there.
    pub(crate) fn put_in_place(&self, ledger: Ledger, place: &Lock, signals: &Signals) -> Result<(), LedgerError> {
        ledger.db.close().map_err(|(_, error)| error)?;
        let (made, place) = (self.path.clone(), place.ledger().to_owned());
        match signals.unless_given_up(move || put_new(&made, &place)) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(LedgerError::Exists),
            put => put.map_err(LedgerError::Open),
        }
    }
}

/// Locks the place of a new ledger, where none may be.
pub(crate) fn lock_new(path: &Path, holder: Holder) -> Result<Lock, LedgerError> {
    let lock = Lock::take(path, holder)?;
    match open::is_there(lock.ledger())? {
        true => Err(LedgerError::Exists),
        false => Ok(lock),
    }
}

impl<'a> Tables<'a> {
    fn of(whole: &'a Connection, table: &str) -> Result<Self, LedgerError> {
        let columns: Vec<String> = whole
            .prepare(&format!("SELECT * FROM {table}"))?
            .column_names()
            .map(str::to_owned)
            .collect();
        let places = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT INTO {table} ({}) VALUES ({places})", columns.join(", "));
        Ok(Self {
            insert: whole.prepare(&sql)?,
            columns,
            table: table.to_owned(),
        })
    }

    /// Where a column stands among the values, from 1.
    fn place(&self, column: &str) -> usize {
        let place = self.columns.iter().position(|name| name == column);
        place.unwrap_or_default() + 1
    }

    /// Hands over every row of the part in its order, with what writes it.
    fn each(
        &mut self,
        part: &Reading,
        mut take: impl FnMut(&mut Statement<'_>, &Row<'_>, &[String]) -> Result<(), MergeError>,
    ) -> Result<(), MergeError> {
        let sql = format!("SELECT {} FROM {} ORDER BY id", self.columns.join(", "), self.table);
        let mut statement = part.db.prepare(&sql).map_err(in_part)?;
        let mut rows = statement.query([]).map_err(in_part)?;
        while let Some(row) = rows.next().map_err(in_part)? {
            take(&mut self.insert, row, &self.columns)?;
        }
        Ok(())
    }
}

/// Takes every value as it is, but for the numbers of row and run.
fn bind(insert: &mut Statement<'_>, row: &Row<'_>, columns: &[String], numbers: Numbers) -> Result<(), MergeError> {
    for (place, column) in columns.iter().enumerate() {
        let value = match column.as_str() {
            "id" => ToSqlOutput::Owned(Value::Integer(numbers.id)),
            "run" => ToSqlOutput::Owned(Value::Integer(numbers.run)),
            _ => ToSqlOutput::Borrowed(row.get_ref(place).map_err(in_part)?),
        };
        insert.raw_bind_parameter(place + 1, value).map_err(whole)?;
    }
    Ok(())
}

/// The user of a row, who has to be one of the part's.
fn user_of<'a>(row: &'a Row<'_>, shard: Shard) -> Result<&'a str, MergeError> {
    let damaged = |what| MergeError::Part(LedgerError::Damaged(what));
    match row.get_ref("user_id").map_err(in_part)? {
        ValueRef::Text(text) => {
            let user_id = std::str::from_utf8(text).map_err(|_| damaged("a user that is no text".into()))?;
            match shard.holds(user_id) {
                true => Ok(user_id),
                false => Err(damaged(format!("user {user_id:?} does not belong to part {shard}"))),
            }
        }
        _ => Err(damaged("a user that is no text".into())),
    }
}

fn status_of(row: &Row<'_>) -> Result<Status, MergeError> {
    let word: String = row.get("status").map_err(in_part)?;
    let status = word.parse();
    status.map_err(|_| MergeError::Part(LedgerError::Damaged(format!("status {word:?}"))))
}

fn run_of(row: &Row<'_>, runs: &HashMap<i64, i64>) -> Result<i64, MergeError> {
    let run: i64 = row.get("run").map_err(in_part)?;
    let lost = || LedgerError::Damaged(format!("run {run}, which is not in the list of runs"));
    runs.get(&run).copied().ok_or_else(|| MergeError::Part(lost()))
}

fn check_signals(signals: &Signals, rows: &mut u32) -> Result<(), MergeError> {
    let is_due = rows.is_multiple_of(ROWS);
    *rows += 1;
    match is_due {
        true => signals.check().map_err(MergeError::GivenUp),
        false => Ok(()),
    }
}

/// The runs of all parts, the earliest first, each once.
fn numbers_of_runs(parts: &[PartFacts]) -> HashMap<String, i64> {
    let runs = parts.iter().flat_map(|part| &part.runs);
    let order: BTreeSet<_> = runs.map(|run| (run.started_at, run.run_id.as_str())).collect();
    let mut numbers = HashMap::new();
    for (_, run_id) in order {
        let next = numbers.len() as i64 + 1;
        numbers.entry(run_id.to_owned()).or_insert(next);
    }
    numbers
}

fn in_part(error: rusqlite::Error) -> MergeError {
    MergeError::Part(error.into())
}

fn whole(error: rusqlite::Error) -> MergeError {
    MergeError::Whole(error.into())
}
