//! Where requests go: a base URL, parsed once.

use std::fmt;

use url::{Host, Url};

/// A base URL: https, or http on this machine; without user, query and fragment. It prints without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    url: Url,
    is_loopback: bool,
}

/// Why a text is no endpoint.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EndpointError {
    #[error("{0:?} is not a URL such as https://testapi.smileidentity.com")]
    NotAUrl(String),
    #[error("{0:?}: http:// is for loopback only; use https://")]
    PlainHttp(String),
    /// The text may hold a password, so only the host is shown.
    #[error("{0:?}: a base URL has no user, query or fragment")]
    Parts(String),
}

impl Endpoint {
    pub(crate) fn parse(text: &str) -> Result<Self, EndpointError> {
        let not_a_url = || EndpointError::NotAUrl(text.to_owned());
        let url = Url::parse(text).map_err(|_| not_a_url())?;
        if has_more_than_a_base(&url) {
            return Err(EndpointError::Parts(url.host_str().unwrap_or_default().to_owned()));
        }
        let is_loopback = is_loopback(&url.host().ok_or_else(not_a_url)?);
        match url.scheme() {
            "https" => Ok(Self { url, is_loopback }),
            "http" if is_loopback => Ok(Self { url, is_loopback }),
            "http" => Err(EndpointError::PlainHttp(text.to_owned())),
            _ => Err(not_a_url()),
        }
    }

    /// Whether it is on this machine, where no proxy is asked.
    pub(crate) fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// The host as the URL writes it, an IPv6 address in brackets.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The port, where it is not the scheme's own.
    pub(crate) fn port(&self) -> Option<u16> {
        self.url.port()
    }

    /// The base, for the client.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

fn has_more_than_a_base(url: &Url) -> bool {
    url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some()
}

/// Whether a host is this machine by its name or address.
pub(crate) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_https_or_loopback() {
        for (text, base, is_loopback) in [
            (
                "https://testapi.smileidentity.com",
                "https://testapi.smileidentity.com",
                false,
            ),
            (
                "https://testapi.smileidentity.com/",
                "https://testapi.smileidentity.com",
                false,
            ),
            ("https://gateway.example/smile/", "https://gateway.example/smile", false),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", true),
            ("http://localhost:8080/", "http://localhost:8080", true),
            ("http://[::1]:8080", "http://[::1]:8080", true),
            ("http://127.9.9.9:1", "http://127.9.9.9:1", true),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(
                (endpoint.to_string().as_str(), endpoint.is_loopback()),
                (base, is_loopback)
            );
        }
        for text in [
            "http://testapi.smileidentity.com",
            "http://10.0.0.1",
            "http://localhost.example",
            "ftp://127.0.0.1",
            "",
            "testapi.smileidentity.com",
            "https://a.example?x=1",
            "https://a.example#x",
            "https://u:p@a.example",
            "http://0.0.0.0:80",
            "file:///etc/passwd",
        ] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_in_an_endpoint_is_not_shown() {
        let error = Endpoint::parse("https://user:hunter2@a.example")
            .unwrap_err()
            .to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
