use proptest::prelude::*;

use super::*;
use crate::answer::{self, Trouble};
use crate::testing::{self, addr};

/// Every checksum in the packet, counted anew; also of the packet that an error quotes.
fn is_sound(bytes: &[u8]) -> bool {
    let Ok(packet) = Packet::read(bytes) else { return false };
    testing::checksums_hold(bytes, &packet)
}

#[test]
fn a_reset_for_a_syn_acknowledges_it() {
    let syn = testing::tcp(addr("10.0.0.2:4000"), addr("203.0.113.9:443"), 0x02, b"");
    let packet = Packet::read(&syn).unwrap();
    let reset = answer::reset(&syn, &packet).unwrap();
    let read = Packet::read(&reset).unwrap();
    assert!(is_sound(&reset));
    assert_eq!((read.source, read.destination), (packet.destination, packet.source));
    let flags = read.tcp_flags().unwrap();
    assert!(flags.rst() && flags.ack());
    // The segment of `testing::tcp` has sequence number 1000; a SYN counts one.
    assert_eq!(&reset[20 + 8..20 + 12], &1001_u32.to_be_bytes());
    assert_eq!(answer::reset(&reset, &read), None, "no reset for a reset");
}

#[test]
fn an_error_about_an_error_is_never_sent() {
    let datagram = testing::udp(addr("10.0.0.2:4000"), addr("203.0.113.9:443"), b"hello");
    let packet = Packet::read(&datagram).unwrap();
    let error = answer::error(&datagram, &packet, Trouble::TooBig { mtu_bytes: 1280 }).unwrap();
    assert!(is_sound(&error));
    let read = Packet::read(&error).unwrap();
    assert_eq!(read.destination, packet.source);
    assert_eq!(
        read.body,
        Body::Error(Quoted {
            protocol: Protocol::Udp,
            source: addr("10.0.0.2:4000"),
            destination: addr("203.0.113.9:443"),
        })
    );
    assert_eq!(answer::error(&error, &read, Trouble::Prohibited), None);
}

#[test]
fn a_datagram_without_a_checksum_stays_without() {
    let mut datagram = testing::udp(addr("10.0.0.2:4000"), addr("203.0.113.9:443"), b"hello");
    datagram[26..28].fill(0);
    rewrite(&mut datagram, Side::Source, addr("198.51.100.7:61000"));
    assert_eq!(&datagram[26..28], &[0, 0]);
}

#[test]
fn other_versions_and_broken_lengths_are_told_apart() {
    let datagram = testing::udp(addr("10.0.0.2:4000"), addr("203.0.113.9:443"), b"hello");
    let mut six = datagram.clone();
    six[0] = 0x60;
    assert_eq!(Packet::read(&six), Err(Unreadable::NotIpv4));
    assert_eq!(Packet::read(&datagram[..datagram.len() - 1]), Err(Unreadable::Malformed));
    let mut flipped = datagram;
    flipped[8] ^= 1;
    assert_eq!(Packet::read(&flipped), Err(Unreadable::Malformed));
}

fn socket() -> impl Strategy<Value = SocketAddrV4> {
    (any::<u32>(), any::<u16>()).prop_map(|(ip, port)| SocketAddrV4::new(ip.into(), port))
}

proptest! {
    #[test]
    fn rewritten_packets_have_sound_checksums(
        from in socket(), to in socket(), new in socket(),
        payload in proptest::collection::vec(any::<u8>(), 0..64),
        kind in 0..3, at_source in any::<bool>(),
    ) {
        let mut bytes = match kind {
            0 => testing::udp(from, to, &payload),
            1 => testing::tcp(from, to, 0x12, &payload),
            _ => testing::echo(*from.ip(), *to.ip(), from.port(), true, &payload),
        };
        let side = if at_source { Side::Source } else { Side::Destination };
        rewrite(&mut bytes, side, new);
        prop_assert!(is_sound(&bytes));
        let (_, source, destination) = Packet::read(&bytes).unwrap().flow(at_source).unwrap();
        prop_assert_eq!(if at_source { source } else { destination }, new);
    }

    #[test]
    fn rewritten_errors_have_sound_checksums(
        from in socket(), to in socket(), new in socket(),
        payload in proptest::collection::vec(any::<u8>(), 0..900),
        tcp in any::<bool>(), inbound in any::<bool>(),
    ) {
        let cause = if tcp { testing::tcp(from, to, 0x10, &payload) } else { testing::udp(from, to, &payload) };
        let packet = Packet::read(&cause).unwrap();
        let mut error = answer::error(&cause, &packet, Trouble::Prohibited).unwrap();
        let outer = if inbound { Side::Destination } else { Side::Source };
        rewrite_error(&mut error, outer, *new.ip(), new);
        prop_assert!(is_sound(&error));
        let read = Packet::read(&error).unwrap();
        let Body::Error(quoted) = read.body else { panic!("an error became something else") };
        if inbound {
            prop_assert_eq!((read.destination, quoted.source), (*new.ip(), new));
        } else {
            prop_assert_eq!((read.source, quoted.destination), (*new.ip(), new));
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..120),
        mend in any::<bool>(),
        new in socket(),
    ) {
        if mend && bytes.len() >= 20 {
            bytes[0] = 0x45;
            let total = (bytes.len() as u16).to_be_bytes();
            bytes[2..4].copy_from_slice(&total);
            bytes[9] = [1, 6, 17][usize::from(bytes[9]) % 3];
            bytes[10..12].fill(0);
            let sum = checksum::of(&[&bytes[..20]]);
            bytes[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        if let Ok(packet) = Packet::read(&bytes) {
            let _ = answer::reset(&bytes, &packet);
            let _ = answer::error(&bytes, &packet, Trouble::Prohibited);
            rewrite(&mut bytes.clone(), Side::Source, new);
            rewrite_error(&mut bytes, Side::Destination, *new.ip(), new);
        }
    }
}
