//! Reads the users' own lists, so that the redactor can look for what stands in them.

use std::fs::File;
use std::io::BufReader;

use magistrate_enrich::{
    FileError, FileFault, ListConfig, ListError, Lists, ListsBuilder, Loaded, RedactConfig,
    RedactKey,
};

/// Larger files hold something else than names and numbers.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// Reads every list of `config`; hashes are made under `key`.
///
/// # Errors
/// With the first list that cannot be used.
pub(crate) fn read(config: &RedactConfig, key: &RedactKey) -> Result<Lists, ListError> {
    let mut builder = ListsBuilder::new(key);
    for list in &config.lists {
        let loaded = read_one(&mut builder, list)?;
        tracing::info!(
            list = list.name,
            cells = loaded.cells,
            short_cells = loaded.short_cells,
            "list loaded"
        );
    }
    Ok(builder.finish())
}

/// What is wrong with the lists of `config`, each with its number, and what should be known of them.
pub(crate) fn check(config: &RedactConfig) -> (Vec<(usize, ListError)>, Vec<String>) {
    // The hashes are thrown away, so that any key will do.
    let mut builder = ListsBuilder::new(&RedactKey::from_bytes([0; 32]));
    let (mut faults, mut warnings) = (Vec::new(), Vec::new());
    for (number, list) in config.lists.iter().enumerate() {
        match read_one(&mut builder, list) {
            Ok(loaded) if loaded.short_cells > 0 => warnings.push(format!(
                "redact.lists: `{}`: {} of {} cells have fewer than {} letters and are not looked for",
                list.name,
                loaded.short_cells,
                loaded.cells + loaded.short_cells,
                list.min_length
            )),
            Ok(_) => {}
            Err(error) => faults.push((number, error)),
        }
    }
    (faults, warnings)
}

fn read_one(builder: &mut ListsBuilder, list: &ListConfig) -> Result<Loaded, ListError> {
    list.check()?;
    let in_file = |error| list.fault(FileError::Read(error));
    let file = File::open(&list.file).map_err(in_file)?;
    let bytes = file.metadata().map_err(in_file)?.len();
    if bytes > MAX_FILE_BYTES {
        let fault = FileFault::LongFile(MAX_FILE_BYTES);
        return Err(list.fault(FileError::Line { line: 1, fault }));
    }
    builder.add(list, BufReader::new(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(file: &std::path::Path) -> RedactConfig {
        let list = format!(
            "lists = [{{ name = \"a\", file = \"{}\", columns = [\"name\"] }}]",
            file.display()
        );
        toml::from_str(&list).unwrap()
    }

    #[test]
    fn a_list_is_read_and_its_faults_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        let missing = check(&config(&file)).0;
        assert!(format!("{missing:?}").contains("NotFound"), "{missing:?}");
        std::fs::write(&file, "name\nAnna Silva\nBob\n").unwrap();
        let (faults, warnings) = check(&config(&file));
        assert!(faults.is_empty(), "{faults:?}");
        let wanted =
            "redact.lists: `a`: 1 of 2 cells have fewer than 5 letters and are not looked for";
        assert_eq!(warnings, [wanted]);
        assert!(read(&config(&file), &RedactKey::from_bytes([1; 32])).is_ok());
        std::fs::write(&file, "name\nAnna Silva,x\n").unwrap();
        assert!(read(&config(&file), &RedactKey::from_bytes([1; 32])).is_err());
    }
}
