//! What the prefilter looks for, beside the literals of rules, to tell that something is encoded.
//!
//! Each is three bytes or more, so that clean text costs nothing further.

use super::super::prefilter::{Case, Literal};
use super::packed;

/// A place at which something may be encoded or put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sign {
    pub(crate) at: usize,
    pub(crate) of: Of,
}

/// All signs of one text, from left to right.
#[derive(Debug, Default)]
pub(crate) struct Signs {
    pub(crate) signs: Vec<Sign>,
    /// Where strings end that begin like a secret, from left to right: the next string may hold the
    /// rest.
    pub(crate) fragments: Vec<usize>,
    /// Whether there are zeros or characters that are not ASCII, which may hide others.
    pub(crate) is_unusual: bool,
}

impl Signs {
    /// Where the signs of `of` stand.
    pub(crate) fn of(&self, of: Of) -> impl Iterator<Item = usize> {
        let all = self.signs.iter().filter(move |sign| sign.of == of);
        all.map(|sign| sign.at)
    }

    /// Whether something between `from` and `to` may be encoded or put together with what is near.
    pub(crate) fn are_within(&self, from: usize, to: usize) -> bool {
        let sign = self.signs.partition_point(|sign| sign.at < from);
        let fragment = self.fragments.partition_point(|at| *at < from);
        self.signs.get(sign).is_some_and(|sign| sign.at < to)
            || self.fragments.get(fragment).is_some_and(|at| *at < to)
    }
}

/// What it is a sign of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Of {
    /// Percent, a backslash, an entity.
    Escape,
    /// A `+` for a blank.
    Form,
    /// Quoted-printable.
    Quoted,
    /// Strings that are put together; one ends here.
    Glue,
    /// A list of strings.
    List,
    /// A chunk of a model's stream.
    Chunk,
    /// The hex of a packed file's first bytes.
    Packed,
}

/// How many kinds of signs there are.
pub(crate) const COUNT: usize = 7;
const ALL: [Of; COUNT] = [
    Of::Escape,
    Of::Form,
    Of::Quoted,
    Of::Glue,
    Of::List,
    Of::Chunk,
    Of::Packed,
];

/// First digits of the bytes that matter: ASCII, line ends, zero, and the scripts of look-alikes.
const FIRST_DIGITS: [char; 6] = ['2', '3', '4', '5', '6', '7'];
const FURTHER_BYTES: [&str; 13] = [
    "00", "09", "0a", "0d", "c2", "ce", "cf", "d0", "d1", "e2", "ef", "f0", "f3",
];
const DIGITS: &str = "0123456789abcdef";
/// What follows a backslash.
const ESCAPES: [&str; 32] = [
    "u0", "u1", "u2", "u{", "ud", "uD", "uf", "uF", "x0", "x2", "x3", "x4", "x5", "x6", "x7", "xc",
    "xe", "xf", "04", "05", "06", "07", "10", "11", "12", "13", "14", "15", "16", "17", "/\\",
    "\"\\\":",
];
const LETTERS: &str =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+/={\"<@:.,;'()[&%\\";

/// What stands before a secret and a blank.
const FORM_WORDS: [&str; 14] = [
    "password", "passwd", "auth", "pass", "bindpw", "rootpw", "phrase", "bearer", "basic", "token",
    "key", "secret", "mnemonic", "begin",
];
/// What flags begin with.
const FLAGS: &str = "-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// All literals; that of the sign `ALL[n]` says it belongs to the rule `first + n`.
pub(crate) fn literals(first: usize) -> Vec<Literal> {
    ALL.iter()
        .enumerate()
        .flat_map(|(number, of)| {
            texts(*of).into_iter().map(move |(text, case)| Literal {
                text: text.into_bytes(),
                case,
                rule: first + number,
            })
        })
        .collect()
}

/// The sign whose literals have this number.
pub(crate) fn sign(number: usize) -> Option<Of> {
    ALL.get(number).copied()
}

fn texts(of: Of) -> Vec<(String, Case)> {
    let exact = |text: String| (text, Case::Exact);
    match of {
        Of::Escape => escapes(),
        Of::Form => forms(),
        Of::Quoted => {
            let bytes = FIRST_DIGITS
                .iter()
                .flat_map(|first| ('A'..='F').map(move |second| format!("={first}{second}")));
            let breaks = LETTERS.chars().map(|letter| format!("=\n{letter}"));
            let pairs = FIRST_DIGITS
                .iter()
                .flat_map(|first| ('0'..='9').map(move |second| format!("={first}{second}=")));
            let blanks = LETTERS.chars().filter(|letter| !letter.is_ascii_digit());
            let blanks = blanks.map(|letter| format!("=20{letter}"));
            let others = [
                "BEGIN=20", ":=20", "=0A", "=0D", "=\r\n", "=\\n", "=\\r", "=\\\\",
            ];
            let others = others.into_iter().map(str::to_owned);
            bytes
                .chain(pairs)
                .chain(blanks)
                .chain(breaks)
                .chain(others)
                .map(exact)
                .collect()
        }
        Of::Glue => [
            "\" +", "' +", "\"+\"", "'+'", "\"+ ", "'+ ", "\"+\n", "'+\n",
        ]
        .into_iter()
        .map(|text| exact(text.to_owned()))
        .collect(),
        Of::List => {
            let plain = LETTERS.chars().map(|letter| format!("[\"{letter}"));
            plain
                .chain(["[\\\"", "[ \"", "[\\\\"].map(str::to_owned))
                .map(exact)
                .collect()
        }
        Of::Packed => {
            let heads = packed::HEADS.map(|head| (head.to_owned(), Case::Ignored));
            heads.to_vec()
        }
        Of::Chunk => vec![exact("delta\"".to_owned()), exact("delta\\".to_owned())],
    }
}

/// A `+` beside an escape or before a flag, and words that a secret follows after a blank.
fn forms() -> Vec<(String, Case)> {
    let words = FORM_WORDS.map(|word| (format!("{word}+"), Case::Ignored));
    let flags = FLAGS.chars().map(|letter| format!("+-{letter}"));
    let escaped = ["%3A+", "%3a+", "%3D+", "%3d+", "+%2", "+%3"].map(str::to_owned);
    let exact = flags.chain(escaped).map(|text| (text, Case::Exact));
    words.into_iter().chain(exact).collect()
}

fn escapes() -> Vec<(String, Case)> {
    let bytes = FIRST_DIGITS.iter().flat_map(|first| {
        DIGITS
            .chars()
            .map(move |second| (format!("%{first}{second}"), Case::Ignored))
    });
    let further = FURTHER_BYTES.map(|byte| (format!("%{byte}"), Case::Ignored));
    let others = ["%u0", "%uF", "%uf", ":\\/"];
    let others = others.map(|text| (text.to_owned(), Case::Exact));
    let backslashes = ESCAPES.map(|escape| (format!("\\{escape}"), Case::Exact));
    let numbers = "0123456789xX".chars();
    let numbers = numbers.map(|digit| (format!("&#{digit}"), Case::Exact));
    let names = super::entity::names().map(|name| (format!("&{name};"), Case::Exact));
    bytes
        .chain(further)
        .chain(others)
        .chain(backslashes)
        .chain(numbers)
        .chain(names)
        .collect()
}
