//! Finds secrets by the name that they are given to: `password`, `api_key`, `Authorization`.

mod ending;

use std::ops::Range;

use serde::Deserialize;

use super::ascii::{
    KEY_END_BYTE, VALUE_END_BYTE, byte, byte_before, follows_escape, is_at, is_word, skip,
    skip_back, skip_blanks, slice,
};
use super::assign::{Assigned, Assignment, Form, assignment, bare, name_start, next_in_list};
use super::header::{credentials, each_cookie, whole_header};
use super::object::{Wanted, each_held, next_text, value_before};
use super::placeholder::{is_code, is_no_code, is_placeholder, is_uuid, looks_random};
use super::prefilter::Hit;
use super::quote::Quote;
use ending::name_end;

/// What the value of a name is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Content {
    /// A secret, whatever it looks like.
    Secret,
    /// A secret unless it is as short as a count or a word: the name is an English word too.
    LikelySecret,
    /// A secret only if it looks made by a machine: the name means other things too.
    RandomSecret,
    /// The same, but no UUID: those are ids that rows are joined by.
    Session,
    /// A scheme and credentials.
    Authorization,
    /// Cookies with names of their own.
    Cookies,
}

/// Where names may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Joint {
    /// At the beginning of a word: `db_password`, `dbPassword`.
    #[default]
    Word,
    /// Inside a word too: `PGPASSWORD`.
    Anywhere,
}

/// How many secrets a name holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Holds {
    /// One, or a list of them: `password`.
    #[default]
    One,
    /// A list or map only: `passwords`, which before a single word is a heading or a count.
    Several,
}

/// A rule that goes by names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) content: Content,
    pub(crate) joint: Joint,
    pub(crate) holds: Holds,
}

/// What a name led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Led {
    /// It is not the name, or has no value.
    Nowhere,
    /// Its value was looked at, up to this offset: the rule need not look there again.
    Until(usize),
    /// The same, and it is a key of the event, whose value may be more than the text behind it.
    Key(usize),
}

/// A name that is a value is no longer than this before its last part, in bytes.
const MAX_VALUE_NAME_LEN: usize = 128;
/// What asks for a secret between `<` and `>` is no longer, in bytes.
const MAX_ASKED_LEN: usize = 40;
/// A value that was refused is looked at again only if it was shorter, in bytes.
const LOOK_AGAIN_LEN: usize = 256;

impl Named {
    /// Looks at the name that the literal at `hit` may be, and calls `found` for each secret.
    pub(crate) fn find(self, text: &[u8], hit: Hit, mut found: impl FnMut(usize, usize)) -> Led {
        if !self.can_begin(text, hit.start) {
            return Led::Nowhere;
        }
        let Some(end) = name_end(text, hit.end) else {
            return Led::Nowhere;
        };
        let whole_start = name_start(text, hit.start);
        if is_path(text, whole_start) {
            return Led::Nowhere;
        }
        let assigned = assignment(text, hit.start, end);
        if self.holds == Holds::Several && !is_several(text, end, assigned) {
            return Led::Nowhere;
        }
        match assigned {
            None => self.beside(text, hit.start, end, found),
            Some(Assignment::Value(value))
                if self.content == Content::LikelySecret
                    && whole_start == hit.start
                    && is_report(text, hit, value) =>
            {
                Led::Nowhere
            }
            Some(Assignment::Tree) => Led::Key(hit.start),
            Some(Assignment::Value(value)) => {
                let until = self.values(text, whole_start..end, value, &mut found);
                let is_key = byte(text, end) == KEY_END_BYTE;
                if is_key {
                    Led::Key(until)
                } else {
                    Led::Until(until)
                }
            }
        }
    }

    /// A value that stands before its name, or after it in a list.
    fn beside(
        self,
        text: &[u8],
        start: usize,
        end: usize,
        mut found: impl FnMut(usize, usize),
    ) -> Led {
        let Some((_, after)) = Quote::at(text, end) else {
            return Led::Nowhere;
        };
        let is_header = matches!(self.content, Content::Authorization | Content::Cookies);
        let listed = || next_text(text, after).filter(|_| is_header);
        let quoted = name_start(text, start);
        let Some(value) = value_before(text, quoted).or_else(listed) else {
            return Led::Nowhere;
        };
        Led::Until(self.secrets(text, value, &mut found).max(end))
    }

    /// Whether `name`, a key as a whole, is the name whose literal lies at `hit` in it.
    pub(crate) fn is_key(self, name: &[u8], hit: Hit) -> bool {
        self.can_begin(name, hit.start) && name_end(name, hit.end) == Some(name.len())
    }

    /// Whether the name whose literal lies at `hit` is a value of the event as a whole: then its
    /// sibling `value` may be the secret, as in `{"key":"db.password","value":…}`.
    pub(crate) fn is_value(self, text: &[u8], hit: Hit) -> bool {
        let is_inside = |byte: u8| !matches!(byte, KEY_END_BYTE | VALUE_END_BYTE);
        let start = skip_back(text, hit.start, MAX_VALUE_NAME_LEN, is_inside);
        let Some(end) = name_end(text, hit.end) else {
            return false;
        };
        byte(text, end) == VALUE_END_BYTE
            && byte_before(text, start) == KEY_END_BYTE
            && self.can_begin(text, hit.start)
    }

    /// Calls `found` for each secret in a text that is the name's value as a whole.
    pub(crate) fn whole(
        self,
        text: &[u8],
        start: usize,
        end: usize,
        found: impl FnMut(usize, usize),
    ) {
        let form = Form::Whole;
        self.secrets(text, Assigned { start, end, form }, found);
    }

    fn values(
        self,
        text: &[u8],
        name: Range<usize>,
        first: Assigned,
        found: &mut impl FnMut(usize, usize),
    ) -> usize {
        if byte(text, first.start) == b'{'
            && let Some(wanted) = self.wanted(first.form)
        {
            let held = |value: Assigned| {
                let plain = slice(text, value.start, value.end);
                if wanted == Wanted::Holders || looks_random(plain) && !is_of_package(plain) {
                    self.secrets(text, value, &mut *found);
                }
            };
            return each_held(text, first.start, wanted, held);
        }
        if opens_structure(slice(text, first.start, first.end), first.form) {
            return first.start;
        }
        let mut value = match self.content {
            Content::Authorization | Content::Cookies => whole_header(text, name, first),
            Content::Secret | Content::LikelySecret | Content::RandomSecret | Content::Session => {
                first
            }
        };
        let mut until = self.secrets(text, value, &mut *found);
        while let Some(next) = next_in_list(text, value) {
            value = next;
            until = self.secrets(text, value, &mut *found);
        }
        until
    }

    /// Returns how far the text need not be looked at again.
    fn secrets(self, text: &[u8], value: Assigned, mut found: impl FnMut(usize, usize)) -> usize {
        let plain = slice(text, value.start, value.end);
        let refused = if plain.len() > LOOK_AGAIN_LEN {
            value.end
        } else {
            value.start
        };
        let is_header = matches!(self.content, Content::Authorization | Content::Cookies);
        if is_header && byte_before(text, value.start) != b' ' && is_program(text, value) {
            return refused;
        }
        let is_secret = match self.content {
            Content::Secret => true,
            Content::LikelySecret => is_likely(plain),
            Content::RandomSecret => looks_random(plain),
            Content::Session => looks_random(plain) && !is_uuid(plain),
            Content::Authorization => {
                let secret = credentials(text, value);
                return secret.map_or(value.start, |(from, to)| {
                    found(from, to);
                    to
                });
            }
            Content::Cookies => return each_cookie(text, value, found),
        };
        let is_told = || !is_program(text, value) && !is_placeholder(with_stand_in(text, value));
        if !is_secret || !is_told() {
            return refused;
        }
        found(value.start, value.end);
        value.end
    }

    /// Whether a text or a number alone can be what it names.
    pub(crate) const fn holds_one(self) -> bool {
        matches!(self.holds, Holds::One)
    }

    /// Which values of an object count, set off as `form` says; `None` when none does.
    fn wanted(self, form: Form) -> Option<Wanted> {
        let is_bare = form == Form::Bare;
        let can_be = is_bare || form == Form::Bracketed;
        match (self.content, self.holds) {
            (_, Holds::Several) => can_be.then_some(Wanted::All),
            (Content::Secret | Content::LikelySecret, Holds::One) => {
                is_bare.then_some(Wanted::Holders)
            }
            (
                Content::RandomSecret
                | Content::Session
                | Content::Authorization
                | Content::Cookies,
                Holds::One,
            ) => None,
        }
    }

    fn can_begin(self, text: &[u8], start: usize) -> bool {
        let before = byte_before(text, start);
        let camel = byte(text, start).is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || byte(text, start + 1).is_ascii_lowercase());
        self.joint == Joint::Anywhere
            || !before.is_ascii_alphanumeric()
            || camel
            || follows_escape(text, start)
    }
}

/// The address or checksum of a package that is called like a secret.
fn is_of_package(value: &[u8]) -> bool {
    value.starts_with(b"http") || value.starts_with(b"sha512-") || value.starts_with(b"sha1-")
}

/// Whether a name that ends at `end` has a list of quoted texts, or a map.
fn is_several(text: &[u8], end: usize, assigned: Option<Assignment>) -> bool {
    match assigned {
        Some(Assignment::Tree) => true,
        Some(Assignment::Value(value)) => {
            let is_listed = || slice(text, end, value.start).contains(&b'[');
            byte(text, value.start) == b'{' || value.form == Form::Quoted && is_listed()
        }
        None => false,
    }
}

/// `pass: 12`, `pass: all` and `PWD=/home` are no passwords.
fn is_likely(value: &[u8]) -> bool {
    let is_short = value.len() < 6;
    let is_plain = value.iter().all(u8::is_ascii_digit) || value.iter().all(u8::is_ascii_lowercase);
    let is_path = matches!(
        value,
        [b'/' | b'~' | b'.', ..] | [_, b':', b'\\' | b'/', ..]
    );
    !(is_path || is_short && is_plain)
}

/// Whether an unquoted value, whose first word counts, is program text.
fn is_program(text: &[u8], value: Assigned) -> bool {
    let start = skip_blanks(text, value.start).min(value.end);
    if value.form != Form::Bare || is_no_code(slice(text, start, value.end)) {
        return false;
    }
    let word = bare(slice(text, 0, start + LOOK_AGAIN_LEN), start);
    is_code(slice(text, start, word.end.min(value.end)))
}

/// The value with what no unquoted word holds but a stand-in ends in: `pk_...`, `dapi<token>`.
fn with_stand_in(text: &[u8], value: Assigned) -> &[u8] {
    let end = match byte(text, value.end) {
        b'.' if value.form == Form::Bare && is_at(text, value.end, b"...") => value.end + 3,
        b'<' if value.form == Form::Bare => {
            let inside = skip(text, value.end + 1, MAX_ASKED_LEN, |byte| {
                is_word(byte) || matches!(byte, b'-' | b' ')
            });
            if byte(text, inside) == b'>' {
                inside + 1
            } else {
                value.end
            }
        }
        _ => value.end,
    };
    slice(text, value.start, end)
}

/// `PASS: name of a test`: a word of its own, a colon and a blank, then nothing machine-made.
fn is_report(text: &[u8], name: Hit, value: Assigned) -> bool {
    let plain = slice(text, value.start, value.end);
    let is_shouted = byte(text, name.start).is_ascii_uppercase()
        && byte(text, name.start + 1).is_ascii_uppercase();
    let sign = skip_back(text, value.start, 2, |byte| byte == b' ');
    value.form == Form::Bare
        && sign < value.start
        && byte_before(text, sign) == b':'
        && (is_shouted || !looks_random(plain))
}

/// `{`, `(` and the like begin program text or a structure, not a bare secret.
fn opens_structure(value: &[u8], form: Form) -> bool {
    form == Form::Bare
        && matches!(
            value.first(),
            Some(b'{' | b'}' | b'(' | b')' | b'[' | b']' | b'|' | b'=' | b',')
        )
}

/// `/etc/passwd:` is a file, `://token:x@` belongs to another rule.
fn is_path(text: &[u8], whole_start: usize) -> bool {
    let Some(slash) = whole_start.checked_sub(1) else {
        return false;
    };
    is_at(text, slash, b"/passwd") || slash > 0 && is_at(text, slash - 1, b"//")
}
