//! Frames of gRPC: a flag, a length, a message.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use prost::Message;

use crate::door::fault::Fault;

/// The flag and the length before each message.
const PREFIX_BYTES: usize = 5;

/// A message with its prefix.
pub(crate) fn framed(message: &impl Message) -> Bytes {
    let encoded = message.encode_to_vec();
    let mut frame = BytesMut::with_capacity(PREFIX_BYTES + encoded.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(encoded.len()).unwrap_or(u32::MAX));
    frame.put_slice(&encoded);
    frame.freeze()
}

/// The length of the first message in `bytes`; none while its prefix is not there.
fn length(bytes: &[u8], max_bytes: usize) -> Result<Option<usize>, Fault> {
    let Some((&[flag, a, b, c, d], _)) = bytes.split_first_chunk::<PREFIX_BYTES>() else {
        return Ok(None);
    };
    match flag {
        0 => {}
        1 => return Err(Fault::Unsupported("compressed messages are not read")),
        _ => {
            let message = "the flag of a message is neither 0 nor 1";
            return Err(Fault::Malformed(message.to_owned()));
        }
    }
    let len = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if len > max_bytes {
        return Err(Fault::TooLarge { max_bytes });
    }
    Ok(Some(len))
}

/// The one message of a unary call.
pub(super) fn only(mut body: Bytes, max_bytes: usize) -> Result<Bytes, Fault> {
    let Some(len) = length(&body, max_bytes)? else {
        return Err(Fault::Malformed("no message came".to_owned()));
    };
    body.advance(PREFIX_BYTES);
    match body.len().cmp(&len) {
        std::cmp::Ordering::Less => Err(Fault::Cut),
        std::cmp::Ordering::Equal => Ok(body),
        std::cmp::Ordering::Greater => {
            Err(Fault::Malformed("more than one message came".to_owned()))
        }
    }
}

/// Takes the first message out of what has come, where it is there whole.
pub(super) fn next(came: &mut BytesMut, max_bytes: usize) -> Result<Option<Bytes>, Fault> {
    match length(came, max_bytes)? {
        Some(len) if came.len() >= PREFIX_BYTES + len => {
            came.advance(PREFIX_BYTES);
            Ok(Some(came.split_to(len).freeze()))
        }
        Some(_) | None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &'static [u8]) -> String {
        only(Bytes::from_static(body), 9).unwrap_err().to_string()
    }

    #[test]
    fn a_unary_call_has_one_message() {
        let body = Bytes::from_static(b"\0\0\0\0\x02ab");
        assert_eq!(only(body, 2).unwrap(), "ab");
        assert!(told(b"").contains("no message"));
        assert!(told(b"\0\0\0\0").contains("no message"));
        assert!(told(b"\0\0\0\0\x02a").contains("ended early"));
        assert!(told(b"\0\0\0\0\x02abc").contains("more than one"));
        assert!(told(b"\x01\0\0\0\x01a").contains("compressed"));
        assert!(told(b"\x02\0\0\0\x01a").contains("flag"));
        assert!(told(b"\0\xff\xff\xff\xff").contains("larger than 9"));
    }

    #[test]
    fn messages_are_found_wherever_they_were_cut() {
        let whole = b"\0\0\0\0\x02ab\0\0\0\0\0\0\0\0\0\x01c";
        for cut in 0..=whole.len() {
            let mut found = Vec::new();
            let mut came = BytesMut::new();
            for part in [&whole[..cut], &whole[cut..]] {
                came.extend_from_slice(part);
                while let Some(message) = next(&mut came, 2).unwrap() {
                    found.push(message);
                }
            }
            assert_eq!(found, ["ab", "", "c"], "cut at {cut}");
            assert!(came.is_empty());
        }
        let mut large = BytesMut::from(&b"\0\0\0\0\x03"[..]);
        assert!(next(&mut large, 2).is_err(), "before it has come");
    }
}
