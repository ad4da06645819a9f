//! The pure core: values in, values out.
//!
//! Nothing here knows a clock, a file, a socket, the environment or an async runtime; time and
//! randomness come in as arguments. It imports nothing of the crate outside `domain`.

pub(crate) mod created_at;
pub(crate) mod signature;
pub(crate) mod user_id;
