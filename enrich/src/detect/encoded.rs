//! Tells which parts of an address look like data in some code rather than like words.

/// Parts of one address that are told apart.
const MAX_PARTS: usize = 8;
/// A shorter part may be the id of anything.
const MIN_BYTES: usize = 24;
/// Letters of one case and digits: ids and hashes of files are as long as this.
const MIN_ONE_CASE_BYTES: usize = 65;
/// Of a hundred places between two characters, so many lie between two kinds of characters: in base64
/// 64 on average, in words written together about 25.
const MIN_CHANGES_PERCENT: usize = 42;
/// Text in hexadecimal digits has 20 and more, in base32 30 on average.
const MIN_ONE_CASE_CHANGES_PERCENT: usize = 12;

/// The parts of a URL's path or query that look like data in base64, base32 or hexadecimal digits.
pub(super) fn encoded(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_delimiter)
        .map(|part| part.trim_matches(['=', '~', '-', '_']))
        .filter(|part| is_encoded(part))
        .take(MAX_PARTS)
}

const fn is_delimiter(next: char) -> bool {
    !(next.is_ascii_alphanumeric() || matches!(next, '+' | '_' | '=' | '~' | '-' | '%'))
}

fn is_encoded(part: &str) -> bool {
    if part.len() < MIN_BYTES || part.split('=').next() != Some(part) {
        // `name=value`: each side for itself.
        return part.len() >= MIN_BYTES
            && part.split('=').any(|side| side != part && is_encoded(side));
    }
    let (mut small, mut large, mut digits, mut changes, mut count) = (0, 0, 0, 0, 0);
    let mut before = None;
    for byte in part.bytes().filter(u8::is_ascii_alphanumeric) {
        let kind = if byte.is_ascii_digit() {
            digits += 1;
            0
        } else if byte.is_ascii_lowercase() {
            small += 1;
            1
        } else {
            large += 1;
            2
        };
        changes += usize::from(before.is_some_and(|before| before != kind));
        before = Some(kind);
        count += 1;
    }
    let is_mixed = small > 0 && large > 0 && digits > 0;
    let share = changes * 100;
    if is_mixed {
        return share >= count * MIN_CHANGES_PERCENT;
    }
    digits > 0 && part.len() >= MIN_ONE_CASE_BYTES && share >= count * MIN_ONE_CASE_CHANGES_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_told_from_words_and_ids() {
        for text in [
            "/i/QUtJQUlPU0ZPRE5ON0VYQU1QTEU",
            "d=Q29uZmlkZW50aWFsIFEzIHJldmVudWUgMTIw",
            "/a/qHdhXTBk_HOUuZTLK38IOhOZc9sD2lziQs4phyB7-fbeSYGB8mcz96pB81V0bCoXH7A",
            "/x?d=MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43UOV3HO6DZPIYDCMRTGQ2TMNZYHEAAAA3TMNZYHE",
            "k=636f6e666964656e7469616c20726576656e7565203132302c34303020636f737473",
        ] {
            assert_eq!(encoded(text).count(), 1, "{text}");
        }
        for text in [
            "/3/library/csv.html",
            "/How-to-Install-Python3-on-Ubuntu-Server-22-04-LTS",
            "/AmazonS3/latest/userguide/UsingBucketNamesWithDots",
            "/x/commit/8eaafff0b1c2d3e4f5061728394a5b6c7d8e9f00",
            "/123e4567-e89b-12d3-a456-426614174000",
            "q=weather+in+paris+on+the+first+of+november+2026",
            "sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "",
        ] {
            assert_eq!(encoded(text).next(), None, "{text}");
        }
    }

    #[test]
    fn the_part_is_named() {
        let found: Vec<_> = encoded("/a/b?x=1&d=Q29uZmlkZW50aWFsIFEzIHJldmVudWUgMTIw==").collect();
        assert_eq!(found, ["d=Q29uZmlkZW50aWFsIFEzIHJldmVudWUgMTIw"]);
    }
}
