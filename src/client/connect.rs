//! How connections are made and kept: everything that the HTTP library is told.

use std::time::Duration;

use reqwest::{Certificate, redirect, retry};

use super::{ClientError, ClientSettings};

pub(super) const AGENT: &str = concat!("image-enroll/", env!("CARGO_PKG_VERSION"));
/// Idle connections are given up before common load balancers close them, at 60 s.
const IDLE: Duration = Duration::from_secs(30);
/// A peer that vanished without a word is noticed by TCP's probes, so far apart.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// The fewest probes, and the most that Linux takes.
const MIN_PROBES: u64 = 3;
const MAX_PROBES: u64 = 127;

/// A pool of connections, straight or through the proxy that the environment names. HTTP/1.1 alone, verified by the
/// platform with the given roots beside its own; one limit for the whole way of a connection, from the name to the end
/// of the TLS handshake. Nothing is repeated or redirected, no cookie is kept and no answer unpacked.
pub(super) fn connections(settings: &ClientSettings) -> Result<reqwest::Client, ClientError> {
    let roots = Certificate::from_pem_bundle(settings.ca_pem.as_deref().unwrap_or_default());
    let mut builder = reqwest::Client::builder()
        .tls_backend_rustls()
        .tls_certs_merge(roots.map_err(ClientError::Roots)?)
        .http1_only()
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .user_agent(AGENT)
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(IDLE)
        .tcp_nodelay(true)
        .tcp_keepalive(KEEPALIVE)
        .tcp_keepalive_interval(KEEPALIVE)
        .tcp_keepalive_retries(probes(settings.timeout));
    // The kernel's limit for data that nobody acknowledges would end a request that stands still before its time.
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    {
        builder = builder.tcp_user_timeout(None);
    }
    if settings.direct {
        builder = builder.no_proxy();
    }
    builder.build().map_err(ClientError::Setup)
}

/// So many probes that, while an answer is awaited, the request's own time limit is over before theirs.
fn probes(timeout: Duration) -> u32 {
    let probes = timeout.as_secs().div_ceil(KEEPALIVE.as_secs());
    probes.clamp(MIN_PROBES, MAX_PROBES) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_outlast_the_time_limit_of_a_request() {
        for seconds in 1..=1900 {
            let timeout = Duration::from_secs(seconds);
            assert!(KEEPALIVE * (probes(timeout) + 1) > timeout, "{seconds}");
        }
        assert_eq!(
            [1, 60, 86_400].map(|seconds| probes(Duration::from_secs(seconds))),
            [3, 4, 127]
        );
    }
}
