//! What a store answers, judged where it comes in: what is no object becomes an error that keeps nothing of the answer
//! but its status and the word of its kind, since the rest may hold a signature.

use http_body_util::{BodyExt, Limited};
use object_store::client::{HttpError, HttpErrorKind, HttpResponse};

/// Most bytes of an answer without an object that are looked at.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Longest word for a kind of error; the clouds' own have at most 40 letters.
const MAX_CODE_LETTERS: usize = 60;

/// The store gives no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("HTTP {status}")]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// The store's own word for it, such as `AccessDenied`; letters alone.
    pub(super) code: Option<String>,
    /// Whether credentials were asked for, and not an object.
    pub(super) is_login: bool,
}

/// The answer does not say how large the object is.
#[derive(Debug, thiserror::Error)]
#[error("no size")]
pub(super) struct NoSize;

/// Nobody gives this machine credentials.
#[derive(Debug, thiserror::Error)]
#[error("no metadata service")]
pub(super) struct NoMetadata(#[source] pub(super) HttpError);

/// A request that may not leave as it is.
#[derive(Debug, thiserror::Error)]
#[error("plain HTTP")]
pub(super) struct PlainHttp;

/// Lets an object through, or the answer to a login.
pub(super) async fn judge(response: HttpResponse, is_get: bool) -> Result<HttpResponse, HttpError> {
    let unknown = HttpErrorKind::Unknown;
    let status = response.status();
    if !status.is_success() {
        let code = header_code(&response);
        let code = match code {
            Some(code) => Some(code),
            None => body_code(response).await,
        };
        let refusal = Refusal {
            status: status.as_u16(),
            code,
            is_login: !is_get,
        };
        return Err(HttpError::new(unknown, refusal));
    }
    if is_get && !response.headers().contains_key("content-length") {
        return Err(HttpError::new(unknown, NoSize));
    }
    Ok(response)
}

/// Azure's.
fn header_code(response: &HttpResponse) -> Option<String> {
    let code = response.headers().get("x-ms-error-code")?.to_str().ok()?;
    is_code(code).then(|| code.to_owned())
}

/// That of the others, in XML.
async fn body_code(response: HttpResponse) -> Option<String> {
    let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES)
        .collect()
        .await
        .ok()?;
    find_code(&body.to_bytes())
}

fn find_code(body: &[u8]) -> Option<String> {
    let start = memchr::memmem::find(body, b"<Code>")? + "<Code>".len();
    let end = memchr::memmem::find(&body[start..], b"</Code>")?;
    let code = std::str::from_utf8(&body[start..start + end]).ok()?;
    is_code(code).then(|| code.to_owned())
}

fn is_code(text: &str) -> bool {
    (1..=MAX_CODE_LETTERS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_answer_the_word_alone_is_kept() {
        let found = |body: &str| find_code(body.as_bytes());
        let body = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Key>sig=abc</Key></Error>";
        assert_eq!(found(body).as_deref(), Some("AccessDenied"));
        for body in [
            "",
            "<Code>",
            "<Code></Code>",
            "<Code>sig=abc</Code>",
            "<Code>AKIA1234</Code>",
            &format!("<Code>{}</Code>", "a".repeat(61)),
        ] {
            assert_eq!(found(body), None, "{body}");
        }
    }
}
