//! The reading of an answer: nobody is enrolled without proof, and what is kept of a text is harmless.
//!
//! An input is the HTTP status (two bytes), a byte of switches, a line for `Retry-After`, and the body.
//! From the top of the repository, with a stable toolchain:
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz answer -- -max_total_time=600 -rss_limit_mb=2048`

#![no_main]

use std::time::{Duration, SystemTime};

use image_enroll::fuzzing::{Answer, Verdict, judge, signature};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// Switches: the body arrived to its end, the user is `7`, there is a `Date`.
const COMPLETE: u8 = 1;
const NUMERIC_USER: u8 = 2;
const DATED: u8 = 4;

const TIME: &str = "2023-02-14T00:07:49.924Z";
/// 1994-11-06T08:49:37Z.
const DATE: Duration = Duration::from_secs(784_111_777);
/// Longest run of base64 letters that may be kept: one more could be a signature or a piece of a photo.
const MOST_LETTERS: usize = 39;
const MOST_CHARS: usize = 300;

fuzz_target!(init: image_enroll_fuzz::plant("answer", &seeds()), |input: &[u8]| {
    let Some((answer, user)) = read(input) else { return };
    let verdict = judge(&answer, user).expect("a good user id");
    assert_enrolled_by_proof(&verdict, &answer, user);
    assert!(verdict.wait.is_none_or(|wait| wait <= Duration::from_secs(86_400)), "{:?}", verdict.wait);
    verdict.texts.iter().for_each(|text| assert_harmless(text));
});

fn read(input: &[u8]) -> Option<(Answer<'_>, &'static str)> {
    let (&[low, high, switches], rest) = input.split_first_chunk()?;
    let line = rest.iter().position(|byte| *byte == b'\n')?;
    let retry_after = std::str::from_utf8(&rest[..line]).ok()?;
    let answer = Answer {
        http_status: 100 + u16::from_le_bytes([low, high]) % 900,
        retry_after: (!retry_after.is_empty()).then_some(retry_after),
        date: (switches & DATED > 0).then_some(SystemTime::UNIX_EPOCH + DATE),
        body: &rest[line + 1..],
        complete: switches & COMPLETE > 0,
    };
    Some((answer, if switches & NUMERIC_USER > 0 { "7" } else { "u1" }))
}

/// A success is a whole 2xx, an object that names our user, and a signature that is right or absent.
fn assert_enrolled_by_proof(verdict: &Verdict, answer: &Answer<'_>, user: &str) {
    if !verdict.settled {
        return;
    }
    assert!(
        answer.complete && (200..300).contains(&answer.http_status),
        "{answer:?}"
    );
    let body: Value = serde_json::from_slice(answer.body).expect("JSON");
    assert_eq!(text(&body["PartnerParams"]["user_id"]), user);
    let code = text(&body["ResultCode"]) + &text(&body["code"]);
    assert!(
        ["840", "842", "844", "846", "1240"]
            .iter()
            .any(|good| code.contains(good)),
        "{code}"
    );
    if !body["signature"].is_null() {
        assert_eq!(text(&body["signature"]), signature(&text(&body["timestamp"])));
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// Neither a secret that the server has echoed, nor a character that moves a cursor or turns a line around.
fn assert_harmless(text: &str) {
    assert!(
        text.chars().count() <= MOST_CHARS,
        "{} characters",
        text.chars().count()
    );
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let longest = text.split(|c| !letter(c)).map(str::len).max();
    assert!(longest.unwrap_or_default() <= MOST_LETTERS, "{text:?}");
    assert!(!text.chars().any(char::is_control), "{text:?}");
    // The line separators, and Unicode's Bidi_Control.
    let turns = |c| {
        matches!(c, '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.chars().any(turns), "{text:?}");
}

fn seeds() -> Vec<Vec<u8>> {
    let params = json!({"job_id": "d98", "job_type": "4", "user_id": "u1"});
    let enrolled = json!({
        "ConfidenceValue": "99.5", "PartnerParams": params, "ResultCode": "0840", "ResultText": "Enroll User",
        "SmileJobID": "0000021007", "signature": signature(TIME), "timestamp": TIME,
    });
    let numbers = json!({"ResultCode": 842, "PartnerParams": {"user_id": 7}});
    let echoed = json!({"error": format!("bad signature {}\n\u{202e}\u{61c}", signature(TIME)), "code": 2213});
    vec![
        seed(200, COMPLETE, "", enrolled),
        seed(201, COMPLETE | NUMERIC_USER, "", numbers),
        seed(400, COMPLETE, "", echoed),
        seed(
            400,
            COMPLETE,
            "",
            json!({"error": "This user is already enrolled", "code": "2209"}),
        ),
        seed(
            429,
            DATED,
            "Sun, 06 Nov 1994 08:50:37 GMT",
            json!({"message": "Too Many Requests"}),
        ),
        seed(503, COMPLETE, "7", json!("busy")),
    ]
}

fn seed(http_status: u16, switches: u8, retry_after: &str, body: Value) -> Vec<u8> {
    let [low, high] = (http_status - 100).to_le_bytes();
    let head = format!("{retry_after}\n{body}");
    [&[low, high, switches], head.as_bytes()].concat()
}
