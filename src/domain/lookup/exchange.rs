//! The question for a user, and what an answer other than a history says about going on.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::{
    outcome::Facts,
    response::{Body, Kind, Refusal, Reply, Verdict, judge},
    signature::{Signer, timestamp},
    user_id::UserId,
};

/// Which of the provider's two sets of users is meant (endpoint.md, Looking up and freeing a user).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LookupEnvironment {
    Test,
    Production,
}

/// The five fields of the question. Its `Debug` would show the signature, so it has none.
#[derive(Serialize)]
struct Question<'a> {
    environment: LookupEnvironment,
    partner_id: &'a str,
    signature: String,
    timestamp: &'a str,
    user_id: &'a str,
}

/// The signed body of the question for one user; nothing in it can fail to be written.
pub(crate) fn question(
    environment: LookupEnvironment,
    signer: &Signer,
    now: DateTime<Utc>,
    user_id: &UserId,
) -> serde_json::Result<Vec<u8>> {
    let timestamp = timestamp(now);
    serde_json::to_vec(&Question {
        environment,
        partner_id: signer.partner_id().as_str(),
        signature: signer.sign(&timestamp),
        timestamp: &timestamp,
        user_id: user_id.as_str(),
    })
}

/// What follows from an answer that is no 2xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Setback {
    /// The provider has nothing to say of this user.
    NothingKnown,
    /// Ask again, not before this time where the server says one. It is read-only, so that nothing can happen twice.
    Wait(Option<Duration>),
    /// Nobody else's answer would be another one.
    Stop(Refusal, Facts),
}

/// Reads such an answer by the table of enrollments (contract, section 6).
pub(crate) fn setback(reply: &Reply, user_id: &UserId, signer: &Signer) -> Setback {
    // A user whom nobody knows may be answered so; a wrong address is, too, but not with a code of the provider.
    if reply.http_status == 404 && Body::read(&reply.body).result_code().is_some() {
        return Setback::NothingKnown;
    }
    let Verdict { kind, facts } = judge(reply, user_id, signer);
    match kind {
        Kind::Stop(refusal) => Setback::Stop(refusal, facts),
        Kind::Forbidden => Setback::Stop(Refusal::Credentials, facts),
        Kind::NotProcessed(_, wait) | Kind::InDoubt(_, wait) | Kind::ServerFailed(wait) => Setback::Wait(wait),
        Kind::Settled(..) | Kind::Rejected { .. } | Kind::Duplicate => Setback::NothingKnown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::partner_id::PartnerId;
    use secrecy::SecretString;
    use serde_json::{Value, json};

    fn signer() -> Signer {
        Signer::new(PartnerId::parse("085").unwrap(), SecretString::from("apiKey"))
    }

    fn user() -> UserId {
        UserId::parse("007").unwrap()
    }

    #[test]
    fn the_question_has_the_five_fields_of_the_documentation() {
        let now = DateTime::from_timestamp_millis(1_676_300_862_214).unwrap();
        let body = question(LookupEnvironment::Test, &signer(), now, &user()).unwrap();
        let value: Value = serde_json::from_slice(&body).unwrap();
        let wanted = json!({
            "environment": "test",
            "partner_id": "085",
            "signature": signer().sign("2023-02-13T15:07:42.214Z"),
            "timestamp": "2023-02-13T15:07:42.214Z",
            "user_id": "007",
        });
        assert_eq!(value, wanted);
        let body = question(LookupEnvironment::Production, &signer(), now, &user()).unwrap();
        assert!(
            String::from_utf8(body)
                .unwrap()
                .contains(r#""environment":"production""#)
        );
    }

    fn read(http_status: u16, body: &str) -> Setback {
        let reply = Reply {
            http_status,
            body: body.as_bytes().to_vec(),
            complete: true,
            ..Reply::default()
        };
        setback(&reply, &user(), &signer())
    }

    #[test]
    fn every_status_stops_waits_or_says_nothing() {
        let stops = [300, 302, 399, 401, 402, 403, 404, 405, 415];
        for status in (300..600).chain([199]) {
            let found = read(status, "");
            match status {
                _ if stops.contains(&status) || (300..400).contains(&status) => {
                    assert!(matches!(found, Setback::Stop(..)), "{status}");
                }
                413 => assert_eq!(found, Setback::NothingKnown),
                _ => assert_eq!(found, Setback::Wait(None), "{status}"),
            }
        }
    }

    #[test]
    fn a_code_of_the_provider_stops_or_is_about_this_user() {
        for code in ["2205", "2405", "2220", "2203", "2212", "2217"] {
            let body = json!({"error": "x", "code": code}).to_string();
            assert!(matches!(read(400, &body), Setback::Stop(..)), "{code}");
        }
        let unknown = json!({"error": "no enrolled user", "code": "2210"}).to_string();
        assert_eq!(read(400, &unknown), Setback::NothingKnown);
        assert_eq!(read(404, &unknown), Setback::NothingKnown);
        let gateway = json!({"message": "Not Found"}).to_string();
        assert!(matches!(read(404, &gateway), Setback::Stop(Refusal::NotTheApi, _)));
    }
}
