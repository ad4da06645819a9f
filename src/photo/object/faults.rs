//! What an error of a store means: for one row, or for all of them.

use object_store::client::HttpError;

use super::answers::{NoMetadata, NoSize, PlainHttp, Refusal};
use crate::domain::{
    outcome::Reason,
    photo::{ObjectUrl, Scheme, StoreName},
    text,
};
use crate::photo::{PhotoError, StoreError, StoreFault, invalid};
use crate::sys::{
    causes::{as_io, causes},
    errno::is_machines_fault,
};

/// Words for a bucket or container that is not there.
const NO_STORE: [&str; 4] = [
    "NoSuchBucket",
    "ContainerNotFound",
    "ContainerBeingDeleted",
    "AccountIsDisabled",
];
/// Words for an object that has been put away and would have to be brought back first.
const ARCHIVED: [&str; 2] = ["InvalidObjectState", "BlobArchived"];
/// Words for credentials that are wrong as such, whatever the object.
const WRONG_CREDENTIALS: [&str; 14] = [
    "AccountProblem",
    "AuthenticationFailed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidAuthenticationInfo",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "InvalidToken",
    "NoAuthenticationInformation",
    "NotSignedUp",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnauthorizedAccess",
];

/// Words for too many requests at once.
const BUSY: [&str; 5] = [
    "RequestLimitExceeded",
    "ServerBusy",
    "SlowDown",
    "Throttling",
    "TooManyRequests",
];
/// The HTTP status of the same, and the one of a server that does not know the method.
const TOO_MANY_REQUESTS: u16 = 429;
const NOT_IMPLEMENTED: u16 = 501;

/// Words for a key that the store cannot have.
const BAD_KEYS: [&str; 4] = ["InvalidUri", "InvalidURI", "KeyTooLongError", "InvalidResourceName"];

/// Reads the chain of an error, and takes none of its texts but those of the machine.
pub(super) fn photo_error(url: &ObjectUrl, error: &object_store::Error) -> PhotoError {
    let chain = || causes(error);
    if let Some(refusal) = refusal(error) {
        return refused(url, refusal);
    }
    let store = |fault, detail: String| of_store(&url.store, fault, detail);
    if chain().any(|error| error.is::<NoMetadata>()) {
        let detail = format!(
            "there are no credentials, and no service that gives some; {}",
            remedy(&url.store)
        );
        return store(StoreFault::NoCredentials, detail);
    }
    if chain().any(|error| error.is::<PlainHttp>()) {
        let detail = "its endpoint is plain http:// and not this machine; give one with https://";
        return store(StoreFault::Refused, detail.into());
    }
    if chain().any(|error| error.is::<NoSize>()) {
        return of_row(url, Reason::PhotoNotReadable, "the server does not say how large it is");
    }
    if chain().any(|error| matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))) {
        let detail = "its certificate is not trusted, or is another host's; name further roots with --ca-cert";
        return store(StoreFault::Refused, detail.into());
    }
    transport(&url.store, error)
}

fn refusal(error: &object_store::Error) -> Option<&Refusal> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// Whether a store that does not give an object says so as one that is well.
pub(super) fn is_answer(error: &object_store::Error) -> bool {
    match refusal(error) {
        Some(Refusal { status, .. }) => *status == NOT_IMPLEMENTED || !is_unwell(*status),
        None => !causes(error).any(|error| error.is::<HttpError>()),
    }
}

/// What is no answer about an object, but one about the moment.
fn is_unwell(status: u16) -> bool {
    matches!(status, 408 | 425 | TOO_MANY_REQUESTS | 500..=599)
}

/// Nothing came back, or nobody was asked.
fn transport(store: &StoreName, error: &object_store::Error) -> PhotoError {
    if let Some(io) = causes(error).filter_map(as_io).find(|error| is_machines_fault(error)) {
        return PhotoError::Machine(
            io.raw_os_error()
                .map_or(io.kind().into(), std::io::Error::from_raw_os_error),
        );
    }
    let is_sent = causes(error).any(|error| error.is::<HttpError>());
    match causes(error).last().filter(|_| is_sent) {
        Some(cause) => {
            let cause = text::one_line(&cause.to_string(), text::MAX_TEXT_CHARS);
            of_store(store, StoreFault::Down, format!("no answer: {cause}"))
        }
        None => of_store(store, StoreFault::Refused, unusable(store, error)),
    }
}

/// What came back is no object.
fn refused(url: &ObjectUrl, refusal: &Refusal) -> PhotoError {
    let Refusal { status, code, is_login } = refusal;
    let is_any = |words: &[&str]| code.as_deref().is_some_and(|code| words.contains(&code));
    let said = code
        .as_ref()
        .map_or(format!("HTTP {status}"), |code| format!("HTTP {status} {code}"));
    let store = |fault, what: &str| of_store(&url.store, fault, format!("{what} ({said}); {}", remedy(&url.store)));
    let row = |reason, what: &str| of_row(url, reason, &format!("{what} ({said})"));
    let is_cloud = !url.store.scheme.is_web();
    match status {
        _ if is_unwell(*status) => {
            let is_busy = *status == TOO_MANY_REQUESTS || is_any(&BUSY);
            let fault = if is_busy { StoreFault::Busy } else { StoreFault::Down };
            let key = &url.key;
            of_store(
                &url.store,
                fault,
                format!("it does not give {key:?} at the moment ({said})"),
            )
        }
        _ if *is_login => store(StoreFault::Refused, "the credentials are refused"),
        _ if is_any(&WRONG_CREDENTIALS) => store(StoreFault::Refused, "the credentials are refused"),
        _ if is_any(&NO_STORE) => store(StoreFault::Refused, "there is no such bucket or container"),
        _ if is_any(&ARCHIVED) => row(Reason::PhotoNotReadable, "it is archived; bring it back first"),
        _ if is_any(&BAD_KEYS) => row(Reason::PhotoNotReadable, "the store can have no such key"),
        404 | 410 => row(Reason::PhotoNotFound, "there is no such object"),
        401 if is_cloud => store(StoreFault::Refused, "the credentials are refused"),
        401 | 403 => row(
            Reason::PhotoForbidden,
            "the store refuses it; may these credentials read it, and is it there?",
        ),
        300..=399 if is_cloud => store(StoreFault::Refused, "the bucket is elsewhere; is the region right?"),
        400 if is_cloud => store(
            StoreFault::Refused,
            "the store does not take the request; is the region right?",
        ),
        300..=399 => row(
            Reason::PhotoNotReadable,
            "the server leads elsewhere, where nothing is read",
        ),
        _ => row(Reason::PhotoNotReadable, "the store does not give it"),
    }
}

/// Why a store cannot be opened, or its credentials cannot be read. Of the causes those alone are told that are the
/// machine's: others may hold what they could not read.
pub(super) fn unusable(store: &StoreName, error: &object_store::Error) -> String {
    let io = causes(error).find_map(as_io);
    let io = io.map(|error| format!(" ({})", error.kind())).unwrap_or_default();
    format!("its settings or credentials cannot be used{io}; {}", remedy(store))
}

/// Where credentials and places come from.
fn remedy(store: &StoreName) -> &'static str {
    match store.scheme {
        Scheme::S3 => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is given, and AWS_REGION or \
             AWS_ENDPOINT_URL; profiles in ~/.aws are not read"
        }
        Scheme::Gs => "set GOOGLE_APPLICATION_CREDENTIALS, or run where a service account is given",
        Scheme::Az => {
            "set AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_KEY, or run where an \
             identity is given"
        }
        Scheme::Http | Scheme::Https => "is the URL of --photo-root right?",
    }
}

fn of_row(url: &ObjectUrl, reason: Reason, detail: &str) -> PhotoError {
    invalid(reason, url.to_string(), detail)
}

fn of_store(store: &StoreName, fault: StoreFault, detail: String) -> PhotoError {
    PhotoError::Store(StoreError {
        fault,
        store: store.to_string(),
        detail,
        only_at: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use object_store::client::HttpErrorKind;

    fn error(status: u16, code: Option<&str>, is_login: bool) -> object_store::Error {
        let refusal = Refusal {
            status,
            code: code.map(str::to_owned),
            is_login,
        };
        let source = HttpError::new(HttpErrorKind::Unknown, refusal);
        object_store::Error::Generic {
            store: "S3",
            source: Box::new(source),
        }
    }

    fn judged(url: &str, status: u16, code: Option<&str>, is_login: bool) -> PhotoError {
        photo_error(&ObjectUrl::parse(url).unwrap(), &error(status, code, is_login))
    }

    fn reason(url: &str, status: u16, code: Option<&str>) -> Result<Reason, StoreFault> {
        match judged(url, status, code, false) {
            PhotoError::Invalid { reason, .. } => Ok(reason),
            PhotoError::Store(error) => Err(error.fault),
            PhotoError::Machine(error) => panic!("{error}"),
        }
    }

    #[test]
    fn every_status_is_a_matter_of_the_row_or_of_the_store() {
        const DOWN: [u16; 3] = [408, 425, 429];
        for status in (300..=599).filter(|status| *status != 304) {
            let is_down = status >= 500 || DOWN.contains(&status);
            for url in ["s3://bucket/a.jpg", "https://host/a.jpg"] {
                let judged = reason(url, status, None);
                let wanted = if status == 429 {
                    StoreFault::Busy
                } else {
                    StoreFault::Down
                };
                assert_eq!(judged == Err(wanted), is_down, "{url} {status} {judged:?}");
            }
            assert_eq!(
                is_answer(&error(status, None, true)),
                !is_down || status == 501,
                "{status}"
            );
            assert_ne!(
                reason("https://host/a.jpg", status, None),
                Err(StoreFault::Refused),
                "{status}"
            );
        }
    }

    #[test]
    fn one_object_is_refused_or_all_are() {
        let s3 = |status, code| reason("s3://bucket/a.jpg", status, Some(code));
        assert_eq!(s3(403, "AccessDenied"), Ok(Reason::PhotoForbidden));
        assert_eq!(s3(404, "NoSuchKey"), Ok(Reason::PhotoNotFound));
        assert_eq!(s3(403, "InvalidObjectState"), Ok(Reason::PhotoNotReadable));
        assert_eq!(s3(400, "KeyTooLongError"), Ok(Reason::PhotoNotReadable));
        for (status, code) in [
            (403, "InvalidAccessKeyId"),
            (403, "SignatureDoesNotMatch"),
            (400, "ExpiredToken"),
            (404, "NoSuchBucket"),
            (301, "PermanentRedirect"),
            (400, "AuthorizationHeaderMalformed"),
        ] {
            assert_eq!(s3(status, code), Err(StoreFault::Refused), "{code}");
        }
        assert_eq!(s3(503, "SlowDown"), Err(StoreFault::Busy));
        assert_eq!(s3(503, "SlowDownRead"), Err(StoreFault::Down));
        assert_eq!(s3(500, "InternalError"), Err(StoreFault::Down));
        let login = judged("s3://bucket/a.jpg", 403, None, true);
        assert!(matches!(
            login,
            PhotoError::Store(StoreError {
                fault: StoreFault::Refused,
                ..
            })
        ));
        assert_eq!(reason("https://host/a.jpg", 401, None), Ok(Reason::PhotoForbidden));
        assert_eq!(reason("https://host/a.jpg", 302, None), Ok(Reason::PhotoNotReadable));
    }
}
