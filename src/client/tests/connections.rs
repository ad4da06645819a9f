//! Connections: trusted or not, kept, closed meanwhile; and that nothing is ever sent twice.

use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::peer::{Connection, OK, Peer};
use super::*;

/// A server's configuration with a certificate for `name`, and the PEM of the authority behind it.
fn identity(name: &str) -> (Arc<ServerConfig>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap();
    let own = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = certificate
        .signed_by(&own, &Issuer::from_params(&params, &key))
        .unwrap();
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.serialize_der()));
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    (Arc::new(config), authority.pem())
}

/// Shakes hands, and says how that went.
fn shake(config: &Arc<ServerConfig>, mut tcp: TcpStream) -> std::io::Result<StreamOwned<ServerConnection, TcpStream>> {
    let mut tls = ServerConnection::new(Arc::clone(config)).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp)?;
    }
    Ok(StreamOwned::new(tls, tcp))
}

/// What a client that trusts `ca_pem` makes of a server of this identity.
async fn against(config: Arc<ServerConfig>, ca_pem: Option<String>) -> (SendErrorKind, String) {
    let peer = Peer::new(move |incoming| {
        let tls = shake(&config, incoming.next().0);
        // A client that looks at the certificate last takes it back with the first read.
        tls.and_then(|mut tls| std::io::Read::read(&mut tls, &mut [0]))
    });
    let mut settings = settings(&format!("https://{}", peer.address));
    settings.ca_pem = ca_pem.map(String::into_bytes);
    let failed = fails(&settings, 10).await;
    assert!(peer.end().await.is_err());
    failed
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority() {
    let (config, _) = identity("127.0.0.1");
    let (_, other) = identity("127.0.0.1");
    for ca_pem in [None, Some(other)] {
        let (kind, cause) = against(Arc::clone(&config), ca_pem).await;
        assert_eq!(kind, SendErrorKind::Certificate);
        assert!(cause.contains("certificate"), "{cause}");
    }
}

#[tokio::test]
async fn a_certificate_of_another_host() {
    let (config, authority) = identity("api.example");
    let (kind, cause) = against(config, Some(authority)).await;
    assert_eq!(kind, SendErrorKind::Certificate);
    assert!(cause.contains("not valid for name"), "{cause}");
}

#[tokio::test]
async fn a_failed_handshake_is_no_connection() {
    for answer in ["", "HTTP/1.1 400 Bad Request\r\n\r\n"] {
        let peer = Peer::new(move |incoming| {
            let mut connection = incoming.next();
            std::io::Read::read(&mut connection.0, &mut [0; 4096]).unwrap();
            connection.say(answer);
        });
        let (kind, cause) = fails(&settings(&format!("https://{}", peer.address)), 10).await;
        assert_eq!(kind, SendErrorKind::Connect, "{cause}");
        peer.end().await;
    }
}

#[test]
fn roots_that_are_none_are_refused() {
    let mut settings = settings("https://127.0.0.1:1");
    settings.ca_pem = Some(b"-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----\n".to_vec());
    assert!(Client::new(&settings).is_err());
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let peer = Peer::new(|incoming| {
        let mut connection = incoming.next();
        for _ in 0..3 {
            connection.request();
            connection.say(OK);
        }
        incoming.is_another_waiting()
    });
    let client = client(peer.address);
    for _ in 0..3 {
        client.post(payload("u1", 400_000)).await.unwrap();
    }
    assert!(!peer.end().await);
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_left_for_another_one() {
    let (closed, is_closed) = tokio::sync::oneshot::channel();
    let peer = Peer::new(|incoming| {
        let mut users = Vec::new();
        let serve = |mut connection: Connection| {
            let request = connection.request();
            connection.say(OK);
            request.split("\"user_id\":").nth(1).unwrap()[..4].to_owned()
        };
        users.push(serve(incoming.next()));
        closed.send(()).unwrap();
        users.push(serve(incoming.next()));
        users
    });
    let client = client(peer.address);
    client.post(payload("u1", 10)).await.unwrap();
    is_closed.await.unwrap();
    assert_eq!(client.post(payload("u2", 10)).await.unwrap().http_status, 200);
    assert_eq!(peer.end().await, ["\"u1\"", "\"u2\""]);
}

#[tokio::test]
async fn a_request_that_reached_a_connection_is_never_sent_again() {
    // The second request on a kept connection is lost before, amid and after its body.
    for (photo_bytes, left, whole) in [(10, 1, true), (HUGE, 20_000_000, false), (HUGE, 0, true)] {
        let peer = Peer::new(move |incoming| {
            let mut connection = incoming.next();
            connection.request();
            connection.say(OK);
            connection.read_up_to(left);
            drop(connection);
            incoming.is_another_waiting()
        });
        let client = client(peer.address);
        client.post(payload("u1", 10)).await.unwrap();
        let error = client.post(payload("u2", photo_bytes)).await.unwrap_err();
        assert_eq!(error.kind, SendErrorKind::Lost { whole });
        assert!(!peer.end().await);
    }
}
