//! Reads one request body as the API does: is it well formed, authorized, and is its photo usable.
//!
//! Pure, and without memory: whether the user is enrolled already is for `state` to say.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};

use super::fields;
use super::refusal::Refusal;
use crate::domain::created_at::CreatedAt;
use crate::domain::photo::inspect;
use crate::domain::signature::Signer;
use crate::domain::user_id::UserId;

/// The API's upload limit for the decoded photo, in bytes.
const MAX_PHOTO: usize = 5_000_000;

/// A request that may go on to enrollment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Enrollment {
    pub(super) user_id: String,
    pub(super) user_created_at: String,
    /// Whether the photo is base64 of a sound JPEG or PNG.
    pub(super) photo_is_usable: bool,
}

/// Judges a body. The photo is decoded to be looked at and not kept.
pub(super) fn judge(body: &[u8], signer: &Signer) -> Result<Enrollment, Refusal> {
    let [partner_id, timestamp, signature, user_id, user_created_at, photo] = fields::read(body)?;
    if partner_id != signer.partner_id().as_str() || !is_timestamp(&timestamp) || !signer.verify(&timestamp, &signature)
    {
        return Err(Refusal::NotAuthorized);
    }
    UserId::check(&user_id).map_err(|_| Refusal::WrongType("user_id".to_owned()))?;
    if !is_api_date(&user_created_at) {
        return Err(Refusal::WrongType("user_created_at".to_owned()));
    }
    Ok(Enrollment {
        photo_is_usable: judge_photo(&photo)?,
        user_id: user_id.into_owned(),
        user_created_at: user_created_at.into_owned(),
    })
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ` and an instant that exists; its age is not looked at.
pub(super) fn is_timestamp(text: &str) -> bool {
    let form = b"0000-00-00T00:00:00.000Z";
    let fits = |(byte, wanted): (u8, &u8)| match wanted {
        b'0' => byte.is_ascii_digit(),
        _ => byte == *wanted,
    };
    text.len() == form.len() && text.bytes().zip(form).all(fits) && DateTime::parse_from_rfc3339(text).is_ok()
}

/// Only what stays as it is written has one of the API's own two forms.
fn is_api_date(text: &str) -> bool {
    CreatedAt::parse(text, DateTime::<Utc>::MAX_UTC).is_ok_and(|date| date.as_str() == text)
}

fn judge_photo(text: &str) -> Result<bool, Refusal> {
    let Ok(photo) = BASE64_STANDARD.decode(text) else {
        return Ok(false);
    };
    if photo.len() > MAX_PHOTO {
        return Err(Refusal::TooLong);
    }
    Ok(inspect(&photo).is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::fields::NAMES;
    use super::super::sample;
    use super::*;

    fn judged(body: &str) -> Result<Enrollment, Refusal> {
        judge(body.as_bytes(), &sample::signer())
    }

    /// The sound body with one field changed.
    fn with(name: &str, value: impl Into<Value>) -> String {
        let mut body = sample::body("user_1");
        body[name] = value.into();
        body.to_string()
    }

    fn signed_at(timestamp: &str) -> String {
        let mut body = sample::body("user_1");
        body["timestamp"] = timestamp.into();
        body["signature"] = sample::signer().sign(timestamp).into();
        body.to_string()
    }

    #[test]
    fn a_sound_request_may_enroll() {
        let expected = Enrollment {
            user_id: "user_1".into(),
            user_created_at: "2021-08-12".into(),
            photo_is_usable: true,
        };
        assert_eq!(judged(&sample::body("user_1").to_string()), Ok(expected));
        assert!(judged(&with("user_created_at", "2021-05-18 15:14:43-0700")).is_ok());
        assert!(judged(&with("user_created_at", "2999-01-01")).is_ok());
        assert!(judged(&signed_at("1999-01-01T00:00:00.000Z")).is_ok());
    }

    #[test]
    fn what_is_not_an_object_is_not_json() {
        let whole = sample::body("user_1").to_string();
        let (cut, more) = (&whole[..whole.len() - 1], format!("{whole}x"));
        for body in [
            "",
            "null",
            "[]",
            "\"text\"",
            "{",
            "{}{}",
            "{'a':1}",
            "\u{feff}{}",
            cut,
            &more,
        ] {
            assert_eq!(judged(body), Err(Refusal::NotJson), "{body}");
        }
        assert_eq!(
            judge(b"{\"user_id\":\"\xff\"}", &sample::signer()),
            Err(Refusal::NotJson)
        );
        let deep = format!("{{\"photo\":{}", "[".repeat(100_000));
        assert_eq!(judged(&deep), Err(Refusal::NotJson));
    }

    #[test]
    fn every_field_is_required() {
        for name in NAMES {
            let mut body = sample::body("user_1");
            body.as_object_mut().map(|fields| fields.remove(name));
            assert_eq!(judged(&body.to_string()), Err(Refusal::Missing(name)));
            assert_eq!(judged(&with(name, "")), Err(Refusal::Missing(name)));
        }
        assert_eq!(judged("{}"), Err(Refusal::Missing("partner_id")));
    }

    #[test]
    fn every_field_is_a_text_and_there_is_no_other() {
        for name in NAMES.iter().copied().chain(["job_type"]) {
            for value in [
                json!(null),
                json!(true),
                json!(-1),
                json!(1),
                json!(0.5),
                json!(["a"]),
                json!({"a": "b"}),
            ] {
                let refusal = judged(&with(name, value.clone()));
                assert_eq!(refusal, Err(Refusal::WrongType(name.into())), "{name} {value}");
            }
        }
        assert_eq!(
            judged(&with("source_sdk", "x")),
            Err(Refusal::WrongType("source_sdk".into()))
        );
    }

    #[test]
    fn wrong_credentials_are_not_authorized() {
        let other = "2023-02-13T15:07:42.215Z";
        for (name, value) in [("partner_id", "85"), ("signature", "AAAA"), ("timestamp", other)] {
            assert_eq!(judged(&with(name, value)), Err(Refusal::NotAuthorized), "{name}");
        }
        let forms = [
            "2023-02-13T15:07:42Z",
            "2023-02-13T15:07:42.214+00:00",
            "2023-02-13 15:07:42.214Z",
            "2023-02-13T15:07:42.2145Z",
            "2023-02-13T15:07:42.214z",
            "2023-02-30T15:07:42.214Z",
            "2023-02-13T25:07:42.214Z",
            "1676300862214",
        ];
        for timestamp in forms {
            assert_eq!(
                judged(&signed_at(timestamp)),
                Err(Refusal::NotAuthorized),
                "{timestamp}"
            );
        }
    }

    #[test]
    fn bad_ids_and_dates_are_of_the_wrong_type() {
        let long = "x".repeat(257);
        for id in [" a", "a ", "a\nb", &long] {
            assert_eq!(
                judged(&with("user_id", id)),
                Err(Refusal::WrongType("user_id".into())),
                "{id:?}"
            );
        }
        let dates = [
            "03/04/2021",
            "2021-02-30",
            "2021-05-18T15:14:43Z",
            "2021-05-18 15:14",
            "2021-05-18 15:14:43",
        ];
        for date in dates {
            let refusal = judged(&with("user_created_at", date));
            assert_eq!(refusal, Err(Refusal::WrongType("user_created_at".into())), "{date}");
        }
    }

    #[test]
    fn an_unusable_photo_is_told_from_one_too_large() {
        let cut = BASE64_STANDARD.encode(&sample::photo()[..40]);
        let unpadded = sample::photo_text().replace('=', "");
        let wrapped = sample::photo_text().replacen('A', "\nA", 1);
        let largest = BASE64_STANDARD.encode(vec![0; MAX_PHOTO]);
        for photo in [
            "data:image/png;base64,iVBORw0K",
            "AAAA",
            "-_-_",
            &cut,
            &unpadded,
            &wrapped,
            &largest,
        ] {
            let verdict = judged(&with("photo", photo)).map(|enrollment| enrollment.photo_is_usable);
            assert_eq!(verdict, Ok(false), "{photo:.40}");
        }
        let larger = BASE64_STANDARD.encode(vec![0; MAX_PHOTO + 1]);
        assert_eq!(judged(&with("photo", larger)), Err(Refusal::TooLong));
    }
}
