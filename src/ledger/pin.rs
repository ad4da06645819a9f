//! What a ledger is bound to, and whether that is what a command wants.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, Row};

use super::{LedgerError, Pin};
use crate::domain::{partner_id::PartnerId, shard::Shard};

/// From this schema on a ledger may be that of a part.
const FIRST_WITH_SHARDS: i64 = 5;
const PIN: &str = "SELECT endpoint, partner_id, shard_index, shard_count FROM pin";
const PIN_BEFORE_SHARDS: &str = "SELECT endpoint, partner_id, NULL, NULL FROM pin";

/// The pin of a ledger of this schema.
pub(super) fn read(db: &Connection, version: i64) -> Result<Pin, LedgerError> {
    let sql = match version < FIRST_WITH_SHARDS {
        true => PIN_BEFORE_SHARDS,
        false => PIN,
    };
    let found = db.query_row(sql, [], columns).optional()?;
    let (endpoint, partner_id, shard) = found.ok_or_else(|| LedgerError::Damaged("no endpoint and partner".into()))?;
    Ok(Pin {
        endpoint,
        partner_id: PartnerId::parse(&partner_id).map_err(damaged)?,
        shard: self::shard(shard)?,
    })
}

/// Endpoint, partner, and the two numbers of the part.
type Columns = (String, String, (Option<u32>, Option<u32>));

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, (row.get(2)?, row.get(3)?)))
}

fn shard(numbers: (Option<u32>, Option<u32>)) -> Result<Option<Shard>, LedgerError> {
    match numbers {
        (None, None) => Ok(None),
        (Some(index), Some(count)) => Shard::new(index, count).map(Some).map_err(damaged),
        (Some(_), None) | (None, Some(_)) => Err(LedgerError::Damaged("half of the part's number".into())),
    }
}

fn damaged(error: impl fmt::Display) -> LedgerError {
    LedgerError::Damaged(error.to_string())
}

impl Pin {
    /// That of all users of this account.
    pub(crate) fn of_all(endpoint: &str, partner_id: &str) -> Result<Self, LedgerError> {
        Ok(Self {
            endpoint: endpoint.to_owned(),
            partner_id: PartnerId::parse(partner_id).map_err(damaged)?,
            shard: None,
        })
    }

    /// Whether a ledger that is bound to this may be used by a command for `wanted`. Endpoint and partner are named first:
    /// the part of another account helps nobody.
    pub(crate) fn check(&self, wanted: &Self) -> Result<(), LedgerError> {
        let account = |pin: &Self| (pin.endpoint.clone(), pin.partner_id.clone());
        if account(self) != account(wanted) {
            return Err(LedgerError::OtherPin {
                found: self.to_string(),
                wanted: wanted.to_string(),
            });
        }
        match self.shard == wanted.shard {
            true => Ok(()),
            false => Err(LedgerError::OtherShard {
                found: self.shard,
                wanted: wanted.shard,
            }),
        }
    }
}

/// Endpoint and partner; the part is told of by itself.
impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and partner {}", self.endpoint, self.partner_id)
    }
}
