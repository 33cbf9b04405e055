//! The test vectors of RFC 5769, through the code that reads what clients send.

use stun_types::attribute::XorMappedAddress;
use stun_types::message::{
    IntegrityAlgorithm, IntegrityKey, LongTermKeyCredentials, ShortTermCredentials,
};

use crate::message::parse;

/// §2.1, a request with short-term credentials and a fingerprint.
const REQUEST: &str = "000100582112a442b7e7a701bc34d686fa87dfae\
    802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36\
    000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2\
    80280004e57a3bcf";
/// §2.2, a response with an IPv4 address.
const RESPONSE_V4: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae\
    8022000b7465737420766563746f7220002000080001a147e112a643\
    000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
/// §2.3, a response with an IPv6 address.
const RESPONSE_V6: &str = "010100482112a442b7e7a701bc34d686fa87dfae\
    8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9\
    00080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";
/// §2.4, a request with long-term credentials.
const LONG_TERM: &str = "000100602112a44278ad3433c6ad72c029da412e\
    00060012e3839ee38388e383aae38383e382afe382b900000015001c662f2f3439396b3935346436\
    4f4c33346f4c394653547679363473410014000b6578616d706c652e6f72670000080014f6702465\
    6dd64a3e02b8e0712e85c9a28ca89666";

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).expect("hexadecimal") as u8;
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn short_term() -> IntegrityKey {
    ShortTermCredentials::new("VOkJxbRl1RmTxUk/WvJxBt".to_owned()).make_key()
}

fn long_term() -> IntegrityKey {
    let (user, password) = ("\u{30DE}\u{30C8}\u{30EA}\u{30C3}\u{30AF}\u{30B9}", "TheMatrIX");
    LongTermKeyCredentials::new(user.to_owned(), password.to_owned(), "example.org".to_owned())
        .make_key(IntegrityAlgorithm::Sha1)
}

#[test]
fn the_vectors_are_read_and_proved() {
    for (hex, key) in [
        (REQUEST, short_term()),
        (RESPONSE_V4, short_term()),
        (RESPONSE_V6, short_term()),
        (LONG_TERM, long_term()),
    ] {
        let bytes = bytes(hex);
        let message = parse(&bytes).expect("a message");
        assert!(message.validate_integrity_with_key(&key).is_ok(), "{hex}");
    }
    for (hex, address) in [
        (RESPONSE_V4, "192.0.2.1:32853"),
        (RESPONSE_V6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ] {
        let bytes = bytes(hex);
        let message = parse(&bytes).expect("a message");
        let mapped = message.attribute::<XorMappedAddress>().expect("an address");
        assert_eq!(mapped.addr(message.transaction_id()), address.parse().expect("a constant"));
    }
}

#[test]
fn no_vector_with_a_flipped_bit_is_read_and_proved() {
    for (hex, key) in [(REQUEST, short_term()), (LONG_TERM, long_term())] {
        let good = bytes(hex);
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let proved = parse(&bad).is_some_and(|m| m.validate_integrity_with_key(&key).is_ok());
            // A flipped type of the fingerprint leaves an unknown attribute after the integrity,
            // which is ignored (RFC 8489 §14.5). All that counts is still proved.
            let after_integrity = bit / 8 >= good.len() - 8 && hex == REQUEST;
            assert!(!proved || after_integrity, "bit {bit}");
        }
    }
}

#[test]
fn a_message_shorter_or_longer_than_it_says_is_not_read() {
    let good = bytes(LONG_TERM);
    for length in 0..good.len() {
        assert!(parse(&good[..length]).is_none());
    }
    assert!(parse(&[&good[..], &[0; 4]].concat()).is_none());
}
