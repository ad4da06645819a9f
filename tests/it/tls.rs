//! Certificates are always verified (contract, sections 6 and 11).

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::harness::{Run, Server};

/// An authority that nobody knows, and a server with a certificate of it for this name.
fn server(name: &str) -> (Server, String) {
    let (config, authority) = identity(name);
    (Server::tls(config), authority)
}

/// What such a server is made of.
pub(crate) fn identity(name: &str) -> (ServerConfig, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::from_params(&params, &key);
    let own = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()])
        .unwrap()
        .signed_by(&own, &issuer)
        .unwrap();
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    (config, authority.pem())
}

#[test]
fn an_authority_that_is_named_is_trusted() {
    let (server, authority) = server("127.0.0.1");
    let run = Run::new(&server)
        .rows(5)
        .file("ca.pem", authority.as_bytes())
        .set("--ca-cert", "ca.pem");
    run.go().code(0).all("enrolled");
    assert_eq!(server.held().len(), 5);
}

#[test]
fn an_untrusted_certificate_stops_the_run_before_any_request() {
    let (server, _) = server("127.0.0.1");
    let (_, other) = self::server("127.0.0.1");
    for ca in [None, Some(other)] {
        let mut run = Run::new(&server).rows(50);
        if let Some(pem) = ca {
            run = run.file("ca.pem", pem.as_bytes()).set("--ca-cert", "ca.pem");
        }
        run.go()
            .code(6)
            .summary("/stopped_by", "certificate_refused")
            .summary("/counts/pending", 50)
            .says(&["certificate", "--ca-cert"]);
    }
    assert_eq!((server.count(), server.connections()), (0, 2));
}

#[test]
fn a_certificate_of_another_host_stops_the_run_before_any_request() {
    let (server, authority) = server("api.example");
    let run = Run::new(&server)
        .rows(50)
        .file("ca.pem", authority.as_bytes())
        .set("--ca-cert", "ca.pem");
    run.go()
        .code(6)
        .summary("/stopped_by", "certificate_refused")
        .summary("/counts/pending", 50);
    assert_eq!(server.count(), 0);
}

#[test]
fn there_is_no_switch_against_verification() {
    let (server, _) = server("127.0.0.1");
    for flag in ["-k", "--insecure", "--no-verify", "--danger-accept-invalid-certs"] {
        let run = Run::new(&server).rows(1);
        run.go_with(&[flag]).code(2).left_nothing();
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_file_without_certificates_is_an_error() {
    let (server, _) = server("127.0.0.1");
    let run = Run::new(&server).rows(1).set("--ca-cert", "none.pem");
    run.go().code(2).says(&["none.pem"]).left_nothing();
    let run = Run::new(&server)
        .rows(1)
        .file("text.pem", b"no certificate")
        .set("--ca-cert", "text.pem");
    run.go().code(2).left_nothing();
    assert_eq!(server.connections(), 0);
}
