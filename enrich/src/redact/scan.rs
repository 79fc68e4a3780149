//! Runs the compiled rules over one text: what shall be masked, and what is masked already.

use std::collections::HashMap;

use magistrate_event::Span;

use super::ascii::{KEY_END_BYTE, VALUE_END_BYTE, byte_before, is_at, skip, skip_back};
use super::content::{Content, MAX_SIGHTINGS, Sighting};
pub(crate) use super::cut::Ending;
use super::cut::{Begun, begun};
use super::decode::is_unusual;
use super::decode::sign::{Sign, Signs};
use super::marker::marker_end;
use super::merge::{By, Found, leave_out, merge};
use super::named::{Led, Named};
use super::prefilter::{Hit, Recent};
use super::private_key::{NextEnd, private_key, rest_of_key};
use super::rule::Grammar;
use super::ruleset::{Compiled, Finder, RuleSet};
use super::url_password::url_password;

/// Quoted-printable's lines, with the sign of the break, are no longer (RFC 2045 section 6.7).
const MAX_LINE_LEN: usize = 76;
/// And a break before this comes from no encoder: the longest escape would have fitted.
const FULL_LINE_LEN: usize = 73;

/// How the marker of a key block goes on behind [`MARKER_START`](super::marker::MARKER_START).
const KEY_BLOCK_MARKER: &[u8] = b"credential.private_key:";

/// How sure it is, in percent, that what was cut short is a secret.
const MAX_CUT_CONFIDENCE: u8 = 60;

/// What one pass over a text saw.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    found: Vec<Found>,
    markers: Vec<Span>,
    sightings: Vec<Sighting>,
    /// Per rule, up to where the text need not be looked at again; keeps hits in a row linear.
    until: Vec<(usize, usize)>,
    /// The furthest of these places.
    furthest: usize,
    next_end: NextEnd,
    has_named_key: bool,
    /// Where strings end that begin like a secret.
    fragments: Vec<usize>,
    /// Where something may be encoded or put together.
    signs: Vec<Sign>,
    ending: Ending,
}

impl Scan {
    /// Scans `text` with all of `rules`.
    pub(crate) fn of(rules: &RuleSet, text: &str) -> Self {
        Self::part(rules, text, Ending::Certain)
    }

    /// The same for the text of an event after others, which may have begun alike.
    pub(crate) fn of_next(rules: &RuleSet, text: &str, recent: &mut Recent) -> Self {
        let mut scan = Self::default();
        let bytes = text.as_bytes();
        let prefilter = rules.prefilter();
        prefilter.each_hit_since(bytes, recent, |hit| scan.visit(rules, bytes, hit));
        scan.finish(rules, text);
        scan
    }

    /// Scans `text`, which may go on elsewhere.
    pub(crate) fn part(rules: &RuleSet, text: &str, ending: Ending) -> Self {
        let mut scan = Self {
            ending,
            ..Self::default()
        };
        let bytes = text.as_bytes();
        rules
            .prefilter()
            .each_hit(bytes, |hit| scan.visit(rules, bytes, hit));
        scan.finish(rules, text);
        scan
    }

    /// Looks for what no literal leads to.
    fn finish(&mut self, rules: &RuleSet, text: &str) {
        let bytes = text.as_bytes();
        for &rule in rules.unfiltered() {
            self.visit_custom(rules, bytes, rule);
        }
        let found = &mut self.found;
        rules.detectors().each(text, |one| found.push(one));
    }

    /// Whether a detector, rather than a rule, found something.
    pub(crate) fn has_detected(&self) -> bool {
        self.found
            .iter()
            .any(|one| matches!(one.by, By::Detector(_)))
    }

    /// Drops what detectors found inside one of `kept`: columns that say who acted keep their
    /// value. What rules found stays.
    pub(crate) fn spare(&mut self, kept: &[Span]) {
        self.found.retain(|one| match one.by {
            By::Rule(_) => true,
            By::Detector(_) => !kept.iter().any(|column| column.holds(one.span)),
        });
    }

    /// Whether a key of the event names a secret, so that its value may be a number or a tree.
    pub(crate) const fn has_named_key(&self) -> bool {
        self.has_named_key
    }

    /// Where something of `text`, which was scanned, may be encoded or put together, from left to
    /// right, and where strings end that begin like a secret.
    pub(crate) fn take_signs(&mut self, text: &str) -> Signs {
        self.signs.sort_unstable();
        self.fragments.sort_unstable();
        Signs {
            signs: std::mem::take(&mut self.signs),
            fragments: std::mem::take(&mut self.fragments),
            is_unusual: is_unusual(text.as_bytes()),
        }
    }

    /// Adds what decoders found. A `=` at the end of a line looks like quoted-printable's soft line
    /// break; where it is the padding of a secret that was found in plain text, the next line is
    /// something else.
    pub(crate) fn add_decoded(&mut self, text: &str, mut decoded: Vec<Found>) {
        if decoded.is_empty() {
            return;
        }
        let padded = self.found.iter().map(|one| one.span);
        let padded = padded.filter(|span| is_padded(text.as_bytes(), *span));
        let ends: HashMap<usize, usize> = padded.map(|span| (span.start(), span.end())).collect();
        decoded.retain(|one| {
            let plain = ends.get(&one.span.start());
            plain.is_none_or(|end| one.span.end() <= *end)
        });
        self.found.extend(decoded);
    }

    /// Adds stretches of the same text that another search found.
    pub(crate) fn add(&mut self, found: Vec<Found>) {
        self.found.extend(found);
    }

    /// Takes out what names an inner network, which is noted and not masked.
    pub(crate) fn take_sightings(&mut self) -> Vec<Sighting> {
        std::mem::take(&mut self.sightings)
    }

    /// What shall be masked: sorted, disjoint, on `char` bounds, outside of every marker.
    pub(crate) fn into_found(self, text: &str) -> Vec<Found> {
        if self.found.is_empty() {
            return self.found;
        }
        let mut found = leave_out(text.as_bytes(), merge(self.found), &self.markers);
        let mut have_grown = false;
        for one in &mut found {
            let span = on_char_bounds(text, one.span);
            have_grown |= span != one.span;
            one.span = span;
        }
        if have_grown { merge(found) } else { found }
    }

    /// Looks at `hit`; answers with the end of the last marker, before which nothing is of interest.
    fn visit(&mut self, rules: &RuleSet, text: &[u8], hit: Hit) -> usize {
        let seen = self.markers.last().map_or(0, |marker| marker.end());
        if hit.start < seen {
            return seen;
        }
        if let Some(rule) = rules.rule(hit.rule) {
            self.visit_rule(rules, rule, text, hit);
        } else if let Some(of) = rules.sign(hit.rule) {
            self.signs.push(Sign { at: hit.start, of });
        } else if let Some(name) = rules.internal_name(hit.rule) {
            self.sight(rules, text, name, hit);
        } else if let Some(end) =
            marker_end(text, hit.end).or_else(|| rules.placeholder_end(text, hit.end))
        {
            self.markers.extend(Span::new(hit.start, end).ok());
            self.visit_rest(rules, text, hit, end);
            return end;
        }
        seen
    }

    fn visit_rule(&mut self, rules: &RuleSet, rule: &Compiled, text: &[u8], hit: Hit) {
        let is_seen = |(rule, until): &(usize, usize)| *rule == hit.rule && hit.start < *until;
        if hit.start < self.furthest && self.until.iter().any(is_seen) {
            return;
        }
        match &rule.finder {
            Finder::Shape(shape) => {
                if let Some(shaped) = shape.find(rules.classes(), text, hit) {
                    let confidence = shaped.verdict.confidence(rule.confidence);
                    self.mask(hit.rule, shaped.start, shaped.end, confidence);
                    self.skip_to(hit, shaped.end);
                } else if let Some(least_len) = shape.least_len
                    && shape.begins_at(text, hit)
                {
                    self.visit_begun(rule, text, hit, least_len);
                }
            }
            Finder::Custom(_) => {
                self.visit_custom(rules, text, hit.rule);
                self.skip_to(hit, usize::MAX);
            }
            Finder::Named(named) => self.visit_name(rule, *named, text, hit),
            Finder::Grammar(grammar) => {
                let found = match grammar {
                    Grammar::UrlPassword => url_password(text, hit.end),
                    Grammar::PrivateKey => {
                        private_key(text, hit.start, hit.end, &mut self.next_end)
                    }
                };
                if let Some((start, end)) = found {
                    self.mask(hit.rule, start, end, rule.confidence);
                    self.skip_to(hit, end);
                }
            }
        }
    }

    /// Looks behind the marker of a key block, which may have been read in a layer that ended before
    /// the block did.
    fn visit_rest(&mut self, rules: &RuleSet, text: &[u8], marker: Hit, end: usize) {
        if !is_at(text, marker.end, KEY_BLOCK_MARKER) {
            return;
        }
        if let Some((rule, confidence)) = rules.key_block()
            && let Some((from, to)) = rest_of_key(text, end, &mut self.next_end)
        {
            self.mask(rule, from, to, confidence);
        }
    }

    fn sight(&mut self, rules: &RuleSet, text: &[u8], name: usize, hit: Hit) {
        if self.sightings.len() >= MAX_SIGHTINGS {
            return;
        }
        let internal = rules.detectors().internal();
        let host = internal.host(text, name, hit.start, hit.end);
        let sighting = host.map(|span| Sighting {
            what: Content::InternalDomain,
            span,
        });
        self.sightings.extend(sighting);
    }

    fn visit_begun(&mut self, rule: &Compiled, text: &[u8], hit: Hit, least_len: usize) {
        match begun(text, hit, least_len, self.ending) {
            None => {}
            Some(Begun::Cut(end)) => {
                let confidence = rule.confidence.min(MAX_CUT_CONFIDENCE);
                self.mask(hit.rule, hit.start, end, confidence);
            }
            Some(Begun::Fragment(end)) => self.fragments.push(end),
        }
    }

    fn visit_name(&mut self, rule: &Compiled, named: Named, text: &[u8], hit: Hit) {
        let led = named.find(text, hit, |start, end| {
            self.mask(hit.rule, start, end, rule.confidence);
        });
        match led {
            Led::Nowhere => self.has_named_key |= named.is_value(text, hit),
            Led::Until(until) => self.skip_to(hit, until),
            Led::Key(until) => {
                self.has_named_key = true;
                self.skip_to(hit, until);
            }
        }
    }

    /// A user's rule sees all of the text at its first keyword.
    fn visit_custom(&mut self, rules: &RuleSet, text: &[u8], rule: usize) {
        let finder = rules.rule(rule).map(|rule| (&rule.finder, rule.confidence));
        if let Some((Finder::Custom(custom), confidence)) = finder {
            custom.each(text, |start, end| self.mask(rule, start, end, confidence));
        }
    }

    fn mask(&mut self, rule: usize, start: usize, end: usize, confidence: u8) {
        let span = Span::new(start, end).ok();
        self.found
            .extend(span.map(|span| Found::plain(span, rule, confidence)));
    }

    /// Passes over what the rule of `hit` sees before `until`.
    fn skip_to(&mut self, hit: Hit, until: usize) {
        self.furthest = self.furthest.max(until);
        // Hits come from left to right: what ends before this one is of no use any more.
        let free = |(rule, old): &&mut (usize, usize)| *rule == hit.rule || *old <= hit.start;
        match self.until.iter_mut().find(free) {
            Some(seen) if seen.0 == hit.rule => seen.1 = until.max(seen.1),
            Some(seen) => *seen = (hit.rule, until),
            None => self.until.push((hit.rule, until)),
        }
    }
}

/// Whether `span` ends in the padding of base64, whose length is a multiple of four. Encoders of
/// quoted-printable fill their lines before they break them.
fn is_padded(text: &[u8], span: Span) -> bool {
    let len = span.end() - span.start();
    if byte_before(text, span.end()) != b'=' || !len.is_multiple_of(4) {
        return false;
    }
    let is_line = |byte| !matches!(byte, b'\n' | KEY_END_BYTE | VALUE_END_BYTE);
    let line = skip_back(text, span.start(), MAX_LINE_LEN, is_line);
    // The next line is full too where a long text was broken.
    let next = span.end() + 1;
    let next_end = skip(text, next, MAX_LINE_LEN, is_line);
    let is_broken = next_end - next >= FULL_LINE_LEN && byte_before(text, next_end) == b'=';
    let is_full_line =
        |start: usize| (FULL_LINE_LEN..=MAX_LINE_LEN).contains(&(span.end() - start));
    !is_broken && !is_full_line(span.start()) && !is_full_line(line)
}

/// The least span around `span` that cuts no character.
fn on_char_bounds(text: &str, span: Span) -> Span {
    let mut start = span.start();
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end();
    while end < text.len() && !text.is_char_boundary(end) {
        end += 1;
    }
    Span::new(start, end).unwrap_or(span)
}
