//! A store of each kind, opened with the clouds' own variables and with our own connections.

use std::str::FromStr;
use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::{ObjectStore, RetryConfig};
use secrecy::ExposeSecret;

use super::connections::Connections;
use super::faults::unusable;
use crate::domain::photo::{Scheme, StoreName};
use crate::photo::{StoreSettings, StoreSetupError};

/// Opens the store; nobody is asked anything yet.
pub(super) fn open(
    name: &StoreName,
    settings: &StoreSettings,
    connections: Connections,
) -> Result<Arc<dyn ObjectStore>, StoreSetupError> {
    let store: object_store::Result<Arc<dyn ObjectStore>> = match name.scheme {
        Scheme::S3 => s3(name, settings, connections),
        Scheme::Gs => gs(name, settings, connections),
        Scheme::Az => az(name, settings, connections),
        Scheme::Http | Scheme::Https => web(name, connections),
    };
    store.map_err(|error| StoreSetupError {
        store: name.to_string(),
        detail: unusable(name, &error),
    })
}

fn s3(
    name: &StoreName,
    settings: &StoreSettings,
    connections: Connections,
) -> object_store::Result<Arc<dyn ObjectStore>> {
    let is_connection = |key: &AmazonS3ConfigKey| matches!(key, AmazonS3ConfigKey::Client(_));
    let builder = values(settings, &["aws_"], is_connection).fold(AmazonS3Builder::new(), |builder, (key, value)| {
        builder.with_config(key, value)
    });
    let builder = builder.with_bucket_name(&name.authority).with_retry(no_retries());
    Ok(Arc::new(builder.with_http_connector(connections).build()?))
}

fn gs(
    name: &StoreName,
    settings: &StoreSettings,
    connections: Connections,
) -> object_store::Result<Arc<dyn ObjectStore>> {
    let is_connection = |key: &GoogleConfigKey| matches!(key, GoogleConfigKey::Client(_));
    let builder = values(settings, &["google_", "service_account"], is_connection)
        .fold(GoogleCloudStorageBuilder::new(), |builder, (key, value)| {
            builder.with_config(key, value)
        });
    let builder = builder.with_bucket_name(&name.authority).with_retry(no_retries());
    Ok(Arc::new(builder.with_http_connector(connections).build()?))
}

fn az(
    name: &StoreName,
    settings: &StoreSettings,
    connections: Connections,
) -> object_store::Result<Arc<dyn ObjectStore>> {
    let is_connection = |key: &AzureConfigKey| matches!(key, AzureConfigKey::Client(_));
    let builder = values(settings, &["azure_", "identity_endpoint"], is_connection)
        .fold(MicrosoftAzureBuilder::new(), |builder, (key, value)| {
            builder.with_config(key, value)
        });
    let builder = builder.with_container_name(&name.authority).with_retry(no_retries());
    Ok(Arc::new(builder.with_http_connector(connections).build()?))
}

fn web(name: &StoreName, connections: Connections) -> object_store::Result<Arc<dyn ObjectStore>> {
    let builder = HttpBuilder::new().with_url(name.to_string()).with_retry(no_retries());
    Ok(Arc::new(builder.with_http_connector(connections).build()?))
}

/// The variables of a cloud that mean anything to its builder. How connections are made is no matter of the environment.
fn values<'a, K: FromStr>(
    settings: &'a StoreSettings,
    beginnings: &'a [&str],
    is_connection: impl Fn(&K) -> bool + 'a,
) -> impl Iterator<Item = (K, &'a str)> {
    let theirs = |name: &str| beginnings.iter().any(|beginning| name.starts_with(beginning));
    let variables = settings.variables.iter().filter(move |(name, _)| theirs(name));
    variables.filter_map(move |(name, value)| {
        let key = name.parse().ok().filter(|key| !is_connection(key))?;
        Some((key, value.expose_secret()))
    })
}

/// Waits and retries are the run's.
fn no_retries() -> RetryConfig {
    RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    }
}
