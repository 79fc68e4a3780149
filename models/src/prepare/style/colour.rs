//! Colours of CSS, as far as they tell whether text stands out from what is behind it.

use super::size::number;

/// Two colours with no greater difference in any part look the same.
const ALIKE: u8 = 16;
const NAMED: [(&str, [u8; 3]); 10] = [
    ("white", [255, 255, 255]),
    ("snow", [255, 250, 250]),
    ("ivory", [255, 255, 240]),
    ("ghostwhite", [248, 248, 255]),
    ("floralwhite", [255, 250, 240]),
    ("mintcream", [245, 255, 250]),
    ("azure", [240, 255, 255]),
    ("whitesmoke", [245, 245, 245]),
    ("black", [0, 0, 0]),
    ("gray", [128, 128, 128]),
];

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// None at all.
    Clear,
    /// Its red, green and blue.
    Solid([u8; 3]),
}

/// What stands behind text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::prepare) enum Ground {
    /// One colour.
    Plain([u8; 3]),
    /// A picture, or a colour that is not known.
    Other,
}

impl Colour {
    /// The colour that `value` says; `None` where it says another than are known here.
    pub(super) fn named(value: &str) -> Option<Self> {
        let value = value.trim().to_ascii_lowercase();
        if value == "transparent" {
            return Some(Self::Clear);
        }
        if let Some((_, parts)) = NAMED.iter().find(|(name, _)| *name == value) {
            return Some(Self::Solid(*parts));
        }
        if let Some(digits) = value.strip_prefix('#') {
            return of_digits(digits);
        }
        let numbers = value
            .strip_prefix("rgba(")
            .or_else(|| value.strip_prefix("rgb("))?;
        of_numbers(numbers.strip_suffix(')')?)
    }
}

impl Ground {
    /// A page without any colour said is white.
    pub(in crate::prepare) const PAGE: Self = Self::Plain([255; 3]);

    /// What the value of `background` says; `None` where it changes nothing.
    pub(in crate::prepare) fn of(value: &str) -> Option<Self> {
        match Colour::named(value) {
            Some(Colour::Clear) => None,
            Some(Colour::Solid(parts)) => Some(Self::Plain(parts)),
            None if matches!(value, "" | "none" | "inherit" | "initial" | "unset") => None,
            None => Some(Self::Other),
        }
    }

    /// Whether the colour that an attribute says cannot be seen before it.
    pub(in crate::prepare) fn swallows_named(self, value: &str) -> bool {
        Colour::named(value).is_some_and(|colour| self.swallows(colour))
    }

    /// Whether text of that colour cannot be seen before it.
    pub(super) fn swallows(self, colour: Colour) -> bool {
        match (self, colour) {
            (_, Colour::Clear) => true,
            (Self::Plain(behind), Colour::Solid(parts)) => {
                let mut pairs = behind.iter().zip(parts);
                pairs.all(|(one, other)| one.abs_diff(other) <= ALIKE)
            }
            (Self::Other, Colour::Solid(_)) => false,
        }
    }
}

/// `fff`, `ffff`, `ffffff` or `ffffffff`.
fn of_digits(digits: &str) -> Option<Colour> {
    let digits: Vec<u8> = digits
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()?;
    let parts: Vec<u8> = match digits.len() {
        3 | 4 => digits.iter().map(|digit| digit * 17).collect(),
        6 | 8 => digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |sum, digit| sum * 16 + digit))
            .collect(),
        _ => return None,
    };
    let clear = parts.get(3) == Some(&0);
    let solid = parts.first_chunk::<3>().copied().map(Colour::Solid);
    if clear { Some(Colour::Clear) } else { solid }
}

/// `0, 0, 0` with or without a share after it.
fn of_numbers(numbers: &str) -> Option<Colour> {
    let parts = numbers
        .split([',', ' ', '/'])
        .filter(|part| !part.is_empty());
    let parts: Vec<(f64, &str)> = parts.map(number).collect::<Option<_>>()?;
    let mut solid = [0; 3];
    for (part, (size, unit)) in solid.iter_mut().zip(&parts) {
        let size = if *unit == "%" { size * 2.55 } else { *size };
        *part = rounded(size);
    }
    match parts.as_slice() {
        [_, _, _] => Some(Colour::Solid(solid)),
        [_, _, _, (share, _)] if *share <= 0.05 => Some(Colour::Clear),
        [_, _, _, _] => Some(Colour::Solid(solid)),
        _ => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 255"
)]
fn rounded(size: f64) -> u8 {
    size.clamp(0.0, 255.0) as u8
}
