//! Types by the first bytes of a file.

/// What a type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Executable,
    Script,
    Archive,
    Office,
    Document,
    Image,
    Audio,
    Video,
    Font,
    DiskImage,
}

impl Kind {
    /// The trait that it is.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Executable => "executable",
            Self::Script => "script",
            Self::Archive => "archive",
            Self::Office => "office",
            Self::Document => "document",
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Font => "font",
            Self::DiskImage => "disk_image",
        }
    }
}

/// A type that was recognized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Magic {
    /// Its short name, such as `exe`.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// Name, kind, where the bytes stand, and the bytes.
type Signature = (&'static str, Kind, usize, &'static [u8]);

/// The signatures, from the specifications of the formats; where one begins like another the longer
/// comes first.
const SIGNATURES: &[Signature] = &[
    ("elf", Kind::Executable, 0, b"\x7fELF"),
    ("macho", Kind::Executable, 0, b"\xfe\xed\xfa\xce"),
    ("macho", Kind::Executable, 0, b"\xfe\xed\xfa\xcf"),
    ("macho", Kind::Executable, 0, b"\xce\xfa\xed\xfe"),
    ("macho", Kind::Executable, 0, b"\xcf\xfa\xed\xfe"),
    // A fat Mach-O, or a Java class.
    ("macho", Kind::Executable, 0, b"\xca\xfe\xba\xbe"),
    ("dex", Kind::Executable, 0, b"dex\n03"),
    ("wasm", Kind::Executable, 0, b"\0asm\x01\0\0\0"),
    (
        "lnk",
        Kind::Executable,
        0,
        b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F",
    ),
    ("deb", Kind::Archive, 0, b"!<arch>\ndebian"),
    ("rpm", Kind::Archive, 0, b"\xed\xab\xee\xdb"),
    ("script", Kind::Script, 0, b"#!"),
    ("zip", Kind::Archive, 0, b"PK\x03\x04"),
    ("zip", Kind::Archive, 0, b"PK\x05\x06"),
    ("7z", Kind::Archive, 0, b"7z\xbc\xaf\x27\x1c"),
    ("rar", Kind::Archive, 0, b"Rar!\x1a\x07"),
    ("gzip", Kind::Archive, 0, b"\x1f\x8b\x08"),
    ("bzip2", Kind::Archive, 0, b"BZh"),
    ("xz", Kind::Archive, 0, b"\xfd7zXZ\0"),
    ("zstd", Kind::Archive, 0, b"\x28\xb5\x2f\xfd"),
    ("cab", Kind::Archive, 0, b"MSCF\0\0\0\0"),
    ("tar", Kind::Archive, 257, b"ustar"),
    ("iso", Kind::DiskImage, 32_769, b"CD001"),
    ("vhdx", Kind::DiskImage, 0, b"vhdxfile"),
    ("ole", Kind::Office, 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ("rtf", Kind::Document, 0, b"{\\rtf"),
    ("pdf", Kind::Document, 0, b"%PDF-"),
    ("png", Kind::Image, 0, b"\x89PNG\r\n\x1a\n"),
    ("jpeg", Kind::Image, 0, b"\xff\xd8\xff"),
    ("gif", Kind::Image, 0, b"GIF87a"),
    ("gif", Kind::Image, 0, b"GIF89a"),
    ("webp", Kind::Image, 8, b"WEBP"),
    ("tiff", Kind::Image, 0, b"II*\0"),
    ("tiff", Kind::Image, 0, b"MM\0*"),
    ("wav", Kind::Audio, 8, b"WAVEfmt"),
    ("mp3", Kind::Audio, 0, b"ID3"),
    ("ogg", Kind::Audio, 0, b"OggS\0"),
    ("flac", Kind::Audio, 0, b"fLaC\0"),
    ("mp4", Kind::Video, 4, b"ftyp"),
    ("matroska", Kind::Video, 0, b"\x1a\x45\xdf\xa3"),
    ("woff", Kind::Font, 0, b"wOFF"),
    ("woff2", Kind::Font, 0, b"wOF2"),
];

/// Where the address of the new header of a program for Windows stands, and what is there.
const PE_OFFSET_AT: usize = 0x3c;
/// A program for DOS or Windows has zeros in its first bytes; a text that begins with `MZ` has none.
const ZEROS_WITHIN: usize = 64;

impl Magic {
    /// The type of a file that begins with `head`; none for texts and for what is not known.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        if is_windows_program(head) {
            return Some(Self {
                name: "exe",
                kind: Kind::Executable,
            });
        }
        let found = SIGNATURES.iter().find(|(_, _, at, bytes)| {
            let there = head.get(*at..).unwrap_or_default();
            there.starts_with(bytes)
        });
        found.map(|(name, kind, _, _)| Self { name, kind: *kind })
    }
}

fn is_windows_program(head: &[u8]) -> bool {
    if !head.starts_with(b"MZ") {
        return false;
    }
    let start = head.get(..ZEROS_WITHIN.min(head.len())).unwrap_or_default();
    start.len() > PE_OFFSET_AT && start.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_by_their_first_bytes() {
        let mut program = b"MZ\x90\0\x03".to_vec();
        program.resize(128, 0);
        let mut tar = vec![0; 257];
        tar.extend(b"ustar\0");
        for (head, expected) in [
            (&program[..], Some("exe")),
            (
                b"MZ is how programs begin, as everybody knows who has looked at one once",
                None,
            ),
            (b"MZ", None),
            (b"\x7fELF\x02", Some("elf")),
            (b"#!/bin/sh\n", Some("script")),
            (b"PK\x03\x04rest", Some("zip")),
            (b"%PDF-1.7", Some("pdf")),
            (&tar, Some("tar")),
            (b"RIFF\0\0\0\0WEBP", Some("webp")),
            (b"hello", None),
            (b"", None),
        ] {
            assert_eq!(
                Magic::of(head).map(|magic| magic.name),
                expected,
                "{head:?}"
            );
        }
    }
}
