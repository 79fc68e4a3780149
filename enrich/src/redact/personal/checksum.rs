//! Computes the check digits that numbers of people and accounts carry. Digits are values from 0 to
//! 9, not characters.

/// Luhn's sum (ISO/IEC 7812-1 annex B), the check digit included.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, u32::from(digit)) {
            (0, digit) => digit,
            (_, digit) if digit < 5 => 2 * digit,
            (_, digit) => 2 * digit - 9,
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// The sum of the digits, each times its weight.
pub(crate) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    let pairs = digits.iter().zip(weights);
    pairs
        .map(|(&digit, weight)| u32::from(digit) * weight)
        .sum()
}

/// The digits as a number; `u64` takes nineteen of them.
pub(crate) fn value(digits: &[u8]) -> u64 {
    digits
        .iter()
        .take(19)
        .fold(0, |value, &digit| value * 10 + u64::from(digit))
}

/// Verhoeff's check (J. Verhoeff, Error detecting decimal codes, 1969), the check digit included.
pub(crate) fn verhoeff(digits: &[u8]) -> bool {
    // The dihedral group of the pentagon: 0 to 4 turn, 5 to 9 mirror.
    let product = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    };
    const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let permuted = |digit: u8, times: usize| {
        (0..times % 8).fold(digit, |digit, _| {
            PERMUTATION.get(usize::from(digit)).copied().unwrap_or(0)
        })
    };
    let sum = digits
        .iter()
        .rev()
        .enumerate()
        .fold(0, |sum, (place, &digit)| {
            product(sum, permuted(digit, place))
        });
    !digits.is_empty() && sum == 0
}

/// ISO/IEC 7064 MOD 11,10, the check digit included (Germany's tax id).
pub(crate) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((&check, digits)) = digits.split_last() else {
        return false;
    };
    let product = digits.iter().fold(10, |product, &digit| {
        let sum = (u32::from(digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == u32::from(check)
}

/// The remainder of division by 97 of `text`, letters counting from A = 10 (ISO/IEC 7064, as IBAN
/// uses it).
pub(crate) fn mod_97(text: impl Iterator<Item = u8>) -> u32 {
    text.fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        b'A'..=b'Z' => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
        _ => rest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().map(|byte| byte - b'0').collect()
    }

    #[test]
    fn known_numbers_are_right_and_their_neighbours_wrong() {
        // ISO/IEC 7812's, Wikipedia's and the German tax office's own examples.
        assert!(luhn(&digits("79927398713")));
        assert!(verhoeff(&digits("2363")));
        assert!(mod_11_10(&digits("86095742719")));
        assert_eq!(mod_97("3214282912345698765432161182".bytes()), 1);
        assert_eq!(mod_97("3704004405320130 00DE89".bytes()), 1);
        for digit in 0..9 {
            let wrong = |right: &str| {
                let mut digits = digits(right);
                let last = digits.last_mut().unwrap();
                *last = (*last + 1 + digit) % 10;
                digits
            };
            assert!(!luhn(&wrong("79927398713")));
            assert!(!verhoeff(&wrong("2363")));
            assert!(!mod_11_10(&wrong("86095742719")));
        }
        assert!(!luhn(&[]) && !verhoeff(&[]) && !mod_11_10(&[]));
    }

    #[test]
    fn verhoeff_sees_every_swap_of_neighbours() {
        let right = digits("2363");
        for place in 0..3 {
            let mut swapped = right.clone();
            swapped.swap(place, place + 1);
            assert_eq!(verhoeff(&swapped), swapped == right);
        }
    }

    #[test]
    fn weights_and_values_are_taken_digit_by_digit() {
        assert_eq!(weighted(&[1, 2, 3], &[3, 2, 1]), 10);
        assert_eq!(value(&[1, 2, 3]), 123);
        assert_eq!(value(&[9; 40]), 9_999_999_999_999_999_999);
    }
}
