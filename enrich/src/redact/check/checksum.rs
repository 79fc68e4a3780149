//! Computes the checksums that tokens and keys carry.

use super::sha256::sha256;

/// Six digits of base 62, `0-9A-Za-z`, most significant first.
pub(crate) fn base62(mut number: u32) -> [u8; 6] {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS.get((number % 62) as usize).copied().unwrap_or(b'0');
        number /= 62;
    }
    digits
}

/// CRC-32 as in zip and PNG (ISO 3309). Tokens are short, so no table is needed.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// Whether the last six characters are the CRC-32, in base 62, of what lies between them and the
/// underscore of the prefix: tokens of GitHub and npm.
pub(crate) fn has_crc32(token: &[u8]) -> bool {
    let body = token
        .iter()
        .position(|&byte| byte == b'_')
        .and_then(|prefix| token.get(prefix + 1..));
    let Some((random, sum)) = body.and_then(|body| body.split_last_chunk::<6>()) else {
        return false;
    };
    base62(crc32(random)) == *sum
}

/// Base 58 as Bitcoin writes it: no zero, no capital I and O, no small l.
pub(crate) const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// An extended key is 111 characters, 82 bytes; nothing longer is decoded.
const MAX_BASE58_LEN: usize = 120;

/// Whether `text` is base 58 whose last four bytes are the double SHA-256 of those before
/// (Bitcoin's Base58Check: private keys in wallet import format, extended keys).
pub(crate) fn has_base58_checksum(text: &[u8]) -> bool {
    let Some(bytes) = from_base58(text) else {
        return false;
    };
    let Some((payload, sum)) = bytes.split_last_chunk::<4>() else {
        return false;
    };
    !payload.is_empty() && base58_checksum(payload) == *sum
}

/// The four bytes that Base58Check appends to `payload`.
pub(crate) fn base58_checksum(payload: &[u8]) -> [u8; 4] {
    let digest = sha256(&sha256(payload));
    digest.first_chunk().copied().unwrap_or_default()
}

fn from_base58(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > MAX_BASE58_LEN {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for sign in text {
        let digit = BASE58.iter().position(|known| known == sign)?;
        let mut carry = u32::try_from(digit).ok()?;
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        if carry > 0 {
            bytes.insert(0, u8::try_from(carry).ok()?);
        }
    }
    let zeros = text.iter().take_while(|&&sign| sign == b'1').count();
    bytes.splice(0..0, std::iter::repeat_n(0, zeros));
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::super::example::base58_check;
    use super::*;

    #[test]
    fn the_crc_is_the_known_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn base58_is_read_with_its_checksum() {
        let mut payload = vec![0x80];
        payload.extend_from_slice(&[7; 32]);
        let good = base58_check(&payload);
        assert!(has_base58_checksum(good.as_bytes()));
        let other = if good.ends_with('2') { '3' } else { '2' };
        let bad = format!("{}{other}", good.get(..good.len() - 1).unwrap());
        assert!(!has_base58_checksum(bad.as_bytes()));
        for text in ["", "1", "0OIl", "é", &"z".repeat(400)] {
            assert!(!has_base58_checksum(text.as_bytes()), "{text}");
        }
        // The address of the first block (Bitcoin's genesis block), a public one.
        assert!(has_base58_checksum(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"));
    }
}
