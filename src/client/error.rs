//! What can go wrong with the client and with one attempt of it.

use std::error::Error as StdError;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::text;
use crate::sys::{
    causes::{as_io, causes},
    errno::is_machines_fault,
};

/// Why the client cannot be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("cannot read the root certificates")]
    Roots(#[source] reqwest::Error),
    #[error("cannot set up TLS")]
    Setup(#[source] reqwest::Error),
}

/// Why an attempt brought no answer.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
pub(crate) struct SendError {
    pub(crate) kind: SendErrorKind,
    /// How long nothing of the request had moved, where any of it ever did.
    pub(crate) still_for: Option<Duration>,
    source: Option<reqwest::Error>,
}

/// What a failed attempt means, by what the server can have seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendErrorKind {
    /// The certificate is not trusted or names another host: nothing may be sent there.
    Certificate,
    /// No connection: refused, DNS, TLS handshake, timed out.
    Connect,
    /// No connection, because this machine is out of memory or file descriptors.
    Machine,
    /// The connection was lost; `whole` says that the last byte had been handed over.
    Lost { whole: bool },
    /// Nothing moved for the length of the timeout.
    Silent { whole: bool },
}

impl From<SendErrorKind> for SendError {
    /// An error with nothing else behind it.
    fn from(kind: SendErrorKind) -> Self {
        Self {
            kind,
            still_for: None,
            source: None,
        }
    }
}

impl SendError {
    /// `whole` is the body's own word that its last chunk was taken, or never will be.
    pub(super) fn new(error: reqwest::Error, whole: bool) -> Self {
        Self {
            kind: classify(&error, whole),
            still_for: None,
            source: Some(error.without_url()),
        }
    }

    /// The same, with the moment at which the request moved last.
    pub(super) fn moved_at(self, moved: Option<Instant>) -> Self {
        Self {
            still_for: moved.map(|moved| moved.elapsed()),
            ..self
        }
    }

    /// What stands at the end of the chain, as one line: it may name hosts, and holds nothing that was sent.
    pub(crate) fn cause(&self) -> String {
        let source = self.source.as_ref().map(|error| error as &(dyn StdError + 'static));
        let root = source.and_then(|error| causes(error).last());
        let cause = root.map_or_else(|| self.text().to_owned(), ToString::to_string);
        text::one_line(&cause, text::MAX_TEXT_CHARS)
    }

    fn text(&self) -> &'static str {
        match self.kind {
            SendErrorKind::Certificate => "the server's certificate is not trusted",
            SendErrorKind::Connect => "no connection",
            SendErrorKind::Machine => "this machine cannot open another connection",
            SendErrorKind::Lost { whole: true } => "the connection was lost before the answer",
            SendErrorKind::Lost { whole: false } => "the connection was lost before the request was sent",
            SendErrorKind::Silent { whole: true } => "no answer in time",
            SendErrorKind::Silent { whole: false } => "the server stopped taking the request",
        }
    }
}

/// Where the server may have the whole request, nothing that the library says can take the doubt away. Short of memory
/// or descriptors counts as the machine's fault only while there is no connection: on a live one it is lost.
fn classify(error: &reqwest::Error, whole: bool) -> SendErrorKind {
    if whole || !error.is_connect() {
        SendErrorKind::Lost { whole }
    } else if causes(error).any(is_certificate_error) {
        SendErrorKind::Certificate
    } else if causes(error).filter_map(as_io).any(is_machines_fault) {
        SendErrorKind::Machine
    } else {
        SendErrorKind::Connect
    }
}

fn is_certificate_error(error: &(dyn StdError + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
}
