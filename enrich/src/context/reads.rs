//! What a session has read: from where, whether others could write it, whether it is sensitive, and
//! the fingerprints by which it is known again.

use serde::{Deserialize, Serialize};

use super::key::{Seconds, Tag};
use super::winnow::{Print, prints, thin};

/// Places that a session remembers having read.
const MAX_READS: usize = 24;
/// Fingerprints that a session remembers, over all places.
const MAX_PRINTS: usize = 1_024;
/// Labels are cut.
const MAX_LABEL_BYTES: usize = 200;
/// So many fingerprints in common make a copy, however long the text is.
const ENOUGH: usize = 3;
/// Of a text with few fingerprints this part in common makes a copy.
const PART: usize = 3;

/// What is known of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Taint(u8);

impl Taint {
    pub(super) const UNTRUSTED: Self = Self(1);
    pub(super) const SENSITIVE: Self = Self(2);
    /// It was told of so late that it says nothing of the session as it is now.
    pub(super) const LATE: Self = Self(4);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What neither of both is late for is not late.
    const fn join(self, other: Self) -> Self {
        let late = self.0 & other.0 & Self::LATE.0;
        Self((self.0 | other.0) & !Self::LATE.0 | late)
    }
}

/// One place that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Read {
    /// Such as `page:example.com` or `file:/home/a/x.csv`.
    pub(super) label: Box<str>,
    pub(super) at: Seconds,
    /// The call that read it.
    pub(super) by: Tag,
    pub(super) taint: Taint,
    /// Its number, which its fingerprints bear.
    number: u8,
}

/// When something is asked, and by which call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asking {
    pub(super) at: Seconds,
    pub(super) call: Tag,
    /// Whether the question itself is about the past.
    pub(super) is_late: bool,
}

impl Asking {
    /// Whether `read` was there when this is asked: what a call itself reads was not.
    fn sees(self, read: &Read) -> bool {
        let own = read.by == self.call && self.call != Tag::NONE;
        !own && read.at <= self.at && (self.is_late || !read.taint.has(Taint::LATE))
    }
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Reads {
    kept: Vec<Read>,
    /// Fingerprints, sorted, and beside them the numbers of their reads.
    prints: Vec<u32>,
    owners: Vec<u8>,
    next: u8,
}

impl Reads {
    /// Takes over that `label` was read, and what it held.
    pub(super) fn add(
        &mut self,
        label: &str,
        taint: Taint,
        (at, by): (Seconds, Tag),
        texts: &[&str],
    ) {
        let label = cut(label);
        let number = match self.kept.iter_mut().find(|read| &*read.label == label) {
            Some(read) => {
                read.taint = read.taint.join(taint);
                if at < read.at {
                    (read.at, read.by) = (at, by);
                }
                read.number
            }
            None => self.push(label, taint, at, by),
        };
        for text in texts {
            self.remember(number, &prints(text));
        }
    }

    fn push(&mut self, label: &str, taint: Taint, at: Seconds, by: Tag) -> u8 {
        if self.kept.len() >= MAX_READS {
            self.forget_one(taint);
        }
        while self.kept.iter().any(|read| read.number == self.next) {
            self.next = self.next.wrapping_add(1);
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.kept.push(Read {
            label: label.into(),
            at,
            by,
            taint,
            number,
        });
        number
    }

    /// Forgets the oldest read whose taint another one, or the one to come, has as well; but not where
    /// a session came upon what others can write, or what is sensitive, first.
    fn forget_one(&mut self, coming: Taint) {
        let is_borne_elsewhere = |at: usize, mark: Taint, is_late: bool| {
            let others = self.kept.iter().enumerate();
            let others = others.filter(|(other, _)| *other != at);
            let mut taints = others.map(|(_, read)| read.taint).chain([coming]);
            taints.any(|taint| taint.has(mark) && (is_late || !taint.has(Taint::LATE)))
        };
        let is_spare = |at: &usize| {
            let taint = self.kept.get(*at).map(|read| read.taint);
            taint.is_some_and(|taint| {
                let marks = [Taint::UNTRUSTED, Taint::SENSITIVE];
                let mut borne = marks.into_iter().filter(|mark| taint.has(*mark));
                borne.all(|mark| is_borne_elsewhere(*at, mark, taint.has(Taint::LATE)))
            })
        };
        let firsts = [Taint::UNTRUSTED, Taint::SENSITIVE].map(|mark| self.first(mark));
        let mut spare = (0..self.kept.len()).filter(is_spare);
        let at = spare.clone().find(|at| !firsts.contains(&Some(*at)));
        let at = at.or_else(|| spare.next()).unwrap_or(0);
        let gone = self.kept.remove(at).number;
        self.retain_prints(|_, owner| owner != gone);
    }

    /// Where the earliest read with `mark` that is not late stands.
    fn first(&self, mark: Taint) -> Option<usize> {
        let places = self.kept.iter().enumerate();
        let marked =
            places.filter(|(_, read)| read.taint.has(mark) && !read.taint.has(Taint::LATE));
        let first = marked.min_by_key(|(_, read)| read.at);
        first.map(|(place, _)| place)
    }

    fn remember(&mut self, number: u8, found: &[Print]) {
        for print in found {
            if let Err(place) = self.prints.binary_search(&print.number()) {
                self.prints.insert(place, print.number());
                self.owners.insert(place, number);
            }
        }
        if self.prints.len() > MAX_PRINTS {
            let mut kept: Vec<_> = self
                .prints
                .iter()
                .copied()
                .map(Print::from_number)
                .collect();
            thin(&mut kept, MAX_PRINTS * 3 / 4);
            self.retain_prints(|print, _| kept.binary_search(&Print::from_number(print)).is_ok());
        }
    }

    fn retain_prints(&mut self, stays: impl Fn(u32, u8) -> bool) {
        let pairs = std::mem::take(&mut self.prints);
        let owners = std::mem::take(&mut self.owners);
        let pairs = pairs.into_iter().zip(owners);
        (self.prints, self.owners) = pairs.filter(|(print, owner)| stays(*print, *owner)).unzip();
    }

    /// The reads with `taint` that were there when it is asked, in the order in which they were told of.
    pub(super) fn tainted(&self, taint: Taint, asking: Asking) -> impl Iterator<Item = &Read> {
        let kept = self.kept.iter();
        kept.filter(move |read| read.taint.has(taint) && asking.sees(read))
    }

    /// The reads that `texts` have been copied from.
    pub(super) fn copied<'a>(
        &self,
        texts: impl Iterator<Item = &'a str>,
        asking: Asking,
    ) -> Vec<&Read> {
        if self.prints.is_empty() {
            return Vec::new();
        }
        let mut common = [Common::default(); 256];
        let mut count = 0;
        for text in texts {
            for print in prints(text) {
                count += 1;
                let Ok(at) = self.prints.binary_search(&print.number()) else {
                    continue;
                };
                let owner = self.owners.get(at).copied().unwrap_or_default();
                if let Some(common) = common.get_mut(usize::from(owner)) {
                    common.add(print);
                }
            }
        }
        let is_copied = |read: &&Read| {
            let common = common.get(usize::from(read.number));
            common.is_some_and(|common| common.is_enough(count)) && asking.sees(read)
        };
        self.kept.iter().filter(is_copied).collect()
    }
}

/// What a text has in common with one read.
#[derive(Debug, Clone, Copy, Default)]
struct Common {
    prints: u16,
    has_marker: bool,
}

impl Common {
    fn add(&mut self, print: Print) {
        self.prints = self.prints.saturating_add(1);
        self.has_marker |= print.is_marker();
    }

    /// Whether it makes a copy, of a text with `count` fingerprints.
    const fn is_enough(self, count: usize) -> bool {
        let prints = self.prints as usize;
        self.has_marker || prints >= ENOUGH || prints > 0 && prints * PART >= count
    }
}

fn cut(label: &str) -> &str {
    let mut end = label.len().min(MAX_LABEL_BYTES);
    while !label.is_char_boundary(end) {
        end -= 1;
    }
    label.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "The quarterly margin in the northern region fell to 11.4 percent, \
        because the Rotterdam plant stood still for nine days; the board has not been told yet.";

    fn asking(at: u32) -> Asking {
        Asking {
            at: Seconds(at),
            call: Tag::of("asking"),
            is_late: false,
        }
    }

    fn labels<'a>(reads: impl IntoIterator<Item = &'a Read>) -> Vec<&'a str> {
        reads.into_iter().map(|read| &*read.label).collect()
    }

    #[test]
    fn a_call_does_not_see_what_it_reads_itself_nor_what_came_later() {
        let mut reads = Reads::default();
        let at = (Seconds(10), Tag::of("asking"));
        reads.add("page:own.example", Taint::UNTRUSTED, at, &[]);
        reads.add(
            "page:later.example",
            Taint::UNTRUSTED,
            (Seconds(99), Tag::NONE),
            &[],
        );
        reads.add(
            "page:seen.example",
            Taint::UNTRUSTED,
            (Seconds(9), Tag::NONE),
            &[],
        );
        let seen = reads.tainted(Taint::UNTRUSTED, asking(20));
        assert_eq!(labels(seen), ["page:seen.example"]);
    }

    #[test]
    fn late_reads_are_seen_by_late_questions_only() {
        let mut reads = Reads::default();
        let late = Taint::UNTRUSTED.and(Taint::LATE);
        reads.add("page:a.example", late, (Seconds(1), Tag::NONE), &[]);
        assert_eq!(reads.tainted(Taint::UNTRUSTED, asking(5)).count(), 0);
        let past = Asking {
            is_late: true,
            ..asking(5)
        };
        assert_eq!(reads.tainted(Taint::UNTRUSTED, past).count(), 1);
        reads.add(
            "page:a.example",
            Taint::UNTRUSTED,
            (Seconds(3), Tag::NONE),
            &[],
        );
        assert_eq!(reads.tainted(Taint::UNTRUSTED, asking(5)).count(), 1);
    }

    #[test]
    fn what_goes_out_is_traced_to_where_it_was_read() {
        let mut reads = Reads::default();
        let at = (Seconds(1), Tag::NONE);
        reads.add("file:/a.md", Taint::default(), at, &[SECRET]);
        reads.add("page:b.example", Taint::UNTRUSTED, at, &["Something else that is long enough to have fingerprints of its own, or so it seems."]);
        let mail = format!(
            "Dear John, as promised: {} Best, A.",
            SECRET.to_uppercase().replace(' ', "  ")
        );
        let copied = reads.copied([mail.as_str()].into_iter(), asking(5));
        assert_eq!(labels(copied), ["file:/a.md"]);
        let own = "I wrote this myself, and it resembles nothing that anybody has read before.";
        assert!(reads.copied([own].into_iter(), asking(5)).is_empty());
    }

    #[test]
    fn the_place_that_tainted_first_stays() {
        let mut reads = Reads::default();
        for number in 0..100_u32 {
            let label = format!("page:{number}.example");
            let at = (Seconds(number), Tag::NONE);
            reads.add(&label, Taint::UNTRUSTED, at, &[]);
        }
        let kept = labels(reads.tainted(Taint::UNTRUSTED, asking(500)));
        assert_eq!(kept.len(), MAX_READS);
        assert_eq!(kept[..2], ["page:0.example", "page:77.example"]);
        assert_eq!(kept[MAX_READS - 1], "page:99.example");
    }

    #[test]
    fn many_reads_keep_what_taints() {
        let mut reads = Reads::default();
        reads.add(
            "file:/secret",
            Taint::SENSITIVE,
            (Seconds(1), Tag::NONE),
            &[],
        );
        for number in 0..200_u32 {
            let text = format!("{number} ").repeat(200);
            reads.add(
                &format!("file:/{number}"),
                Taint::default(),
                (Seconds(number), Tag::NONE),
                &[&text],
            );
        }
        assert_eq!(reads.kept.len(), MAX_READS);
        assert_eq!(
            labels(reads.tainted(Taint::SENSITIVE, asking(500))),
            ["file:/secret"]
        );
        assert!(reads.prints.len() <= MAX_PRINTS);
        assert_eq!(reads.prints.len(), reads.owners.len());
    }
}
