//! Finds the files to replay and opens them, decompressed.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Folders inside folders are followed this far.
const MAX_DEPTH: usize = 32;
/// One zstd frame may ask for a window of 2^27 bytes (128 MiB), as `zstd --long=27` makes them.
const MAX_ZSTD_WINDOW_LOG: u32 = 27;

/// One file, or standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Standard,
}

impl Input {
    /// The name to show.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Standard => "standard input".to_owned(),
        }
    }

    /// The size on disk in bytes; 0 for standard input.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::File(path) => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
            Self::Standard => 0,
        }
    }

    /// Opens it; `count` sees the bytes as they lie on disk. Compression is told by the first bytes.
    ///
    /// # Errors
    /// When it cannot be opened or its first bytes cannot be read.
    pub(crate) fn open(&self, count: impl Fn(u64) + 'static) -> io::Result<Box<dyn Read>> {
        let raw: Box<dyn Read> = match self {
            Self::File(path) => Box::new(File::open(path)?),
            Self::Standard => Box::new(io::stdin()),
        };
        decompressed(BufReader::new(Counting { raw, count }))
    }
}

/// Lists the files at `paths`, folders opened up, in the order of their names.
///
/// # Errors
/// When a path does not exist or cannot be read.
pub(crate) fn list(paths: &[PathBuf]) -> anyhow::Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            inputs.push(Input::Standard);
        } else {
            walk(path, 0, &mut inputs)
                .with_context(|| format!("cannot read `{}`", path.display()))?;
        }
    }
    Ok(inputs)
}

fn walk(path: &Path, depth: usize, inputs: &mut Vec<Input>) -> anyhow::Result<()> {
    if !std::fs::metadata(path)?.is_dir() {
        inputs.push(Input::File(path.to_owned()));
        return Ok(());
    }
    if depth == MAX_DEPTH {
        anyhow::bail!(
            "`{}` is nested deeper than {MAX_DEPTH} folders",
            path.display()
        );
    }
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    entries
        .iter()
        .try_for_each(|entry| walk(entry, depth + 1, inputs))
}

/// Counts what is read through it.
struct Counting<F> {
    raw: Box<dyn Read>,
    count: F,
}

impl<F: Fn(u64)> Read for Counting<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(buffer)?;
        (self.count)(read as u64);
        Ok(read)
    }
}

fn decompressed<R: Read + 'static>(mut reader: BufReader<R>) -> io::Result<Box<dyn Read>> {
    use std::io::BufRead as _;
    let start = reader.fill_buf()?;
    if start.starts_with(&[0x1f, 0x8b]) {
        Ok(Box::new(flate2::bufread::MultiGzDecoder::new(reader)))
    } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(reader)?;
        decoder.window_log_max(MAX_ZSTD_WINDOW_LOG)?;
        Ok(Box::new(decoder))
    } else {
        Ok(Box::new(reader))
    }
}
