//! Which files and which findings are sensitive: what must not leave when something untrusted was read.

use magistrate_event::{Event, Field, Value};

/// Families of findings that make what was read sensitive.
const FAMILIES: [&str; 6] = [
    "credential",
    "payment_card",
    "personal.payment_card",
    "personal.national_id",
    "personal.iban",
    "customer_record",
];

/// Ends of paths, lower case.
const ENDS: [&str; 33] = [
    "/.aws/credentials",
    "/.kube/config",
    "/.env",
    "/.netrc",
    "/.git-credentials",
    "/.npmrc",
    "/.pypirc",
    "/.docker/config.json",
    "/.pgpass",
    "/.my.cnf",
    "/.vault-token",
    "/.databrickscfg",
    "/.boto",
    "/.s3cfg",
    "/.config/gh/hosts.yml",
    "/.cargo/credentials.toml",
    "/.terraform.d/credentials.tfrc.json",
    "/.claude/.credentials.json",
    "/application_default_credentials.json",
    "/.azure/accesstokens.json",
    "/.azure/msal_token_cache.json",
    "/login data",
    "/cookies",
    "/logins.json",
    "/key4.db",
    "/wallet.dat",
    "/etc/shadow",
    ".kdbx",
    ".pem",
    ".p12",
    ".pfx",
    ".ppk",
    ".jks",
];

/// Ends of files that show how one with secrets looks, and hold none.
const PATTERNS: [&str; 4] = [".example", ".sample", ".template", ".dist"];

/// Parts of paths and commands, lower case.
const PARTS: [&str; 13] = [
    "/.ssh/id_",
    "/.gnupg/",
    "/.aws/credentials",
    "/.git-credentials",
    "/keychains/",
    "/gcloud/credentials.db",
    "/gcloud/access_tokens.db",
    "/gcloud/legacy_credentials/",
    "/gcloud/application_default_credentials",
    "find-generic-password",
    "gh auth token",
    "print-access-token",
    "get-access-token",
];

/// Whether a file holds secrets by its path.
pub(super) fn is_sensitive_file(path: &str) -> bool {
    let path = path.to_ascii_lowercase().replace('\\', "/");
    let name = path.rsplit('/').next().unwrap_or_default();
    if PATTERNS.iter().any(|end| name.ends_with(end)) {
        return false;
    }
    ENDS.iter().any(|end| path.ends_with(end))
        || PARTS.iter().any(|part| path.contains(part))
        || name.starts_with(".env.")
}

/// Whether a command reads or prints secrets by the words in it.
pub(super) fn is_sensitive_command(command: &str) -> bool {
    let command = command.to_ascii_lowercase();
    let mut words = command.split([' ', '\'', '"', '\t', '\n', ';', '|', '<', '=', '(']);
    PARTS.iter().any(|part| command.contains(part))
        || words.any(|word| {
            let path = format!("/{word}");
            word.len() > 3 && ENDS.iter().any(|end| path.ends_with(end))
        })
}

/// Whether the redactor found something sensitive in the texts of `event`.
pub(super) fn has_sensitive_findings(event: &Event) -> bool {
    [Field::Redacted, Field::ContentFindings]
        .into_iter()
        .filter_map(|field| event.value(field))
        .any(|value| match value {
            Value::List(items) => items
                .iter()
                .filter_map(Value::as_text)
                .any(|kind| is_sensitive(event.resolve(kind))),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Time(_)
            | Value::Text(_)
            | Value::Map(_) => false,
        })
}

fn is_sensitive(kind: &str) -> bool {
    let kind = kind.strip_prefix("content.").unwrap_or(kind);
    FAMILIES.iter().any(|family| {
        kind.strip_prefix(family)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;

    #[test]
    fn files_of_secrets_are_known() {
        for path in [
            "/home/a/.ssh/id_ed25519",
            "C:\\Users\\a\\.aws\\credentials",
            "/srv/app/.env.production",
            "/x/vault.kdbx",
            "/home/a/.config/gcloud/application_default_credentials.json",
            "/Users/a/.config/gcloud/legacy_credentials/a@example.com/adc.json",
            "/Users/a/Library/Application Support/Google/Chrome/Default/Login Data",
            "C:\\Users\\a\\.azure\\msal_token_cache.json",
        ] {
            assert!(is_sensitive_file(path), "{path}");
        }
        for path in [
            "/home/a/report.csv",
            "/home/a/environment.md",
            "/a/.envrc.md",
            "/srv/app/.env.example",
        ] {
            assert!(!is_sensitive_file(path), "{path}");
        }
    }

    #[test]
    fn commands_that_read_secrets_are_known() {
        for command in [
            "cat ~/.ssh/id_rsa",
            "base64 <.env",
            "gh auth token",
            "cat .netrc",
        ] {
            assert!(is_sensitive_command(command), "{command}");
        }
        for command in ["ls -la", "cat report.env.md", "printenv PATH", "env"] {
            assert!(!is_sensitive_command(command), "{command}");
        }
    }

    #[test]
    fn findings_count_by_family() {
        let mut event = Event::new(Class::Span, 1, Timestamp::default());
        let kinds = |event: &mut Event, kind: &str| {
            let kind = Value::Text(event.push_text(kind));
            event.set(Field::Redacted, Value::List(vec![kind]));
        };
        assert!(!has_sensitive_findings(&event));
        kinds(&mut event, "personal.email");
        assert!(!has_sensitive_findings(&event));
        kinds(&mut event, "credential.aws.secret");
        assert!(has_sensitive_findings(&event));
    }
}
