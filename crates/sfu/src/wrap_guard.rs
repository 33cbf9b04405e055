//! Keeps packets away from str0m 0.25 that would make its count of transport-wide sequence numbers
//! wrap below zero.
//!
//! str0m extends the 16-bit number of the transport-wide congestion control extension to 64 bits. A
//! step back across zero before the first wrap comes out as a number near 2^64, and the next feedback
//! report then lists every packet in between: one packet of one participant, or an unlucky reordering
//! at the start, takes all the memory that there is. That cannot be caught, so the packet must not get
//! there. Once the numbers have passed the middle of their range, nothing can go below zero any more.
//!
//! The extension is read as str0m reads it (RFC 8285 §4.2, §4.3). Its id is fixed: an answer that
//! changes ids is refused ([`crate::sdp_guard`]).

/// The id of the transport-wide sequence number in our offers.
const TRANSPORT_SEQUENCE: u8 = 3;
const HALF: u16 = 0x8000;

/// What one transport has shown of its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum WrapGuard {
    /// No number of an authenticated packet yet; the least that may have been one, if below the
    /// middle.
    #[default]
    Unknown,
    /// No authenticated number that was reported; this is the least that str0m may know.
    Perhaps(u16),
    /// The highest authenticated number that was reported. str0m knows that one or a higher one.
    Low(u16),
    /// The numbers have passed the middle of their range.
    Past,
}

impl WrapGuard {
    /// Whether str0m may see a datagram, which need not be genuine.
    pub(crate) fn admits(&mut self, datagram: &[u8]) -> bool {
        if *self == Self::Past || !matches!(datagram.first(), Some(128..=191)) {
            return true;
        }
        let mut next = *self;
        let mut good = true;
        each_number(datagram, |number| {
            let (Self::Perhaps(known) | Self::Low(known)) = next else {
                if number < HALF {
                    next = Self::Perhaps(number);
                }
                return;
            };
            good &= number <= HALF + known;
            if matches!(next, Self::Perhaps(_)) {
                next = Self::Perhaps(known.min(number));
            }
        });
        if good {
            *self = next;
        }
        good
    }

    /// A packet with this number was authenticated.
    pub(crate) fn took(&mut self, number: u16) {
        *self = match *self {
            Self::Past => Self::Past,
            _ if number >= HALF => Self::Past,
            Self::Low(known) => Self::Low(known.max(number)),
            Self::Unknown | Self::Perhaps(_) => Self::Low(number),
        };
    }
}

/// Calls `found` with each transport-wide sequence number in an RTP header.
fn each_number(datagram: &[u8], mut found: impl FnMut(u16)) {
    let be16 = |at: usize| Some(u16::from_be_bytes(datagram.get(at..at + 2)?.try_into().ok()?));
    let Some(first) = datagram.first().filter(|first| *first & 0x10 != 0) else { return };
    let at = 12 + 4 * usize::from(first & 0x0f);
    let (Some(form), Some(words)) = (be16(at), be16(at + 2)) else { return };
    let Some(mut rest) = datagram.get(at + 4..at + 4 + 4 * usize::from(words)) else { return };
    while let Some((head, tail)) = rest.split_first() {
        // Padding between elements.
        if *head == 0 {
            rest = tail;
            continue;
        }
        let (id, len, value) = if form == 0xbede {
            if head >> 4 == 15 {
                return;
            }
            (head >> 4, usize::from(head & 0x0f) + 1, tail)
        } else {
            let Some((len, value)) = tail.split_first() else { return };
            (*head, usize::from(*len), value)
        };
        let Some((element, after)) = value.split_at_checked(len) else { return };
        if let (TRANSPORT_SEQUENCE, [hi, lo, ..]) = (id, element) {
            found(u16::from_be_bytes([*hi, *lo]));
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(form: u16, elements: &[u8]) -> Vec<u8> {
        let mut p = vec![0x90, 96, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4];
        p.extend(form.to_be_bytes());
        p.extend(((elements.len().div_ceil(4)) as u16).to_be_bytes());
        p.extend(elements);
        p.resize(p.len().next_multiple_of(4) + 30, 0);
        p
    }

    fn numbered(number: u16) -> Vec<u8> {
        let [hi, lo] = number.to_be_bytes();
        packet(0xbede, &[0x31, hi, lo])
    }

    #[test]
    fn a_step_back_across_zero_is_kept_away_until_the_middle_is_passed() {
        let mut guard = WrapGuard::default();
        assert!(guard.admits(&numbered(5)));
        guard.took(5);
        assert!(guard.admits(&numbered(HALF + 5)) && !guard.admits(&numbered(HALF + 6)));
        assert!(!guard.admits(&numbered(u16::MAX)), "a late packet from before the wrap");
        guard.took(20_000);
        guard.took(19_000);
        assert!(guard.admits(&numbered(HALF + 20_000)) && !guard.admits(&numbered(HALF + 20_001)));
        guard.took(HALF);
        assert!((0..=u16::MAX).all(|n| guard.admits(&numbered(n))));
    }

    #[test]
    fn before_anything_is_authenticated_every_number_may_count() {
        let mut guard = WrapGuard::default();
        assert!(guard.admits(&numbered(60_000)) && guard.admits(&numbered(70)));
        assert!(guard.admits(&numbered(100)) && !guard.admits(&numbered(HALF + 71)));
        guard.took(100);
        assert!(guard.admits(&numbered(HALF + 71)));
        // Whoever begins above the middle may go on from there.
        let mut late = WrapGuard::default();
        assert!(late.admits(&numbered(60_000)));
        late.took(60_000);
        assert!(late.admits(&numbered(0)) && late.admits(&numbered(u16::MAX)));
    }

    #[test]
    fn numbers_are_found_wherever_the_stack_finds_them() {
        for (form, elements) in [
            (0xbede, &[0x31, 0xff, 0xff][..]),
            (0xbede, &[0, 0, 0x10, 7, 0x32, 0xff, 0xff, 0]),
            (0x1000, &[3, 2, 0xff, 0xff]),
            (0x100f, &[9, 0, 0, 3, 4, 0xff, 0xff, 0, 0]),
            (0xbede, &[0x31, 0, 1, 0x31, 0xff, 0xff]),
        ] {
            let mut guard = WrapGuard::Low(1);
            assert!(!guard.admits(&packet(form, elements)), "{elements:x?}");
            assert_eq!(guard, WrapGuard::Low(1));
        }
        for (form, elements) in [
            (0xbede, &[0xf0, 0x31, 0xff, 0xff][..]),
            (0xbede, &[0x30, 0xff, 0x21, 0xff, 0xff]),
            (0x1000, &[3, 1, 0xff, 3]),
        ] {
            assert!(WrapGuard::Low(1).admits(&packet(form, elements)), "{elements:x?}");
        }
    }

    #[test]
    fn every_truncation_is_harmless() {
        let whole = packet(0x1000, &[3, 2, 0, 9, 4, 200]);
        for n in 0..whole.len() {
            let _ = WrapGuard::default().admits(&whole[..n]);
        }
    }
}
