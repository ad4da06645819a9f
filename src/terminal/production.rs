//! The one question.

use indicatif::HumanCount;

use super::{counted, write_err};
use crate::domain::shard::Shard;

/// What a person is asked to agree to before a production run.
pub(crate) struct Production<'a> {
    pub(crate) partner_id: &'a str,
    pub(crate) endpoint: &'a str,
    /// The part of the users that it is about, if not all.
    pub(crate) shard: Option<Shard>,
    /// Users that are not settled.
    pub(crate) to_send: u32,
    pub(crate) settled: u32,
    /// Most users that are sent, where the run has a limit.
    pub(crate) limit: Option<u64>,
}

impl Production<'_> {
    pub(crate) fn ask(&self) {
        write_err(&self.question());
    }

    fn question(&self) -> String {
        let users = counted(self.to_send, "user");
        let to_send = match self.limit.filter(|limit| *limit < self.to_send.into()) {
            Some(limit) => format!("at most {} of {users} to send (--limit)", HumanCount(limit)),
            None => format!("{users} to send"),
        };
        let part = self.shard.map(|shard| format!(", part {shard}")).unwrap_or_default();
        format!(
            "PRODUCTION at {}, partner {}{part}: {to_send}, {} settled already.\n\
             A user_id can be enrolled only once, and this cannot be undone. Go on? [y/N] ",
            self.endpoint,
            self.partner_id,
            HumanCount(self.settled.into())
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(limit: Option<u64>) -> String {
        of_part(None, limit)
    }

    fn of_part(shard: Option<Shard>, limit: Option<u64>) -> String {
        let production = Production {
            partner_id: "085",
            endpoint: "api.smileidentity.com",
            shard,
            to_send: 1200,
            settled: 1,
            limit,
        };
        production.question()
    }

    #[test]
    fn the_part_is_named() {
        let question = of_part(Shard::new(3, 8).ok(), None);
        assert!(
            question.contains("partner 085, part 3/8: 1,200 users to send"),
            "{question}"
        );
    }

    #[test]
    fn how_many_are_sent_is_said_before_anybody_agrees() {
        assert!(question(None).contains("partner 085: 1,200 users to send, 1 settled already."));
        assert!(question(Some(100)).contains(": at most 100 of 1,200 users to send (--limit), 1 settled"));
    }

    #[test]
    fn a_limit_that_limits_nothing_is_not_named() {
        assert!(!question(Some(1200)).contains("limit"));
    }
}
