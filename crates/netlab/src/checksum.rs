//! The Internet checksum: whole, and mended after a change.
//!
//! Owns arithmetic only. It never knows where in a packet a checksum stands.

/// The checksum (RFC 1071) of `parts`, one after the other. Each part but the last has an even length.
pub(crate) fn of(parts: &[&[u8]]) -> u16 {
    !fold(parts.iter().map(|part| sum(part)).sum())
}

/// The checksum after `old` became `new`, from the checksum before (RFC 1624, equation 3). Both
/// slices stand at an even offset and have the same even length.
pub(crate) fn mended(before: u16, old: &[u8], new: &[u8]) -> u16 {
    let removed: u64 = old.chunks(2).map(|word| u64::from(!word_of(word))).sum();
    !fold(u64::from(!before) + removed + sum(new))
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.chunks(2).map(|word| u64::from(word_of(word))).sum()
}

fn word_of(chunk: &[u8]) -> u16 {
    u16::from_be_bytes([chunk[0], chunk.get(1).copied().unwrap_or(0)])
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_rfc_1624() {
        // Section 4: a header with checksum 0xdd2f, whose field changes from 0x5555 to 0x3285.
        assert_eq!(mended(0xdd2f, &[0x55, 0x55], &[0x32, 0x85]), 0x0000);
    }

    #[test]
    fn the_example_of_rfc_1071() {
        // Section 3: the sum is 0xddf2.
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(of(&[&bytes]), !0xddf2);
    }

    proptest! {
        #[test]
        fn mending_equals_counting_anew(
            mut bytes in proptest::collection::vec(any::<u8>(), 8..80),
            at in 0_usize..2,
            new in any::<[u8; 4]>(),
        ) {
            // Checksummed data is never all zero: it holds a version or a pseudo-header.
            bytes[7] |= 1;
            let before = of(&[&bytes]);
            let at = at * 2;
            let old: [u8; 4] = bytes[at..at + 4].try_into().unwrap();
            bytes[at..at + 4].copy_from_slice(&new);
            prop_assert_eq!(mended(before, &old, &new), of(&[&bytes]));
        }
    }
}
