//! The address of a service that is told of start and end of a run. Whoever knows it can use it, so it is a secret: all
//! that is ever shown of it is its host.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// What stands in the address for the event, where that is no further part of its path.
const PLACE: &str = "{event}";

/// The address as it was given.
#[derive(Debug, Clone)]
pub(crate) struct PingUrl {
    text: SecretString,
    host: String,
    is_loopback: bool,
}

/// Why it cannot be used. The text does not show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PingUrlError {
    #[error("the address in --ping-url is no URL with a host")]
    NoUrl,
    #[error("the address in --ping-url has to begin with https://; http:// goes to this machine only")]
    Plain,
}

impl PingUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, PingUrlError> {
        let url = Url::parse(&text.replace(PLACE, "start")).map_err(|_| PingUrlError::NoUrl)?;
        let is_loopback = match url.host().ok_or(PingUrlError::NoUrl)? {
            url::Host::Domain(name) => name == "localhost",
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback => {}
            _ => return Err(PingUrlError::Plain),
        }
        Ok(Self {
            host: url.host_str().unwrap_or_default().to_owned(),
            text: SecretString::from(text),
            is_loopback,
        })
    }

    /// The address for an event: in its place, or else as a further part of the path.
    pub(crate) fn for_event(&self, event: &str) -> Result<Url, PingUrlError> {
        let text = self.text.expose_secret();
        if text.contains(PLACE) {
            return Url::parse(&text.replace(PLACE, event)).map_err(|_| PingUrlError::NoUrl);
        }
        let mut url = Url::parse(text).map_err(|_| PingUrlError::NoUrl)?;
        let path = format!("{}/{event}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(url)
    }

    /// All of it that may be shown.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_is_a_part_of_the_path_or_stands_in_its_place() {
        for (given, wanted) in [
            ("https://hc.example/ping/token", "https://hc.example/ping/token/start"),
            ("https://hc.example/ping/token/", "https://hc.example/ping/token/start"),
            ("https://hc.example/t?create=1", "https://hc.example/t/start?create=1"),
            ("https://hc.example", "https://hc.example/start"),
            ("https://p.example/t?state={event}", "https://p.example/t?state=start"),
            ("https://p.example/{event}/t", "https://p.example/start/t"),
            ("http://127.0.0.1:8000/t", "http://127.0.0.1:8000/t/start"),
        ] {
            let url = PingUrl::parse(given).unwrap();
            assert_eq!(url.for_event("start").unwrap().as_str(), wanted);
        }
    }

    #[test]
    fn what_is_no_address_or_not_safe_is_refused_without_being_shown() {
        for (given, wanted) in [
            ("", PingUrlError::NoUrl),
            ("hc.example/marked", PingUrlError::NoUrl),
            ("data:marked", PingUrlError::NoUrl),
            ("http://hc.example/marked", PingUrlError::Plain),
            ("ftp://hc.example/marked", PingUrlError::Plain),
        ] {
            let error = PingUrl::parse(given).unwrap_err();
            assert_eq!(error, wanted, "{given}");
            assert!(!error.to_string().contains("marked"));
        }
        let shown = format!("{:?}", PingUrl::parse("https://hc.example/marked").unwrap());
        assert!(shown.contains("hc.example") && !shown.contains("marked"), "{shown}");
    }
}
