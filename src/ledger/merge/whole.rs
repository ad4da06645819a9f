//! The ledger of all users, made of those of its parts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::Connection;

use super::super::directory::{Directory, Known, LAST_ID, RowId};
use super::super::migrate::create;
use super::super::{Holder, Ledger, LedgerError, Lock, Pin, private_options};
use super::part::Reading;
use super::tables::{Numbers, Tables, bind, run_of, status_of, user_of};
use super::{MadeLedger, MergeError, PartLedger, in_part, whole};
use crate::domain::{merging::PartFacts, shard::Shard};
use crate::sys::{signals::Signals, user_hash::UserHashKeys, work_folder::WorkFolder};

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
/// Rows between two looks at whether a signal has come; before each part there is one, too.
const ROWS: u32 = 4_096;

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
        self.signals.check().map_err(MergeError::GivenUp)?;
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
                let twice = LedgerError::Damaged(format!("user {user_id:?} twice"));
                return Err(MergeError::Part(twice));
            }
            if row.get::<_, Option<i64>>("is_attempt").map_err(in_part)?.is_some() {
                *in_enrollments.entry(run).or_default() += 1;
            }
            let id = RowId::into(id);
            bind(insert, row, columns, Numbers { id, run })?;
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
            has_slow_disk: false,
            _copy: None,
            _lock: Lock::take(&path, holder)?,
        };
        ledger.load_runs()?;
        Ok((ledger, MadeLedger::new(path, self.folder)))
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

fn check_signals(signals: &Signals, rows: &mut u32) -> Result<(), MergeError> {
    *rows += 1;
    match rows.is_multiple_of(ROWS) {
        true => signals.check().map_err(MergeError::GivenUp),
        false => Ok(()),
    }
}
