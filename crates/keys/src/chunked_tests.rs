use super::*;
use proptest::prelude::*;
use std::io::{Cursor, Read as _, Write as _};

/// Wycheproof's vectors; see testdata/README.md.
const VECTORS: &str = include_str!("../testdata/c2sp_chunked_encryption_aes_256_gcm_test.json");
const LENGTHS: [usize; 9] = [
    0,
    1,
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    2 * CHUNK_BYTES - 1,
    2 * CHUNK_BYTES,
    2 * CHUNK_BYTES + 1,
    5 * CHUNK_BYTES + 7,
];

fn key(byte: u8) -> StreamKey {
    StreamKey::new(Zeroizing::new([byte; KEY_BYTES]))
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 31 % 251) as u8).collect()
}

fn seal(key: &StreamKey, context: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut writer = SealWriter::new(key, context, Vec::new()).expect("begins");
    writer.write_all(plain).expect("writes");
    writer.finish().expect("finishes")
}

/// What came out, and whether the end was reached.
fn open(key: &StreamKey, context: &[u8], sealed: &[u8]) -> (Vec<u8>, bool) {
    let mut plain = Vec::new();
    let read = OpenReader::new(key, context, sealed).and_then(|mut r| r.read_to_end(&mut plain));
    (plain, read.is_ok())
}

fn from_hex(text: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
    (0..text.len()).step_by(2).map(digit).collect()
}

#[test]
fn published_vectors_hold() {
    let file: serde_json::Value = serde_json::from_str(VECTORS).expect("JSON");
    let (mut valid, mut invalid) = (0, 0);
    for group in file["testGroups"].as_array().expect("groups") {
        for vector in group["tests"].as_array().expect("tests") {
            let bytes = |field: &str| from_hex(vector[field].as_str().unwrap_or_default());
            let mut sealed = Vec::new();
            flate2::read::ZlibDecoder::new(bytes("ct").as_slice())
                .read_to_end(&mut sealed)
                .expect("inflates");
            let name = format!("{}: {}", vector["tcId"], vector["comment"]);
            let expected = vector["msgLength"].as_u64().unwrap_or(0) as usize;
            let Ok(bytes_of_key) = <[u8; KEY_BYTES]>::try_from(bytes("key")) else {
                // The type takes keys of the right length only.
                assert_eq!(vector["result"], "invalid", "{name}");
                invalid += 1;
                continue;
            };
            let key = StreamKey::new(Zeroizing::new(bytes_of_key));
            let (plain, whole) = open(&key, &bytes("ctx"), &sealed);
            let at = OpenAt::new(&key, &bytes("ctx"), Cursor::new(&sealed));
            assert_eq!(whole, vector["result"] == "valid", "{name}");
            assert!(plain.len() <= expected, "{name}: past the valid part");
            if plain.len() == expected
                && let Some(hash) = vector["msgSha512"].as_str()
            {
                let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, &plain);
                assert_eq!(digest.as_ref(), from_hex(hash), "{name}");
            }
            if whole {
                valid += 1;
                assert_eq!(at.expect("opens").length(), expected as u64, "{name}");
            } else {
                invalid += 1;
            }
        }
    }
    assert_eq!(Some(valid + invalid), file["numberOfTests"].as_u64());
    assert_eq!((valid, invalid), (10, 25));
}

#[test]
fn it_agrees_with_another_implementation_both_ways() {
    let theirs = cobblestone::Key256::from_bytes(&[7; KEY_BYTES]);
    for length in LENGTHS {
        let plain = text(length);
        let sealed = seal(&key(7), b"place", &plain);
        assert_eq!(sealed_length(length as u64), Some(sealed.len() as u64));
        assert_eq!(plain_length(sealed.len() as u64), Some(length as u64));
        assert_eq!(cobblestone::decrypt(&theirs, b"place", &sealed).expect("they open"), plain);
        let sealed = cobblestone::encrypt(&theirs, b"place", &plain).expect("they seal");
        assert_eq!(open(&key(7), b"place", &sealed), (plain, true));
    }
}

#[test]
fn another_key_or_context_opens_nothing_and_no_file_is_sealed_twice_alike() {
    let sealed = seal(&key(1), b"visit 1", b"text");
    assert_eq!(open(&key(2), b"visit 1", &sealed), (Vec::new(), false));
    assert_eq!(open(&key(1), b"visit 2", &sealed), (Vec::new(), false));
    assert!(OpenAt::new(&key(1), b"visit 2", Cursor::new(&sealed)).is_err());
    assert_ne!(sealed, seal(&key(1), b"visit 1", b"text"));
}

#[test]
fn a_file_cut_at_any_chunk_or_lengthened_is_refused() {
    let plain = text(3 * CHUNK_BYTES);
    let sealed = seal(&key(1), b"", &plain);
    let mut cuts: Vec<usize> =
        (0..=3).map(|n| STREAM_HEADER_BYTES + n * SEALED_CHUNK_BYTES).collect();
    cuts.extend([0, 1, STREAM_HEADER_BYTES - 1, STREAM_HEADER_BYTES + 1, sealed.len() - 1]);
    for cut in cuts {
        let (read, whole) = open(&key(1), b"", &sealed[..cut]);
        assert!(!whole && plain.starts_with(&read), "cut at {cut}");
        assert!(OpenAt::new(&key(1), b"", Cursor::new(&sealed[..cut])).is_err(), "cut at {cut}");
    }
    let longer = [sealed.as_slice(), &[0]].concat();
    assert!(!open(&key(1), b"", &longer).1);
    assert!(OpenAt::new(&key(1), b"", Cursor::new(&longer)).is_err());
}

#[test]
fn a_writer_that_failed_takes_no_more() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
            let taken = data.len().min(self.0);
            self.0 -= taken;
            if taken == 0 { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut writer = SealWriter::new(&key(1), b"", Full(1000)).expect("begins");
    assert!(writer.write_all(&text(CHUNK_BYTES)).is_err());
    assert!(writer.write_all(b"more").is_err());
    assert!(writer.finish().is_err());
}

/// Lengths around the edges of chunks.
fn lengths() -> impl Strategy<Value = usize> {
    prop_oneof![
        0..64_usize,
        (1..5_usize, 0..4_usize).prop_map(|(n, d)| n * CHUNK_BYTES + d - 2),
        0..5 * CHUNK_BYTES,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_length_and_any_cutting_of_writes_comes_back(
        length in lengths(),
        pieces in proptest::collection::vec(1..40_000_usize, 1..8),
    ) {
        let plain = text(length);
        let mut writer = SealWriter::new(&key(3), b"c", Vec::new()).expect("begins");
        let mut rest = plain.as_slice();
        for piece in pieces.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at(rest.len().min(*piece));
            writer.write_all(now).expect("writes");
            rest = later;
        }
        let sealed = writer.finish().expect("finishes");
        prop_assert_eq!(open(&key(3), b"c", &sealed), (plain, true));
    }

    #[test]
    fn any_flip_is_refused(length in lengths(), place in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let plain = text(length);
        let mut sealed = seal(&key(3), b"c", &plain);
        let place = place.index(sealed.len());
        sealed[place] ^= 1 << bit;
        let (read, whole) = open(&key(3), b"c", &sealed);
        prop_assert!(!whole);
        prop_assert!(plain.starts_with(&read) && read.len() % CHUNK_BYTES == 0);
    }

    #[test]
    fn any_cut_is_refused(length in lengths(), place in any::<prop::sample::Index>()) {
        let sealed = seal(&key(3), b"c", &text(length));
        let cut = place.index(sealed.len());
        prop_assert!(!open(&key(3), b"c", &sealed[..cut]).1);
    }

    #[test]
    fn any_two_chunks_that_change_places_are_refused(
        chunks in 2..6_usize,
        one in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
    ) {
        let sealed = seal(&key(3), b"c", &text(chunks * CHUNK_BYTES));
        let (one, other) = (one.index(chunks), other.index(chunks));
        prop_assume!(one != other);
        let (header, body) = sealed.split_at(STREAM_HEADER_BYTES);
        let mut parts: Vec<&[u8]> = body.chunks(SEALED_CHUNK_BYTES).collect();
        parts.swap(one, other);
        let swapped = [header, &parts.concat()].concat();
        prop_assert!(!open(&key(3), b"c", &swapped).1);
    }

    #[test]
    fn any_range_reads_as_if_the_whole_had_been_opened(
        length in lengths(),
        offset in 0..6 * CHUNK_BYTES,
        wanted in 0..3 * CHUNK_BYTES,
    ) {
        let plain = text(length);
        let sealed = seal(&key(3), b"c", &plain);
        let mut file = OpenAt::new(&key(3), b"c", Cursor::new(&sealed)).expect("opens");
        prop_assert_eq!(file.length(), length as u64);
        let mut out = vec![0; wanted];
        let read = file.read_at(offset as u64, &mut out).expect("reads");
        let expected = plain.get(offset..).unwrap_or_default();
        prop_assert_eq!(&out[..read], &expected[..expected.len().min(wanted)]);
    }
}
