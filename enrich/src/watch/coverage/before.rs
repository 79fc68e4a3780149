//! Rows of the matrix as they were stored when a user had one, whatever the device and the client.

use serde::Deserialize;

use super::PathSeen;

/// The layout of before.
#[derive(Deserialize)]
pub(super) struct Before {
    subject: Box<str>,
    device: Box<str>,
    path: Box<str>,
    version: Box<str>,
    first: u32,
    telemetry: u32,
    flow: u32,
    decrypted: u32,
    judged: u32,
}

impl Before {
    /// The row, whose evidence names no client.
    pub(super) fn read(bytes: &[u8]) -> Option<PathSeen> {
        let Self {
            subject,
            device,
            path,
            version,
            first,
            telemetry,
            flow,
            decrypted,
            judged,
        } = postcard::from_bytes(bytes).ok()?;
        Some(PathSeen {
            subject,
            device,
            path,
            version,
            first,
            telemetry,
            flow,
            decrypted,
            judged,
            ..PathSeen::default()
        })
    }
}
