//! Ready files for proxies and gateways that ask the judge.

use crate::cli::Artefact;

const NGINX: &str = include_str!("peers/nginx.conf");
const ENVOY: &str = include_str!("peers/envoy.yaml");
const ENVOY_GRPC: &str = include_str!("peers/envoy-grpc.yaml");
const ENVOY_EXT_PROC: &str = include_str!("peers/envoy-ext-proc.yaml");
const TRAEFIK: &str = include_str!("peers/traefik.yaml");
const CADDY: &str = include_str!("peers/Caddyfile");
const LITELLM: &str = include_str!("peers/litellm.yaml");
const SQUID: &str = include_str!("peers/squid.conf");
const CLAUDE_HOOK: &str = include_str!("peers/claude-hook.sh");
/// Complete as it is, with the usual address.
const MITMPROXY: &str = include_str!("../../integrations/mitmproxy/magistrate.py");
const USUAL: &str = "http://127.0.0.1:8787";

/// The file of a peer that reaches the judge at `judge`, or over ICAP at `icap`; `{judge}`, `{host}`,
/// `{port}` and `{icap}` are filled in. Empty for what asks no judge.
pub(super) fn asking(what: Artefact, judge: &str, icap: &str) -> String {
    let template = match what {
        Artefact::Nginx => NGINX,
        Artefact::Envoy => ENVOY,
        Artefact::EnvoyGrpc => ENVOY_GRPC,
        Artefact::EnvoyExtProc => ENVOY_EXT_PROC,
        Artefact::Traefik => TRAEFIK,
        Artefact::Caddy => CADDY,
        Artefact::Litellm => LITELLM,
        Artefact::Squid => SQUID,
        Artefact::ClaudeHook => CLAUDE_HOOK,
        Artefact::Mitmproxy => return MITMPROXY.replace(USUAL, judge.trim_end_matches('/')),
        Artefact::Config | Artefact::Cowork | Artefact::ClaudeSettings | Artefact::SealKey => "",
    };
    let judge = judge.trim_end_matches('/');
    let (host, port) = place(judge);
    template
        .replace("{judge}", judge)
        .replace("{host}", host)
        .replace("{port}", port)
        .replace("{icap}", icap.trim_end_matches('/'))
}

/// Host and port of an address; the host without the brackets of IPv6.
fn place(address: &str) -> (&str, &str) {
    let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
    let authority = rest.split('/').next().unwrap_or_default();
    let default = if scheme == "https" { "443" } else { "80" };
    let (host, port) = match authority.rsplit_once(':') {
        // The colons of an IPv6 address stand inside brackets.
        Some((host, port)) if !port.ends_with(']') => (host, port),
        Some(_) | None => (authority, default),
    };
    (host.trim_matches(['[', ']']), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_told_apart() {
        for (address, expected) in [
            ("http://127.0.0.1:8787", ("127.0.0.1", "8787")),
            ("https://judge.example/x", ("judge.example", "443")),
            ("http://[::1]", ("::1", "80")),
            ("http://[::1]:8787", ("::1", "8787")),
        ] {
            assert_eq!(place(address), expected);
        }
    }

    #[test]
    fn nothing_is_left_open_in_a_file() {
        for what in [
            Artefact::Nginx,
            Artefact::Envoy,
            Artefact::EnvoyGrpc,
            Artefact::EnvoyExtProc,
            Artefact::Traefik,
            Artefact::Caddy,
            Artefact::Litellm,
            Artefact::Squid,
            Artefact::ClaudeHook,
            Artefact::Mitmproxy,
        ] {
            let text = asking(what, "http://10.1.2.3:99/", "icap://10.1.2.3:98/");
            assert!(text.contains("10.1.2.3"), "{what:?}");
            for name in ["{judge}", "{host}", "{port}", "{icap}", USUAL] {
                assert!(!text.contains(name), "{what:?} {name}");
            }
        }
    }
}
