//! The language model that the judge may ask, with its key from where the configuration says it is.

use std::sync::Arc;

use anyhow::Context as _;
use magistrate_judge::{Llm, LlmConfig};
use zeroize::Zeroizing;

use crate::keys;

/// Gets the language model ready, where one is configured. No call is made.
///
/// # Errors
/// When its key or its authorities cannot be read or used.
pub(crate) fn open(config: &LlmConfig) -> anyhow::Result<Option<Arc<Llm>>> {
    if !config.enabled {
        return Ok(None);
    }
    let key = key(config)?;
    let llm = Llm::new(config, key.as_ref().map(|key| key.as_slice()))?;
    Ok(Some(Arc::new(llm)))
}

/// What is wrong with the files and variables that its configuration names.
pub(crate) fn fault(config: &LlmConfig) -> Option<String> {
    let is_sound = config.faults().is_empty();
    let error = is_sound.then(|| open(config).err()).flatten()?;
    Some(format!("judge.llm: {error:#}"))
}

/// What is risky about its key.
pub(crate) fn warning(config: &LlmConfig) -> Option<String> {
    let file = config.key_file.as_ref().filter(|_| config.enabled)?;
    keys::open_to_others(file)
}

fn key(config: &LlmConfig) -> anyhow::Result<Option<Zeroizing<Vec<u8>>>> {
    if let Some(file) = &config.key_file {
        let name = file.display();
        let key =
            keys::read_file(file).with_context(|| format!("cannot read key file `{name}`"))?;
        return Ok(Some(key));
    }
    let Some(name) = &config.key_env else {
        return Ok(None);
    };
    let value = std::env::var_os(name)
        .with_context(|| format!("environment variable `{name}` with the key is not set"))?;
    Ok(Some(Zeroizing::new(value.into_encoded_bytes())))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn config(key_file: Option<PathBuf>, key_env: Option<&str>) -> LlmConfig {
        LlmConfig {
            enabled: true,
            endpoint: "http://127.0.0.1:1/".to_owned(),
            model: "m".to_owned(),
            key_file,
            key_env: key_env.map(str::to_owned),
            ..LlmConfig::default()
        }
    }

    #[test]
    fn a_key_that_cannot_be_used_is_told_without_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("llm.key");
        let told = |config: &LlmConfig| fault(config).unwrap_or_default();
        assert!(told(&config(Some(file.clone()), None)).contains("llm.key"));
        let unset = config(None, Some("MAGISTRATE_TEST_UNSET_LLM_KEY"));
        assert!(told(&unset).contains("is not set"));
        std::fs::write(&file, "made-up\nkey").unwrap();
        let two_lines = told(&config(Some(file.clone()), None));
        assert!(two_lines.contains("cannot stand in a header") && !two_lines.contains("made-up"));
        std::fs::write(&file, "made-up-key\n").unwrap();
        assert_eq!(fault(&config(Some(file), None)), None);
        assert_eq!(fault(&config(None, None)), None);
        let off = LlmConfig {
            enabled: false,
            ..unset
        };
        assert!(open(&off).unwrap().is_none());
    }
}
