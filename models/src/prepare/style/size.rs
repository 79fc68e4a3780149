//! Lengths of CSS that are next to nothing, or far away.

/// A number and its unit.
pub(super) fn number(value: &str) -> Option<(f64, &str)> {
    let is_of_number = |letter: char| letter.is_ascii_digit() || matches!(letter, '+' | '-' | '.');
    let end = value
        .find(|letter| !is_of_number(letter))
        .unwrap_or(value.len());
    let (digits, unit) = value.split_at_checked(end)?;
    let size = digits.parse().ok()?;
    Some((size, unit.trim()))
}

/// Whether letters of that size cannot be read.
pub(super) fn is_tiny(value: &str) -> bool {
    number(value).is_some_and(|(size, unit)| {
        let most = match unit {
            "px" | "pt" => 2.0,
            "em" | "rem" => 0.15,
            "%" => 10.0,
            _ => 0.0,
        };
        size <= most
    })
}

/// Whether a box of that size holds nothing.
pub(super) fn is_nothing(value: &str) -> bool {
    number(value).is_some_and(|(size, unit)| size <= if unit == "px" { 1.0 } else { 0.0 })
}

/// Whether something so far from its place is off the screen.
pub(super) fn is_far(value: &str) -> bool {
    number(value).is_some_and(|(size, unit)| match unit {
        "" | "px" | "pt" => size <= -500.0 || size >= 5_000.0,
        "em" | "rem" | "ch" => size <= -50.0 || size >= 500.0,
        "vw" | "vh" | "%" => size <= -100.0 || size >= 200.0,
        _ => false,
    })
}
