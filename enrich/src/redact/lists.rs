//! Finds what stands in the users' own lists (customers, accounts, names of people) by exact data
//! match: of a list only keyed hashes are kept.

mod config;
mod csv;
mod error;
mod table;
mod words;

use std::io::BufRead;

use magistrate_event::Span;

use super::RedactKey;
use super::ascii::{KEY_END_BYTE, VALUE_END_BYTE};
use super::detector::Label;
use super::names::kept;
use csv::Reader;
use table::Table;
use words::{Word, next_word, push_folded};

pub use config::ListConfig;
pub use error::{FileError, FileFault, ListError};

/// Words of a cell that are looked for; the first ones stand for a longer cell.
const MAX_WORDS: usize = 6;
/// A cell is a name, a number or an address.
const MAX_CELL_BYTES: usize = 1024;
/// Rows of all lists; at about ten bytes a cell they fill half a gigabyte.
const MAX_CELLS: usize = 50_000_000;
/// Blanks and punctuation between two words of one name, in bytes.
const MAX_GAP: usize = 4;

const CONTEXT: &[u8] = b"magistrate list of customers 1";

/// The loaded lists.
#[derive(Debug, Default)]
pub struct Lists {
    key: [u8; 32],
    seed: u64,
    /// For the hash of a first word, or of two: how many words the cells have that begin with it.
    starts: Vec<u8>,
    lists: Vec<List>,
}

#[derive(Debug)]
struct List {
    name: &'static str,
    kind: &'static str,
    table: Table,
}

/// In [`Lists::starts`]: a cell begins with this word and has more.
const HAS_MORE: u8 = 1 << 7;

/// Reads lists.
#[derive(Debug)]
pub struct ListsBuilder {
    key: [u8; 32],
    seed: u64,
    starts: Vec<(u64, u8)>,
    cells: usize,
    lists: Vec<List>,
}

/// What one list held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Loaded {
    /// Cells that are looked for.
    pub cells: usize,
    /// Cells that are too short to be looked for.
    pub short_cells: usize,
}

impl ListsBuilder {
    /// No list yet; hashes are made under `key`.
    pub fn new(key: &RedactKey) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(key.as_bytes());
        hasher.update(CONTEXT);
        let key = *hasher.finalize().as_bytes();
        Self {
            key,
            seed: table::hash(&key, CONTEXT),
            starts: Vec::new(),
            cells: 0,
            lists: Vec::new(),
        }
    }

    /// Reads `file`, the text of the list that `config` describes.
    ///
    /// # Errors
    /// When the configuration of the list is faulty, the file cannot be read or is no CSV with a
    /// header, a column is missing, or nothing in it is long enough to be looked for.
    pub fn add(&mut self, config: &ListConfig, file: impl BufRead) -> Result<Loaded, ListError> {
        config.check()?;
        if self.lists.iter().any(|list| list.name == config.name) {
            return Err(ListError::Twice(config.name.clone()));
        }
        let mut reader = Reader::new(file);
        let columns = self.columns(config, &mut reader)?;
        let (mut hashes, mut loaded, mut text) = (Vec::new(), Loaded::default(), String::new());
        let in_file = |fault| config.fault(fault);
        while let Some(cells) = reader.record().map_err(in_file)? {
            for cell in columns.iter().filter_map(|column| cells.get(*column)) {
                if cell.len() > MAX_CELL_BYTES {
                    let fault = error::FileFault::LongCell(MAX_CELL_BYTES);
                    return Err(config.fault(reader.at_line(fault)));
                }
                match self.cell(cell, config.min_length, &mut text) {
                    Some(hash) => hashes.push(hash),
                    None => loaded.short_cells += usize::from(!cell.trim().is_empty()),
                }
            }
            if self.cells + hashes.len() > MAX_CELLS {
                return Err(config.fault(reader.at_line(error::FileFault::TooMany(MAX_CELLS))));
            }
        }
        let table = Table::new(hashes);
        loaded.cells = table.len();
        if loaded.cells == 0 {
            return Err(config.fault(reader.at_line(error::FileFault::Empty(config.min_length))));
        }
        self.cells += loaded.cells;
        self.starts.sort_unstable();
        self.starts.dedup();
        self.lists.push(List {
            name: kept(&config.name),
            kind: kept(&config.kind()),
            table,
        });
        Ok(loaded)
    }

    /// The lists, ready to be looked for.
    pub fn finish(self) -> Lists {
        let slots = (self.starts.len() * 4)
            .next_power_of_two()
            .clamp(1 << 12, 1 << 26);
        let mut starts = vec![0; if self.lists.is_empty() { 0 } else { slots }];
        for (hash, lengths) in self.starts {
            let place = place(hash, starts.len());
            if let Some(slot) = starts.get_mut(place) {
                *slot |= lengths;
            }
        }
        Lists {
            key: self.key,
            seed: self.seed,
            starts,
            lists: self.lists,
        }
    }

    fn columns(
        &self,
        config: &ListConfig,
        reader: &mut Reader<impl BufRead>,
    ) -> Result<Vec<usize>, ListError> {
        let header = reader.record().map_err(|fault| config.fault(fault))?;
        let header: Vec<String> = header.unwrap_or_default().to_vec();
        config
            .columns
            .iter()
            .map(|column| {
                let place = header.iter().position(|name| name.trim() == column);
                place.ok_or_else(|| {
                    let fault = error::FileFault::Column {
                        column: column.clone(),
                        columns: header.join("`, `"),
                    };
                    config.fault(reader.at_line(fault))
                })
            })
            .collect()
    }

    /// The hash of a cell; `None` when it is too short. Notes how it begins.
    fn cell(&mut self, cell: &str, min_length: usize, text: &mut String) -> Option<u64> {
        let mut words = Vec::with_capacity(MAX_WORDS);
        let mut from = 0;
        while words.len() < MAX_WORDS
            && let Some(word) = next_word(cell, from, self.seed)
        {
            from = word.end;
            words.push(word);
        }
        text.clear();
        let (first, last) = (words.first()?, words.last()?);
        push_folded(cell.get(first.start..last.end)?, text);
        let letters = text.chars().filter(|c| *c != ' ').count();
        if letters < min_length || words.iter().any(Word::is_too_long) {
            return None;
        }
        match words.get(1) {
            Some(second) => {
                self.starts.push((first.hash, HAS_MORE));
                self.starts
                    .push((pair(first, second), length_bit(words.len())));
            }
            None => self.starts.push((first.hash, length_bit(1))),
        }
        // Half of the notes of a long list say the same.
        if self.starts.len().is_power_of_two() && self.starts.len() > 1 << 16 {
            self.starts.sort_unstable();
            self.starts.dedup();
        }
        Some(table::hash(&self.key, text.as_bytes()))
    }
}

impl Lists {
    /// What the list with this number calls its findings.
    pub(crate) fn label(&self, list: u16) -> Option<Label> {
        let list = self.lists.get(usize::from(list))?;
        Some(Label {
            kind: list.kind,
            id: list.name,
        })
    }

    /// What the lists call their findings.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.lists.iter().map(|list| list.kind)
    }

    /// Calls `visit` with every stretch of `text` that stands in a list, with the list's number
    /// and a confidence in percent.
    pub(crate) fn each(&self, text: &str, mut visit: impl FnMut(Span, u16, u8)) {
        if self.lists.is_empty() {
            return;
        }
        let mut from = 0;
        while let Some(word) = next_word(text, from, self.seed) {
            from = word.end;
            let lengths = self.lengths(word.hash);
            if lengths == 0 {
                continue;
            }
            if let Some((end, list, confidence)) = self.longest(text, word, lengths)
                && let Ok(span) = Span::new(word.start, end)
            {
                visit(span, list, confidence);
                from = end;
            }
        }
    }

    /// Where the longest cell ends that begins with `first`, and its list.
    fn longest(&self, text: &str, first: Word, lengths: u8) -> Option<(usize, u16, u8)> {
        let (words, count) = self.words(text, first, lengths);
        let words = words.get(..count)?;
        let of_pair = words
            .get(1)
            .map_or(0, |second| self.lengths(pair(&first, second)));
        let lengths = lengths & length_bit(1) | of_pair & !length_bit(1);
        let mut folded = String::new();
        (1..=count).rev().find_map(|len| {
            if lengths & length_bit(len) == 0 {
                return None;
            }
            let end = words.get(len - 1)?.end;
            folded.clear();
            push_folded(text.get(first.start..end)?, &mut folded);
            let hash = table::hash(&self.key, folded.as_bytes());
            let list = self
                .lists
                .iter()
                .position(|list| list.table.contains(hash))?;
            let confidence = if len == 1 { 75 } else { 90 };
            Some((end, u16::try_from(list).ok()?, confidence))
        })
    }

    /// `first` and the words that follow it closely, and how many they are.
    fn words(&self, text: &str, first: Word, lengths: u8) -> ([Word; MAX_WORDS], usize) {
        let mut words = [first; MAX_WORDS];
        let mut count = usize::from(!first.is_too_long());
        let mut last = first;
        let wanted = if lengths & HAS_MORE == 0 {
            0
        } else {
            MAX_WORDS
        };
        for slot in words.iter_mut().take(wanted).skip(1) {
            match next_word(text, last.end, self.seed) {
                Some(word) if follows(text, last.end, word.start) && !word.is_too_long() => {
                    (*slot, last) = (word, word);
                    count += 1;
                }
                Some(_) | None => break,
            }
        }
        (words, count)
    }

    fn lengths(&self, hash: u64) -> u8 {
        self.starts
            .get(place(hash, self.starts.len()))
            .copied()
            .unwrap_or(0)
    }
}

/// Whether what lies between two words keeps them in one name: a blank, a comma, a dash.
fn follows(text: &str, end: usize, start: usize) -> bool {
    let gap = text.as_bytes().get(end..start).unwrap_or_default();
    let parts = [VALUE_END_BYTE, KEY_END_BYTE];
    gap.len() <= MAX_GAP && !gap.iter().any(|byte| parts.contains(byte))
}

/// The hash of two words that follow each other.
const fn pair(first: &Word, second: &Word) -> u64 {
    (first.hash.rotate_left(23) ^ second.hash).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

const fn length_bit(words: usize) -> u8 {
    1 << (words - 1)
}

/// The place of `hash` in a table of `len` slots, a power of two.
fn place(hash: u64, len: usize) -> usize {
    let bits = len.max(2).ilog2();
    usize::try_from(hash >> (64 - bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
