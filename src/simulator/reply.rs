//! What goes back over the wire: status, headers and JSON.
//!
//! It must not decide anything; it words what `judge` and `state` decided. Time comes in.

use chrono::{DateTime, Utc};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::state::{Job, Verdict};
use crate::domain::signature::{self, Signer};

/// How long a throttled client is asked to wait, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// The job type of a registration.
pub(super) const JOB_TYPE: u8 = 4;

/// Words of an answer that differ from verdict to verdict.
struct Words {
    confidence: &'static str,
    register: &'static str,
    check: &'static str,
}

const ENROLLED: Words = Words {
    confidence: "99",
    register: "Approved",
    check: "Passed",
};

const PROVISIONAL: Words = Words {
    confidence: "97",
    register: "Under Review",
    check: "Passed",
};

const UNUSABLE: Words = Words {
    confidence: "0",
    register: "Rejected",
    check: "Failed",
};

/// The signed answer to a processed request.
pub(super) fn processed(job: &Job, signer: &Signer, now: DateTime<Utc>) -> Response<String> {
    respond(StatusCode::OK, &result(job, signer, now))
}

/// The answer to a look-up.
pub(super) fn told(history: &Value) -> Response<String> {
    respond(StatusCode::OK, history)
}

/// The provider's form of a refusal, or the gateway's where there is no code.
pub(super) fn refused(refusal: &Refusal) -> Response<String> {
    let body = match refusal.code() {
        Some(code) => json!({"error": refusal.to_string(), "code": code}),
        None => json!({"message": refusal.to_string()}),
    };
    let mut response = respond(refusal.status(), &body);
    let advice = match refusal {
        Refusal::Throttled => Some((RETRY_AFTER, RETRY_AFTER_SECONDS)),
        Refusal::MethodNotAllowed => Some((ALLOW, HeaderValue::from_static("POST"))),
        _ => None,
    };
    response.headers_mut().extend(advice);
    response
}

fn respond(status: StatusCode, body: &Value) -> Response<String> {
    let mut response = Response::new(body.to_string());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn result(job: &Job, signer: &Signer, now: DateTime<Utc>) -> Value {
    let words = match job.verdict {
        Verdict::Enrolled => ENROLLED,
        Verdict::Provisional => PROVISIONAL,
        Verdict::Unusable => UNUSABLE,
    };
    let timestamp = signature::timestamp(now);
    json!({
        "Actions": actions(&words),
        "ConfidenceValue": words.confidence,
        "PartnerParams": {
            "job_type": JOB_TYPE,
            "user_id": job.enrollment.user_id,
            "job_id": job.id.to_string(),
            "user_created_at": job.enrollment.user_created_at,
        },
        "ResultCode": job.verdict.code(),
        "ResultText": job.verdict.text(),
        "Source": "Rest API",
        "SmileJobID": format!("{:010}", job.number),
        "signature": signer.sign(&timestamp),
        "timestamp": timestamp,
    })
}

fn actions(words: &Words) -> Value {
    json!({
        "Register_Selfie": words.register,
        "Selfie_Check": words.check,
        "Selfie_Provided": "Passed",
        "Human_Review_Compare": "Not Applicable",
        "Human_Review_Liveness_Check": "Not Applicable",
        "Human_Review_Selfie_Check": "Not Applicable",
        "Human_Review_Update_Selfie": "Not Applicable",
        "Liveness_Check": "Not Applicable",
        "Return_Personal_Info": "Not Applicable",
        "Selfie_To_ID_Authority_Compare": "Not Applicable",
        "Selfie_To_ID_Card_Compare": "Not Applicable",
        "Selfie_To_Registered_Selfie_Compare": "Not Applicable",
        "Update_Registered_Selfie_On_File": "Not Applicable",
        "Verify_ID_Number": "Not Applicable",
    })
}

#[cfg(test)]
mod tests {
    use super::super::judge::Enrollment;
    use super::super::sample;
    use super::*;

    /// The answer recorded from the API, its user and job made anonymous.
    const SAMPLE: &str = r#"{"Actions": {"Register_Selfie": "Approved", "Selfie_Check": "Passed", "Selfie_Provided": "Passed",
        "Human_Review_Compare": "Not Applicable", "Human_Review_Liveness_Check": "Not Applicable",
        "Human_Review_Selfie_Check": "Not Applicable", "Human_Review_Update_Selfie": "Not Applicable",
        "Liveness_Check": "Not Applicable", "Return_Personal_Info": "Not Applicable",
        "Selfie_To_ID_Authority_Compare": "Not Applicable", "Selfie_To_ID_Card_Compare": "Not Applicable",
        "Selfie_To_Registered_Selfie_Compare": "Not Applicable", "Update_Registered_Selfie_On_File": "Not Applicable",
        "Verify_ID_Number": "Not Applicable"}, "ConfidenceValue": "99",
        "PartnerParams": {"job_type": 4, "user_id": "007", "job_id": "d9821b53-ada3-411c-8c5c-d6ea2a95915c",
        "user_created_at": "2021-08-12"}, "ResultCode": "0840", "ResultText": "Enroll User", "Source": "Rest API",
        "SmileJobID": "0000021007", "signature": "", "timestamp": "2023-02-14T00:07:49.924Z"}"#;

    fn answer(photo_is_usable: bool) -> Value {
        let job = Job {
            number: 21007,
            id: uuid::uuid!("d9821b53-ada3-411c-8c5c-d6ea2a95915c"),
            verdict: if photo_is_usable {
                Verdict::Enrolled
            } else {
                Verdict::Unusable
            },
            enrollment: Enrollment {
                user_id: "007".into(),
                user_created_at: "2021-08-12".into(),
                photo_is_usable,
            },
        };
        let now = DateTime::from_timestamp_millis(1_676_333_269_924).expect("in range");
        result(&job, &sample::signer(), now)
    }

    #[test]
    fn a_success_is_the_sample_of_the_api_with_a_signature_of_its_own() {
        let mut answer = answer(true);
        let signature = answer["signature"].take();
        let timestamp = answer["timestamp"].as_str().unwrap_or_default();
        assert!(sample::signer().verify(timestamp, signature.as_str().unwrap_or_default()));
        answer["signature"] = "".into();
        assert_eq!(
            answer,
            serde_json::from_str::<Value>(SAMPLE).expect("the sample is JSON")
        );
    }

    #[test]
    fn an_unusable_photo_gets_a_signed_answer_that_enrolls_nobody() {
        let answer = answer(false);
        assert_eq!(answer["ResultCode"], "0001");
        assert_eq!(answer["Actions"]["Register_Selfie"], "Rejected");
        let texts = ["timestamp", "signature"].map(|name| answer[name].as_str().unwrap_or_default());
        assert!(sample::signer().verify(texts[0], texts[1]));
    }

    #[test]
    fn only_a_throttled_client_is_told_how_long_to_wait() {
        let wait = |refusal| refused(&refusal).headers().get(RETRY_AFTER).cloned();
        assert_eq!(wait(Refusal::Throttled), Some(RETRY_AFTER_SECONDS));
        assert_eq!(wait(Refusal::Unavailable), None);
    }
}
