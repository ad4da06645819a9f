//! From the JSON of a look-up to the entries of its history. What is not looked at is skipped and never stored: the
//! texts of `id_check` are not even read into memory as a whole.

use std::fmt;
use std::io::Read;

use chrono::{DateTime, NaiveDateTime};
use secrecy::zeroize::Zeroize;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::domain::{
    lookup::{ENROLLMENT, HistoryEntry},
    text::server_text,
    unix_millis::UnixMillis,
    user_id::UserId,
};

#[derive(Deserialize)]
struct WireAnswer {
    history: Vec<ReadEntry>,
}

/// An entry with the user it names, read as soon as it has come.
#[derive(Deserialize)]
#[serde(from = "WireEntry")]
struct ReadEntry {
    entry: HistoryEntry,
    user_id: Option<String>,
}

#[derive(Deserialize)]
struct WireEntry {
    #[serde(default)]
    created_at: Scalar,
    #[serde(default)]
    partner_params: WireParams,
    #[serde(default)]
    job_id: Scalar,
    #[serde(default)]
    result_code: Scalar,
    #[serde(default)]
    result_message: Scalar,
}

#[derive(Default, Deserialize)]
struct WireParams {
    #[serde(default)]
    job_id: Scalar,
    #[serde(default)]
    user_id: Scalar,
    #[serde(default)]
    job_type: Scalar,
}

/// A text or a number; none for whatever else stands there, which is skipped.
#[derive(Default)]
struct Scalar(Option<String>);

/// The history of the user who was asked for; none where the answer is not the documented one.
pub(super) fn parse(reader: impl Read, user_id: &UserId) -> Option<Vec<HistoryEntry>> {
    let mut parser = serde_json::Deserializer::from_reader(reader);
    let answer = WireAnswer::deserialize(&mut parser).ok()?;
    parser.end().ok()?;
    Some(answer.history.into_iter().map(|read| read.of(user_id)).collect())
}

impl ReadEntry {
    fn of(self, asked: &UserId) -> HistoryEntry {
        let is_foreign = self.user_id.is_some_and(|user_id| user_id != asked.as_str());
        HistoryEntry {
            is_foreign,
            ..self.entry
        }
    }
}

impl From<WireEntry> for ReadEntry {
    fn from(wire: WireEntry) -> Self {
        let WireEntry {
            created_at,
            partner_params,
            job_id: smile_job_id,
            result_code,
            result_message,
        } = wire;
        let WireParams {
            job_id,
            user_id,
            job_type,
        } = partner_params;
        let job_type = job_type.safe();
        let text = match job_type.as_deref() {
            Some(ENROLLMENT) => result_message.safe(),
            // Of other jobs the words are nobody's business: they may tell of a person.
            _ => result_message.wiped(),
        };
        let entry = HistoryEntry {
            at: created_at.0.as_deref().and_then(moment),
            job_type,
            smile_job_id: smile_job_id.safe(),
            job_id: job_id.safe(),
            code: result_code.safe().map(|code| format!("{code:0>4}")),
            text,
            is_foreign: false,
        };
        Self {
            entry,
            user_id: user_id.0,
        }
    }
}

impl Scalar {
    /// As it may stand in ledger and results.
    fn safe(self) -> Option<String> {
        self.0
            .filter(|text| !text.trim().is_empty())
            .map(|text| server_text(text.trim()))
    }

    /// Overwritten, and none.
    fn wiped(mut self) -> Option<String> {
        self.0.zeroize();
        None
    }
}

/// ISO 8601; without an offset it is UTC (endpoint.md, Looking up and freeing a user).
fn moment(text: &str) -> Option<UnixMillis> {
    let with_offset = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    let without = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|at| at.and_utc());
    with_offset.or_else(|_| without()).ok().map(UnixMillis::from)
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(Some(text.to_owned())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string())))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Scalar, E> {
        Ok(Scalar(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Scalar, E> {
        Ok(Scalar(None))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Scalar, A::Error> {
        while values.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Scalar, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(answer: &str) -> Option<Vec<HistoryEntry>> {
        parse(answer.as_bytes(), &UserId::parse("u1").unwrap())
    }

    /// The answer of the documentation, with marked data of people in it.
    fn documented() -> Value {
        json!({
            "enrolled_user": {"allow_new_enroll": false, "complete": true, "provisional": false, "name": "MARKED"},
            "history": [{
                "created_at": "2021-08-12T10:00:00.123Z",
                "partner_params": {"job_id": "j-1", "user_id": "u1", "job_type": 4, "name": "MARKED"},
                "job_id": "0000021007",
                "result_code": "0840",
                "result_message": "Enroll User",
                "id_check": {"FullName": "MARKED", "IDNumber": "MARKED", "Photo": "MARKED".repeat(10_000)},
            }],
        })
    }

    #[test]
    fn the_documented_answer_is_read_and_nothing_of_people_stays() {
        let history = read(&documented().to_string()).unwrap();
        let wanted = HistoryEntry {
            at: Some(UnixMillis::new(1_628_762_400_123)),
            job_type: Some("4".to_owned()),
            smile_job_id: Some("0000021007".to_owned()),
            job_id: Some("j-1".to_owned()),
            code: Some("0840".to_owned()),
            text: Some("Enroll User".to_owned()),
            is_foreign: false,
        };
        assert_eq!(history, [wanted]);
        assert!(!format!("{history:?}").contains("MARKED"));
    }

    #[test]
    fn of_other_jobs_no_word_is_kept_and_marked_data_anywhere_else_neither() {
        let long = "MARKED".repeat(100_000);
        let mut answer = documented();
        let mut other = answer["history"][0].clone();
        other["partner_params"]["job_type"] = json!(5);
        other["result_message"] = json!("MARKED Person, born 1980");
        other[&long] = json!({"MARKED": ["MARKED", {"MARKED": long}]});
        let mut untyped = other.clone();
        untyped["partner_params"] = json!({"MARKED": long, "job_type": {"MARKED": "MARKED"}});
        untyped["created_at"] = json!(long);
        let mut odd = other.clone();
        odd["partner_params"]["user_id"] = json!("MARKED-user");
        answer["enrolled_user"] = json!({"MARKED": long, "image": long, "deleted": "MARKED"});
        answer[&long] = json!(["MARKED"]);
        answer["history"].as_array_mut().unwrap().extend([other, untyped, odd]);
        let history = read(&answer.to_string()).unwrap();
        assert_eq!(history.len(), 4);
        assert!(!format!("{history:?}").contains("MARKED"), "{history:?}");
        assert!(history[3].is_foreign);
    }

    #[test]
    fn what_may_differ_is_read_and_what_is_another_users_is_told() {
        let entry = |changes: Value| {
            let mut answer = documented();
            let entry = answer["history"][0].as_object_mut().unwrap();
            entry.extend(changes.as_object().unwrap().clone());
            read(&answer.to_string()).map(|mut history| history.remove(0))
        };
        assert_eq!(
            entry(json!({"result_code": 840})).unwrap().code.as_deref(),
            Some("0840")
        );
        let text = json!({"partner_params": {"job_type": "4", "user_id": "u1"}});
        assert_eq!(entry(text).unwrap().job_type.as_deref(), Some("4"));
        assert!(
            entry(json!({"partner_params": {"user_id": "other", "job_type": 4}}))
                .unwrap()
                .is_foreign
        );
        assert_eq!(
            entry(json!({"created_at": "2021-08-12T10:00:00"})).unwrap().at,
            Some(UnixMillis::new(1_628_762_400_000))
        );
        for odd in [
            json!("yesterday"),
            json!({"a": ["MARKED"]}),
            json!(null),
            json!(1.5),
            json!(true),
        ] {
            assert_eq!(entry(json!({"created_at": odd})).unwrap().at, None);
        }
        assert_eq!(entry(json!({"id_check": null})), entry(json!({})));
    }

    #[test]
    fn what_is_not_the_documented_answer_is_not_understood() {
        let whole = documented().to_string();
        for answer in [
            "",
            "{}",
            "[]",
            "null",
            r#"{"history": {}}"#,
            r#"{"history": [1]}"#,
            r#"{"history": null}"#,
            r#"{"history": [], "history": []}"#,
            &whole[..whole.len() - 1],
            &format!("{whole}x"),
        ] {
            assert_eq!(read(answer), None, "{answer:.60}");
        }
        assert_eq!(read(r#"{"history": []}"#), Some(Vec::new()));
    }
}
