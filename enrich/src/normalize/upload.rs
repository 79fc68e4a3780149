//! Tells a request that uploads a file: as a form of a browser does, or to a site on which anybody can
//! share files, whatever its path is called.

use magistrate_event::{Action, Occasion};

use super::url::host_and_path;

/// Sites on which anybody can share files. A list of the user's own takes its place in policies.
const SITES: &str = include_str!("../../../policies/lists/file_sharing_domains.txt");
/// Media types of texts that applications send, such as a log-on.
const TEXTS: [&str; 5] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "application/xml",
    "application/graphql",
    "application/javascript",
];

/// Whether a request carries a file as browsers upload one, or sends a site for sharing a body in several
/// parts or one that is no text.
pub(super) fn is_upload(action: &Action, url: Option<&str>) -> bool {
    let sends = |methods: &[&str]| {
        let method = action.destination.method.as_deref().unwrap_or_default();
        methods.iter().any(|one| method.eq_ignore_ascii_case(one))
    };
    let is_form = || action.files.is_form && sends(&["POST", "PUT"]);
    let is_shared = || {
        sends(&["POST", "PUT", "PATCH"])
            && carries_file(action)
            && host_of(action, url).is_some_and(|host| is_site(&host))
    };
    action.occasion == Some(Occasion::Request) && (is_form() || is_shared())
}

fn host_of(action: &Action, url: Option<&str>) -> Option<String> {
    match url {
        Some(url) => host_and_path(url).map(|(host, _)| host),
        None => {
            let url = format!("https://{}/", action.destination.domain.as_deref()?.trim());
            host_and_path(&url).map(|(host, _)| host)
        }
    }
}

fn is_site(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let sites = SITES.lines().map(str::trim);
    let mut sites = sites.filter(|site| !site.is_empty() && !site.starts_with('#'));
    sites.any(|site| {
        let rest = host.strip_suffix(site);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

fn carries_file(action: &Action) -> bool {
    if action.content.bytes.is_some() {
        return true;
    }
    let kind = action.content.media_type.as_deref().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    let is_text = kind.starts_with("text/")
        || TEXTS.contains(&kind.as_str())
        || ["+json", "+xml"].iter().any(|end| kind.ends_with(end));
    !kind.is_empty() && !is_text
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn sent(method: &str, url: &str, kind: &str) -> Action {
        let mut action = Action {
            occasion: Some(Occasion::Request),
            ..Action::default()
        };
        action.destination.method = Some(method.to_owned());
        action.destination.url = Some(url.to_owned());
        action.content.media_type = Some(kind.to_owned());
        action
    }

    fn told(action: &Action) -> bool {
        is_upload(action, action.destination.url.as_deref())
    }

    #[test]
    fn a_file_on_its_way_to_such_a_site_is_an_upload_by_any_path() {
        let site = "https://store1.gofile.io/some/new/path";
        for (method, url, kind, expected) in [
            ("POST", site, "multipart/form-data; boundary=x", true),
            (
                "post",
                "https://GoFile.io./x",
                "application/octet-stream",
                true,
            ),
            ("PUT", site, "image/png", true),
            (
                "PATCH",
                "https://tus.wetransfer.com/",
                "application/offset+octet-stream",
                true,
            ),
            ("GET", site, "application/octet-stream", false),
            ("POST", site, "application/json; charset=utf-8", false),
            ("POST", site, "application/vnd.api+json", false),
            ("POST", site, "text/plain", false),
            ("POST", site, "", false),
            ("POST", "https://notgofile.io/x", "application/zip", false),
            (
                "POST",
                "https://docs.example.com/x",
                "application/zip",
                false,
            ),
        ] {
            assert_eq!(
                told(&sent(method, url, kind)),
                expected,
                "{method} {url} {kind}"
            );
        }
        let mut bare = sent("POST", site, "");
        bare.content.bytes = Some(Bytes::from_static(b"PK\x03\x04\xff"));
        assert!(told(&bare));
        bare.destination.domain = Some("gofile.io:443".to_owned());
        assert!(is_upload(&bare, None));
        bare.occasion = Some(Occasion::Response);
        assert!(!told(&bare));
    }
}
