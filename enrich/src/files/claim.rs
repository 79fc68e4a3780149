//! Whether a file is something else than its name or its media type says.

use super::Seen;
use super::magic::{Kind, Magic};
use super::name::extension;

/// What a claim allows a file to be.
struct Claim {
    /// Extensions that make it.
    extensions: &'static [&'static str],
    /// Beginnings of media types that make it.
    media_types: &'static [&'static str],
    /// Types that are then no surprise.
    fits: &'static [&'static str],
    kinds: &'static [Kind],
}

/// Office files of today are zip archives.
const CLAIMS: &[Claim] = &[
    Claim {
        extensions: &["pdf"],
        media_types: &["application/pdf"],
        fits: &["pdf"],
        kinds: &[],
    },
    Claim {
        extensions: &[
            "docx", "xlsx", "pptx", "odt", "ods", "odp", "docm", "xlsm", "pptm",
        ],
        media_types: &[
            "application/vnd.openxmlformats",
            "application/vnd.oasis.opendocument",
        ],
        // With a password they are wrapped as old ones are.
        fits: &["zip", "ole"],
        kinds: &[],
    },
    Claim {
        extensions: &["doc", "xls", "ppt", "msg"],
        media_types: &["application/msword"],
        // Word and Excel have saved these names in several formats.
        fits: &["ole", "rtf", "zip"],
        kinds: &[],
    },
    Claim {
        extensions: &[
            "png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "heic",
        ],
        media_types: &["image/"],
        // HEIC and AVIF are told as the container that they share with videos.
        fits: &["mp4"],
        kinds: &[Kind::Image],
    },
    Claim {
        extensions: &[
            "mp3", "wav", "ogg", "flac", "m4a", "mp4", "mov", "mkv", "webm",
        ],
        media_types: &["audio/", "video/"],
        fits: &[],
        kinds: &[Kind::Audio, Kind::Video],
    },
    Claim {
        extensions: &[
            "txt", "csv", "tsv", "md", "log", "json", "xml", "yaml", "yml", "html", "htm",
        ],
        media_types: &[
            "text/plain",
            "text/csv",
            "text/html",
            "text/markdown",
            "application/json",
        ],
        // A text may begin as a script does.
        fits: &["script", "rtf"],
        kinds: &[],
    },
    Claim {
        extensions: &["zip", "7z", "rar", "tar", "gz", "tgz", "bz2", "xz", "zst"],
        media_types: &["application/zip", "application/gzip", "application/x-tar"],
        fits: &[],
        kinds: &[Kind::Archive],
    },
];

/// Whether `magic`, what a file is by its content, fits none of what is claimed of it. What is claimed
/// of texts and what nobody knows never surprises.
pub(super) fn is_disguised(file: Seen<'_>, magic: Option<Magic>) -> bool {
    let Some(magic) = magic else {
        return false;
    };
    let extension = file.name.and_then(extension);
    let media_type = file.media_type.map(|one| one.trim().to_ascii_lowercase());
    let by_name = CLAIMS.iter().find(|claim| {
        let extension = extension.as_deref();
        extension.is_some_and(|one| claim.extensions.contains(&one))
    });
    let by_type = CLAIMS.iter().find(|claim| {
        let media_type = media_type.as_deref();
        let mut beginnings = claim.media_types.iter();
        media_type.is_some_and(|one| beginnings.any(|begin| one.starts_with(begin)))
    });
    let fits =
        |claim: &Claim| claim.fits.contains(&magic.name) || claim.kinds.contains(&magic.kind);
    [by_name, by_type]
        .into_iter()
        .flatten()
        .any(|claim| !fits(claim))
}
