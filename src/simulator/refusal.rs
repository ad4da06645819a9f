//! Every way in which the endpoint, or the gateway before it, says no.
//!
//! Pure: status, code and words. It must not decide when one is due.

use hyper::StatusCode;

/// An answer that enrolls nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("Not Found")]
    NotFound,
    #[error("Method Not Allowed")]
    MethodNotAllowed,
    #[error("Unsupported Media Type")]
    UnsupportedMediaType,
    #[error("Request Too Long")]
    TooLong,
    #[error("Service Unavailable")]
    Unavailable,
    #[error("blocked, too many submissions")]
    Throttled,
    #[error("Invalid JSON")]
    NotJson,
    #[error("A required parameter is missing: {0}")]
    Missing(&'static str),
    #[error("A parameter is of the wrong data type: {0}")]
    WrongType(String),
    #[error("You are not authorized to do that.")]
    NotAuthorized,
    #[error("Wrong user id. This user is already enrolled with user_id {0}")]
    AlreadyEnrolled(String),
}

impl Refusal {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Throttled => StatusCode::TOO_MANY_REQUESTS,
            Self::NotJson | Self::Missing(_) | Self::WrongType(_) | Self::NotAuthorized | Self::AlreadyEnrolled(_) => {
                StatusCode::BAD_REQUEST
            }
        }
    }

    /// The provider's code; the gateway's refusals have none.
    pub(super) fn code(&self) -> Option<&'static str> {
        match self {
            Self::NotFound
            | Self::MethodNotAllowed
            | Self::UnsupportedMediaType
            | Self::TooLong
            | Self::Unavailable => None,
            Self::Throttled => Some("2222"),
            Self::NotJson => Some("2203"),
            Self::Missing(_) => Some("2213"),
            Self::WrongType(_) => Some("2204"),
            Self::NotAuthorized => Some("2205"),
            Self::AlreadyEnrolled(_) => Some("2209"),
        }
    }
}
