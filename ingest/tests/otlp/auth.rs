//! Who may send is settled before a byte of the body is read.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Door, JSON, PROTOBUF, Setup, exchange, logs};
use magistrate_event::Identity;
use magistrate_ingest::{Alpn, TlsFiles, Tokens, server_config};
use prost::Message as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

fn tokens() -> Arc<Tokens> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "ana token-of-ana\n").unwrap();
    Arc::new(Tokens::open(file.path()).unwrap())
}

async fn guarded() -> Door {
    Setup {
        tokens: Some(tokens()),
        ..Setup::default()
    }
    .open()
    .await
}

#[tokio::test]
async fn headers_alone_without_a_token_are_answered() {
    let door = guarded().await;
    let head = format!("POST /v1/logs HTTP/1.1\r\nContent-Length: 1000000\r\n{PROTOBUF}");
    let answered = tokio::time::timeout(Duration::from_secs(5), door.send(&head, b"")).await;
    let answer = answered.expect("the door waited for a body");
    assert_eq!(answer.status, 401);
    assert!(answer.head.contains("www-authenticate: bearer"));
    assert_eq!(
        answer.rpc_status().code,
        tonic::Code::Unauthenticated as i32
    );
}

#[tokio::test]
async fn only_a_known_token_comes_in() {
    let door = guarded().await;
    for (header, status) in [
        ("", 401),
        ("Authorization: Bearer token-of-eve\r\n", 401),
        ("Authorization: Basic token-of-ana\r\n", 401),
        ("Authorization: Bearer token-of-ana\r\n", 200),
        ("AUTHORIZATION: bearer token-of-ana\r\n", 200),
    ] {
        let answer = door
            .post("/v1/logs", &format!("{JSON}{header}"), b"{}")
            .await;
        assert_eq!(answer.status, status, "{header}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("token-of"));
    }
    let ana = Identity::Token("ana".to_owned());
    let seen = door.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|raw| raw.origin.identity == ana));
    let failures = r#"magistrate_ingest_auth_failures_total{source="otlp_http"} 3"#;
    assert!(door.metrics().contains(failures));
}

/// A certificate authority, a server's files, and a client's certificate.
struct Made {
    folder: tempfile::TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Made {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let made = Self {
            folder: tempfile::tempdir().unwrap(),
            authority: CertifiedIssuer::self_signed(params, key).unwrap(),
        };
        made.write("ca.crt", &made.authority.pem());
        made
    }

    fn write(&self, name: &str, pem: &str) {
        std::fs::write(self.folder.path().join(name), pem).unwrap();
    }

    /// The certificate and key for a holder of this name.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    async fn door(&self) -> Door {
        let (certificate, key) = self.issue("localhost");
        self.write("server.crt", &certificate);
        self.write("server.key", &key);
        let path = |name| Some(self.folder.path().join(name));
        let files = TlsFiles {
            cert_file: path("server.crt"),
            key_file: path("server.key"),
            client_ca_file: path("ca.crt"),
        };
        Setup {
            tls: Some(server_config(&files, Alpn::Http).unwrap()),
            ..Setup::default()
        }
        .open()
        .await
    }

    fn connector(&self, client: Option<(String, String)>) -> TlsConnector {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder
                    .with_client_auth_cert(vec![certificate], key)
                    .unwrap()
            }
        };
        TlsConnector::from(Arc::new(config))
    }
}

#[tokio::test]
async fn the_holder_of_a_client_certificate_is_known_by_name() {
    let made = Made::new();
    let door = made.door().await;
    let stream = TcpStream::connect(door.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let client = made.connector(Some(made.issue("laptop-of-ana")));
    let mut stream = client.connect(name, stream).await.unwrap();
    let body = logs(&["a"]).encode_to_vec();
    let head = format!(
        "POST /v1/logs HTTP/1.1\r\nContent-Length: {}\r\n{PROTOBUF}",
        body.len()
    );
    assert_eq!(exchange(&mut stream, &head, &body).await.status, 200);
    let identity = &door.seen()[0].origin.identity;
    assert_eq!(*identity, Identity::Certificate("laptop-of-ana".to_owned()));
}

#[tokio::test]
async fn a_stranger_without_a_certificate_of_the_authority_gets_no_answer() {
    let made = Made::new();
    let door = made.door().await;
    let other = Made::new();
    for client in [None, Some(other.issue("laptop-of-eve"))] {
        let stream = TcpStream::connect(door.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let Ok(mut stream) = made.connector(client).connect(name, stream).await else {
            continue;
        };
        let mut byte = [0];
        let read = tokio::io::AsyncReadExt::read(&mut stream, &mut byte).await;
        assert!(read.is_err(), "{read:?}");
    }
    assert!(door.seen().is_empty());
    assert!(
        door.metrics().contains(r#"reason="handshake"} 2"#),
        "{}",
        door.metrics()
    );
}
