//! The table of the contract's section 6, exhausted.

use super::super::partner_id::PartnerId;
use super::*;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;

fn signer() -> Signer {
    Signer::new(PartnerId::parse("085").unwrap(), SecretString::from("key"))
}

fn reply(http_status: u16, body: impl Into<Vec<u8>>) -> Reply {
    Reply {
        http_status,
        body: body.into(),
        complete: true,
        ..Reply::default()
    }
}

fn kind(reply: &Reply) -> Kind {
    judge(reply, &UserId::parse("u1").unwrap(), &signer()).kind
}

fn of(http_status: u16, body: Value) -> Kind {
    kind(&reply(http_status, body.to_string()))
}

fn success(code: Value) -> Value {
    json!({"ResultCode": code, "ResultText": "text", "PartnerParams": {"user_id": "u1", "job_type": "4"}})
}

fn refusal(code: Value) -> Value {
    json!({"error": "text", "code": code})
}

const REFUSED: Kind = rejected(Reason::Refused);

const fn rejected(reason: Reason) -> Kind {
    Kind::Rejected {
        reason,
        on_photo: false,
    }
}

const UNREADABLE: Kind = Kind::InDoubt(Reason::UnreadableAnswer, None);

#[test]
fn every_http_status_with_a_provider_body() {
    for status in 100..=599 {
        let wanted = match status {
            200..=299 | 400 | 406..=407 | 409..=412 | 414 | 416..=424 | 426..=428 | 430..=499 => REFUSED,
            300..=399 => Kind::Stop(Refusal::Redirect),
            401 | 403 => Kind::Stop(Refusal::Credentials),
            402 => Kind::Stop(Refusal::Payment),
            404 | 405 | 415 => Kind::Stop(Refusal::NotTheApi),
            408 | 425 => Kind::NotProcessed(Reason::ServerBusy, None),
            413 => rejected(Reason::BodyTooLarge),
            429 => Kind::NotProcessed(Reason::Throttled, None),
            504 => Kind::InDoubt(Reason::ServerError, None),
            500..=599 => Kind::ServerFailed(None),
            _ => UNREADABLE,
        };
        assert_eq!(of(status, refusal(json!("9999"))), wanted, "HTTP {status}");
    }
}

#[test]
fn every_http_status_with_a_body_that_is_no_json() {
    for status in 100..=599 {
        let wanted = match status {
            300..=399 => Kind::Stop(Refusal::Redirect),
            401 => Kind::Stop(Refusal::Credentials),
            403 => Kind::Forbidden,
            402 => Kind::Stop(Refusal::Payment),
            404 | 405 | 415 => Kind::Stop(Refusal::NotTheApi),
            408 | 425 => Kind::NotProcessed(Reason::ServerBusy, None),
            413 => rejected(Reason::BodyTooLarge),
            429 => Kind::NotProcessed(Reason::Throttled, None),
            504 => Kind::InDoubt(Reason::ServerError, None),
            500..=599 => Kind::ServerFailed(None),
            400..=499 => Kind::NotProcessed(Reason::GatewayRefused, None),
            _ => UNREADABLE,
        };
        assert_eq!(kind(&reply(status, "<html>")), wanted, "HTTP {status}");
    }
}

#[test]
fn every_result_code_of_a_success() {
    for number in 0..=9999 {
        let code = format!("{number:04}");
        let on_photo = code.starts_with('0') || code.starts_with("12");
        let rejected = |reason| Kind::Rejected { reason, on_photo };
        let wanted = match code.as_str() {
            "0840" | "1240" => Kind::Settled(Status::Enrolled, None),
            "0842" | "0844" | "0846" => Kind::Settled(Status::Provisional, Some(Reason::HumanReview)),
            "2209" => Kind::Duplicate,
            "2205" | "2405" => Kind::Stop(Refusal::Credentials),
            "1016" | "2203" | "2212" | "2217" | "2220" => Kind::Stop(Refusal::Account),
            "2222" => Kind::NotProcessed(Reason::Throttled, None),
            "2201" | "2301" | "2401" => UNREADABLE,
            "0001" | "1241" => rejected(Reason::PhotoUnusable),
            "0841" => rejected(Reason::CompareFailed),
            "0843" | "0907" | "1242" => rejected(Reason::PossibleSpoof),
            "0941" => rejected(Reason::NoFaceFound),
            "0942" => rejected(Reason::PoorQuality),
            "2207" => rejected(Reason::UserDisabled),
            "2208" => rejected(Reason::UserDeleted),
            "2204" | "2213" | "2413" => rejected(Reason::BadParameter),
            _ => rejected(Reason::Refused),
        };
        assert_eq!(of(200, success(json!(code))), wanted, "{code} as a string");
        assert_eq!(of(200, success(json!(number))), wanted, "{code} as a number");
    }
}

#[test]
fn every_code_of_a_refusal_with_http_400() {
    for number in 2200..=2500 {
        let wanted = match number {
            2209 => Kind::Duplicate,
            2205 | 2405 => Kind::Stop(Refusal::Credentials),
            2203 | 2212 | 2217 | 2220 => Kind::Stop(Refusal::Account),
            2222 => Kind::NotProcessed(Reason::Throttled, None),
            2207 => rejected(Reason::UserDisabled),
            2208 => rejected(Reason::UserDeleted),
            2204 | 2213 | 2413 => rejected(Reason::BadParameter),
            _ => REFUSED,
        };
        assert_eq!(
            of(400, refusal(json!(number.to_string()))),
            wanted,
            "{number} as a string"
        );
        assert_eq!(of(400, refusal(json!(number))), wanted, "{number} as a number");
    }
}

#[test]
fn a_wrong_parameter_that_speaks_of_authority_stops_the_run() {
    for code in ["2204", "2413"] {
        let body = json!({"message": "You are not Authorized", "code": code});
        assert_eq!(of(400, body), Kind::Stop(Refusal::Credentials), "{code}");
    }
    let body = json!({"error": "not authorized", "code": "2213"});
    assert_eq!(of(400, body), rejected(Reason::BadParameter));
}

#[test]
fn the_reason_of_a_refusal_can_be_told_from_what_the_ledger_keeps() {
    let mut answers = vec![reply(413, "<html>"), reply(400, "{\"error\":\"no\"}")];
    answers.extend((0..=9999).map(|number| reply(200, success(json!(number)).to_string())));
    for answer in answers {
        let verdict = judge(&answer, &UserId::parse("u1").unwrap(), &signer());
        if let Kind::Rejected { reason, .. } = verdict.kind {
            assert_eq!(rejection(&verdict.facts), reason, "{:?}", verdict.facts);
        }
    }
    let forbidden = judge(&reply(403, "<html>"), &UserId::parse("u1").unwrap(), &signer());
    assert_eq!(
        (forbidden.kind, rejection(&forbidden.facts)),
        (Kind::Forbidden, Reason::Forbidden)
    );
}

#[test]
fn a_refusal_may_come_without_a_code() {
    assert_eq!(of(400, json!({"message": "Bad request"})), REFUSED);
    assert_eq!(of(422, json!({"status": "failed", "error": "no"})), REFUSED);
    for body in [json!({}), json!([]), json!("text"), json!(null)] {
        let wanted = Kind::NotProcessed(Reason::GatewayRefused, None);
        assert_eq!(of(400, body.clone()), wanted, "{body}");
    }
}

#[test]
fn a_success_that_proves_nothing_is_no_answer() {
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"0840\"",
        "{}",
        "<html>ok</html>",
        "{\"success\":true}",
    ] {
        assert_eq!(kind(&reply(200, body)), UNREADABLE, "{body}");
    }
    let mut foreign = success(json!("0840"));
    foreign["PartnerParams"]["user_id"] = json!("u2");
    assert_eq!(of(200, foreign.clone()), Kind::InDoubt(Reason::WrongUser, None));
    foreign["ResultCode"] = json!("0941");
    assert_eq!(of(200, foreign), Kind::InDoubt(Reason::WrongUser, None));
    let nobody = json!({"ResultCode": "0840"});
    assert_eq!(of(200, nobody), Kind::InDoubt(Reason::WrongUser, None));
    let cut = Reply {
        complete: false,
        ..reply(200, success(json!("0840")).to_string())
    };
    assert_eq!(kind(&cut), Kind::InDoubt(Reason::AnswerCutOff, None));
    let cut = Reply {
        complete: false,
        ..reply(400, refusal(json!("2213")).to_string())
    };
    assert_eq!(kind(&cut), Kind::InDoubt(Reason::AnswerCutOff, None));
}

#[test]
fn a_numeric_user_id_is_ours_only_to_the_letter() {
    let echo = |user: Value| json!({"ResultCode": "0840", "PartnerParams": {"user_id": user}}).to_string();
    let verdict = |ours: &str, user| judge(&reply(200, echo(user)), &UserId::parse(ours).unwrap(), &signer()).kind;
    assert_eq!(verdict("7", json!(7)), Kind::Settled(Status::Enrolled, None));
    assert_eq!(verdict("007", json!(7)), Kind::InDoubt(Reason::WrongUser, None));
}

#[test]
fn a_signature_is_right_or_absent() {
    let signed = |timestamp: Value, signature: Value| {
        let mut body = success(json!("0840"));
        body["timestamp"] = timestamp;
        body["signature"] = signature;
        of(200, body)
    };
    let time = "2023-02-14T00:07:49.924Z";
    let good = signer().sign(time);
    let enrolled = Kind::Settled(Status::Enrolled, None);
    let wrong = Kind::InDoubt(Reason::WrongSignature, None);
    assert_eq!(signed(json!(time), json!(good)), enrolled);
    assert_eq!(signed(json!(time), json!(null)), enrolled);
    assert_eq!(signed(json!("2023-02-14T00:07:49.925Z"), json!(good)), wrong);
    assert_eq!(signed(json!(null), json!(good)), wrong);
    assert_eq!(signed(json!(time), json!("")), wrong);
    assert_eq!(signed(json!(time), json!(true)), wrong);
}

#[test]
fn retry_after_is_seconds_or_a_date_against_the_answers_own() {
    let wait = |text: &str, date: Option<&str>| {
        let throttled = Reply {
            retry_after: Some(text.into()),
            date: date.map(|date| httpdate::parse_http_date(date).unwrap()),
            ..reply(429, "")
        };
        match kind(&throttled) {
            Kind::NotProcessed(Reason::Throttled, wait) => wait.map(|wait| wait.as_secs()),
            other => panic!("{other:?}"),
        }
    };
    let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(wait("7", None), Some(7));
    assert_eq!(wait(" 7 ", None), Some(7));
    assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT", date), Some(60));
    assert_eq!(wait("Sun, 06 Nov 1994 08:48:37 GMT", date), Some(0));
    assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT", None), None);
    assert_eq!(wait("soon", date), None);
    assert_eq!(wait("-1", date), None);
    assert_eq!(wait("99999999999999", None), Some(86_400));
    let busy = Reply {
        retry_after: Some("3".into()),
        ..reply(503, "")
    };
    assert_eq!(kind(&busy), Kind::ServerFailed(Some(Duration::from_secs(3))));
}

#[test]
fn the_facts_come_from_wherever_they_stand() {
    let body = json!({
        "ResultCode": 840, "ResultText": "Enroll User", "SmileJobID": "0000021007", "ConfidenceValue": 99.5,
        "PartnerParams": {"user_id": "u1", "job_id": "d98", "job_type": 4}, "Actions": {"x": null}, "new": [1]
    });
    let verdict = judge(&reply(200, body.to_string()), &UserId::parse("u1").unwrap(), &signer());
    let wanted = Facts {
        http_status: Some(200),
        result_code: Some("0840".into()),
        result_text: Some("Enroll User".into()),
        smile_job_id: Some("0000021007".into()),
        job_id: Some("d98".into()),
        confidence: Some("99.5".into()),
    };
    assert_eq!(
        verdict,
        Verdict {
            kind: Kind::Settled(Status::Enrolled, None),
            facts: wanted
        }
    );
    let empty = judge(&reply(502, "<html>"), &UserId::parse("u1").unwrap(), &signer()).facts;
    assert_eq!(
        empty,
        Facts {
            http_status: Some(502),
            ..Facts::default()
        }
    );
}

fn facts(body: &str) -> Facts {
    judge(&reply(400, body), &UserId::parse("u1").unwrap(), &signer()).facts
}

#[test]
fn of_a_key_that_is_there_twice_the_last_counts() {
    let facts = facts(r#"{"code":"2204","error":"first","code":"2213","error":"second"}"#);
    assert_eq!(facts.result_code.as_deref(), Some("2213"));
    assert_eq!(facts.result_text.as_deref(), Some("second"));
}

#[test]
fn numbers_are_told_as_json_writes_them() {
    for (number, text) in [
        ("99", "99"),
        ("99.0", "99.0"),
        ("-1.5e3", "-1500.0"),
        ("18446744073709551615", "18446744073709551615"),
    ] {
        let facts = facts(&format!(r#"{{"ResultCode":"2213","ConfidenceValue":{number}}}"#));
        assert_eq!(facts.confidence.as_deref(), Some(text), "{number}");
    }
}

/// Escaping a control character adds letters, and JSON within JSON escapes the slashes of base64.
#[test]
fn no_text_that_is_kept_holds_a_signature_however_it_is_escaped() {
    let signature = "XxThLHZy2ij1WINkqNEPg/Vs9RvUDHWlebDYzprqS74=";
    let nested = json!({"signature": signature}).to_string().replace('/', "\\/");
    let encoded = signature.replace('/', "%2F").replace('=', "%3D");
    for (text, wanted) in [
        (format!("\n{}", "A".repeat(39)), "[redacted]"),
        (
            format!("\u{7}{}", "A".repeat(39)),
            "\\u{7}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ),
        (nested, "{\"signature\":\"[redacted]\"}"),
        (format!("signature={encoded}&user"), "[redacted]&user"),
    ] {
        let body = json!({"code": "2213", "error": text}).to_string();
        assert_eq!(facts(&body).result_text.as_deref(), Some(wanted), "{text:?}");
    }
}

#[test]
fn the_words_for_answers_that_stop_a_run_are_these() {
    let words = [
        (Refusal::Credentials, "credentials_refused"),
        (Refusal::Account, "account_refused"),
        (Refusal::Payment, "payment_required"),
        (Refusal::NotTheApi, "not_the_api"),
        (Refusal::Redirect, "redirected"),
        (Refusal::Signatures, "wrong_signatures"),
        (Refusal::Certificate, "certificate_refused"),
    ];
    for (refusal, word) in words {
        assert_eq!((refusal.word(), refusal.to_string()), (word, word.to_owned()));
    }
}
