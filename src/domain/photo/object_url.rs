//! Where an object lies: the store, and the key in it. A URL is taken apart here once and never handed on as a text, so
//! that no two readings of it can differ.

use std::fmt;

use percent_encoding::percent_decode_str;
use strum::{Display, EnumString};
use url::Url;

use crate::domain::endpoint::is_loopback;

/// How a store is spoken to, by the first word of its URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumString)]
#[strum(serialize_all = "snake_case", ascii_case_insensitive)]
pub(crate) enum Scheme {
    S3,
    /// Google Cloud Storage.
    Gs,
    /// Azure Blob Storage.
    Az,
    Https,
    /// For loopback alone.
    Http,
}

/// A bucket, a container or a web server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StoreName {
    pub(crate) scheme: Scheme,
    /// The name of a bucket or container; of a web server the host, and its port where that is unusual.
    pub(crate) authority: String,
}

/// An object, or what a root puts in front of the keys of many. Two ways to write one are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ObjectUrl {
    pub(crate) store: StoreName,
    /// Segments with a slash between each two; without percent-encoding; empty where a root is a whole store.
    pub(crate) key: String,
}

/// Why a text is no URL of an object. None repeats the text: it may hold a password or a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ObjectUrlError {
    #[error("a file is named by its path alone, without file://")]
    File,
    #[error("photos are read from paths and from s3://, gs://, az:// and https:// URLs")]
    Scheme,
    #[error("a name or a password must not stand in a URL; credentials come from the environment")]
    Credentials,
    #[error("a query (?…) or a fragment (#…) must not stand in the URL of a photo")]
    Query,
    #[error("the URL names no bucket, container or host that there can be")]
    Authority,
    #[error("plain http:// is for this machine alone; use https://")]
    Plain,
    #[error(
        "the path of a URL must not be empty, nor hold . or .. or nothing between two slashes, nor control characters"
    )]
    Key,
}

/// Whether a text is meant as a URL.
pub(crate) fn is_url(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    })
}

impl ObjectUrl {
    /// The URL of one object.
    pub(crate) fn parse(text: &str) -> Result<Self, ObjectUrlError> {
        let url = Self::split(text)?;
        (!url.key.is_empty()).then_some(url).ok_or(ObjectUrlError::Key)
    }

    /// The URL of a whole store, or of a part of it; a slash at the end changes nothing.
    pub(crate) fn parse_root(text: &str) -> Result<Self, ObjectUrlError> {
        Self::split(text.strip_suffix('/').unwrap_or(text))
    }

    fn split(text: &str) -> Result<Self, ObjectUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(ObjectUrlError::Scheme)?;
        if scheme.eq_ignore_ascii_case("file") {
            return Err(ObjectUrlError::File);
        }
        let scheme: Scheme = scheme.parse().map_err(|_| ObjectUrlError::Scheme)?;
        if rest.contains(['?', '#']) {
            return Err(ObjectUrlError::Query);
        }
        let (authority, key) = rest.split_once('/').unwrap_or((rest, ""));
        let store = StoreName {
            scheme,
            authority: read_authority(scheme, authority)?,
        };
        let key = if scheme.is_web() { decode(key)? } else { key.to_owned() };
        if !key.is_empty() {
            check_key(&key)?;
        }
        Ok(Self { store, key })
    }

    /// The object with this name below a root. A name is not percent-encoded.
    pub(crate) fn join(&self, name: &str) -> Result<Self, ObjectUrlError> {
        check_key(name)?;
        let key = match self.key.as_str() {
            "" => name.to_owned(),
            root => format!("{root}/{name}"),
        };
        Ok(Self {
            store: self.store.clone(),
            key,
        })
    }

    /// Whether it lies below this root, by whole segments.
    pub(crate) fn is_below(&self, root: &Self) -> bool {
        let rest = self.key.strip_prefix(root.key.as_str());
        let is_below = rest.is_some_and(|rest| root.key.is_empty() || rest.is_empty() || rest.starts_with('/'));
        self.store == root.store && is_below
    }
}

impl Scheme {
    /// Whether URLs of it are those of the web, percent-encoded.
    pub(crate) fn is_web(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }
}

fn read_authority(scheme: Scheme, authority: &str) -> Result<String, ObjectUrlError> {
    if authority.contains('@') {
        return Err(ObjectUrlError::Credentials);
    }
    if scheme.is_web() {
        return read_host(scheme, authority);
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_good = authority.len() >= 3 && authority.bytes().all(is_name) && !authority.starts_with('.');
    is_good.then(|| authority.to_owned()).ok_or(ObjectUrlError::Authority)
}

fn read_host(scheme: Scheme, authority: &str) -> Result<String, ObjectUrlError> {
    let url = Url::parse(&format!("{scheme}://{authority}/")).map_err(|_| ObjectUrlError::Authority)?;
    let host = url.host().ok_or(ObjectUrlError::Authority)?;
    if scheme == Scheme::Http && !is_loopback(&host) {
        return Err(ObjectUrlError::Plain);
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{host}{port}"))
}

/// An encoded slash would be a slash for some servers and a letter for others, so there is none.
fn decode(key: &str) -> Result<String, ObjectUrlError> {
    let slashes = key.matches('/').count();
    let decoded = percent_decode_str(key).decode_utf8().map_err(|_| ObjectUrlError::Key)?;
    let is_clear = decoded.matches('/').count() == slashes && !decoded.contains('\\');
    is_clear.then(|| decoded.into_owned()).ok_or(ObjectUrlError::Key)
}

/// Dots are looked for behind a percent-encoding, too: whoever decodes the key once more must not leave the root by it.
fn check_key(key: &str) -> Result<(), ObjectUrlError> {
    let is_dots = |segment: &str| {
        let decoded = percent_decode_str(segment).decode_utf8_lossy();
        matches!(decoded.as_ref(), "" | "." | "..")
    };
    let is_bad = key.contains(char::is_control) || key.split('/').any(is_dots);
    if is_bad { Err(ObjectUrlError::Key) } else { Ok(()) }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl fmt::Display for ObjectUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.store, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, ObjectUrlError> {
        ObjectUrl::parse(text).map(|url| url.to_string())
    }

    #[test]
    fn one_object_has_one_url_however_it_is_written() {
        for (text, url) in [
            ("s3://bucket/a/b c.jpg", "s3://bucket/a/b c.jpg"),
            ("S3://bucket/a%20b.jpg", "s3://bucket/a%20b.jpg"),
            ("gs://bucket/a.jpg", "gs://bucket/a.jpg"),
            ("az://container/a.jpg", "az://container/a.jpg"),
            ("HTTPS://Photos.Example:443/a%20b.jpg", "https://photos.example/a b.jpg"),
            (
                "https://photos.example:8443/%61.jpg",
                "https://photos.example:8443/a.jpg",
            ),
            ("http://127.0.0.1:9000/a.jpg", "http://127.0.0.1:9000/a.jpg"),
            ("http://[::1]/a.jpg", "http://[::1]/a.jpg"),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(url), "{text}");
        }
    }

    #[test]
    fn what_leads_elsewhere_is_no_url_of_a_photo() {
        use ObjectUrlError::{Authority, Credentials, File, Key, Plain, Query, Scheme};
        for (text, error) in [
            ("file:///etc/passwd", File),
            ("ftp://host/a.jpg", Scheme),
            ("a.jpg", Scheme),
            ("https://user:secret@host/a.jpg", Credentials),
            ("s3://key:secret@bucket/a.jpg", Credentials),
            ("https://host/a.jpg?X-Amz-Signature=1", Query),
            ("s3://bucket/a.jpg#top", Query),
            ("s3:///a.jpg", Authority),
            ("s3://b%75cket/a.jpg", Authority),
            ("https:///a.jpg", Authority),
            ("http://photos.example/a.jpg", Plain),
            ("http://127.0.0.1.nip.io/a.jpg", Plain),
            ("http://169.254.169.254/latest", Plain),
            ("s3://bucket", Key),
            ("s3://bucket/", Key),
            ("s3://bucket/a//b.jpg", Key),
            ("s3://bucket//a.jpg", Key),
            ("s3://bucket/a/", Key),
            ("s3://bucket/a/../b.jpg", Key),
            ("s3://bucket/a/./b.jpg", Key),
            ("s3://bucket/a/%2e%2e/b.jpg", Key),
            ("s3://bucket/a/.%2E/b.jpg", Key),
            ("https://host/a/%2e%2E/b.jpg", Key),
            ("https://host/a%2f..%2fb.jpg", Key),
            ("https://host/a%252e/%252e%252e/b.jpg", Key),
            ("https://host/a\\..\\b.jpg", Key),
            ("https://host/a%5cb.jpg", Key),
            ("https://host/%ff.jpg", Key),
            ("s3://bucket/a\nb.jpg", Key),
            ("https://host/a%00b.jpg", Key),
        ] {
            assert_eq!(parsed(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_root_is_left_by_whole_segments_only() {
        let root = |text: &str| ObjectUrl::parse_root(text).unwrap();
        let is_below = |text: &str, of: &str| ObjectUrl::parse(text).unwrap().is_below(&root(of));
        for of in [
            "s3://bucket",
            "s3://bucket/",
            "s3://bucket/photos",
            "s3://bucket/photos/",
        ] {
            assert!(is_below("s3://bucket/photos/a.jpg", of), "{of}");
        }
        for text in [
            "s3://bucket/photos2/a.jpg",
            "s3://bucket/a.jpg",
            "s3://bucket2/photos/a.jpg",
            "gs://bucket/photos/a.jpg",
        ] {
            assert!(!is_below(text, "s3://bucket/photos"), "{text}");
        }
        assert!(!is_below("https://host:8443/a.jpg", "https://host"));
        assert_eq!(
            root("s3://bucket/photos/").join("a b%20.jpg").unwrap().to_string(),
            "s3://bucket/photos/a b%20.jpg"
        );
        assert_eq!(root("s3://bucket").join("a/../../b"), Err(ObjectUrlError::Key));
    }

    #[test]
    fn a_path_is_no_url() {
        for path in [
            "a.jpg",
            "C:\\a.jpg",
            "C:/a.jpg",
            "/a//b.jpg",
            "://a",
            "1s://a",
            "a b://c",
        ] {
            assert!(!is_url(path), "{path}");
        }
        assert!(is_url("s3://bucket/a.jpg") && is_url("file:///a"));
    }
}
