//! Ordinary lines hold nobody's data.

use super::found;

/// A repeatable source of numbers (xorshift, Marsaglia 2003).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 20).unwrap() % limit
    }

    fn text(&mut self, len: usize, alphabet: &str) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..len)
            .map(|_| letters[self.below(letters.len())])
            .collect()
    }

    fn hex(&mut self, len: usize) -> String {
        self.text(len, "0123456789abcdef")
    }

    pub(super) fn digits(&mut self, len: usize) -> String {
        self.text(len, "0123456789")
    }

    fn base64(&mut self, len: usize) -> String {
        self.text(
            len,
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        )
    }
}

/// One line of what telemetry and repositories are full of.
fn ordinary_line(random: &mut Random) -> String {
    match random.below(12) {
        0 => format!(
            "{}-{}-4{}-a{}-{}",
            random.hex(8),
            random.hex(4),
            random.hex(3),
            random.hex(3),
            random.hex(12)
        ),
        1 => random.hex(40),
        2 => format!("sha512-{}==", random.base64(86)),
        3 => format!(
            "2026-{:02}-{:02}T{:02}:{:02}:{:02}.{}Z level=info took={}ms",
            1 + random.below(12),
            1 + random.below(28),
            random.below(24),
            random.below(60),
            random.below(60),
            random.digits(6),
            random.digits(4)
        ),
        4 => format!(
            "17{}.{} {} 10.1.{}.{} TCP_MISS/200 {}",
            random.digits(8),
            random.digits(3),
            random.digits(5),
            random.below(256),
            random.below(256),
            random.digits(6)
        ),
        5 => format!(
            "\"node_modules/@types/x{}\": {{\"version\": \"{}.{}.{}-rc.{}\", \"resolved\": \"https://registry.example.com/x/-/x-{}.{}.{}.tgz\"}}",
            random.below(99),
            random.below(30),
            random.below(30),
            random.below(99),
            random.below(9),
            random.below(30),
            random.below(30),
            random.below(99)
        ),
        _ => ordinary_code(random),
    }
}

/// One line of programs and of what they write about themselves.
fn ordinary_code(random: &mut Random) -> String {
    match random.below(6) {
        0 => format!(
            "function(e,t){{var n=e[{}],r=t+{}*n;return n>{}?r<<{}:e.x{}(t,{}.{})}},{}:function(t){{t.exports=\"{}\"}}",
            random.below(9999),
            random.digits(5),
            random.digits(7),
            random.below(32),
            random.below(99),
            random.below(9),
            random.digits(4),
            random.digits(4),
            random.hex(20)
        ),
        1 => format!("checksum = \"{}\"", random.hex(64)),
        2 => format!(
            "toolu_{} req_{}",
            random.base64(24).replace(['+', '/'], "a"),
            random.hex(24)
        ),
        3 => format!(
            "{{\"ts\":17{},\"us\":17{},\"ns\":17{},\"n\":{}}}",
            random.digits(11),
            random.digits(14),
            random.digits(17),
            random.digits(6)
        ),
        4 => format!(
            "index {}..{} 100644 @@ -{},{} +{},{} @@",
            random.hex(7),
            random.hex(7),
            random.below(999),
            random.below(99),
            random.below(999),
            random.below(99)
        ),
        _ => format!(
            "0x{} {} 0.{} {}e-{} #{} v{}.{}.{}.{}",
            random.hex(16),
            random.digits(8),
            random.digits(16),
            random.digits(3),
            random.below(99),
            random.hex(6),
            random.below(99),
            random.below(99),
            random.below(9999),
            random.digits(5)
        ),
    }
}

#[test]
fn ordinary_lines_hold_nobodys_data() {
    let mut random = Random(0x5eed_5eed);
    let mut mistaken = Vec::new();
    for _ in 0..50_000 {
        let line = ordinary_line(&mut random);
        if !found(&line).is_empty() {
            mistaken.push(format!("{line}: {:?}", found(&line)));
        }
    }
    assert!(
        mistaken.len() <= 5,
        "{} lines: {:#?}",
        mistaken.len(),
        mistaken
    );
}

#[test]
fn endless_numbers_and_signs_are_nothing() {
    for part in [
        "1", "@", "+", "1 ", "1-", "11 ", "111.", "1111 ", "AB12", "a@", "+1", "4111 ",
    ] {
        let text = part.repeat(100_000 / part.len());
        let _ = found(&text);
    }
    assert_eq!(found(&"1".repeat(1_000_000)), []);
}
