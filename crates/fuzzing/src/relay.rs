//! The relay: a stranger gets nothing but short answers, and a guest with good credentials reaches
//! nobody outside the visit.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use stun_types::attribute::{
    Attribute, AttributeStaticType, AttributeType, AttributeWrite, Fingerprint, MessageIntegrity,
    MessageIntegritySha256, Nonce, RawAttribute, Realm, Username,
};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageType, MessageWrite,
    MessageWriteExt, MessageWriteVec, Method,
};
use turn::frame::Deframer;
use turn::{Client, Credentials, Relay, RelayConfig, Secret, To, Transport};
use turn_types::attribute::{
    ChannelNumber, Data, Lifetime, RequestedTransport, XorPeerAddress, XorRelayedAddress,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH, SEND};
use visit::{SeatId, VisitId};

use crate::input::Input;

const REALM: &str = "clinic.example";
const START_S: u64 = 1_790_000_000;
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(9, 9, 9, 9));
const UNIT: SocketAddr = SocketAddr::new(PUBLIC, 10_000);
/// An answer to a stranger: longer ones would make the relay worth abusing.
const MOST_ANSWER_BYTES: usize = 256;

fn secret() -> Secret {
    Secret::new(&[42; 32]).expect("long enough")
}

fn relay(now: Instant) -> Relay {
    let mut relay =
        Relay::new(RelayConfig::new(REALM, secret(), vec![PUBLIC]), [7; 32], now, START_S)
            .expect("a good configuration");
    relay.set_unit(vec![UNIT]);
    relay
}

fn client(n: u8) -> Client {
    let transport = [Transport::Udp, Transport::Tcp, Transport::Tls][usize::from(n) % 3];
    let remote = SocketAddr::from(([24, 0, 0, n], 40_000));
    Client {
        transport,
        remote,
        local: PUBLIC,
        link: if n.is_multiple_of(3) { 0 } else { 100 + u64::from(n) },
    }
}

/// Messages of three strangers.
pub fn relay_strangers(data: &[u8]) {
    let mut now = Instant::now();
    let mut relay = relay(now);
    let mut input = Input::new(data);
    while !input.is_empty() {
        let from = client(input.u8() % 3);
        let message = input.piece();
        relay.handle_message(now, from, message);
        assert!(relay.outbox().len() <= 1, "at most one answer");
        for out in relay.outbox().iter() {
            assert!(matches!(out.to, To::Client { client, .. } if client == from));
            assert!(out.bytes.len() <= MOST_ANSWER_BYTES, "{} bytes", out.bytes.len());
        }
        relay.clear_outbox();
        let sizes = relay.sizes();
        assert_eq!((sizes.allocations, sizes.entries), (0, 0), "a stranger made state");
        now += Duration::from_millis(1);
        relay.handle_timeout(now);
    }
}

/// A guest with good credentials, who signs whatever the bytes say.
struct Guest {
    client: Client,
    credentials: Credentials,
    nonce: String,
    relayed: Option<SocketAddr>,
}

impl Guest {
    fn new(n: u8, visit: u128) -> Self {
        let (visit, seat) = (VisitId::from_u128(visit), SeatId::from_u128(n.into()));
        let credentials = Credentials::issue(&secret(), visit, seat, START_S + 3_600);
        Self { client: client(n), credentials, nonce: String::new(), relayed: None }
    }

    fn message(&self, class: MessageClass, method: Method, parts: &[RawAttribute<'_>]) -> Vec<u8> {
        let kind = MessageType::from_class_method(class, method);
        let mut out = Message::builder(kind, 7_u128.into(), MessageWriteVec::new());
        // The builder writes its own seals only, and panics at others: those come to `relay_strangers`.
        let seals = [MessageIntegrity::TYPE, MessageIntegritySha256::TYPE, Fingerprint::TYPE];
        for part in parts.iter().filter(|part| !seals.contains(&part.get_type())) {
            // What stands twice or too late is left out by the builder.
            let _ = out.add_attribute(part);
        }
        if class == MessageClass::Indication {
            return out.finish();
        }
        let Credentials { username, password } = self.credentials.clone();
        let _ = out.add_attribute(&Username::new(&username).expect("short"));
        let _ = out.add_attribute(&Realm::new(REALM).expect("short"));
        let _ = out.add_attribute(&Nonce::new(&self.nonce).expect("short"));
        let key = LongTermKeyCredentials::new(username, password, REALM.to_owned());
        let _ = out.add_message_integrity(&key.into(), IntegrityAlgorithm::Sha1);
        out.finish()
    }

    /// Allocates, as a browser does: once for the nonce, once more with it.
    fn allocate(&mut self, relay: &mut Relay, now: Instant) {
        let transport = RequestedTransport::new(RequestedTransport::UDP);
        for _ in 0..2 {
            let request = self.message(MessageClass::Request, ALLOCATE, &[transport.to_raw()]);
            relay.handle_message(now, self.client, &request);
            let answer = relay.outbox().get(0).expect("an answer").bytes.to_vec();
            relay.clear_outbox();
            let answer = Message::from_bytes(&answer).expect("a STUN message");
            if let Ok(nonce) = answer.attribute::<Nonce>() {
                self.nonce = nonce.nonce().to_owned();
            }
            let relayed = answer.attribute::<XorRelayedAddress>().ok();
            self.relayed = relayed.map(|a| a.addr(answer.transaction_id()));
        }
        assert!(self.relayed.is_some(), "good credentials get an address");
    }
}

/// Addresses that matter, by number.
fn place(n: u8, guests: &[Guest]) -> SocketAddr {
    let relayed = |i: usize| guests[i].relayed.unwrap_or(UNIT);
    let text = match n % 12 {
        0 | 1 => return UNIT,
        2 => return relayed(0),
        3 => return relayed(1),
        4 => return relayed(2),
        5 => "127.0.0.1:80",
        6 => "169.254.169.254:80",
        7 => "[::ffff:10.0.0.1]:22",
        8 => "[::1]:5432",
        9 => "[64:ff9b::7f00:1]:80",
        10 => "9.9.9.9:10001",
        _ => "203.0.113.9:9",
    };
    text.parse().expect("an address")
}

/// What a guest asks for; a second guest is in the same visit, a third in another.
pub fn relay_guest(data: &[u8]) {
    let mut now = Instant::now();
    let mut relay = relay(now);
    let mut guests = [Guest::new(1, 1), Guest::new(2, 1), Guest::new(3, 2)];
    guests.iter_mut().for_each(|guest| guest.allocate(&mut relay, now));
    let mut input = Input::new(data);
    while !input.is_empty() {
        let what = input.u8();
        let guest = &guests[usize::from(what >> 7)];
        let message = if what % 8 == 7 {
            let number = 0x4000 | input.u16() & 0x3fff;
            let piece = input.piece();
            let length = u16::try_from(piece.len()).expect("short");
            [&number.to_be_bytes()[..], &length.to_be_bytes(), piece].concat()
        } else {
            let methods = [ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND, SEND];
            let method = methods[usize::from(what) % methods.len()];
            let class =
                if method == SEND { MessageClass::Indication } else { MessageClass::Request };
            let mut values = Vec::new();
            for _ in 0..input.u8() % 5 {
                values.push(attribute(&mut input, &guests));
            }
            let parts: Vec<RawAttribute<'_>> =
                values.iter().map(|(kind, value)| RawAttribute::new(*kind, value)).collect();
            guest.message(class, method, &parts)
        };
        relay.handle_message(now, guest.client, &message);
        if what & 0x40 != 0 {
            let from = place(what, &guests);
            relay.handle_unit(now, guest.relayed.unwrap_or(UNIT), from, input.take(20));
        }
        for out in relay.outbox().iter() {
            match out.to {
                To::Client { client, .. } => {
                    assert!(client != guests[2].client, "a packet for another visit");
                    assert!(guests.iter().any(|g| g.client == client), "a packet for a stranger");
                }
                To::Unit { from, to } => {
                    assert_eq!(to, UNIT);
                    assert!(guests[..2].iter().any(|g| g.relayed == Some(from)));
                }
                To::Peer { .. } => panic!("a closed relay sent to a third machine"),
            }
        }
        relay.clear_outbox();
        assert!(relay.sizes().allocations <= guests.len(), "more allocations than seats");
        now += Duration::from_millis(u64::from(what));
        relay.handle_timeout(now);
    }
}

/// One attribute: an address that matters, a plain one, or any type with any value.
fn attribute(input: &mut Input<'_>, guests: &[Guest]) -> (AttributeType, Vec<u8>) {
    let value = |attribute: &dyn AttributeWrite| {
        let raw = attribute.to_raw();
        (raw.get_type(), raw.value.to_vec())
    };
    match input.u8() % 8 {
        0..=2 => value(&XorPeerAddress::new(place(input.u8(), guests), 7_u128.into())),
        3 => value(&ChannelNumber::new(0x4000 | input.u16() & 0x3fff)),
        4 => value(&Data::new(input.piece())),
        5 => value(&Lifetime::new(input.u32())),
        6 => {
            let known = [XorPeerAddress::TYPE, ChannelNumber::TYPE, Data::TYPE, Lifetime::TYPE];
            (known[usize::from(input.u8()) % known.len()], input.piece().to_vec())
        }
        _ => (AttributeType::new(input.u16()), input.piece().to_vec()),
    }
}

/// A stream, cut into reads in two ways: the frames are the same.
pub fn relay_stream(data: &[u8]) {
    let mut input = Input::new(data);
    let step = usize::from(input.u8()).max(1);
    let stream = input.rest();
    assert_eq!(frames(stream, stream.len().max(1)), frames(stream, step));
}

/// The frames of a stream that comes `step` bytes at a time, and whether it was closed.
fn frames(stream: &[u8], step: usize) -> (Vec<Vec<u8>>, bool) {
    let mut deframer = Deframer::default();
    let mut found = Vec::new();
    for mut part in stream.chunks(step) {
        while !part.is_empty() {
            let space = deframer.space();
            assert!(!space.is_empty(), "room for more after all frames were taken");
            let n = part.len().min(space.len());
            space[..n].copy_from_slice(&part[..n]);
            deframer.filled(n);
            part = &part[n..];
            loop {
                match deframer.next_frame() {
                    Ok(Some(frame)) => found.push(frame.to_vec()),
                    Ok(None) => break,
                    Err(_) => return (found, true),
                }
            }
        }
    }
    (found, false)
}
