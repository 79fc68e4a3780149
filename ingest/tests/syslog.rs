//! The syslog door as its peers use it: real sockets, and logger(1).

#[cfg(test)]
mod syslog {
    use std::net::{IpAddr, Ipv4Addr, SocketAddr};
    use std::process::Command;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use magistrate_event::{Identity, Line, Payload, Raw, Receipt, Refusal, Source};
    use magistrate_ingest::syslog::{Config, Metrics, Options, serve_tcp, serve_udp};
    use magistrate_ingest::{Intake, IntakeLimits};
    use prometheus_client::registry::Registry;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream, UdpSocket};
    use tokio::sync::mpsc;
    use tokio_util::sync::CancellationToken;

    /// A running door, and what came through it.
    struct Door {
        tcp: SocketAddr,
        udp: SocketAddr,
        batches: mpsc::UnboundedReceiver<Raw>,
        registry: Registry,
        shutdown: CancellationToken,
        servers: Vec<tokio::task::JoinHandle<std::io::Result<()>>>,
    }

    impl Door {
        async fn open(config: Config) -> Self {
            Self::with(config, None, 0).await
        }

        /// A door whose pipeline refuses the first `refusals` batches.
        async fn with(
            config: Config,
            tls: Option<Arc<rustls::ServerConfig>>,
            refusals: usize,
        ) -> Self {
            let (intake, pipeline) = Intake::new(IntakeLimits::default());
            let (seen, batches) = mpsc::unbounded_channel();
            let left = AtomicUsize::new(refusals);
            std::thread::spawn(move || {
                for envelope in pipeline {
                    let refuse = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                        left.checked_sub(1)
                    });
                    if refuse.is_ok() {
                        let retry_after = Duration::from_secs(1);
                        envelope.reply.send(Err(Refusal::Busy { retry_after }));
                        continue;
                    }
                    drop(seen.send(envelope.raw));
                    envelope.reply.send(Ok(Receipt::default()));
                }
            });
            let mut registry = Registry::default();
            let options = Options {
                intake,
                config,
                metrics: Metrics::register(&mut registry),
                tls,
            };
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let (tcp, udp) = (listener.local_addr().unwrap(), socket.local_addr().unwrap());
            let shutdown = CancellationToken::new();
            let servers = vec![
                tokio::spawn(serve_tcp(listener, options.clone(), shutdown.clone())),
                tokio::spawn(serve_udp(socket, options, shutdown.clone())),
            ];
            Self {
                tcp,
                udp,
                batches,
                registry,
                shutdown,
                servers,
            }
        }

        async fn connect(&self) -> TcpStream {
            TcpStream::connect(self.tcp).await.unwrap()
        }

        /// Waits for `count` messages and returns them with the batch of the last one.
        async fn messages(&mut self, count: usize) -> (Vec<Line>, Raw) {
            let mut found = Vec::new();
            loop {
                let next = tokio::time::timeout(Duration::from_secs(20), self.batches.recv());
                let raw = next.await.unwrap_or_else(|_| {
                    panic!(
                        "only {} of {count} messages came: {}",
                        found.len(),
                        self.metrics()
                    )
                });
                let raw = raw.unwrap();
                let Payload::Syslog(lines) = &raw.payload else {
                    panic!("not syslog");
                };
                found.extend(lines.iter().cloned());
                if found.len() >= count {
                    assert_eq!(found.len(), count);
                    return (found, raw);
                }
            }
        }

        async fn texts(&mut self, count: usize) -> Vec<String> {
            let (lines, _) = self.messages(count).await;
            lines
                .iter()
                .map(|line| String::from_utf8(line.bytes.to_vec()).unwrap())
                .collect()
        }

        fn metrics(&self) -> String {
            let mut text = String::new();
            prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
            text
        }

        /// Waits until a metric shows what is expected.
        async fn wait_for_count(&self, sample: &str) {
            let wait = async {
                while !self.metrics().contains(sample) {
                    tokio::task::yield_now().await;
                }
            };
            if tokio::time::timeout(Duration::from_secs(20), wait)
                .await
                .is_err()
            {
                panic!("no {sample} in {}", self.metrics());
            }
        }

        /// Stops the door and returns everything that came and was not asked for yet.
        async fn close(mut self) -> Vec<Line> {
            self.shutdown.cancel();
            for server in self.servers.drain(..) {
                server.await.unwrap().unwrap();
            }
            let mut rest = Vec::new();
            while let Ok(raw) = self.batches.try_recv() {
                if let Payload::Syslog(lines) = raw.payload {
                    rest.extend(lines);
                }
            }
            rest
        }
    }

    /// Reads until the other side closes.
    async fn wait_for_end(mut stream: impl tokio::io::AsyncRead + Unpin) {
        let mut rest = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest));
        // A reset is an end, too.
        drop(end.await.unwrap());
    }

    #[tokio::test]
    async fn tcp_takes_both_framings_on_one_connection_and_names_the_peer() {
        let mut door = Door::open(Config::default()).await;
        let mut stream = door.connect().await;
        stream
            .write_all(b"<13>one\n7 <13>two\n<13>three\r\n8 <13>four\n")
            .await
            .unwrap();
        assert_eq!(
            door.texts(4).await,
            ["<13>one", "<13>two", "<13>three", "<13>four"]
        );
        stream.write_all(b"9 <13>five\n").await.unwrap();
        let (_, raw) = door.messages(1).await;
        assert_eq!(raw.origin.source, Source::SyslogTcp);
        assert_eq!(raw.origin.peer, Some(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        assert_eq!(raw.origin.identity, Identity::Anonymous);
        door.wait_for_count("magistrate_syslog_messages_total{source=\"syslog_tcp\"} 5")
            .await;
        door.wait_for_count("magistrate_syslog_connections 1").await;
    }

    #[tokio::test]
    async fn an_unfinished_last_line_is_kept_when_the_peer_closes() {
        let mut door = Door::open(Config::default()).await;
        let mut stream = door.connect().await;
        stream.write_all(b"<13>one\n<13>tw").await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(door.texts(2).await, ["<13>one", "<13>tw"]);
        wait_for_end(stream).await;
        door.wait_for_count("magistrate_syslog_connections_closed_total{reason=\"peer\"} 1")
            .await;
    }

    #[tokio::test]
    async fn messages_over_the_limit_are_cut_kept_and_counted_on_both_transports() {
        let config = Config {
            max_message_bytes: 500,
            ..Config::default()
        };
        let mut door = Door::open(config).await;
        let long = format!("<13>{}", "x".repeat(996));
        let mut stream = door.connect().await;
        stream
            .write_all(format!("{long}\n1000 {long}<13>b\n").as_bytes())
            .await
            .unwrap();
        let (lines, _) = door.messages(3).await;
        let sizes: Vec<_> = lines
            .iter()
            .map(|line| (line.bytes.len(), line.cut_from_bytes))
            .collect();
        assert_eq!(sizes, [(500, Some(1000)), (500, Some(1000)), (5, None)]);
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        sender.send_to(long.as_bytes(), door.udp).await.unwrap();
        let (lines, raw) = door.messages(1).await;
        assert_eq!(
            (lines[0].bytes.len(), lines[0].cut_from_bytes),
            (500, Some(1000))
        );
        assert_eq!(raw.origin.source, Source::SyslogUdp);
        door.wait_for_count("magistrate_syslog_truncated_total{source=\"syslog_tcp\"} 2")
            .await;
        door.wait_for_count("magistrate_syslog_truncated_total{source=\"syslog_udp\"} 1")
            .await;
    }

    #[tokio::test]
    async fn a_stream_that_makes_no_sense_is_closed_and_what_came_before_is_kept() {
        let mut door = Door::open(Config::default()).await;
        let mut stream = door.connect().await;
        stream.write_all(b"7 <13>oneXYZ").await.unwrap();
        assert_eq!(door.texts(1).await, ["<13>one"]);
        wait_for_end(stream).await;
        door.wait_for_count("connections_closed_total{reason=\"lost_count\"} 1")
            .await;
    }

    #[tokio::test]
    async fn connections_are_bounded() {
        let config = Config {
            max_connections_per_peer: 1,
            ..Config::default()
        };
        let mut door = Door::open(config).await;
        let mut first = door.connect().await;
        first.write_all(b"<13>one\n").await.unwrap();
        assert_eq!(door.texts(1).await, ["<13>one"]);
        wait_for_end(door.connect().await).await;
        door.wait_for_count("connections_refused_total{reason=\"connections_per_peer\"} 1")
            .await;
    }

    #[tokio::test]
    async fn a_silent_connection_is_closed() {
        let config = Config {
            idle_timeout: Duration::from_millis(50),
            ..Config::default()
        };
        let mut door = Door::open(config).await;
        let mut stream = door.connect().await;
        stream.write_all(b"<13>unfinished").await.unwrap();
        assert_eq!(door.texts(1).await, ["<13>unfinished"]);
        wait_for_end(stream).await;
        door.wait_for_count("connections_closed_total{reason=\"idle\"} 1")
            .await;
    }

    #[tokio::test]
    async fn tcp_waits_for_a_busy_intake_and_loses_nothing() {
        const COUNT: usize = 5_000;
        let mut door = Door::with(Config::default(), None, 4).await;
        let mut stream = door.connect().await;
        let sent: Vec<String> = (0..COUNT)
            .map(|number| format!("<13>message {number}"))
            .collect();
        let bytes = sent.join("\n");
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(door.texts(COUNT).await, sent);
        door.wait_for_count("waits_total{source=\"syslog_tcp\",reason=\"busy\"} 4")
            .await;
    }

    #[tokio::test]
    async fn udp_drops_what_a_busy_intake_refuses_and_counts_it() {
        let mut door = Door::with(Config::default(), None, 1).await;
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        sender.send_to(b"<13>lost", door.udp).await.unwrap();
        door.wait_for_count("magistrate_syslog_udp_dropped_total{reason=\"busy\"} 1")
            .await;
        sender.send_to(b"<13>taken\n\0", door.udp).await.unwrap();
        sender.send_to(b"\n", door.udp).await.unwrap();
        sender.send_to(b"<13>two\nlines", door.udp).await.unwrap();
        assert_eq!(door.texts(2).await, ["<13>taken", "<13>two\nlines"]);
    }

    #[tokio::test]
    async fn a_shutdown_takes_what_the_kernel_holds() {
        let mut door = Door::open(Config::default()).await;
        let mut stream = door.connect().await;
        stream.write_all(b"<13>first\n").await.unwrap();
        assert_eq!(door.texts(1).await, ["<13>first"]);
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        sender.send_to(b"<13>datagram", door.udp).await.unwrap();
        stream
            .write_all(b"<13>second\n<13>unfinished")
            .await
            .unwrap();
        let rest = door.close().await;
        let mut texts: Vec<_> = rest.iter().map(|line| line.bytes.as_ref()).collect();
        texts.sort_unstable();
        let expected: [&[u8]; 3] = [b"<13>datagram", b"<13>second", b"<13>unfinished"];
        assert_eq!(texts, expected);
        wait_for_end(stream).await;
    }

    /// Runs logger(1), which every Debian has in bsdutils.
    async fn logger(arguments: Vec<String>) {
        let run = tokio::task::spawn_blocking(move || {
            let output = Command::new("logger").args(&arguments).output();
            let output = output.expect("logger(1) of bsdutils must be installed");
            assert!(output.status.success(), "logger {arguments:?}: {output:?}");
        });
        run.await.unwrap();
    }

    #[tokio::test]
    async fn logger_is_understood_over_every_transport_and_framing() {
        let mut door = Door::open(Config::default()).await;
        let formats = ["--rfc5424", "--rfc3164"];
        let transports: [(&[&str], u16); 3] = [
            (&["-d"], door.udp.port()),
            (&["-T"], door.tcp.port()),
            (&["-T", "--octet-count"], door.tcp.port()),
        ];
        for format in formats {
            for (transport, port) in transports {
                let port = port.to_string();
                let mut arguments = vec!["-n", "127.0.0.1", "-P", &port, format];
                arguments.extend(transport);
                arguments.extend(["-p", "local0.err", "-t", "probe", "--", "Grüße an alle"]);
                let case = arguments.join(" ");
                logger(arguments.into_iter().map(str::to_owned).collect()).await;
                let texts = door.texts(1).await;
                assert!(texts[0].starts_with("<131>"), "{case}: {texts:?}");
                assert!(texts[0].ends_with("Grüße an alle"), "{case}: {texts:?}");
                let is_5424 = texts[0].starts_with("<131>1 ");
                assert_eq!(is_5424, format == "--rfc5424", "{case}: {texts:?}");
            }
        }
    }

    /// Two sides that trust one authority; the client is called relay1.example.com.
    fn tls() -> (Arc<rustls::ServerConfig>, Arc<rustls::ClientConfig>) {
        let authority_key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = parameters.self_signed(&authority_key).unwrap();
        let issuer = rcgen::Issuer::from_params(&parameters, &authority_key);
        let issue = |name: &str| {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
            let common_name = rcgen::DnType::CommonName;
            parameters.distinguished_name.push(common_name, name);
            let certificate = parameters.signed_by(&key, &issuer).unwrap();
            let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
            (vec![certificate.der().clone()], key)
        };
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority.der().clone()).unwrap();
        let roots = Arc::new(roots);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let demand = rustls::server::WebPkiClientVerifier::builder_with_provider(
            Arc::clone(&roots),
            Arc::clone(&provider),
        );
        let (chain, key) = issue("localhost");
        let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(demand.build().unwrap())
            .with_single_cert(chain, key)
            .unwrap();
        let (chain, key) = issue("relay1.example.com");
        let client = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .unwrap();
        (Arc::new(server), Arc::new(client))
    }

    #[tokio::test]
    async fn tls_carries_messages_and_the_certificate_names_the_sender() {
        let (server, client) = tls();
        let mut door = Door::with(Config::default(), Some(server), 0).await;
        let connector = tokio_rustls::TlsConnector::from(client);
        let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(name, door.connect().await).await.unwrap();
        stream.write_all(b"7 <13>one").await.unwrap();
        let (lines, raw) = door.messages(1).await;
        assert_eq!(lines[0].bytes.as_ref(), b"<13>one");
        assert_eq!(
            raw.origin.identity,
            Identity::Certificate("relay1.example.com".to_owned())
        );

        let mut plain = door.connect().await;
        plain.write_all(b"<13>in the clear\n").await.unwrap();
        wait_for_end(plain).await;
        door.wait_for_count("connections_closed_total{reason=\"handshake\"} 1")
            .await;
    }
}
