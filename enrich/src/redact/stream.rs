//! Redacts a stream in bounded memory; no secret survives by lying across two reads.

use magistrate_event::Finding;
use memchr::memmem;

use super::Redactor;
use super::ascii::is_token;

/// Less than this is not worth a pass.
const BLOCK_BYTES: usize = 64 * 1024;
/// A line or key block that grows beyond this is worked on before its end is seen.
const MAX_HELD_BYTES: usize = 1024 * 1024;
/// How much of such a line is looked at again together with what follows.
const OVERLAP_BYTES: usize = 64 * 1024;

/// A filter for text of any length: bytes in, redacted text out.
///
/// Works line by line, because no secret but an armoured key spans lines. Holds at most about
/// 1 MiB. Bytes that are no UTF-8 become U+FFFD.
#[derive(Debug)]
pub struct StreamRedactor<'a> {
    redactor: &'a Redactor,
    held: Vec<u8>,
    /// The offset in the input at which `held` begins.
    offset: usize,
    /// Bytes of `held` that were looked at already, and are not again before a block more has come.
    examined: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Copying,
    /// Inside a secret that was longer than what is held: dropped until it ends.
    Swallowing,
}

impl<'a> StreamRedactor<'a> {
    /// A filter that has seen nothing yet.
    pub const fn new(redactor: &'a Redactor) -> Self {
        Self {
            redactor,
            held: Vec::new(),
            offset: 0,
            examined: 0,
            state: State::Copying,
        }
    }

    /// Takes `bytes`; appends to `out` what is certain by now. Places of findings are offsets in
    /// the input (less exact after bytes that are no UTF-8).
    pub fn push(&mut self, bytes: &[u8], out: &mut String, findings: &mut Vec<Finding>) {
        for part in bytes.chunks(BLOCK_BYTES) {
            self.held.extend_from_slice(part);
            if self.held.len() >= self.examined + BLOCK_BYTES {
                self.work(out, findings);
            }
        }
    }

    /// Appends the rest: the input has ended.
    pub fn finish(mut self, out: &mut String, findings: &mut Vec<Finding>) {
        self.swallow();
        let text = text_of(&self.held);
        out.push_str(&self.redact(&text, findings));
    }

    fn work(&mut self, out: &mut String, findings: &mut Vec<Finding>) {
        self.swallow();
        let lines = whole_lines(&self.held);
        if lines > 0 {
            self.emit_lines(lines, out, findings);
        } else if self.held.len() >= MAX_HELD_BYTES {
            self.emit_part_of_line(out, findings);
        }
        self.examined = self.held.len();
    }

    /// Emits all whole lines but the last, which may name what the next line holds, up to a key block
    /// that is still open.
    fn emit_lines(&mut self, lines: usize, out: &mut String, findings: &mut Vec<Finding>) {
        let mut rest = self.held.split_off(lines);
        let mut text = text_of(&self.held);
        let mut plan = self.redactor.plan(&text);
        // The end of a key block, of which only decoding shows the beginning, may not be here yet.
        if let Some(open) = plan.key_block_near_end(text.len())
            && lines + rest.len() < MAX_HELD_BYTES
            && let Some((before, _)) = text.split_at_checked(open)
            && before.len() < self.held.len()
        {
            let line = before.rfind('\n').map_or(0, |end| end + 1);
            if line == 0 {
                self.held.append(&mut rest);
                return;
            }
            let mut held_back = text.split_off(line).into_bytes();
            held_back.append(&mut rest);
            rest = held_back;
            plan = self.redactor.plan(&text);
        }
        let lines = text.len();
        let masked = plan.apply(&text);
        self.report(plan.into_findings(), findings);
        let last_line = masked
            .strip_suffix('\n')
            .and_then(|without| without.rfind('\n'))
            .map_or(0, |before| before + 1);
        let (done, kept) = masked.split_at_checked(last_line).unwrap_or((&masked, ""));
        out.push_str(done);
        self.offset = (self.offset + lines).saturating_sub(kept.len());
        self.held = kept.as_bytes().to_vec();
        self.held.extend_from_slice(&rest);
    }

    /// Masks a line without an end as far as it goes. What is kept is masked already; a second look
    /// together with what follows changes nothing.
    fn emit_part_of_line(&mut self, out: &mut String, findings: &mut Vec<Finding>) {
        let whole = whole_characters(&self.held);
        let rest = self.held.split_off(whole);
        let text = text_of(&self.held);
        let plan = self.redactor.plan(&text);
        let masked = plan.apply(&text);
        if plan.last_end() == Some(text.len()) {
            self.state = State::Swallowing;
        }
        self.report(plan.into_findings(), findings);
        let mut cut = masked.len().saturating_sub(OVERLAP_BYTES);
        while !masked.is_char_boundary(cut) {
            cut -= 1;
        }
        let (done, kept) = if self.state == State::Swallowing {
            (masked.as_str(), "")
        } else {
            masked.split_at_checked(cut).unwrap_or((&masked, ""))
        };
        out.push_str(done);
        self.offset = (self.offset + whole).saturating_sub(kept.len());
        self.held = kept.as_bytes().to_vec();
        self.held.extend_from_slice(&rest);
    }

    fn swallow(&mut self) {
        if self.state == State::Copying {
            return;
        }
        let goes_on = |byte: &u8| is_token(*byte) || matches!(byte, b'\n' | b'\r');
        let len = self.held.iter().take_while(|byte| goes_on(byte)).count();
        if len < self.held.len() {
            self.state = State::Copying;
        }
        self.held.drain(..len);
        self.offset += len;
    }

    fn redact(&self, text: &str, findings: &mut Vec<Finding>) -> String {
        let (masked, found) = self.redactor.redact_text(text);
        self.report(found, findings);
        masked
    }

    fn report(&self, found: Vec<Finding>, findings: &mut Vec<Finding>) {
        findings.extend(found.into_iter().map(|mut finding| {
            finding.place.start += self.offset;
            finding.place.end += self.offset;
            finding
        }));
    }
}

/// `bytes` as text; what is no UTF-8 becomes U+FFFD. Nearly all is, which is seen at once.
fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The length of the whole lines that `held` begins with, up to a key block that is still open.
fn whole_lines(held: &[u8]) -> usize {
    // Hardly ever is there one, which looking forward tells much sooner.
    let open = memmem::find(held, b"-----BEGIN")
        .and_then(|_| memmem::rfind(held, b"-----BEGIN"))
        .filter(|&begin| {
            let block = held.get(begin..).unwrap_or_default();
            !has_end_line(block) && block.len() < MAX_HELD_BYTES / 2
        })
        .unwrap_or(held.len());
    let before = held.get(..open).unwrap_or_default();
    memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1)
}

/// Whether the line that ends the key block `block` has arrived whole.
fn has_end_line(block: &[u8]) -> bool {
    memmem::find(block, b"-----END")
        .and_then(|end| block.get(end..))
        .is_some_and(|line| memchr::memchr(b'\n', line).is_some())
}

/// The length of `held` without a character that is cut at its end.
fn whole_characters(held: &[u8]) -> usize {
    let tail = held.len().saturating_sub(3);
    let cut = held
        .iter()
        .enumerate()
        .skip(tail)
        .find(|&(at, &byte)| held.len() - at < character_len(byte));
    cut.map_or(held.len(), |(at, _)| at)
}

/// How many bytes the character has that begins with `byte`.
const fn character_len(byte: u8) -> usize {
    match byte {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::testing::redactor;

    /// A key block of `lines` lines without an end, whose letters are mathematical ones.
    fn open_key(lines: usize) -> String {
        let body = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU2Nzg5QUJDREVGR0hJSktM\n";
        let key = format!("-----{} PRIVATE KEY-----\n", "BEGIN") + &body.repeat(lines);
        let disguised = |letter: char| match letter {
            'A'..='Z' => char::from_u32(0x1d670 + u32::from(letter) - u32::from('A')).unwrap(),
            _ => letter,
        };
        key.chars().map(disguised).collect()
    }

    #[test]
    fn what_is_held_back_waits_for_a_block_more() {
        let redactor = redactor();
        let mut stream = StreamRedactor::new(&redactor);
        let (mut out, mut findings) = (String::new(), Vec::new());
        let text = "filler line\n".to_owned() + &open_key(1500);
        assert!(text.len() > 3 * BLOCK_BYTES);
        for piece in text.as_bytes().chunks(64) {
            stream.push(piece, &mut out, &mut findings);
            let unseen = stream.held.len() - stream.examined.min(stream.held.len());
            assert!(unseen < BLOCK_BYTES, "{unseen} of {}", stream.held.len());
        }
    }
}
