//! The schema: made for a new ledger, brought up to date in an old one.

use rusqlite::Connection;

use super::{LedgerError, Pin};
use crate::domain::shard::Shard;

/// "IENR" in ASCII: tells a ledger from any other SQLite database.
pub(super) const APPLICATION_ID: i32 = 0x4945_4E52;
/// Raised with every change of the tables.
pub(super) const SCHEMA_VERSION: i64 = 6;
const SCHEMA: &str = include_str!("schema.sql");
const ENROLLMENT: &str = include_str!("enrollment.sql");
const LOG: &str = include_str!("wal.sql");
const LOOK_UPS: &str = include_str!("lookup.sql");
const VIEWS: &str = include_str!("views.sql");
/// The date that was sent with an attempt; and, as `wal.sql`, the mark by which a lost log is told.
const TO_VERSION_2: &str = "ALTER TABLE attempt ADD COLUMN user_created_at TEXT;";
/// What was made of a photo before it was sent; and the host for look-ups, as `lookup.sql` has what they taught.
const TO_VERSION_3: &str = "
    ALTER TABLE attempt ADD COLUMN photo_fixes TEXT;
    ALTER TABLE attempt ADD COLUMN sent_sha256 BLOB;
    ALTER TABLE attempt ADD COLUMN sent_bytes INTEGER;
    ALTER TABLE enrollment ADD COLUMN photo_fixes TEXT;
    ALTER TABLE enrollment ADD COLUMN sent_sha256 BLOB;
    ALTER TABLE enrollment ADD COLUMN sent_bytes INTEGER;
    ALTER TABLE pin ADD COLUMN lookup_endpoint TEXT;";
/// Views keep nothing: they are made anew with every change.
const DROP_VIEWS: &str = "
    DROP VIEW IF EXISTS enrollments;
    DROP VIEW IF EXISTS in_doubt;
    DROP VIEW IF EXISTS attempts;";
/// Which version of an object was sent.
const TO_VERSION_4: &str = "
    ALTER TABLE attempt ADD COLUMN photo_url TEXT;
    ALTER TABLE attempt ADD COLUMN photo_etag TEXT;
    ALTER TABLE attempt ADD COLUMN photo_version TEXT;";
/// Which part of the users it belongs to; every older one belongs to the whole.
const TO_VERSION_5: &str = "
    ALTER TABLE pin ADD COLUMN shard_index INTEGER;
    ALTER TABLE pin ADD COLUMN shard_count INTEGER;";
/// A new user is written at the end, and has no row for the attempt that enrolled it: all of it is written anew.
const BEFORE_VERSION_6: &str = "ALTER TABLE enrollment RENAME TO enrollment_before;";
const TO_VERSION_6: &str = include_str!("to_version_6.sql");
/// What leads to the version of each number.
const STEPS: [(i64, &[&str]); 5] = [
    (2, &[TO_VERSION_2, LOG]),
    (3, &[TO_VERSION_3, LOOK_UPS]),
    (4, &[TO_VERSION_4]),
    (5, &[TO_VERSION_5]),
    (6, &[BEFORE_VERSION_6, ENROLLMENT, TO_VERSION_6]),
];

/// Makes the tables of a new ledger; `db` is in a transaction.
pub(super) fn create(db: &Connection, pin: &Pin) -> Result<(), LedgerError> {
    for part in [SCHEMA, ENROLLMENT, LOG, LOOK_UPS, VIEWS] {
        db.execute_batch(part)?;
    }
    db.pragma_update(None, "application_id", APPLICATION_ID)?;
    db.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    // Taken apart in full, so that a new field cannot be forgotten.
    let Pin {
        endpoint,
        partner_id,
        shard,
    } = pin;
    db.execute(
        "INSERT INTO pin (endpoint, partner_id, shard_index, shard_count) VALUES (?1, ?2, ?3, ?4)",
        (
            endpoint,
            partner_id.as_str(),
            shard.map(Shard::index),
            shard.map(Shard::count),
        ),
    )?;
    Ok(())
}

/// Brings a ledger of schema `found` to this version's; `db` is in a transaction. An older program then refuses it.
pub(super) fn migrate(db: &Connection, found: i64) -> Result<(), LedgerError> {
    if found >= SCHEMA_VERSION {
        return Ok(());
    }
    db.execute_batch(DROP_VIEWS)?;
    let steps = STEPS.iter().filter(|(to, _)| *to > found);
    for part in steps.flat_map(|(_, parts)| *parts) {
        db.execute_batch(part)?;
    }
    db.execute_batch(VIEWS)?;
    db.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    Ok(())
}
