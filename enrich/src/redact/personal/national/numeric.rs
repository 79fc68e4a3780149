//! Checks the digits of national ids: dates of birth, ranges and check digits.

use crate::redact::personal::checksum::{luhn, mod_11_10, value, verhoeff, weighted};

/// The value of the digits from `start`, `len` of them.
fn part(digits: &[u8], start: usize, len: usize) -> u64 {
    digits.get(start..start + len).map_or(u64::MAX, value)
}

fn at(digits: &[u8], place: usize) -> u32 {
    digits.get(place).copied().map_or(u32::MAX, u32::from)
}

/// Whether there is such a day in some year.
const fn is_day(month: u64, day: u64) -> bool {
    let last = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => 0,
    };
    1 <= day && day <= last
}

fn has_many_values(digits: &[u8]) -> bool {
    digits.iter().any(|digit| digits.first() != Some(digit))
}

/// Card number of ten digits (Services Australia).
pub(crate) fn au_medicare(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9]);
    matches!(at(digits, 0), 2..=6) && sum % 10 == at(digits, 8) && at(digits, 9) != 0
}

pub(crate) fn au_tfn(digits: &[u8]) -> bool {
    has_many_values(digits) && weighted(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11)
}

/// Royal decree of 3 April 1984: 97 less the rest of the first nine digits, a 2 before them for
/// those born since 2000. Months of bis numbers are raised by 20 or 40.
pub(crate) fn be_nrn(digits: &[u8]) -> bool {
    let (month, day) = (part(digits, 2, 2) % 20, part(digits, 4, 2));
    let body = part(digits, 0, 9);
    let check = part(digits, 9, 2);
    let fits = |body: u64| 97 - body % 97 == check;
    let is_date = month <= 12 && day <= 31 && part(digits, 2, 2) <= 52;
    is_date && has_many_values(digits) && (fits(body) || fits(2_000_000_000 + body))
}

pub(crate) fn br_cpf(digits: &[u8]) -> bool {
    let check = |len: usize| {
        let weights = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2];
        let weights = weights.get(10 - len..).unwrap_or_default();
        weighted(digits, weights) * 10 % 11 % 10
    };
    has_many_values(digits) && check(9) == at(digits, 9) && check(10) == at(digits, 10)
}

pub(crate) fn br_cnpj(digits: &[u8]) -> bool {
    let check = |len: usize| {
        let weights = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
        let weights = weights.get(13 - len..).unwrap_or_default();
        match weighted(digits, weights) % 11 {
            0 | 1 => 0,
            rest => 11 - rest,
        }
    };
    has_many_values(digits) && check(12) == at(digits, 12) && check(13) == at(digits, 13)
}

pub(crate) fn ca_sin(digits: &[u8]) -> bool {
    !matches!(at(digits, 0), 0 | 8) && has_many_values(digits) && luhn(digits)
}

/// EAN-13 with Switzerland's country number.
pub(crate) fn ch_ahv(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]);
    part(digits, 0, 3) == 756 && sum.is_multiple_of(10)
}

/// GB 11643-1999: region, date of birth, MOD 11-2; the check sign X does not come here.
pub(crate) fn cn_ric(digits: &[u8]) -> bool {
    cn_ric_check(digits).is_some_and(|check| check == at(digits, 17))
}

/// The check digit that the first 17 digits ask for; 10 stands for X.
pub(crate) fn cn_ric_check(digits: &[u8]) -> Option<u32> {
    let region = part(digits, 0, 2);
    let year = part(digits, 6, 4);
    let is_person = matches!(region, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83)
        && (1900..=2099).contains(&year)
        && is_day(part(digits, 10, 2), part(digits, 12, 2));
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    is_person.then(|| (12 - weighted(digits, &weights) % 11) % 11)
}

/// Act 133/2000: divisible by 11; women's months are raised by 50, and by 20 where numbers ran out.
pub(crate) fn cz_rodne_cislo(digits: &[u8]) -> bool {
    let month = part(digits, 2, 2) % 50;
    let month = if month > 20 { month - 20 } else { month };
    let rest = part(digits, 0, 9) % 11;
    is_day(month, part(digits, 4, 2)) && rest % 10 == part(digits, 9, 1)
}

/// MOD 11,10; among the first ten digits one stands two or three times, the others at most once.
pub(crate) fn de_steuer_id(digits: &[u8]) -> bool {
    let Some(body) = digits.get(..10) else {
        return false;
    };
    let count = |digit: u8| body.iter().filter(|there| **there == digit).count();
    let repeated = (0..10).filter(|digit| count(*digit) > 1).count();
    let most = (0..10).map(count).max().unwrap_or_default();
    at(digits, 0) != 0 && repeated == 1 && most <= 3 && mod_11_10(digits)
}

/// No check digit since 2007: only the date of birth.
pub(crate) fn dk_cpr(digits: &[u8]) -> bool {
    is_day(part(digits, 2, 2), part(digits, 0, 2))
}

/// INSEE: sex, year, month, department, commune, order, and 97 less the rest of all that.
pub(crate) fn fr_nir(digits: &[u8]) -> bool {
    let month = part(digits, 3, 2);
    let is_person = matches!(at(digits, 0), 1..=4 | 7 | 8)
        && matches!(month, 1..=12 | 20 | 30..=42 | 50..=99)
        && matches!(part(digits, 5, 2), 1..=95 | 97..=99);
    is_person && 97 - part(digits, 0, 13) % 97 == part(digits, 13, 2)
}

/// NHS Data Dictionary: weights 10 to 2, modulus 11.
pub(crate) fn gb_nhs(digits: &[u8]) -> bool {
    let rest = weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    has_many_values(digits) && (11 - rest) % 11 == at(digits, 9)
}

pub(crate) fn il_id(digits: &[u8]) -> bool {
    has_many_values(digits) && luhn(digits)
}

pub(crate) fn in_aadhaar(digits: &[u8]) -> bool {
    at(digits, 0) > 1 && has_many_values(digits) && verhoeff(digits)
}

/// Date of birth and the digit of sex and century; numbers given since October 2020 have no check
/// digit, so that it is not asked for.
pub(crate) fn kr_rrn_form(digits: &[u8]) -> bool {
    is_day(part(digits, 2, 2), part(digits, 4, 2)) && matches!(at(digits, 6), 1..=8)
}

/// The "eleven test" of the Dutch tax office.
pub(crate) fn nl_bsn(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2]);
    part(digits, 0, 9) > 9_999_999 && has_many_values(digits) && sum % 11 == at(digits, 8)
}

/// Two check digits of modulus 11; days of D-numbers and months of H-numbers are raised by 40.
pub(crate) fn no_fodselsnummer(digits: &[u8]) -> bool {
    let (day, month) = (part(digits, 0, 2), part(digits, 2, 2));
    let first = weighted(digits, &[3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11;
    let second = weighted(digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    is_day(month % 40, day % 40)
        && (11 - first) % 11 == at(digits, 9)
        && (11 - second) % 11 == at(digits, 10)
}

/// Months are raised by 20, 40, 60 or 80 according to the century.
pub(crate) fn pl_pesel(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    is_day(part(digits, 2, 2) % 20, part(digits, 4, 2)) && sum.is_multiple_of(10)
}

pub(crate) fn pt_nif(digits: &[u8]) -> bool {
    let check = match weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    matches!(at(digits, 0), 1..=3 | 5..=9) && has_many_values(digits) && check == at(digits, 8)
}

/// Luhn over the last ten digits; days of coordination numbers are raised by 60.
pub(crate) fn se_personnummer(digits: &[u8]) -> bool {
    let Some(ten) = digits
        .len()
        .checked_sub(10)
        .and_then(|from| digits.get(from..))
    else {
        return false;
    };
    is_day(part(ten, 2, 2), part(ten, 4, 2) % 60) && luhn(ten)
}

/// The same, but not where it may be a time: `260115-0930`.
pub(crate) fn se_personnummer_no_time(digits: &[u8]) -> bool {
    let is_time = part(digits, 6, 2) < 24 && part(digits, 8, 2) < 60;
    !is_time && se_personnummer(digits)
}

/// The same for a year of four digits in which no file of today was made.
pub(crate) fn se_personnummer_of_adult(digits: &[u8]) -> bool {
    (1900..2010).contains(&part(digits, 0, 4)) && se_personnummer(digits)
}

pub(crate) fn tr_tckn(digits: &[u8]) -> bool {
    let odd = weighted(digits, &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let even = weighted(digits, &[0, 1, 0, 1, 0, 1, 0, 1]);
    let sum = weighted(digits, &[1; 10]);
    at(digits, 0) != 0 && (odd * 7 + 100 - even) % 10 == at(digits, 9) && sum % 10 == at(digits, 10)
}

/// Areas, groups and serials that the Social Security Administration gives, and ITINs of the IRS.
pub(crate) fn us_ssn(digits: &[u8]) -> bool {
    let (area, group, serial) = (part(digits, 0, 3), part(digits, 3, 2), part(digits, 5, 4));
    let is_itin = area >= 900 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99);
    let is_ssn = !matches!(area, 0 | 666 | 900..) && group != 0;
    (is_ssn || is_itin) && serial != 0 && has_many_values(digits)
}

/// Date of birth, order, citizenship (0 to 2), Luhn.
pub(crate) fn za_id(digits: &[u8]) -> bool {
    is_day(part(digits, 2, 2), part(digits, 4, 2)) && at(digits, 10) <= 2 && luhn(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Check = fn(&[u8]) -> bool;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes()
            .filter(u8::is_ascii_digit)
            .map(|byte| byte - b'0')
            .collect()
    }

    /// Numbers that the issuers, their courts or encyclopedias print as examples.
    const KNOWN: &[(&str, Check)] = &[
        ("2123 45670 1", au_medicare),
        ("123 456 782", au_tfn),
        ("85.07.30-033.28", be_nrn),
        ("529.982.247-25", br_cpf),
        ("11.222.333/0001-81", br_cnpj),
        ("046 454 286", |digits| luhn(digits)),
        ("756.9217.0769.85", ch_ahv),
        ("11010519491231002", |digits| {
            cn_ric_check(digits) == Some(10)
        }),
        ("710319/2745", cz_rodne_cislo),
        ("86 095 742 719", de_steuer_id),
        ("2 55 08 14 168 025 38", fr_nir),
        ("943 476 5919", gb_nhs),
        ("3456 7890 1238", |digits| {
            !in_aadhaar(digits) || verhoeff(digits)
        }),
        ("111222333", nl_bsn),
        ("44051401359", pl_pesel),
        ("501964843", pt_nif),
        ("811228-9874", se_personnummer),
        ("10000000146", tr_tckn),
        ("8001015009087", za_id),
        ("123-45-6789", us_ssn),
    ];

    #[test]
    fn known_numbers_are_right() {
        for (index, (number, check)) in KNOWN.iter().enumerate() {
            assert!(check(&digits(number)), "{index}: {number}");
        }
    }

    #[test]
    fn every_checksum_sees_a_changed_digit() {
        let with_checksum: &[(&str, Check)] = &[
            ("2123 45670 1", au_medicare),
            ("123 456 782", au_tfn),
            ("85.07.30-033.28", be_nrn),
            ("529.982.247-25", br_cpf),
            ("11.222.333/0001-81", br_cnpj),
            ("756.9217.0769.85", ch_ahv),
            ("710319/2745", cz_rodne_cislo),
            ("86 095 742 719", de_steuer_id),
            ("2 55 08 14 168 025 38", fr_nir),
            ("943 476 5919", gb_nhs),
            ("111222333", nl_bsn),
            ("44051401359", pl_pesel),
            ("501964843", pt_nif),
            ("811228-9874", se_personnummer),
            ("10000000146", tr_tckn),
            ("8001015009087", za_id),
        ];
        for (number, check) in with_checksum {
            let right = digits(number);
            // The last digit of an Australian card is its issue, which nothing checks.
            let last = if *number == "2123 45670 1" {
                8
            } else {
                right.len() - 1
            };
            for change in 1..10 {
                let mut wrong = right.clone();
                wrong[last] = (wrong[last] + change) % 10;
                assert!(!check(&wrong), "{number} {change}");
            }
        }
    }

    #[test]
    fn structure_is_checked_too() {
        let wrong: &[(&str, Check)] = &[
            ("000-45-6789", us_ssn),
            ("666-45-6789", us_ssn),
            ("900-45-6789", us_ssn),
            ("123-00-6789", us_ssn),
            ("123-45-0000", us_ssn),
            ("111.111.111-11", br_cpf),
            ("1111 1111 1111", in_aadhaar),
            ("000000000", nl_bsn),
            ("311301-1234567", kr_rrn_form),
            ("850230-1234567", kr_rrn_form),
            ("850130-9234567", kr_rrn_form),
            ("320285-1234", dk_cpr),
            ("310285-1234", dk_cpr),
            ("", us_ssn),
            ("", be_nrn),
            ("", fr_nir),
            ("", cn_ric),
        ];
        for (number, check) in wrong {
            assert!(!check(&digits(number)), "{number}");
        }
        assert!(us_ssn(&digits("900-70-0001")));
    }
}
