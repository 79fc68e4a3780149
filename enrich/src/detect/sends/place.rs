//! Where addresses lead, and what they carry.

use std::net::IpAddr;

use crate::detect::encoded::encoded;
use crate::normalize::url::host_and_path;

/// A shorter query asks for something, a longer one may carry something.
const MIN_QUERY_BYTES: usize = 20;
/// Schemes of addresses that programs are given.
const SCHEMES: [&str; 4] = ["https://", "http://", "ftp://", "ftps://"];
/// Names that no public resolver knows (RFC 6761, 6762, 8375, 9476).
const OWN_ENDS: [&str; 5] = [".localhost", ".local", ".internal", ".test", ".home.arpa"];

/// The address that a word is.
pub(super) fn address(word: &str) -> Option<&str> {
    let word = word.strip_prefix("--url=").unwrap_or(word);
    let is_of = |scheme: &str| {
        let start = word.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    SCHEMES.iter().any(|scheme| is_of(scheme)).then_some(word)
}

/// The addresses in a text.
pub(super) fn addresses(text: &str) -> impl Iterator<Item = &str> {
    ["https://", "http://"].into_iter().flat_map(move |scheme| {
        text.match_indices(scheme).filter_map(move |(at, _)| {
            let rest = text.get(at..)?;
            rest.split([' ', '"', '\'', ')', ',', '`', '\n']).next()
        })
    })
}

/// The host of an address, as browsers read it; none where it cannot be told.
pub(super) fn host_of(address: &str) -> Option<String> {
    host_and_path(address).map(|(host, _)| host)
}

/// Whether an address carries data: a long query, something that is put in, or something in a code.
pub(super) fn carries(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let start = rest.find(['/', '?']).unwrap_or(rest.len());
    let tail = rest.get(start..).unwrap_or_default();
    let query = tail.split_once('?').map_or("", |(_, query)| query);
    query.len() >= MIN_QUERY_BYTES
        || query.contains('$')
        || tail.contains("$(")
        || tail.contains('`')
        || encoded(tail).next().is_some()
}

/// Whether a host is this machine, or one that only a private network knows: an address of one
/// (RFC 1918, 3927, 4193, 6598), or a name that no public resolver has.
pub(super) fn is_own(host: &str) -> bool {
    let host = host.split('/').next().unwrap_or_default();
    let bare = host.trim_start_matches('[').split(']').next();
    let host = bare.unwrap_or(host).trim_end_matches('.');
    let named = host.rsplit_once(':');
    let named = named.filter(|(name, _)| !name.contains(':'));
    let host = named.map_or(host, |(name, _)| name).to_ascii_lowercase();
    if let Ok(address) = host.parse() {
        return is_private(address);
    }
    host == "localhost" || OWN_ENDS.iter().any(|end| host.ends_with(end))
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            let [first, second, ..] = four.octets();
            four.is_private()
                || four.is_loopback()
                || four.is_link_local()
                || four.is_unspecified()
                || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => is_private(IpAddr::V4(four)),
            None => {
                six.is_loopback()
                    || six.is_unspecified()
                    || six.is_unique_local()
                    || six.is_unicast_link_local()
            }
        },
    }
}
