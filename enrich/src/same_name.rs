//! When two names are one person's, or one device's, in the words of different sources.

/// Whether two names are one person's: proxies say `CORP\ana` where telemetry says
/// `ana@example.com`.
pub(crate) fn is_one_person(one: &str, other: &str) -> bool {
    fn account(name: &str) -> &str {
        let name = name.rsplit(['\\', '/']).next().unwrap_or_default();
        name.split('@').next().unwrap_or_default()
    }
    if one.contains('@') && other.contains('@') {
        return one.eq_ignore_ascii_case(other);
    }
    account(one).eq_ignore_ascii_case(account(other))
}

/// A host's name in small letters and without its domain, which some say and some do not; an address
/// as it is.
pub(crate) fn host_label(name: &str) -> String {
    let name = name.to_lowercase();
    if name.parse::<std::net::IpAddr>().is_ok() {
        return name;
    }
    let label = name.split('.').next().unwrap_or_default();
    label.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_known_by_account_and_a_device_by_its_label() {
        for (one, other, expected) in [
            ("CORP\\Ana", "ana@example.com", true),
            ("ana@EXAMPLE.COM", "ana@example.com", true),
            ("ana@example.org", "ana@example.com", false),
            ("bob", "ana@example.com", false),
        ] {
            assert_eq!(is_one_person(one, other), expected, "{one} {other}");
        }
        assert_eq!(host_label("FIN-7.corp.example"), host_label("fin-7"));
        assert_ne!(host_label("10.0.0.7"), host_label("10.0.0.8"));
    }
}
