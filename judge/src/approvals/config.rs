//! The `[judge.approvals]` section of the configuration.

use serde::Deserialize;

/// How people are asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApprovalsConfig {
    /// Seconds that an action waits for a decision; a denied one stays denied for as long.
    /// Default 3600.
    pub expires_seconds: u64,
    /// Seconds within which an approved action must be done. Default 900.
    pub use_within_seconds: u64,
    /// How many different persons must approve, 1 or 2; a category may set its own. Default 1.
    pub persons: u8,
    /// Whether the same action asked again joins the approval that waits for it, instead of making
    /// one more. Default true.
    pub group_repeats: bool,
    /// Actions that may wait at once; more are blocked. One session may have a part of them only.
    /// Default 2000.
    pub max_open: usize,
    /// Where callers reach this judge, for the address at which an approval's state is read:
    /// `https://judge.example`. Default: the listener's own address.
    pub judge_url: Option<String>,
    /// Where people reach the admin listener, for the address of an approval's page. Default: the
    /// listener's own address.
    pub console_url: Option<String>,
    /// Who else is told of every change.
    pub webhook: Option<WebhookConfig>,
}

/// `[judge.approvals.webhook]`: an address that each change of an approval is posted to, signed as
/// Standard Webhooks describes.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// The address.
    pub url: String,
    /// File with the signing secret: `whsec_` and base64.
    pub secret_file: std::path::PathBuf,
}

impl std::fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address of a chat service is a secret in itself.
        f.debug_struct("WebhookConfig")
            .field("url", &"***")
            .field("secret_file", &self.secret_file)
            .finish()
    }
}

impl Default for ApprovalsConfig {
    fn default() -> Self {
        Self {
            expires_seconds: 3_600,
            use_within_seconds: 900,
            persons: 1,
            group_repeats: true,
            max_open: 2_000,
            judge_url: None,
            console_url: None,
            webhook: None,
        }
    }
}

/// Nobody decides today what was asked a week ago.
const MAX_SECONDS: u64 = 7 * 86_400;

impl ApprovalsConfig {
    /// What is wrong with values that TOML alone cannot tell.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (key, seconds) in [
            ("expires_seconds", self.expires_seconds),
            ("use_within_seconds", self.use_within_seconds),
        ] {
            if !(1..=MAX_SECONDS).contains(&seconds) {
                faults.push(format!(
                    "judge.approvals.{key} is {seconds}: set 1 to {MAX_SECONDS}"
                ));
            }
        }
        if self.max_open == 0 {
            faults.push("judge.approvals.max_open must be above zero".to_owned());
        }
        let urls = [
            ("judge_url", self.judge_url.as_deref()),
            ("console_url", self.console_url.as_deref()),
            (
                "webhook.url",
                self.webhook.as_ref().map(|one| one.url.as_str()),
            ),
        ];
        for (key, url) in urls {
            let is_http = |url: &str| url.starts_with("http://") || url.starts_with("https://");
            if url.is_some_and(|url| !is_http(url)) {
                faults.push(format!(
                    "judge.approvals.{key} is no address: it begins with http:// or https://"
                ));
            }
        }
        faults
    }
}
