//! The connections to stores, and the rule of where they may lead. Redirects are not followed, certificates are always
//! verified, whatever the environment says, and plain HTTP is for this machine and for the addresses at which clouds
//! give their machines credentials.

use std::time::Duration;

use async_trait::async_trait;
use object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::{Certificate, redirect, retry};
use url::{Host, Url};

use super::answers::{self, NoMetadata, PlainHttp};
use crate::domain::{endpoint::is_loopback, photo::StoreName};
use crate::photo::{StoreSettings, StoreSetupError};

const AGENT: &str = concat!("image-enroll/", env!("CARGO_PKG_VERSION"));
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// The same where a cloud gives credentials to its machines: elsewhere nobody answers there.
const CONNECT_METADATA: Duration = Duration::from_secs(2);
/// Longest time in which nothing comes.
const SILENCE: Duration = Duration::from_secs(30);
/// Idle connections are given up before common load balancers close them, at 60 s.
const IDLE: Duration = Duration::from_secs(30);

/// Connections for all stores.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    /// Straight, or through the proxy that the environment names.
    far: reqwest::Client,
    /// To this machine.
    near: reqwest::Client,
    metadata: reqwest::Client,
}

/// Where a request leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Far,
    Near,
    Metadata,
    /// Plain HTTP to another machine.
    Forbidden,
}

impl Connections {
    /// `store` is the one that is named if that fails.
    pub(super) fn new(store: &StoreName, settings: &StoreSettings) -> Result<Self, StoreSetupError> {
        let failed = |_| StoreSetupError {
            store: store.to_string(),
            detail: "TLS cannot be set up; are the certificates of --ca-cert good?".into(),
        };
        let roots = settings.ca_pem.as_deref().unwrap_or_default();
        let roots = Certificate::from_pem_bundle(roots).map_err(failed)?;
        let client = |connect, direct| {
            let mut builder = reqwest::Client::builder()
                .tls_backend_rustls()
                .tls_certs_merge(roots.clone())
                .http1_only()
                .redirect(redirect::Policy::none())
                .referer(false)
                .retry(retry::never())
                .user_agent(AGENT)
                .connect_timeout(connect)
                .read_timeout(SILENCE)
                .pool_idle_timeout(IDLE)
                .tcp_nodelay(true);
            if direct {
                builder = builder.no_proxy();
            }
            builder.build()
        };
        Ok(Self {
            far: client(CONNECT, false).map_err(failed)?,
            near: client(CONNECT, true).map_err(failed)?,
            metadata: client(CONNECT_METADATA, true).map_err(failed)?,
        })
    }
}

impl HttpConnector for Connections {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Connections {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let is_get = request.method().as_str() == "GET";
        match way(&request.uri().to_string()) {
            Way::Far => answers::judge(self.far.call(request).await?, is_get).await,
            Way::Near => answers::judge(self.near.call(request).await?, is_get).await,
            Way::Metadata => {
                let answer = self.metadata.call(request).await;
                answer.map_err(|error| HttpError::new(error.kind(), NoMetadata(error)))
            }
            Way::Forbidden => Err(HttpError::new(HttpErrorKind::Unknown, PlainHttp)),
        }
    }
}

fn way(url: &str) -> Way {
    let Ok(url) = Url::parse(url) else {
        return Way::Forbidden;
    };
    match (url.scheme(), url.host()) {
        (_, Some(host)) if is_metadata(&host) => Way::Metadata,
        (_, Some(host)) if is_loopback(&host) => Way::Near,
        ("https", Some(_)) => Way::Far,
        _ => Way::Forbidden,
    }
}

/// Link-local addresses, the one of Amazon's that is not, and the name of Google's.
fn is_metadata(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "metadata.google.internal",
        Host::Ipv4(address) => address.is_link_local(),
        Host::Ipv6(address) => matches!(address.segments(), [0xfd00, 0xec2, ..] | [0xfe80, ..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_leads_to_this_machine_and_to_a_clouds_credentials_only() {
        for (url, wanted) in [
            ("https://bucket.s3.eu-west-1.amazonaws.com/a.jpg", Way::Far),
            ("http://127.0.0.1:9000/bucket/a.jpg", Way::Near),
            ("https://localhost:9000/bucket/a.jpg", Way::Near),
            ("http://[::1]:9000/bucket/a.jpg", Way::Near),
            ("http://169.254.169.254/latest/api/token", Way::Metadata),
            ("http://169.254.170.2/v2/credentials", Way::Metadata),
            ("http://[fd00:ec2::23]/v1/credentials", Way::Metadata),
            ("http://metadata.google.internal/computeMetadata", Way::Metadata),
            ("http://minio.example/bucket/a.jpg", Way::Forbidden),
            ("http://10.0.0.1/bucket/a.jpg", Way::Forbidden),
            ("ftp://photos.example/a.jpg", Way::Forbidden),
        ] {
            assert_eq!(way(url), wanted, "{url}");
        }
    }
}
