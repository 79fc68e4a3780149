//! Knows the names of inner networks: private top-level domains, the user's own internal domains,
//! and private addresses in URLs.

use std::net::Ipv4Addr;

use magistrate_event::Span;

use crate::redact::ascii::{byte, byte_before, is_at, skip, skip_back};
use crate::redact::prefilter::Case;

/// Suffixes that the public name system does not know (RFC 6762, RFC 8375, ICANN's reservation of
/// `.internal`), and those of Kubernetes' services.
const SUFFIXES: [&str; 6] = [
    ".internal",
    ".local",
    ".corp",
    ".lan",
    ".home.arpa",
    ".svc.cluster.local",
];

/// How a URL begins that leads to a private address (RFC 1918).
const ADDRESSES: [&str; 3] = ["://10.", "://172.", "://192.168."];

/// RFC 1035 section 2.3.4.
const MAX_HOST_LEN: usize = 255;

/// The names of inner networks.
#[derive(Debug, Default)]
pub(crate) struct InternalDomains {
    literals: Vec<(Vec<u8>, Known)>,
}

/// What a literal stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// A private top-level domain, which may also be the last part of a file's or property's name.
    Suffix,
    /// A domain that is nothing else.
    Domain,
    /// The beginning of a URL.
    Address,
}

impl InternalDomains {
    /// The built-in names and `domains`, the user's.
    pub(crate) fn new(domains: &[String]) -> Self {
        let suffixes = SUFFIXES.iter().map(|suffix| {
            let known = match suffix.matches('.').count() {
                1 => Known::Suffix,
                _ => Known::Domain,
            };
            (suffix.as_bytes().to_vec(), known)
        });
        let addresses = ADDRESSES
            .iter()
            .map(|start| (start.as_bytes().to_vec(), Known::Address));
        let own = domains.iter().map(|domain| {
            let domain = domain.trim_start_matches('.').to_ascii_lowercase();
            (domain.into_bytes(), Known::Domain)
        });
        Self {
            literals: suffixes.chain(addresses).chain(own).collect(),
        }
    }

    /// What the prefilter shall look for.
    pub(crate) fn literals(&self) -> impl Iterator<Item = (&[u8], Case)> {
        self.literals
            .iter()
            .map(|(text, _)| (text.as_slice(), Case::Ignored))
    }

    /// The host around the literal with this number, which stands from `start` up to `end`.
    pub(crate) fn host(
        &self,
        text: &[u8],
        literal: usize,
        start: usize,
        end: usize,
    ) -> Option<Span> {
        let (_, known) = self.literals.get(literal)?;
        match known {
            Known::Address => private_address(text, start + "://".len()),
            Known::Suffix | Known::Domain => named_host(text, *known, start, end),
        }
    }
}

fn named_host(text: &[u8], known: Known, start: usize, end: usize) -> Option<Span> {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let from = skip_back(text, start, MAX_HOST_LEN, part);
    let goes_on = match byte(text, end) {
        b'.' | b'-' => part(byte(text, end + 1)),
        after => part(after) || matches!(after, b'(' | b'='),
    };
    let is_whole =
        byte(text, start) == b'.' || matches!(byte_before(text, start), b'.') || from == start;
    if goes_on || !is_whole {
        return None;
    }
    let before = text.get(from..start)?;
    let has_port = byte(text, end) == b':' && byte(text, end + 1).is_ascii_digit();
    let is_address = byte_before(text, from) == b'@'
        || from >= 3 && is_at(text, from - 3, b"://")
        || has_port
        || before.contains(&b'.');
    // `.env.local` is a file.
    let is_named = byte(text, from) != b'.';
    let is_host = is_named && (known == Known::Domain || is_address);
    is_host.then(|| Span::new(from, end).ok())?
}

fn private_address(text: &[u8], start: usize) -> Option<Span> {
    let end = skip(text, start, 15, |byte| {
        byte.is_ascii_digit() || byte == b'.'
    });
    let address = std::str::from_utf8(text.get(start..end)?).ok()?;
    let address: Ipv4Addr = address.parse().ok()?;
    let is_host = address.is_private() && !byte(text, end).is_ascii_alphanumeric();
    is_host.then(|| Span::new(start, end).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::prefilter::{Literal, Prefilter};

    fn hosts(text: &str) -> Vec<String> {
        let domains = InternalDomains::new(&["corp.example".to_owned()]);
        let literals = domains
            .literals()
            .enumerate()
            .map(|(rule, (text, case))| Literal {
                text: text.to_vec(),
                case,
                rule,
            });
        let mut found = Vec::new();
        Prefilter::new(literals.collect()).each_hit(text.as_bytes(), |hit| {
            let span = domains.host(text.as_bytes(), hit.rule, hit.start, hit.end);
            found.extend(span.map(|span| text.get(span.start()..span.end()).unwrap().to_owned()));
            0
        });
        found.dedup();
        found
    }

    #[test]
    fn inner_hosts_are_noted() {
        for (text, wanted) in [
            ("curl http://wiki.corp/x", "wiki.corp"),
            ("https://API.Team.Internal:8443", "API.Team.Internal"),
            ("psql -h db.eu.internal -U x", "db.eu.internal"),
            ("ana@mail.lan", "mail.lan"),
            ("printer.local:631", "printer.local"),
            ("nas.home.arpa", "nas.home.arpa"),
            (
                "http://web.shop.svc.cluster.local/",
                "web.shop.svc.cluster.local",
            ),
            ("wiki.corp.example.", "wiki.corp.example"),
            ("corp.example", "corp.example"),
            ("http://10.1.2.3/x", "10.1.2.3"),
            ("http://192.168.0.1:80", "192.168.0.1"),
            ("http://172.16.0.1", "172.16.0.1"),
        ] {
            assert_eq!(hosts(text), [wanted], "{text}");
        }
    }

    #[test]
    fn other_names_are_not() {
        for text in [
            "threading.local()",
            "settings.local",
            ".env.local",
            "x.locale",
            "x.local.json",
            "self.lan = 1",
            "mycorp.example",
            "corp.example.com",
            "http://172.32.0.1",
            "http://10.example.com",
            "http://203.0.113.9",
            "10.1.2.3",
            ".internal",
            ".local",
        ] {
            assert_eq!(hosts(text), [""; 0], "{text}");
        }
    }
}
