//! What can go wrong with the client and with one attempt of it.

use std::error::Error as StdError;
use std::io;

use hyper_util::client::legacy;

use super::body::Progress;
use crate::sys::errno::is_machines_fault;

/// Why the client cannot be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("the endpoint is no address")]
    Endpoint(#[from] hyper::http::uri::InvalidUri),
    #[error("cannot read the root certificates")]
    Roots(#[from] rustls::pki_types::pem::Error),
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
    /// Only tunnels are spoken, over plain HTTP or TLS.
    #[error("cannot go through a proxy of the kind {0:?}; give one that begins with http:// or https://")]
    Proxy(String),
}

/// Why an attempt brought no answer.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
pub(crate) struct SendError {
    pub(crate) kind: SendErrorKind,
    source: Option<legacy::Error>,
}

/// What a failed attempt means, by what the server can have seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendErrorKind {
    /// The certificate is not trusted or names another host: nothing may be sent there.
    Certificate,
    /// No connection: refused, DNS, TLS handshake, timed out.
    Connect,
    /// This machine is out of file descriptors.
    Machine,
    /// The connection was lost; `whole` says that the last byte had been handed over.
    Lost { whole: bool },
    /// Nothing moved for the length of the timeout.
    Silent { whole: bool },
}

impl SendError {
    pub(super) fn new(error: legacy::Error, progress: &Progress) -> Self {
        let whole = progress.whole();
        let kind = if causes(&error).any(is_certificate_error) {
            SendErrorKind::Certificate
        } else if causes(&error).filter_map(as_io).any(is_machines_fault) {
            SendErrorKind::Machine
        } else if error.is_connect() {
            SendErrorKind::Connect
        } else {
            SendErrorKind::Lost { whole }
        };
        Self {
            kind,
            source: Some(error),
        }
    }

    pub(super) fn silent(progress: &Progress) -> Self {
        Self {
            kind: SendErrorKind::Silent {
                whole: progress.whole(),
            },
            source: None,
        }
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

/// An error and all that stands behind it, including what an `io::Error` wraps.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn StdError + 'static) = *error;
        let wrapped = as_io(error).and_then(io::Error::get_ref);
        wrapped
            .map(|inner| inner as &(dyn StdError + 'static))
            .or_else(|| error.source())
    })
}

fn as_io<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    error.downcast_ref()
}

fn is_certificate_error(error: &(dyn StdError + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
}
