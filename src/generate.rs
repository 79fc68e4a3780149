//! `magistrate generate`: ready files for magistrate itself and for the clients that export to it.

mod peers;
mod seal_key;

use std::io::Write as _;

use serde_json::{Map, Value};

use crate::cli::{Artefact, GenerateArguments};
use crate::exit::{Failure, Outcome};

/// Every key with its default; a test reads it back.
const CONFIG: &str = include_str!("generate/config.toml");
/// What to enter where; `{endpoint}` and `{host}` are filled in.
const COWORK: &str = include_str!("generate/cowork.txt");

/// Prints the artefact.
pub(crate) fn command(arguments: &GenerateArguments) -> Outcome {
    check_address("endpoint", &arguments.endpoint, ["http://", "https://"])?;
    check_address("judge", &arguments.judge, ["http://", "https://"])?;
    check_address("icap", &arguments.icap, ["icap://", "icaps://"])?;
    if arguments.what != Artefact::SealKey && !arguments.files.is_empty() {
        let message = "only `generate seal-key` takes files; the others print";
        return Err(Failure::Usage(message.to_owned()));
    }
    let text = match arguments.what {
        Artefact::Config => CONFIG.to_owned(),
        Artefact::Cowork => cowork(arguments),
        Artefact::ClaudeSettings => claude_settings(arguments)?,
        Artefact::Nginx
        | Artefact::Envoy
        | Artefact::EnvoyGrpc
        | Artefact::EnvoyExtProc
        | Artefact::Traefik
        | Artefact::Caddy
        | Artefact::Litellm
        | Artefact::Mitmproxy
        | Artefact::Squid
        | Artefact::ClaudeHook => peers::asking(arguments.what, &arguments.judge, &arguments.icap),
        Artefact::SealKey => seal_key::make(&arguments.files)?,
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

/// It ends in files of other programs, some of which are scripts.
fn check_address(name: &str, address: &str, schemes: [&str; 2]) -> Result<(), Failure> {
    let is_known = schemes.iter().any(|scheme| address.starts_with(scheme));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ":/.-_~[]%".contains(c);
    if is_known && address.chars().all(is_plain) {
        return Ok(());
    }
    let [one, other] = schemes;
    let message = format!("{name} `{address}` is no {one} or {other} address");
    Err(Failure::Usage(message))
}

fn cowork(arguments: &GenerateArguments) -> String {
    let host = arguments.endpoint.split("://").nth(1).unwrap_or_default();
    let host = host.split(['/', ':']).next().unwrap_or_default();
    COWORK
        .replace("{endpoint}", arguments.endpoint.trim_end_matches('/'))
        .replace("{host}", host)
}

/// The environment that makes Claude Code export everything, as managed settings.
fn claude_settings(arguments: &GenerateArguments) -> Result<String, Failure> {
    let endpoint = arguments.endpoint.trim_end_matches('/');
    let mut env = Map::new();
    for (name, value) in [
        ("CLAUDE_CODE_ENABLE_TELEMETRY", "1"),
        ("CLAUDE_CODE_ENHANCED_TELEMETRY_BETA", "1"),
        ("OTEL_LOGS_EXPORTER", "otlp"),
        ("OTEL_METRICS_EXPORTER", "otlp"),
        ("OTEL_TRACES_EXPORTER", "otlp"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_LOG_USER_PROMPTS", "1"),
        ("OTEL_LOG_ASSISTANT_RESPONSES", "1"),
        ("OTEL_LOG_TOOL_DETAILS", "1"),
        ("OTEL_METRICS_INCLUDE_VERSION", "true"),
        ("OTEL_METRICS_INCLUDE_ENTRYPOINT", "true"),
    ] {
        env.insert(name.to_owned(), Value::from(value));
    }
    let mut settings = Map::new();
    settings.insert("env".to_owned(), Value::Object(env));
    if let Some(helper) = &arguments.headers_helper {
        settings.insert("otelHeadersHelper".to_owned(), Value::from(helper.as_str()));
    }
    let mut text = serde_json::to_string_pretty(&settings)?;
    text.push('\n');
    Ok(text)
}
