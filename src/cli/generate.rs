//! What the command line of `generate` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct GenerateArguments {
    /// What to print
    #[arg(value_enum)]
    pub(crate) what: Artefact,
    /// Address that clients reach magistrate's OTLP listener at
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4318")]
    pub(crate) endpoint: String,
    /// Address that proxies reach the judge at
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8787")]
    pub(crate) judge: String,
    /// Address that proxies reach the judge's ICAP listener at
    #[arg(long, value_name = "URL", default_value = "icap://127.0.0.1:1344")]
    pub(crate) icap: String,
    /// Script on the client that prints the headers with the bearer token, for claude-settings
    #[arg(long, value_name = "PATH")]
    pub(crate) headers_helper: Option<String>,
    /// The two files of seal-key; neither may exist
    #[arg(value_names = ["PRIVATE", "PUBLIC"], num_args = 2)]
    pub(crate) files: Vec<PathBuf>,
}

/// What `generate` can print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Artefact {
    /// An example configuration with every key and its default
    Config,
    /// What to enter in the Cowork admin settings, field by field
    Cowork,
    /// A managed-settings.json for Claude Code
    ClaudeSettings,
    /// What asks the judge in nginx: `auth_request`
    Nginx,
    /// What asks the judge in Envoy: ext_authz over HTTP
    Envoy,
    /// What asks the judge in Envoy: ext_authz over gRPC
    EnvoyGrpc,
    /// What shows the judge requests and responses in Envoy, bodies included: ext_proc
    EnvoyExtProc,
    /// What asks the judge in Traefik: forward-auth
    Traefik,
    /// What asks the judge in Caddy: forward-auth
    Caddy,
    /// What asks the judge in LiteLLM: its generic guardrail
    Litellm,
    /// What shows the judge requests and responses in Squid, bodies included: ICAP
    #[value(alias = "squid-icap")]
    Squid,
    /// An addon for mitmproxy that asks the judge, bodies included, and logs flows
    Mitmproxy,
    /// A command hook for Claude Code that stops what it cannot ask the judge about
    ClaudeHook,
    /// A key pair for sealed originals, written to the files PRIVATE and PUBLIC
    SealKey,
}
