//! Keeps what could not be taken, redacted, with its reason, in `DIR/dlq/`.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use magistrate_enrich::Redactor;
use magistrate_event::{Clock as _, Raw, Rejection, SystemClock, Timestamp};
use magistrate_sinks::forward::Letter;
use serde::{Deserialize, Serialize};

use crate::canary::output;
use crate::keys::make_private_folder;

/// All dead letters together may fill this much disk.
const MAX_FOLDER_BYTES: u64 = 256 * 1024 * 1024;
/// Of one letter's payload this much is kept.
const MAX_PAYLOAD_BYTES: usize = 1024 * 1024;
/// A file that has grown to this is followed by a new one.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// One thing that could not be taken or delivered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DeadLetter {
    /// When, RFC 3339.
    pub(crate) time: String,
    /// The source it came from, or the sink it was for.
    pub(crate) stage: String,
    /// The sender's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peer: Option<String>,
    /// A short word.
    pub(crate) reason: String,
    /// What was wrong.
    pub(crate) message: String,
    /// Size of the payload in bytes.
    pub(crate) size: usize,
    /// The payload, where it is text and so can be redacted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payload: Option<String>,
}

impl DeadLetter {
    /// A payload that could not be read at all.
    pub(crate) fn of_raw(raw: &Raw, reason: &str, message: &str) -> Self {
        Self {
            time: raw.received.to_rfc3339(),
            stage: raw.origin.source.name().to_owned(),
            peer: raw.origin.peer.map(|peer| peer.to_string()),
            reason: reason.to_owned(),
            message: message.to_owned(),
            size: raw.payload.len_bytes(),
            // Binary bytes cannot be redacted with certainty, so they are not kept.
            payload: None,
        }
    }

    /// A record of a payload whose other records were taken, or several in a row.
    pub(crate) fn of_record(raw: &Raw, rejection: &Rejection) -> Self {
        let Rejection {
            index,
            records,
            message,
            ..
        } = rejection;
        let message = match records.saturating_sub(1) {
            0 => format!("record {index}: {message}"),
            more => format!("record {index} and {more} after it: {message}"),
        };
        Self::of_raw(raw, rejection.reason, &message)
    }

    /// A record that a peer will never take.
    pub(crate) fn of_letter(letter: &Letter<'_>) -> Self {
        Self {
            time: SystemClock.now().to_rfc3339(),
            stage: letter.sink.to_owned(),
            peer: None,
            reason: "refused".to_owned(),
            message: letter.reason.to_owned(),
            size: letter.body.len(),
            payload: Some(letter.body.to_owned()),
        }
    }

    /// A file that could not be read: its bytes cannot be redacted, so they are not kept.
    pub(crate) fn of_file(stage: &str, received: Timestamp, message: String, size: usize) -> Self {
        Self {
            time: received.to_rfc3339(),
            stage: stage.to_owned(),
            peer: None,
            reason: "unreadable".to_owned(),
            message,
            size,
            payload: None,
        }
    }

    /// Text that could not be read.
    pub(crate) fn of_text(
        stage: &str,
        received: Timestamp,
        reason: &str,
        message: String,
        text: &[u8],
    ) -> Self {
        let kept = text.get(..MAX_PAYLOAD_BYTES).unwrap_or(text);
        Self {
            time: received.to_rfc3339(),
            stage: stage.to_owned(),
            peer: None,
            reason: reason.to_owned(),
            message,
            size: text.len(),
            payload: Some(String::from_utf8_lossy(kept).into_owned()),
        }
    }
}

/// The folder of dead letters; cheap to clone.
#[derive(Clone)]
pub(crate) struct DeadLetters {
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    path: Arc<crate::path::Path>,
    writer: Mutex<Option<Writer>>,
}

struct Writer {
    file: File,
    file_bytes: u64,
    folder_bytes: u64,
    number: u64,
}

impl DeadLetters {
    /// Dead letters in `folder`, which is made when the first one comes.
    pub(crate) fn new(folder: PathBuf, path: Arc<crate::path::Path>) -> Self {
        let shared = Shared {
            folder,
            path,
            writer: Mutex::new(None),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Writes one letter, redacted. A letter that cannot be written is logged as lost.
    pub(crate) fn put(&self, letter: DeadLetter) {
        let reason = letter.reason.clone();
        if let Err(error) = self.try_put(letter) {
            tracing::error!(error = %format!("{error:#}"), reason, "cannot keep a dead letter");
        }
    }

    /// Writes one letter, redacted.
    ///
    /// # Errors
    /// When it cannot be written, or the folder is full.
    pub(crate) fn try_put(&self, letter: DeadLetter) -> anyhow::Result<()> {
        if self.shared.path.canary.is_stopped(output::DEAD_LETTERS) {
            anyhow::bail!("a planted secret was found in the dead letters; they have stopped");
        }
        let letter = redacted(letter, &self.shared.path.redactor);
        let mut writer = self
            .shared
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        write(&mut writer, &self.shared.folder, &letter)
    }
}

fn redacted(mut letter: DeadLetter, redactor: &Redactor) -> DeadLetter {
    letter.message = redactor.redact_text(&letter.message).0;
    letter.payload = letter
        .payload
        .map(|payload| redactor.redact_text(&payload).0);
    letter
}

fn write(writer: &mut Option<Writer>, folder: &Path, letter: &DeadLetter) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(letter)?;
    line.push(b'\n');
    let size = line.len() as u64;
    let mut current = match writer.take() {
        Some(current) if current.file_bytes + size <= MAX_FILE_BYTES => current,
        Some(full) => open(folder, full.number + 1)?,
        None => open(folder, 0)?,
    };
    if current.folder_bytes + size > MAX_FOLDER_BYTES {
        anyhow::bail!(
            "`{}` is full ({MAX_FOLDER_BYTES} bytes); look at it and delete what is settled",
            folder.display()
        );
    }
    current.file.write_all(&line)?;
    current.file_bytes += size;
    current.folder_bytes += size;
    *writer = Some(current);
    Ok(())
}

fn open(folder: &Path, number: u64) -> anyhow::Result<Writer> {
    make_private_folder(folder)?;
    let mut folder_bytes = 0;
    let mut number = number;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        folder_bytes += entry.metadata()?.len();
        let name = entry.file_name();
        let used = name
            .to_str()
            .and_then(|name| name.strip_suffix(".ndjson")?.parse::<u64>().ok());
        number = number.max(used.unwrap_or(0));
    }
    let path = folder.join(format!("{number:08}.ndjson"));
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    let file_bytes = file.metadata()?.len();
    if file_bytes >= MAX_FILE_BYTES {
        return open(folder, number + 1);
    }
    Ok(Writer {
        file,
        file_bytes,
        folder_bytes,
        number,
    })
}
