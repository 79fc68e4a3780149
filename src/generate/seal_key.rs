//! `magistrate generate seal-key`: the key pair for sealed originals.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use magistrate_enrich::UnsealKey;

use crate::exit::Failure;
use crate::keys::{Readers, write_new};

/// Writes a new pair to two new files and returns what to do with them.
pub(super) fn make(files: &[PathBuf]) -> Result<String, Failure> {
    let [private, public] = files else {
        let message = "`generate seal-key` takes two files: PRIVATE PUBLIC";
        return Err(Failure::Usage(message.to_owned()));
    };
    if private == public {
        let message = "PRIVATE and PUBLIC must be two files".to_owned();
        return Err(Failure::Usage(message));
    }
    let key = UnsealKey::generate()?;
    refuse_existing(&[private, public])?;
    // The private one first: a public key alone would seal what nobody can open.
    for (path, text, readers) in [
        (private, key.to_file().as_str(), Readers::Owner),
        (public, key.public().to_file().as_str(), Readers::Everybody),
    ] {
        write_new(path, text.as_bytes(), readers)
            .with_context(|| format!("cannot write seal key `{}`", path.display()))?;
    }
    Ok(format!(
        "made seal key {}\n\
         private  {}: for `magistrate unseal` only; keep it away from the server, and a copy of it safe\n\
         public   {}: for the server, as `[redact.seal] key_file`\n",
        key.public().id(),
        private.display(),
        public.display()
    ))
}

fn refuse_existing(paths: &[&Path]) -> Result<(), Failure> {
    for path in paths {
        if path.symlink_metadata().is_ok() {
            let message = format!(
                "`{}` exists; a seal key is never overwritten",
                path.display()
            );
            return Err(Failure::Usage(message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use magistrate_enrich::SealKey;

    use super::*;

    #[test]
    fn a_pair_is_written_once_and_the_private_half_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["private", "public"].map(|name| folder.path().join(name));
        let [private, public] = &files;
        assert!(make(&files).unwrap().contains("made seal key "));
        let pair = UnsealKey::parse(&std::fs::read_to_string(private).unwrap()).unwrap();
        let half = SealKey::parse(&std::fs::read_to_string(public).unwrap()).unwrap();
        assert_eq!(pair.public().id(), half.id());
        let mode = std::fs::metadata(private).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        std::fs::remove_file(private).unwrap();
        assert!(matches!(make(&files), Err(Failure::Usage(_))));
        assert!(!private.exists(), "nothing is written when one file exists");
        assert!(matches!(
            make(files.get(..1).unwrap()),
            Err(Failure::Usage(_))
        ));
    }
}
