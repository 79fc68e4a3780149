//! Reads the times that log lines carry.

use magistrate_event::Timestamp;

/// A time at the beginning of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stamp<'a> {
    /// The time. Without a zone in the text it is read as UTC.
    pub(super) time: Timestamp,
    /// What follows the time.
    pub(super) rest: &'a str,
}

/// Reads ISO 8601 at the beginning of `text`, as RFC 3339 and RFC 5424 have it.
///
/// Also takes a space for the `T`, a comma before the fraction, and no zone (UTC). Digits below
/// the microsecond are cut. A leap second has no time of its own and is refused.
pub(super) fn iso(text: &str) -> Option<Stamp<'_>> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (clock, rest) = clock(rest.strip_prefix(['T', 't', ' '])?)?;
    let (offset, rest) = zone(rest).unwrap_or((0, rest));
    let days = days_since_epoch(year, month, day)?;
    Some(Stamp {
        time: at(days, clock, offset),
        rest,
    })
}

/// Reads a BSD time at the beginning of `text`, as RFC 3164 and its many variants have it.
///
/// `Mmm dd hh:mm:ss`, with the day padded or not, perhaps after the name of the weekday, with the
/// year before or after the date or after the time, with a fraction, and with `UTC`, `GMT` or a
/// numeric zone behind. Without a year it is the one that brings the time nearest to `received`.
pub(super) fn bsd(text: &str, received: Timestamp) -> Option<Stamp<'_>> {
    let text = after_weekday(text);
    let (leading_year, text) = match year(text) {
        Some((year, rest)) => (Some(year), rest.strip_prefix(' ')?),
        None => (None, text),
    };
    let (month, rest) = month(text)?;
    let (day, rest) = one_or_two_digits(rest.strip_prefix(' ')?.trim_start_matches(' '))?;
    let rest = rest.strip_prefix(' ')?.trim_start_matches(' ');
    let (middle_year, rest) = match year(rest) {
        Some((year, rest)) => (Some(year), rest.strip_prefix(' ')?.trim_start_matches(' ')),
        None => (None, rest),
    };
    let (clock, rest) = clock(rest)?;
    let (offset, rest) = spaced_zone(rest);
    let (last_year, rest) = match rest.strip_prefix(' ').and_then(year) {
        Some((year, rest)) if ends_year(rest) => (Some(year), rest),
        Some(_) | None => (None, rest),
    };
    let time = match leading_year.or(middle_year).or(last_year) {
        Some(year) => at(days_since_epoch(year, month, day)?, clock, offset),
        None => nearest(received, month, day, clock, offset)?,
    };
    Some(Stamp { time, rest })
}

/// Reads the time of the common log format, `02/Jan/2026:03:04:05 +0000`.
pub(super) fn common_log(text: &str) -> Option<Timestamp> {
    let (day, rest) = digits(text, 2)?;
    let (month, rest) = month(rest.strip_prefix('/')?)?;
    let (year, rest) = digits(rest.strip_prefix('/')?, 4)?;
    let (clock, rest) = clock(rest.strip_prefix(':')?)?;
    let (offset, rest) = spaced_zone(rest);
    let days = days_since_epoch(year, month, day)?;
    rest.is_empty().then(|| at(days, clock, offset))
}

/// Reads `seconds.fraction` since the Unix epoch.
pub(super) fn epoch_seconds(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || whole.len() > 12 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    Some(Timestamp::from_micros(
        seconds * 1_000_000 + fraction_micros(fraction),
    ))
}

/// Takes a number of seconds, milliseconds, microseconds or nanoseconds since the Unix epoch; its
/// size says which, for all times from 1973 to 5138.
pub(super) fn epoch_of_any_unit(number: i64) -> Option<Timestamp> {
    let micros = match number {
        0..100_000_000_000 => number.checked_mul(1_000_000)?,
        100_000_000_000..100_000_000_000_000 => number.checked_mul(1_000)?,
        100_000_000_000_000..100_000_000_000_000_000 => number,
        _ if number > 0 => number / 1_000,
        _ => return None,
    };
    Some(Timestamp::from_micros(micros))
}

/// Reads a whole text as a time in any of the forms above.
pub(super) fn read(text: &str, received: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    if !text.is_empty() && all_digits(text) {
        return epoch_of_any_unit(text.parse().ok()?);
    }
    let whole = |stamp: Stamp<'_>| stamp.rest.is_empty().then_some(stamp.time);
    iso(text)
        .and_then(whole)
        .or_else(|| bsd(text, received).and_then(whole))
        .or_else(|| epoch_seconds(text))
        .or_else(|| common_log(text))
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Microseconds since midnight at the sender, and its zone's distance from UTC in minutes.
fn at(days: i64, clock_micros: i64, offset_minutes: i64) -> Timestamp {
    Timestamp::from_micros(days * MICROS_PER_DAY + clock_micros - offset_minutes * 60_000_000)
}

/// `h:mm:ss` with an optional fraction, as microseconds since midnight.
fn clock(text: &str) -> Option<(i64, &str)> {
    let (hour, rest) = one_or_two_digits(text)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = digits(rest.strip_prefix(':')?, 2)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (micros, rest) = match rest.strip_prefix(['.', ',']) {
        Some(after) => match fraction(after) {
            "" => (0, rest),
            digits => (fraction_micros(digits), after.get(digits.len()..)?),
        },
        None => (0, rest),
    };
    Some((
        ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros,
        rest,
    ))
}

fn fraction(text: &str) -> &str {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    text.get(..count).unwrap_or_default()
}

fn fraction_micros(digits: &str) -> i64 {
    let mut micros = 0;
    let mut unit = 100_000;
    for byte in digits.bytes().take(6) {
        micros += i64::from(byte.wrapping_sub(b'0')) * unit;
        unit /= 10;
    }
    micros
}

/// `Z`, `+hh:mm` or `+hhmm`, as minutes east of UTC.
fn zone(text: &str) -> Option<(i64, &str)> {
    if let Some(rest) = text.strip_prefix(['Z', 'z']) {
        return Some((0, rest));
    }
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix('-')?),
    };
    let (hours, rest) = digits(rest, 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(':').unwrap_or(rest), 2)?;
    (hours <= 23 && minutes <= 59).then_some((sign * (hours * 60 + minutes), rest))
}

/// A zone after a space; names other than `UTC` and `GMT` are read as UTC where a colon follows.
fn spaced_zone(text: &str) -> (i64, &str) {
    let Some(rest) = text.strip_prefix(' ') else {
        return (0, text);
    };
    for name in ["UTC", "GMT", "Z"] {
        if let Some(after) = rest.strip_prefix(name)
            && ends_here(after)
        {
            return (0, after);
        }
    }
    let letters = rest.bytes().take_while(u8::is_ascii_uppercase).count();
    if let Some(after) = rest.get(letters..)
        && (2..=5).contains(&letters)
        && after.starts_with(": ")
    {
        return (0, after);
    }
    match zone(rest) {
        Some((offset, after)) if ends_here(after) => (offset, after),
        Some(_) | None => (0, text),
    }
}

fn ends_here(text: &str) -> bool {
    matches!(text.as_bytes().first(), None | Some(b' ' | b':'))
}

/// Like [`ends_here`], but `2001:db8::1` is a host and no year.
fn ends_year(text: &str) -> bool {
    text.is_empty() || text.starts_with(' ') || text.starts_with(": ")
}

fn after_weekday(text: &str) -> &str {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let rest = text
        .split_at_checked(3)
        .filter(|(day, _)| DAYS.contains(day))
        .and_then(|(_, rest)| rest.strip_prefix(',').unwrap_or(rest).strip_prefix(' '));
    rest.unwrap_or(text)
}

/// Four digits that can be the year of a log line.
fn year(text: &str) -> Option<(i64, &str)> {
    let (year, rest) = digits(text, 4)?;
    (1970..=2200).contains(&year).then_some((year, rest))
}

fn month(text: &str) -> Option<(i64, &str)> {
    let (name, rest) = text.split_at_checked(3)?;
    let number = match name.as_bytes() {
        b"Jan" | b"jan" | b"JAN" => 1,
        b"Feb" | b"feb" | b"FEB" => 2,
        b"Mar" | b"mar" | b"MAR" => 3,
        b"Apr" | b"apr" | b"APR" => 4,
        b"May" | b"may" | b"MAY" => 5,
        b"Jun" | b"jun" | b"JUN" => 6,
        b"Jul" | b"jul" | b"JUL" => 7,
        b"Aug" | b"aug" | b"AUG" => 8,
        b"Sep" | b"sep" | b"SEP" => 9,
        b"Oct" | b"oct" | b"OCT" => 10,
        b"Nov" | b"nov" | b"NOV" => 11,
        b"Dec" | b"dec" | b"DEC" => 12,
        _ => return None,
    };
    Some((number, rest))
}

/// Exactly `count` digits.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (head, rest) = text.split_at_checked(count)?;
    let mut number = 0;
    for byte in head.bytes() {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i64::from(byte - b'0');
    }
    Some((number, rest))
}

fn one_or_two_digits(text: &str) -> Option<(i64, &str)> {
    digits(text, 2).or_else(|| digits(text, 1))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The time in the year that brings it nearest to `received`; none where no near year has the day.
fn nearest(
    received: Timestamp,
    month: i64,
    day: i64,
    clock_micros: i64,
    offset_minutes: i64,
) -> Option<Timestamp> {
    let this_year = year_of(received.day());
    (this_year - 1..=this_year + 1)
        .filter_map(|year| days_since_epoch(year, month, day))
        .map(|days| at(days, clock_micros, offset_minutes))
        .min_by_key(|time| time.as_micros().abs_diff(received.as_micros()))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; none where there is no such date.
fn days_since_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last of its year.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// The year of a day since 1970-01-01.
fn year_of(day: i64) -> i64 {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Day 306 of a year that begins in March is 1 January.
    era * 400 + year_of_era + i64::from(day_of_year >= 306)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn received() -> Timestamp {
        read("2026-11-23T15:00:00Z", Timestamp::default()).unwrap()
    }

    fn shown(stamp: Option<Stamp<'_>>) -> String {
        stamp.map_or("none".to_owned(), |stamp| {
            format!("{} {}", stamp.time.to_rfc3339(), stamp.rest)
        })
    }

    #[test]
    fn iso_times_are_read() {
        let cases = [
            (
                "2003-10-11T22:14:15.003Z x",
                "2003-10-11T22:14:15.003000Z  x",
            ),
            (
                "2003-08-24T05:14:15.000003-07:00",
                "2003-08-24T12:14:15.000003Z ",
            ),
            (
                "1985-04-12T19:20:50.52-04:00",
                "1985-04-12T23:20:50.520000Z ",
            ),
            (
                "2026-01-02 03:04:05,678 x",
                "2026-01-02T03:04:05.678000Z  x",
            ),
            ("2026-01-02T03:04:05+0200:", "2026-01-02T01:04:05.000000Z :"),
            (
                "2026-01-02T03:04:05.123456789Z",
                "2026-01-02T03:04:05.123456Z ",
            ),
            ("2016-12-31T23:59:60Z", "none"),
            ("2026-02-29T00:00:00Z", "none"),
            ("2026-01-02T24:00:00Z", "none"),
            ("2026-1-02T03:04:05Z", "none"),
            ("", "none"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(iso(text)), expected, "{text}");
        }
    }

    #[test]
    fn bsd_times_are_read() {
        let cases = [
            ("Nov 23 14:59:59 h", "2026-11-23T14:59:59.000000Z  h"),
            ("Nov  3 04:05:06 h", "2026-11-03T04:05:06.000000Z  h"),
            ("Nov 3 4:05:06 h", "2026-11-03T04:05:06.000000Z  h"),
            ("Jan 02 2025 03:04:05: %", "2025-01-02T03:04:05.000000Z : %"),
            (
                "2025 Jan  2 03:04:05 UTC: %",
                "2025-01-02T03:04:05.000000Z : %",
            ),
            (
                "Jan  2 03:04:05.678 CET: %",
                "2027-01-02T03:04:05.678000Z : %",
            ),
            ("Mon Jun 20 15:29:11 2022", "2022-06-20T15:29:11.000000Z "),
            ("Jan 02 2025 03:04:05 +0100", "2025-01-02T02:04:05.000000Z "),
            ("Feb 29 00:00:00 h", "none"),
            ("Feb 30 00:00:00 h", "none"),
            ("Foo 20 00:00:00 h", "none"),
            ("Nov 23 14:59 h", "none"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(bsd(text, received())), expected, "{text}");
        }
    }

    #[test]
    fn a_missing_year_is_the_nearest_one() {
        let new_year = read("2026-01-01T00:00:30Z", received()).unwrap();
        let cases = [
            ("Dec 31 23:59:59", "2025-12-31T23:59:59.000000Z "),
            ("Jan  1 00:00:31", "2026-01-01T00:00:31.000000Z "),
            ("Jun 30 00:00:00", "2026-06-30T00:00:00.000000Z "),
            ("Jul 30 00:00:00", "2025-07-30T00:00:00.000000Z "),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(bsd(text, new_year)), expected, "{text}");
        }
        let leap = read("2028-03-01T00:00:00Z", received()).unwrap();
        assert_eq!(
            shown(bsd("Feb 29 01:00:00", leap)),
            "2028-02-29T01:00:00.000000Z "
        );
    }

    #[test]
    fn numbers_are_read_by_their_size() {
        for text in [
            "1767323045",
            "1767323045000",
            "1767323045000000",
            "1767323045000000000",
        ] {
            let time = read(text, received()).unwrap();
            assert_eq!(time.to_rfc3339(), "2026-01-02T03:04:05.000000Z", "{text}");
        }
        assert_eq!(epoch_of_any_unit(-1), None);
        assert_eq!(
            epoch_seconds("1767323045.678").unwrap().to_rfc3339(),
            "2026-01-02T03:04:05.678000Z"
        );
        assert_eq!(
            common_log("02/Jan/2026:03:04:05 +0100")
                .unwrap()
                .to_rfc3339(),
            "2026-01-02T02:04:05.000000Z"
        );
        for bad in [
            "",
            "x",
            "99999999999999999999",
            "1767323045.6x",
            "02/Jan/2026",
        ] {
            assert_eq!(read(bad, received()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}", micros in any_i64()) {
            read(&text, Timestamp::from_micros(micros));
            epoch_of_any_unit(micros);
        }

        #[test]
        fn dates_agree_with_jiff(micros in -60_000_000_000_000_000_i64..250_000_000_000_000_000) {
            let time = Timestamp::from_micros(micros);
            prop_assert_eq!(read(&time.to_rfc3339(), received()), Some(time));
            let year: i64 = time.to_rfc3339().get(..4).unwrap().parse().unwrap();
            prop_assert_eq!(year_of(time.day()), year);
        }
    }

    fn any_i64() -> impl Strategy<Value = i64> {
        proptest::num::i64::ANY
    }
}
