//! Reads the redactor's keys from where the configuration says they are.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use magistrate_enrich::{KeyPlace, RedactConfig, RedactKey, SealKey};
use zeroize::Zeroizing;

/// The key of the tokens that stand for masked values, in the data folder.
pub(crate) const REDACT_KEY: &str = "keys/redact.key";
/// No key file is longer.
const MAX_KEY_FILE_BYTES: u64 = 1024;

/// The key of the tokens: the configured one, else the data folder's, which is made where it is
/// missing.
///
/// # Errors
/// When it cannot be read or made. A configured key is never made: a missing file is a mistake
/// that would show only in tokens that no longer join.
pub(crate) fn redact_key(config: &RedactConfig, folder: &Path) -> anyhow::Result<RedactKey> {
    match redact_key_if_any(config, folder)? {
        Some(key) => Ok(key),
        None => super::read_or_make(&folder.join(REDACT_KEY)).map(RedactKey::from_bytes),
    }
}

/// The key of the tokens, unless none is configured and the data folder has none yet.
///
/// # Errors
/// When there is one and it cannot be read.
pub(crate) fn redact_key_if_any(
    config: &RedactConfig,
    folder: &Path,
) -> anyhow::Result<Option<RedactKey>> {
    let own = folder.join(REDACT_KEY);
    let place = match config.key_place()? {
        Some(place) => place,
        None if own.exists() => KeyPlace::File(&own),
        None => return Ok(None),
    };
    let what = || format!("cannot read redaction key from {}", name(place));
    let bytes = read(place).with_context(what)?;
    RedactKey::parse(&bytes).map(Some).with_context(what)
}

/// The public key that originals are sealed to, where that is configured.
///
/// # Errors
/// When it cannot be read, or is no public key.
pub(crate) fn seal_key(config: &RedactConfig) -> anyhow::Result<Option<SealKey>> {
    let Some(seal) = &config.seal else {
        return Ok(None);
    };
    let place = seal.key_place()?;
    let what = || format!("cannot read public seal key from {}", name(place));
    let bytes = read(place).with_context(what)?;
    let text = std::str::from_utf8(&bytes).with_context(what)?;
    SealKey::parse(text).map(Some).with_context(what)
}

/// Everything that is wrong with the redactor's keys, and writes nothing.
pub(crate) fn faults(config: &RedactConfig, folder: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    if let Err(error) = redact_key_if_any(config, folder) {
        let key = match (&config.key_file, &config.key_env) {
            (Some(_), _) => "redact.key_file: ",
            (None, Some(_)) => "redact.key_env: ",
            (None, None) => "",
        };
        let step = "write 64 hex digits there, or leave the key out and one is made";
        faults.push(format!("{key}{error:#}; {step}"));
    }
    if let Err(error) = seal_key(config) {
        let in_file = config.seal.as_ref().map(|seal| seal.key_file.is_some());
        let key = if in_file == Some(false) {
            "key_env"
        } else {
            "key_file"
        };
        let step = "make a pair with `magistrate generate seal-key PRIVATE PUBLIC`";
        faults.push(format!("redact.seal.{key}: {error:#}; {step}"));
    }
    faults
}

/// What is risky about the redactor's keys.
pub(crate) fn warnings(config: &RedactConfig) -> Vec<String> {
    let file = config.key_file.iter();
    file.filter_map(|path| open_to_others(path)).collect()
}

/// A warning where others than the owner can read or write the file of a secret key.
pub(crate) fn open_to_others(path: &Path) -> Option<String> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        let path = path.display();
        format!("key file `{path}` has mode {mode:04o}: others can use it; make it 0600")
    })
}

/// Reads a small file of secrets.
///
/// # Errors
/// When it cannot be read or is too long for any key.
pub(crate) fn read_file(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_KEY_FILE_BYTES as usize + 1));
    let file = File::open(path)?;
    file.take(MAX_KEY_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_KEY_FILE_BYTES {
        anyhow::bail!("more than {MAX_KEY_FILE_BYTES} bytes");
    }
    Ok(bytes)
}

fn read(place: KeyPlace<'_>) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    match place {
        KeyPlace::File(path) => read_file(path),
        KeyPlace::Environment(name) => {
            let text = std::env::var_os(name).context("not set")?;
            Ok(Zeroizing::new(text.into_encoded_bytes()))
        }
    }
}

fn name(place: KeyPlace<'_>) -> String {
    match place {
        KeyPlace::File(path) => format!("file `{}`", path.display()),
        KeyPlace::Environment(name) => format!("environment variable `{name}`"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use magistrate_enrich::{SealConfig, UnsealKey};

    use super::*;

    fn config(key_file: Option<PathBuf>, key_env: Option<&str>) -> RedactConfig {
        RedactConfig {
            key_file,
            key_env: key_env.map(str::to_owned),
            ..RedactConfig::default()
        }
    }

    fn message(config: &RedactConfig, folder: &Path) -> String {
        faults(config, folder).join("\n")
    }

    #[test]
    fn the_folders_own_key_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let config = RedactConfig::default();
        assert_eq!(redact_key_if_any(&config, folder.path()).unwrap(), None);
        assert_eq!(faults(&config, folder.path()), Vec::<String>::new());
        let made = redact_key(&config, folder.path()).unwrap();
        assert_eq!(redact_key(&config, folder.path()).unwrap(), made);
        assert_eq!(
            redact_key_if_any(&config, folder.path()).unwrap(),
            Some(made)
        );
    }

    #[test]
    fn a_configured_key_is_read_and_never_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.key");
        let config = config(Some(path.clone()), None);
        assert!(redact_key(&config, folder.path()).is_err());
        assert!(message(&config, folder.path()).contains("own.key"));
        assert!(!path.exists());
        for (bytes, is_key) in [
            (vec![7; 32], true),
            (vec![b'7'; 64], true),
            (vec![b'7'; 63], false),
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(redact_key(&config, folder.path()).is_ok(), is_key);
        }
        std::fs::write(&path, vec![b' '; 2000]).unwrap();
        assert!(message(&config, folder.path()).contains("more than 1024 bytes"));
    }

    #[test]
    fn a_missing_variable_and_two_places_are_faults() {
        let folder = Path::new("/nonexistent");
        let unset = message(&config(None, Some("MAGISTRATE_TEST_UNSET_KEY")), folder);
        assert!(
            unset.contains("`MAGISTRATE_TEST_UNSET_KEY`: not set"),
            "{unset}"
        );
        let two = message(&config(Some("/k".into()), Some("K")), folder);
        assert!(two.contains("names its key twice"), "{two}");
        // A variable that every test has, and that holds no key.
        let bad = message(&config(None, Some("PATH")), folder);
        assert!(bad.contains("64 hex digits"), "{bad}");
        assert!(
            !bad.contains("/bin"),
            "a key file's text is never shown: {bad}"
        );
    }

    #[test]
    fn only_a_public_key_seals() {
        let folder = tempfile::tempdir().unwrap();
        let pair = UnsealKey::generate().unwrap();
        let path = folder.path().join("seal");
        let seal = SealConfig {
            key_file: Some(path.clone()),
            key_env: None,
        };
        let config = RedactConfig {
            seal: Some(seal),
            ..RedactConfig::default()
        };
        std::fs::write(&path, pair.to_file().as_bytes()).unwrap();
        let text = message(&config, folder.path());
        assert!(text.contains("private seal key"), "{text}");
        std::fs::write(&path, pair.public().to_file()).unwrap();
        assert_eq!(faults(&config, folder.path()), Vec::<String>::new());
        let key = seal_key(&config).unwrap().unwrap();
        assert_eq!(key.id(), pair.public().id());
    }

    #[test]
    fn a_key_that_others_can_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.key");
        std::fs::write(&path, "7".repeat(64)).unwrap();
        for (mode, count) in [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1)] {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, mode).unwrap();
            assert_eq!(warnings(&config(Some(path.clone()), None)).len(), count);
        }
    }
}
