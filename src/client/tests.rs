//! The client against a peer on loopback that does what each test tells it.

mod answers;
mod connections;
mod lost;
mod peer;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::{Client, ClientSettings, SendError, SendErrorKind, below};
use crate::domain::{
    created_at::CreatedAt, partner_id::PartnerId, request::Payload, response::Reply, signature::Signer, user_id::UserId,
};

/// A limit that no test reaches.
const NEVER: Duration = Duration::from_secs(60);
/// A limit that a test waits for.
const SOON: Duration = Duration::from_millis(100);
/// A photo so large that its request does not fit into the buffers of the sockets, whatever the kernel makes of them.
const HUGE: usize = 24_000_000;

pub(super) fn payload(user_id: &str, photo_bytes: usize) -> Payload {
    let signer = Signer::new(PartnerId::parse("085").unwrap(), SecretString::from("apiKey"));
    let user_id = UserId::parse(user_id).unwrap();
    let created_at =
        CreatedAt::parse("2021-08-12", DateTime::<Utc>::UNIX_EPOCH + Duration::from_secs(1 << 31)).unwrap();
    Payload::sign(
        &signer,
        Utc::now(),
        &user_id,
        &created_at,
        Bytes::from(vec![7; photo_bytes]).into(),
    )
}

fn settings(endpoint: &str) -> ClientSettings {
    ClientSettings {
        endpoint: endpoint.parse().unwrap(),
        connect_timeout: NEVER,
        timeout: NEVER,
        ca_pem: None,
        direct: true,
    }
}

fn client(address: SocketAddr) -> Client {
    Client::new(&settings(&format!("http://{address}"))).unwrap()
}

/// One request by a client of its own.
async fn post(settings: &ClientSettings, photo_bytes: usize) -> Result<Reply, SendError> {
    let client = Client::new(settings).unwrap();
    client.post(payload("u1", photo_bytes)).await
}

/// The same without an answer: what is made of it, and the line that explains it.
async fn fails(settings: &ClientSettings, photo_bytes: usize) -> (SendErrorKind, String) {
    let error = post(settings, photo_bytes).await.unwrap_err();
    (error.kind, error.cause())
}

#[test]
fn what_a_base_has_of_a_path_stays_before_the_endpoints_own() {
    for (base, url) in [
        ("https://a.example", "https://a.example/v1/backfill_users"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1/backfill_users"),
        ("https://a.example/b/", "https://a.example/b/v1/backfill_users"),
        (
            "https://a.example/b%2Fc d//",
            "https://a.example/b%2Fc%20d/v1/backfill_users",
        ),
    ] {
        assert_eq!(below(&base.parse().unwrap()).as_str(), url);
    }
}
