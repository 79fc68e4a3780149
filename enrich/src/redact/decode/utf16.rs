//! Reads UTF-16 out of decoded bytes.

use super::codec::Codec;
use super::layer::{Layer, Weaver};

/// Which byte of a unit comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

/// So many units at the beginning tell whether bytes are UTF-16.
const SAMPLE_UNITS: usize = 16;

/// `bytes` as UTF-16, if they begin with its mark, or mostly with characters of ASCII in it.
pub(crate) fn utf16(bytes: &[u8]) -> Option<Layer> {
    let order = order(bytes)?;
    let mut weaver = Weaver::new(0, bytes.len());
    let mut high = None;
    for (number, pair) in bytes.chunks_exact(2).enumerate() {
        let at = 2 * number;
        let unit = unit(order, pair);
        let (value, from) = match (high.take(), unit) {
            (_, 0xd800..0xdc00) => {
                high = Some((unit, at));
                continue;
            }
            (Some((first, from)), 0xdc00..0xe000) => {
                (0x1_0000 + ((first - 0xd800) << 10 | (unit - 0xdc00)), from)
            }
            (_, 0xfeff) => continue,
            (_, unit) => (unit, at),
        };
        let mut place = [0; 4];
        let c = char::from_u32(value).unwrap_or('?');
        weaver.put(c.encode_utf8(&mut place).as_bytes(), from, at + 2);
    }
    weaver.finish(Codec::UTF16)
}

fn unit(order: Order, pair: &[u8]) -> u32 {
    match (order, pair) {
        (Order::Little, [low, high]) | (Order::Big, [high, low]) => {
            u32::from(*high) << 8 | u32::from(*low)
        }
        (Order::Little | Order::Big, _) => 0,
    }
}

/// The high byte of characters of ASCII, of those that look like it, and of pairs of units.
const fn is_letter(high: u8) -> bool {
    matches!(high, 0 | 2..=5 | 0xd8..=0xdf | 0xfe | 0xff)
}

/// The high byte of punctuation and of what does not show; a blank, in ASCII.
const fn is_sign(high: u8) -> bool {
    matches!(high, 0x20..=0x22 | 0x24)
}

/// The high byte of any of them.
pub(crate) const fn is_high(byte: u8) -> bool {
    is_letter(byte) || is_sign(byte)
}

fn order(bytes: &[u8]) -> Option<Order> {
    match bytes {
        [0xff, 0xfe, ..] => return Some(Order::Little),
        [0xfe, 0xff, ..] => return Some(Order::Big),
        _ => {}
    }
    let units = || bytes.chunks_exact(2).take(SAMPLE_UNITS);
    let all = units().count();
    let fits = |order: Order| {
        let units = units().map(|pair| unit(order, pair));
        let highs = units
            .filter(|unit| *unit != 0)
            .filter_map(|unit| u8::try_from(unit >> 8).ok());
        let (mut letters, mut signs) = (0, 0);
        for high in highs {
            letters += usize::from(is_letter(high));
            signs += usize::from(is_sign(high));
        }
        if letters >= signs { letters + signs } else { 0 }
    };
    let (little, big) = (fits(Order::Little), fits(Order::Big));
    // A few other characters may be among them.
    let most = |count: usize, other: usize| all >= 4 && count > other && count * 8 >= all * 7;
    if most(little, big) {
        Some(Order::Little)
    } else if most(big, little) {
        Some(Order::Big)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_are_read_with_and_without_mark() {
        let text = "some text: é, 漢, 𝐚";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [
            little.clone(),
            big.clone(),
            [b"\xff\xfe".as_slice(), &little].concat(),
            [b"\xfe\xff".as_slice(), &big].concat(),
        ] {
            assert_eq!(utf16(&bytes).unwrap().text(), text);
        }
        for bytes in [b"plain text".as_slice(), b"a\0b", &[0; 32], b""] {
            assert!(utf16(bytes).is_none());
        }
    }

    #[test]
    fn look_alikes_are_read_too() {
        for text in [
            "ｇｈｐ＿ｇｈｐ＿",
            "g\u{200b}h\u{200b}p\u{200b}_\u{200b}",
            "рaѕѕwοrd",
            "\u{e0041}\u{e0042}\u{e0043}",
        ] {
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(utf16(&little).unwrap().text(), text);
            assert_eq!(utf16(&big).unwrap().text(), text);
        }
    }

    #[test]
    fn a_character_covers_its_unit() {
        let layer = utf16(b"g\0h\0p\0_\0").unwrap();
        let mut found = Vec::new();
        layer.sources(1, 3, &mut |from, to| found.push((from, to)));
        assert_eq!(found, [(2, 6)]);
    }
}
