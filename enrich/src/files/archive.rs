//! What lies in an archive, by its list of contents: nothing is unpacked.

use memchr::memmem;

use super::Content;
use super::name;

/// Entries of one archive that are looked at.
const MAX_ENTRIES: usize = 2_000;
/// The end of a zip archive, its comment included, is at most so long (APPNOTE 4.3.16).
const MAX_END_BYTES: usize = 22 + 65_535;
const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
/// Of what a zip archive holds, more than this many times its size and at least so much is a bomb.
const BOMB_RATIO: u64 = 200;
const BOMB_BYTES: u64 = 1 << 30;
/// So much of an old Office file is searched for its macros.
const MAX_OLE_BYTES: usize = 4 << 20;

/// What was found of an archive's entries.
#[derive(Debug, Default)]
struct Inside {
    executable: bool,
    script: bool,
    archive: bool,
    office_macro: bool,
    double_extension: bool,
    encrypted: bool,
    path_escape: bool,
    bomb: bool,
    unreadable: bool,
    office: bool,
}

/// The traits of a zip archive by its central directory, or, where its end is not there, by the
/// headers that its beginning has.
pub(super) fn zip(content: Content<'_>) -> impl Iterator<Item = &'static str> {
    let mut inside = Inside::default();
    let listed = content.end().and_then(directory);
    match listed {
        Some(directory) => inside.read(directory),
        None => {
            inside.unreadable = true;
            inside.read_local(content.head);
        }
    }
    let Inside {
        executable,
        script,
        archive,
        office_macro,
        double_extension,
        encrypted,
        path_escape,
        bomb,
        unreadable,
        office,
    } = inside;
    [
        (office, "office"),
        (executable, "archive.executable"),
        (script, "archive.script"),
        (archive, "archive.archive"),
        (office_macro, "office.macro"),
        (double_extension, "archive.double_extension"),
        (encrypted, "archive.encrypted"),
        (path_escape, "archive.path_escape"),
        (bomb, "archive.bomb"),
        (unreadable, "archive.unreadable"),
    ]
    .into_iter()
    .filter_map(|(holds, name)| holds.then_some(name))
}

/// The traits of an old Office file: whether it holds macros, whose storage has one of these names.
pub(super) fn ole(head: &[u8]) -> impl Iterator<Item = &'static str> {
    let searched = head
        .get(..MAX_OLE_BYTES.min(head.len()))
        .unwrap_or_default();
    let names = ["_VBA_PROJECT", "Macros"];
    let mut names = names
        .iter()
        .map(|name| -> Vec<u8> { name.encode_utf16().flat_map(u16::to_le_bytes).collect() });
    let has_macro = names.any(|name| memmem::find(searched, &name).is_some());
    has_macro.then_some("office.macro").into_iter()
}

/// The central directory of the archive that ends in `end`; none where that does not hold all of it,
/// or the archive is larger than old ones can be.
fn directory(end: &[u8]) -> Option<&[u8]> {
    let from = end.len().saturating_sub(MAX_END_BYTES);
    let at = from + memmem::rfind(end.get(from..)?, END)?;
    let size = usize::try_from(number32(end, at + 12)?).ok()?;
    end.get(at.checked_sub(size)?..at)
}

impl Inside {
    fn read(&mut self, directory: &[u8]) {
        let mut rest = directory;
        let (mut packed, mut unpacked) = (0_u64, 0_u64);
        for _ in 0..MAX_ENTRIES {
            if !rest.starts_with(ENTRY) {
                // Bytes that are no entry hide those behind them.
                self.unreadable |= !rest.is_empty();
                break;
            }
            let Some(entry) = Entry::central(rest) else {
                self.unreadable = true;
                break;
            };
            packed = packed.saturating_add(u64::from(entry.packed));
            unpacked = unpacked.saturating_add(u64::from(entry.unpacked));
            self.note(&entry);
            rest = rest.get(entry.len..).unwrap_or_default();
        }
        self.unreadable |= rest.starts_with(ENTRY);
        self.bomb = unpacked >= BOMB_BYTES && unpacked / packed.max(1) >= BOMB_RATIO;
    }

    fn read_local(&mut self, head: &[u8]) {
        let mut rest = head;
        for _ in 0..MAX_ENTRIES {
            let Some(entry) = Entry::local(rest) else {
                return;
            };
            self.note(&entry);
            rest = rest.get(entry.len..).unwrap_or_default();
        }
    }

    fn note(&mut self, entry: &Entry<'_>) {
        let path = String::from_utf8_lossy(entry.name);
        let name = super::last_part(&path);
        for one in name::traits(name) {
            match one {
                "executable" => self.executable = true,
                "script" => self.script = true,
                "archive" => self.archive = true,
                "office.macro" => self.office_macro = true,
                "double_extension" | "turned_name" => self.double_extension = true,
                _ => {}
            }
        }
        self.office |= path == "[Content_Types].xml";
        self.office_macro |= name.eq_ignore_ascii_case("vbaProject.bin");
        self.encrypted |= entry.flags & 1 == 1;
        let mut folders = path.split(['/', '\\']);
        let is_absolute = path.starts_with(['/', '\\']) || path.get(1..2) == Some(":");
        self.path_escape |= is_absolute || folders.any(|folder| folder == "..");
    }
}

/// One entry of an archive.
struct Entry<'a> {
    name: &'a [u8],
    flags: u16,
    packed: u32,
    unpacked: u32,
    /// Bytes to the next one.
    len: usize,
}

impl<'a> Entry<'a> {
    /// APPNOTE 4.3.12.
    fn central(bytes: &'a [u8]) -> Option<Self> {
        let lens = [28, 30, 32].map(|at| number16(bytes, at).map(usize::from));
        let [Some(name), Some(extra), Some(comment)] = lens else {
            return None;
        };
        Some(Self {
            name: bytes.get(46..46 + name)?,
            flags: number16(bytes, 8)?,
            packed: number32(bytes, 20)?,
            unpacked: number32(bytes, 24)?,
            len: 46 + name + extra + comment,
        })
    }

    /// APPNOTE 4.3.7. The sizes of one that was streamed stand behind it, where they cannot be found.
    fn local(bytes: &'a [u8]) -> Option<Self> {
        if !bytes.starts_with(LOCAL) {
            return None;
        }
        let name = usize::from(number16(bytes, 26)?);
        let extra = usize::from(number16(bytes, 28)?);
        let packed = number32(bytes, 18)?;
        Some(Self {
            name: bytes.get(30..30 + name)?,
            flags: number16(bytes, 6)?,
            packed,
            unpacked: number32(bytes, 22)?,
            len: (30 + name + extra).saturating_add(usize::try_from(packed).ok()?),
        })
    }
}

fn number16(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

fn number32(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}
