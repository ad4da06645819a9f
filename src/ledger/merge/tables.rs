//! The rows of a part as they go into the ledger of all users.

use std::collections::HashMap;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Row, Statement};

use super::super::LedgerError;
use super::part::Reading;
use super::{MergeError, in_part, whole};
use crate::domain::{outcome::Status, shard::Shard};

/// What the numbers of a row become.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) id: i64,
    pub(super) run: i64,
}

/// A table of a part, and the same of the whole.
pub(super) struct Tables<'a> {
    table: String,
    columns: Vec<String>,
    insert: Statement<'a>,
}

impl<'a> Tables<'a> {
    pub(super) fn of(whole: &'a Connection, table: &str) -> Result<Self, LedgerError> {
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
    pub(super) fn place(&self, column: &str) -> usize {
        let place = self.columns.iter().position(|name| name == column);
        place.unwrap_or_default() + 1
    }

    /// Hands over every row of the part in its order, with what writes it.
    pub(super) fn each(
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
pub(super) fn bind(
    insert: &mut Statement<'_>,
    row: &Row<'_>,
    columns: &[String],
    numbers: Numbers,
) -> Result<(), MergeError> {
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
pub(super) fn user_of<'a>(row: &'a Row<'_>, shard: Shard) -> Result<&'a str, MergeError> {
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

pub(super) fn status_of(row: &Row<'_>) -> Result<Status, MergeError> {
    let word: String = row.get("status").map_err(in_part)?;
    let status = word.parse();
    status.map_err(|_| MergeError::Part(LedgerError::Damaged(format!("status {word:?}"))))
}

pub(super) fn run_of(row: &Row<'_>, runs: &HashMap<i64, i64>) -> Result<i64, MergeError> {
    let run: i64 = row.get("run").map_err(in_part)?;
    let lost = || LedgerError::Damaged(format!("run {run}, which is not in the list of runs"));
    runs.get(&run).copied().ok_or_else(|| MergeError::Part(lost()))
}
