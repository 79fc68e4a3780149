//! What the files of an action are: by their first bytes, by their names, by what lies in archives.
//!
//! Looks at the file that is named, at the parts of a multipart body, at base64 inside JSON (Anthropic's
//! content blocks, data URLs) and at the texts that a tool is to write. Everything is bounded; what is
//! not looked at has no trait.

mod archive;
mod claim;
mod encoded;
mod magic;
mod multipart;
mod name;

use magistrate_event::{Action, FilesSeen};

use self::claim::is_disguised;
use self::magic::{Kind, Magic};

/// Traits and types of one action.
const MAX_LISTED: usize = 32;

/// What the files of an action are.
#[derive(Debug, Default)]
struct FileFacts {
    traits: Vec<&'static str>,
    types: Vec<&'static str>,
    /// The first file that a multipart body names.
    named: Option<Named>,
}

/// A file as a message names it.
#[derive(Debug)]
struct Named {
    name: String,
    media_type: Option<String>,
    /// In bytes; none where it was cut.
    size: Option<u64>,
}

/// One file: what is claimed of it, and what is there of it.
#[derive(Debug, Clone, Copy, Default)]
struct Seen<'a> {
    name: Option<&'a str>,
    media_type: Option<&'a str>,
    content: Content<'a>,
}

/// What is there of a file's bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Content<'a> {
    /// The beginning.
    head: &'a [u8],
    /// The end, where it is known to be that; the whole file lies in `head` where this is empty and
    /// `is_whole` holds.
    tail: &'a [u8],
    is_whole: bool,
}

impl<'a> Content<'a> {
    const fn whole(bytes: &'a [u8]) -> Self {
        Self {
            head: bytes,
            tail: &[],
            is_whole: true,
        }
    }

    const fn beginning(bytes: &'a [u8]) -> Self {
        Self {
            head: bytes,
            tail: &[],
            is_whole: false,
        }
    }

    /// Where the end of the file is, as far as it is there.
    const fn end(&self) -> Option<&'a [u8]> {
        match (self.tail.is_empty(), self.is_whole) {
            (false, _) => Some(self.tail),
            (true, true) => Some(self.head),
            (true, false) => None,
        }
    }
}

/// Notes in `action` what its files are, and the name, media type and size that a multipart body gives
/// its first file where nothing else names one. Its bytes are not needed any more then.
pub fn look_at_files(action: &mut Action) {
    let FileFacts {
        traits,
        types,
        named,
    } = file_facts(action);
    action.files = FilesSeen {
        traits,
        types,
        is_form: named.is_some(),
    };
    action.content.bytes = None;
    let file = &mut action.file;
    if let Some(named) = named
        && file.name.is_none()
        && file.path.is_none()
    {
        file.name = Some(last_part(&named.name).to_owned());
        file.media_type = file.media_type.take().or(named.media_type);
        file.size = file.size.or(named.size);
    }
}

fn file_facts(action: &Action) -> FileFacts {
    let mut facts = FileFacts::default();
    let path = action.file.path.as_deref().map(last_part);
    let name = action.file.name.as_deref().or(path);
    let (content, media_type) = (&action.content, action.content.media_type.as_deref());
    let text = content.text.as_deref().unwrap_or_default();
    let bytes = content.bytes.as_deref().unwrap_or(text.as_bytes());
    let is_whole = content.truncated != Some(true);
    let parts = media_type
        .and_then(multipart::boundary)
        .map(|boundary| multipart::parts(bytes, &boundary, is_whole));
    match parts {
        Some(parts) => {
            for part in &parts {
                facts.add(part.seen());
            }
            facts.named = parts.iter().find_map(multipart::Part::named);
            facts.add(Seen {
                name,
                ..Seen::default()
            });
        }
        None => facts.add(Seen {
            name,
            media_type: action.file.media_type.as_deref().or(media_type),
            content: if is_whole {
                Content::whole(bytes)
            } else {
                Content::beginning(bytes)
            },
        }),
    }
    let arguments = action.tool.arguments.as_ref();
    let arguments = arguments.map_or("", |arguments| arguments.as_json());
    for json in [text, arguments] {
        encoded::each(json, |media_type, content| {
            facts.add(Seen {
                name: None,
                media_type,
                content,
            });
        });
    }
    encoded::written(arguments, |name, text| {
        facts.add(Seen {
            name: name.map(last_part),
            media_type: None,
            content: Content::whole(text),
        });
    });
    facts
}

impl FileFacts {
    fn add(&mut self, file: Seen<'_>) {
        let magic = Magic::of(file.content.head);
        if let Some(name) = file.name {
            name::traits(name).for_each(|one| self.note(one));
        }
        if is_disguised(file, magic) {
            self.note("disguised");
        }
        let Some(magic) = magic else {
            return;
        };
        if !self.types.contains(&magic.name) && self.types.len() < MAX_LISTED {
            self.types.push(magic.name);
        }
        self.note(magic.kind.name());
        match magic.kind {
            Kind::Archive if magic.name == "zip" => {
                archive::zip(file.content).for_each(|one| self.note(one));
            }
            Kind::Office => archive::ole(file.content.head).for_each(|one| self.note(one)),
            Kind::Archive
            | Kind::Executable
            | Kind::Script
            | Kind::Document
            | Kind::Image
            | Kind::Audio
            | Kind::Video
            | Kind::Font
            | Kind::DiskImage => {}
        }
    }

    fn note(&mut self, one: &'static str) {
        if !self.traits.contains(&one) && self.traits.len() < MAX_LISTED {
            self.traits.push(one);
        }
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests;
