//! The secrets that inference hooks are signed with, from a file that is read again when it changes.

use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use magistrate_judge::{Judge, WebhookKey};

use crate::config::Config;
use crate::keys;

/// Puts the secrets of the file in force, where one is configured.
///
/// # Errors
/// When it cannot be read or holds anything else.
pub(crate) fn load(config: &Config, judge: &Judge) -> anyhow::Result<()> {
    if let Some(file) = &config.judge.inference_hooks.secrets_file {
        judge.signed().set_keys(read(file)?);
    }
    Ok(())
}

/// The file as it was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen(Option<(SystemTime, u64)>);

impl Seen {
    /// The file as it is now.
    pub(super) fn now(config: &Config) -> Self {
        let file = config.judge.inference_hooks.secrets_file.as_ref();
        let metadata = file.and_then(|file| std::fs::metadata(file).ok());
        Self(metadata.and_then(|metadata| Some((metadata.modified().ok()?, metadata.len()))))
    }

    /// Reads the file again where it has changed; what cannot be used leaves the secrets in force.
    pub(super) fn reload(&mut self, config: &Config, judge: &Judge) {
        let now = Self::now(config);
        if now == *self {
            return;
        }
        *self = now;
        match load(config, judge) {
            Ok(()) => tracing::info!("secrets of hooks were read anew"),
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(
                    error,
                    "secrets of hooks cannot be used; those in force stay"
                );
            }
        }
    }
}

/// What is wrong with the file that the configuration names.
pub(crate) fn fault(config: &Config) -> Option<String> {
    let file = config.judge.inference_hooks.secrets_file.as_ref()?;
    let error = read(file).err()?;
    Some(format!("judge.inference_hooks.secrets_file: {error:#}"))
}

fn read(file: &Path) -> anyhow::Result<Vec<WebhookKey>> {
    let name = file.display();
    let bytes = keys::read_file(file).with_context(|| format!("cannot read `{name}`"))?;
    let text = std::str::from_utf8(&bytes).with_context(|| format!("`{name}` is no text"))?;
    let mut secrets = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let secret = WebhookKey::read(line);
        secrets.push(secret.with_context(|| format!("cannot use line {} of `{name}`", at + 1))?);
    }
    if secrets.is_empty() {
        bail!("`{name}` holds no secret");
    }
    Ok(secrets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_secrets_is_read_or_told_without_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets");
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        for (text, expected) in [
            (format!("# old\n{secret}\n\n {secret} \n"), None),
            (String::new(), Some("holds no secret")),
            (format!("{secret}\nwhsec_short"), Some("line 2")),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = read(&file).err().map(|error| format!("{error:#}"));
            assert_eq!(error.is_some(), expected.is_some());
            let error = error.unwrap_or_default();
            assert!(
                error.contains(expected.unwrap_or_default()) && !error.contains("MfKQ"),
                "{error}"
            );
        }
        assert!(read(&folder.path().join("none")).is_err());
    }
}
