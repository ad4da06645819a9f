//! What values alone decide: values in, values out.
//!
//! Nothing here knows a clock, a file, a socket, the environment or an async runtime; time and
//! randomness come in as arguments. It imports nothing of the crate outside `domain`.

pub(crate) mod columns;
pub(crate) mod concurrency;
pub(crate) mod counts;
pub(crate) mod created_at;
pub(crate) mod endpoint;
pub(crate) mod explanation;
pub(crate) mod finding;
pub(crate) mod fixes;
pub(crate) mod lookup;
pub(crate) mod merging;
pub(crate) mod outcome;
pub(crate) mod pace;
pub(crate) mod partner_id;
pub(crate) mod photo;
pub(crate) mod photo_counts;
pub(crate) mod ping_url;
mod remedy;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod resume;
pub(crate) mod retry;
pub(crate) mod row_at;
pub(crate) mod shard;
pub(crate) mod signature;
pub(crate) mod split_proof;
pub(crate) mod spreadsheet;
pub(crate) mod standing;
pub(crate) mod stats;
pub(crate) mod stop;
pub(crate) mod summary;
pub(crate) mod suspicion;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod text;
pub(crate) mod timeline;
pub(crate) mod unix_millis;
pub(crate) mod user_id;
