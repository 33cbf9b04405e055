//! Sealed files: what was changed anywhere is refused, before a changed byte comes out.

use std::io::{Cursor, Read as _, Write as _};
use std::sync::OnceLock;

use keys::{
    AgeIdentity, AgeReader, AgeWriter, CHUNK_BYTES, KEY_BYTES, OpenAt, OpenReader, SealWriter,
    StreamKey, Zeroizing, plain_length, sealed_length,
};

use crate::input::Input;

const LENGTHS: [usize; 6] = [0, 10, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES];
const CONTEXT: &[u8] = b"a place";
/// A chunk with its tag.
const SEALED_CHUNK: usize = CHUNK_BYTES + 16;

fn key() -> StreamKey {
    StreamKey::new(Zeroizing::new([7; KEY_BYTES]))
}

fn plain(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

/// Changes to a chunked file, or (first byte odd) bytes that should be one.
pub fn sealed_file(data: &[u8]) {
    static FILES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let files = FILES.get_or_init(|| {
        let seal = |length: &usize| {
            let mut writer = SealWriter::new(&key(), CONTEXT, Vec::new()).expect("begins");
            writer.write_all(&plain(*length)).expect("writes");
            writer.finish().expect("finishes")
        };
        LENGTHS.iter().map(seal).collect()
    });
    let mut input = Input::new(data);
    if input.u8() % 2 == 1 {
        // Nobody without the key makes a file. Not the key of the files above: a fuzzer sees what is compared
        // in memory, and puts together the header of a true one.
        let unseen = StreamKey::new(Zeroizing::new([8; KEY_BYTES]));
        assert!(OpenReader::new(&unseen, CONTEXT, input.rest()).is_err());
        return;
    }
    let which = usize::from(input.u8()) % files.len();
    let (sealed, plain) = (&files[which], plain(LENGTHS[which]));
    assert_eq!(sealed_length(plain.len() as u64), Some(sealed.len() as u64));
    let stored = changed(sealed, &mut input);
    let mut read = Vec::new();
    let whole = OpenReader::new(&key(), CONTEXT, stored.as_slice())
        .and_then(|mut reader| reader.read_to_end(&mut read))
        .is_ok();
    assert_eq!(whole, stored == *sealed);
    assert!(plain.starts_with(&read), "a changed byte came out");
    let mut out = vec![0; plain.len() + 1];
    let at = OpenAt::new(&key(), CONTEXT, Cursor::new(&stored));
    let at = at.and_then(|mut file| file.read_at(0, &mut out)).is_ok_and(|n| n == plain.len());
    assert_eq!(at, stored == *sealed);
    if plain_length(stored.len() as u64).is_none() {
        assert!(!whole, "no file has this length");
    }
    assert!(OpenReader::new(&key(), b"elsewhere", stored.as_slice()).is_err());
}

/// Changes to a file for an offline recipient, or (first byte odd) bytes that should be one.
pub fn age_file(data: &[u8]) {
    static FILE: OnceLock<(AgeIdentity, Vec<u8>)> = OnceLock::new();
    let (identity, sealed) = FILE.get_or_init(|| {
        let identity = AgeIdentity::generate().expect("random numbers");
        let recipient = identity.recipient().expect("a point");
        let mut writer = AgeWriter::new(&[recipient], Vec::new()).expect("begins");
        writer.write_all(&plain(100)).expect("writes");
        let sealed = writer.finish().expect("finishes");
        (identity, sealed)
    });
    let mut input = Input::new(data);
    let stored = match input.u8() % 2 {
        1 => input.rest().to_vec(),
        _ => changed(sealed, &mut input),
    };
    let mut read = Vec::new();
    let whole = AgeReader::new(identity, stored.as_slice())
        .and_then(|mut reader| reader.read_to_end(&mut read))
        .is_ok();
    assert_eq!(whole, stored == *sealed);
    assert!(!whole || read == plain(100));
}

/// Flips, cuts, lengthens, and moves chunks, as the input says.
fn changed(sealed: &[u8], input: &mut Input<'_>) -> Vec<u8> {
    let mut stored = sealed.to_vec();
    while !input.is_empty() && !stored.is_empty() {
        let (what, place) = (input.u8(), usize::from(input.u16()));
        let place = place * stored.len() / (usize::from(u16::MAX) + 1);
        match what % 4 {
            0 => stored[place] ^= 1 << (what / 4 % 8),
            1 => stored.truncate(place),
            2 => stored.extend_from_slice(&[what; 3]),
            _ => {
                let (one, two) = (place / SEALED_CHUNK, usize::from(what / 4) % 4);
                let at = |n: usize| keys::STREAM_HEADER_BYTES + n * SEALED_CHUNK;
                if one < two && at(two + 1) <= stored.len() {
                    let (first, second) = stored.split_at_mut(at(two));
                    first[at(one)..at(one + 1)].swap_with_slice(&mut second[..SEALED_CHUNK]);
                }
            }
        }
    }
    stored
}
