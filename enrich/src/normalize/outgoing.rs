//! Tells what a request to a well-known service does: sends a message, shares a file, pays.
//!
//! Paths are those that the services document for their APIs; a request that fits none is judged by
//! its method alone.

use super::url::host_and_path;

/// A request's place, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The method.
    pub(super) method: &'a str,
    /// The whole URL.
    pub(super) url: Option<&'a str>,
    /// The host, where there is no URL.
    pub(super) host: Option<&'a str>,
    /// The path, where there is no URL.
    pub(super) path: Option<&'a str>,
}

/// A host and all under it, methods, a path in which `*` stands for anything, and what that does.
struct Row(&'static str, &'static str, &'static str, &'static str);

/// The first row that fits counts.
const ROWS: &[Row] = &[
    // Mail.
    Row("gmail.googleapis.com", "POST", "*/messages/send", "send"),
    Row("gmail.googleapis.com", "POST", "*/drafts/send", "send"),
    Row("gmail.googleapis.com", "POST PUT", "*/settings/*", "admin"),
    Row("graph.microsoft.com", "POST", "*/sendmail", "send"),
    Row("graph.microsoft.com", "POST", "*/messages/*/send", "send"),
    Row("graph.microsoft.com", "POST", "*/messages/*/reply*", "send"),
    Row(
        "graph.microsoft.com",
        "POST",
        "*/messages/*/forward",
        "send",
    ),
    Row("api.sendgrid.com", "POST", "/v3/mail/send", "send"),
    Row("api.mailgun.net", "POST", "*/messages", "send"),
    Row("api.eu.mailgun.net", "POST", "*/messages", "send"),
    Row("api.postmarkapp.com", "POST", "/email*", "send"),
    Row("api.resend.com", "POST", "/emails*", "send"),
    // Chat.
    Row("slack.com", "POST GET", "/api/chat.postmessage", "send"),
    Row("slack.com", "POST GET", "/api/chat.schedulemessage", "send"),
    Row("slack.com", "POST GET", "/api/files.*upload*", "upload"),
    Row(
        "slack.com",
        "POST GET",
        "/api/files.sharedpublicurl",
        "share",
    ),
    Row(
        "slack.com",
        "POST GET",
        "/api/conversations.invite*",
        "share",
    ),
    Row("slack.com", "POST GET", "/api/admin.*", "admin"),
    Row("hooks.slack.com", "POST", "/*", "send"),
    Row("graph.microsoft.com", "POST", "*/chats/*/messages*", "send"),
    Row(
        "graph.microsoft.com",
        "POST",
        "*/channels/*/messages*",
        "send",
    ),
    Row("webhook.office.com", "POST", "/*", "send"),
    Row("chat.googleapis.com", "POST", "*/messages", "send"),
    Row("discord.com", "POST", "/api/*/messages", "send"),
    Row("discord.com", "POST", "/api/webhooks/*", "send"),
    Row("api.telegram.org", "POST GET", "/*/send*", "send"),
    Row("api.twilio.com", "POST", "*/messages.json", "send"),
    Row("graph.facebook.com", "POST", "*/messages", "send"),
    // Files: sharing before sending, since a share is the wider step.
    Row(
        "www.googleapis.com",
        "POST",
        "*/drive/*/files/*/permissions",
        "share",
    ),
    Row(
        "www.googleapis.com",
        "PATCH PUT",
        "*/drive/*/files/*/permissions/*",
        "share",
    ),
    Row(
        "www.googleapis.com",
        "POST PUT PATCH",
        "/upload/*",
        "upload",
    ),
    Row(
        "www.googleapis.com",
        "GET",
        "*/drive/*/files/*/export*",
        "download",
    ),
    Row("graph.microsoft.com", "POST", "*/createlink", "share"),
    Row("graph.microsoft.com", "POST", "*/invite", "share"),
    Row(
        "graph.microsoft.com",
        "POST PATCH",
        "*/permissions*",
        "share",
    ),
    Row("graph.microsoft.com", "PUT", "*/content", "upload"),
    Row(
        "graph.microsoft.com",
        "POST",
        "*/createuploadsession",
        "upload",
    ),
    Row("api.dropboxapi.com", "POST", "/2/sharing/*", "share"),
    Row(
        "content.dropboxapi.com",
        "POST",
        "/2/files/upload*",
        "upload",
    ),
    Row(
        "content.dropboxapi.com",
        "POST",
        "/2/files/download*",
        "download",
    ),
    Row("upload.box.com", "POST", "/*", "upload"),
    Row("api.box.com", "POST PUT", "/2.0/collaborations*", "share"),
    Row("api.box.com", "PUT", "/2.0/files/*shared_link*", "share"),
    Row("wetransfer.com", "POST PUT", "/api/*", "upload"),
    Row("transfer.sh", "PUT POST", "/*", "upload"),
    Row("file.io", "POST", "/*", "upload"),
    Row("pastebin.com", "POST", "/api/*", "share"),
    Row("amazonaws.com", "PUT", "*?*acl*", "share"),
    Row("amazonaws.com", "PUT", "*?*policy*", "admin"),
    Row("iam.amazonaws.com", "POST GET", "*", "admin"),
    Row("amazonaws.com", "PUT", "/*", "upload"),
    Row(
        "storage.googleapis.com",
        "PUT POST PATCH",
        "*/acl*",
        "share",
    ),
    Row(
        "storage.googleapis.com",
        "PUT POST PATCH",
        "*/iam*",
        "share",
    ),
    Row("storage.googleapis.com", "PUT POST", "*", "upload"),
    Row("blob.core.windows.net", "PUT", "*comp=acl*", "share"),
    Row("blob.core.windows.net", "PUT", "*", "upload"),
    // Code.
    Row("api.github.com", "PUT", "/repos/*/collaborators/*", "share"),
    Row("api.github.com", "POST PATCH", "/gists*", "share"),
    Row(
        "api.github.com",
        "POST",
        "/repos/*/releases/*/assets*",
        "upload",
    ),
    Row("uploads.github.com", "POST", "/*", "upload"),
    Row("api.github.com", "DELETE", "/repos/*", "delete"),
    Row("api.github.com", "POST PUT PATCH", "/orgs/*", "admin"),
    Row(
        "api.github.com",
        "PUT PATCH POST",
        "/repos/*/actions/secrets/*",
        "admin",
    ),
    Row("api.github.com", "POST PUT", "/repos/*/keys*", "admin"),
    // Money.
    Row("api.stripe.com", "POST", "/v1/charges*", "purchase"),
    Row("api.stripe.com", "POST", "/v1/payment_intents*", "purchase"),
    Row("api.stripe.com", "POST", "/v1/transfers*", "purchase"),
    Row("api.stripe.com", "POST", "/v1/payouts*", "purchase"),
    Row("api-m.paypal.com", "POST", "*/checkout/orders*", "purchase"),
    Row("api-m.paypal.com", "POST", "*/payouts*", "purchase"),
    Row("api.coinbase.com", "POST", "*/orders*", "purchase"),
    Row("api.coinbase.com", "POST", "*/transactions*", "purchase"),
    // Accounts and rights.
    Row(
        "admin.googleapis.com",
        "POST PUT PATCH DELETE",
        "*",
        "admin",
    ),
    Row(
        "graph.microsoft.com",
        "POST PATCH DELETE",
        "*/users",
        "admin",
    ),
    Row("graph.microsoft.com", "PATCH DELETE", "/*/users/*", "admin"),
    Row(
        "graph.microsoft.com",
        "POST PATCH DELETE",
        "*/rolemanagement/*",
        "admin",
    ),
    Row(
        "graph.microsoft.com",
        "POST PATCH DELETE",
        "*/applications*",
        "admin",
    ),
    Row("okta.com", "POST PUT DELETE", "/api/v1/*", "admin"),
    Row("auth0.com", "POST PATCH DELETE", "/api/v2/*", "admin"),
    Row(
        "api.cloudflare.com",
        "POST PUT PATCH DELETE",
        "/client/v4/*",
        "admin",
    ),
    // Exports.
    Row("salesforce.com", "POST", "*/jobs/query*", "download"),
    Row("force.com", "POST", "*/jobs/query*", "download"),
    Row("api.hubapi.com", "POST", "*/exports*", "download"),
    Row("api.notion.com", "POST", "*/export*", "download"),
];

/// What a request to a well-known service does; none where it is none.
pub(super) fn verb(place: Place<'_>) -> Option<&'static str> {
    let (host, path) = match place.url {
        Some(url) => host_and_path(url)?,
        None => (
            place.host?.to_ascii_lowercase(),
            place.path.unwrap_or("/").to_owned(),
        ),
    };
    let host = host.trim_end_matches('.');
    let path = path.to_ascii_lowercase();
    let fits = |Row(service, methods, pattern, _): &&Row| {
        is_under(host, service)
            && methods
                .split(' ')
                .any(|one| one.eq_ignore_ascii_case(place.method))
            && is_like(&path, pattern)
    };
    ROWS.iter().find(fits).map(|Row(_, _, _, verb)| *verb)
}

fn is_under(host: &str, service: &str) -> bool {
    host.strip_suffix(service)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether `text` is `pattern`, in which `*` stands for any run of characters.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(method: &str, url: &str) -> Option<&'static str> {
        verb(Place {
            method,
            url: Some(url),
            host: None,
            path: None,
        })
    }

    #[test]
    fn requests_to_services_tell_what_they_do() {
        for (method, url, expected) in [
            (
                "POST",
                "https://gmail.googleapis.com/gmail/v1/users/me/messages/send",
                Some("send"),
            ),
            (
                "post",
                "https://graph.microsoft.com/v1.0/me/sendMail",
                Some("send"),
            ),
            ("GET", "https://graph.microsoft.com/v1.0/me/messages", None),
            (
                "POST",
                "https://graph.microsoft.com/v1.0/me/drive/items/1/createLink",
                Some("share"),
            ),
            (
                "POST",
                "https://slack.com/api/chat.postMessage",
                Some("send"),
            ),
            (
                "POST",
                "https://SLACK.com./api/chat.postMessage",
                Some("send"),
            ),
            ("POST", "https://notslack.com/api/chat.postMessage", None),
            ("PUT", "https://b.s3.amazonaws.com/k?acl", Some("share")),
            ("PUT", "https://b.s3.amazonaws.com/k", Some("upload")),
            (
                "POST",
                "https://www.googleapis.com/upload/drive/v3/files?uploadType=media",
                Some("upload"),
            ),
            (
                "POST",
                "https://www.googleapis.com/drive/v3/files/1/permissions",
                Some("share"),
            ),
            (
                "POST",
                "https://api.stripe.com/v1/payment_intents",
                Some("purchase"),
            ),
            ("POST", "https://ours.okta.com/api/v1/users", Some("admin")),
            ("DELETE", "https://api.github.com/repos/a/b", Some("delete")),
            ("POST", "https://example.com/anything", None),
        ] {
            assert_eq!(told(method, url), expected, "{method} {url}");
        }
    }

    #[test]
    fn patterns_are_anchored_at_both_ends() {
        for (text, pattern, expected) in [
            ("/a/b", "/a/b", true),
            ("/a/b/", "/a/b", false),
            ("/x/send", "*/send", true),
            ("/send/x", "*/send", false),
            ("/a/1/b/2", "/a/*/b/*", true),
            ("/a/b", "/a/*/b", false),
            ("", "*", true),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} {pattern}");
        }
    }
}
