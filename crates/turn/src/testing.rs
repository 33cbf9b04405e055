//! A relay in virtual time with clients around it, for tests.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use stun_types::AddressFamily;
use stun_types::attribute::{
    AttributeStaticType, AttributeWrite, ErrorCode, Nonce, Realm, Username, XorMappedAddress,
};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageType, MessageWrite,
    MessageWriteExt, MessageWriteVec, Method, TransactionId,
};
use turn_types::attribute::{
    ChannelNumber, Data, Lifetime, RequestedAddressFamily, RequestedTransport, XorPeerAddress,
    XorRelayedAddress,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, DATA, REFRESH, SEND};
use visit::{SeatId, VisitId};

use crate::{Client, Credentials, Relay, RelayConfig, Secret, To, Transport};

pub(crate) const REALM: &str = "clinic.example";
/// What the wall clock says when a rig starts.
pub(crate) const START_S: u64 = 1_790_000_000;
pub(crate) const RELAY_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(9, 9, 9, 9));

pub(crate) struct Rig {
    pub relay: Relay,
    pub now: Instant,
    transactions: u128,
}

/// What left the relay, without borrowing from it.
pub(crate) struct Sent {
    pub to: To,
    pub bytes: Vec<u8>,
}

/// An answer to a request.
pub(crate) struct Reply {
    /// `None`: it is a success.
    pub code: Option<u16>,
    pub nonce: Option<String>,
    pub relayed: Vec<SocketAddr>,
    pub mapped: Option<SocketAddr>,
    pub lifetime_s: Option<u32>,
    pub bytes: Vec<u8>,
}

/// A client with its credentials and the last nonce that it was given.
pub(crate) struct Person {
    pub client: Client,
    pub credentials: Credentials,
    pub nonce: String,
}

pub(crate) fn config() -> RelayConfig {
    RelayConfig::new(REALM, secret(), vec![RELAY_V4])
}

pub(crate) fn secret() -> Secret {
    Secret::new(&[42; 32]).expect("long enough")
}

pub(crate) fn client(n: u32) -> Client {
    client_over(Transport::Udp, n)
}

/// The client number `n`; each has an address of its own in 24.0.0.0/8.
pub(crate) fn client_over(transport: Transport, n: u32) -> Client {
    let ip = Ipv4Addr::from_bits(24 << 24 | n & 0x00ff_ffff);
    let link = if transport.is_stream() { 100 + u64::from(n) } else { 0 };
    Client { transport, remote: SocketAddr::new(ip.into(), 40_000), local: RELAY_V4, link }
}

pub(crate) fn visit(n: u128) -> VisitId {
    VisitId::from_u128(n)
}

pub(crate) fn seat(n: u128) -> SeatId {
    SeatId::from_u128(n)
}

impl Person {
    /// Somebody in seat `s` of visit `v`, with credentials for an hour.
    pub(crate) fn new(client: Client, v: u128, s: u128) -> Self {
        Self::until(client, v, s, START_S + 3_600)
    }

    pub(crate) fn until(client: Client, v: u128, s: u128, expires_unix_s: u64) -> Self {
        let credentials = Credentials::issue(&secret(), visit(v), seat(s), expires_unix_s);
        Self { client, credentials, nonce: String::new() }
    }
}

impl Rig {
    pub(crate) fn new(config: RelayConfig) -> Self {
        let now = Instant::now();
        let relay = Relay::new(config, [7; 32], now, START_S).expect("a good configuration");
        Self { relay, now, transactions: 1 }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.relay.handle_timeout(self.now);
    }

    /// Gives bytes of a client to the relay and takes what it sends.
    pub(crate) fn give(&mut self, client: Client, bytes: &[u8]) -> Vec<Sent> {
        self.relay.handle_message(self.now, client, bytes);
        self.take()
    }

    /// What the relay sends.
    pub(crate) fn take(&mut self) -> Vec<Sent> {
        let sent = |out: crate::Output<'_>| Sent { to: out.to, bytes: out.bytes.to_vec() };
        let all = self.relay.outbox().iter().map(sent).collect();
        self.relay.clear_outbox();
        all
    }

    pub(crate) fn transaction(&mut self) -> TransactionId {
        self.transactions += 1;
        self.transactions.into()
    }

    /// A request with the person's credentials and nonce.
    pub(crate) fn signed(
        &mut self,
        person: &Person,
        method: Method,
        attributes: &[&dyn AttributeWrite],
    ) -> Vec<u8> {
        let transaction = self.transaction();
        signed(person, method, transaction, attributes)
    }

    /// Sends a request; on a challenge, takes the nonce and sends it once more.
    pub(crate) fn ask(
        &mut self,
        person: &mut Person,
        method: Method,
        attributes: &[&dyn AttributeWrite],
    ) -> Reply {
        let request = self.signed(person, method, attributes);
        let reply = self.give_request(person.client, &request);
        match reply.nonce {
            Some(nonce) if matches!(reply.code, Some(401 | 438)) => {
                person.nonce = nonce;
                let request = self.signed(person, method, attributes);
                self.give_request(person.client, &request)
            }
            _ => reply,
        }
    }

    /// Gives a request and reads the one answer to it.
    pub(crate) fn give_request(&mut self, client: Client, request: &[u8]) -> Reply {
        let mut sent = self.give(client, request);
        assert_eq!(sent.len(), 1, "one answer");
        let answer = sent.remove(0);
        assert!(matches!(answer.to, To::Client { client: to, .. } if to == client));
        read(&answer.bytes)
    }

    pub(crate) fn allocate(&mut self, person: &mut Person) -> Reply {
        self.ask(person, ALLOCATE, &[&RequestedTransport::new(RequestedTransport::UDP)])
    }

    /// Allocates and gives the relayed address.
    pub(crate) fn relayed(&mut self, person: &mut Person) -> SocketAddr {
        let reply = self.allocate(person);
        assert_eq!(reply.code, None);
        reply.relayed[0]
    }

    pub(crate) fn refresh(&mut self, person: &mut Person, lifetime_s: u32) -> Reply {
        self.ask(person, REFRESH, &[&Lifetime::new(lifetime_s)])
    }

    pub(crate) fn refresh_family(
        &mut self,
        person: &mut Person,
        lifetime_s: u32,
        family: AddressFamily,
    ) -> Reply {
        let family = RequestedAddressFamily::new(family);
        self.ask(person, REFRESH, &[&Lifetime::new(lifetime_s), &family])
    }

    pub(crate) fn permit(&mut self, person: &mut Person, peers: &[SocketAddr]) -> Reply {
        let request = |rig: &mut Self, person: &Person| {
            let transaction = rig.transaction();
            let peers: Vec<_> =
                peers.iter().map(|p| XorPeerAddress::new(*p, transaction)).collect();
            let peers: Vec<&dyn AttributeWrite> = peers.iter().map(|p| p as _).collect();
            signed(person, CREATE_PERMISSION, transaction, &peers)
        };
        self.with_nonce(person, request)
    }

    pub(crate) fn bind(&mut self, person: &mut Person, number: u16, peer: SocketAddr) -> Reply {
        let request = |rig: &mut Self, person: &Person| {
            let transaction = rig.transaction();
            let peer = XorPeerAddress::new(peer, transaction);
            signed(person, CHANNEL_BIND, transaction, &[&ChannelNumber::new(number), &peer])
        };
        self.with_nonce(person, request)
    }

    /// A request whose attributes depend on its transaction, with a new nonce if that is asked for.
    fn with_nonce(
        &mut self,
        person: &mut Person,
        request: impl Fn(&mut Self, &Person) -> Vec<u8>,
    ) -> Reply {
        let bytes = request(self, person);
        let reply = self.give_request(person.client, &bytes);
        match reply.nonce {
            Some(nonce) if matches!(reply.code, Some(401 | 438)) => {
                person.nonce = nonce;
                let bytes = request(self, person);
                self.give_request(person.client, &bytes)
            }
            _ => reply,
        }
    }

    /// A Send indication.
    pub(crate) fn send(&mut self, person: &Person, peer: SocketAddr, data: &[u8]) -> Vec<Sent> {
        let transaction = self.transaction();
        let kind = MessageType::from_class_method(MessageClass::Indication, SEND);
        let mut out = Message::builder(kind, transaction, MessageWriteVec::new());
        out.add_attribute(&XorPeerAddress::new(peer, transaction)).expect("it fits");
        out.add_attribute(&Data::new(data)).expect("it fits");
        self.give(person.client, &out.finish())
    }

    pub(crate) fn channel(&mut self, person: &Person, number: u16, data: &[u8]) -> Vec<Sent> {
        self.give(person.client, &channel_message(number, data))
    }
}

/// Channel data without padding.
pub(crate) fn channel_message(number: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("short");
    [&number.to_be_bytes()[..], &length.to_be_bytes(), data].concat()
}

/// A request with credentials.
pub(crate) fn signed(
    person: &Person,
    method: Method,
    transaction: TransactionId,
    attributes: &[&dyn AttributeWrite],
) -> Vec<u8> {
    let kind = MessageType::from_class_method(MessageClass::Request, method);
    let mut out = Message::builder(kind, transaction, MessageWriteVec::new());
    for attribute in attributes {
        out.add_attribute(*attribute).expect("it fits");
    }
    let Credentials { username, password } = person.credentials.clone();
    out.add_attribute(&Username::new(&username).expect("short")).expect("it fits");
    out.add_attribute(&Realm::new(REALM).expect("short")).expect("it fits");
    out.add_attribute(&Nonce::new(&person.nonce).expect("short")).expect("it fits");
    let credentials = LongTermKeyCredentials::new(username, password, REALM.to_owned());
    out.add_message_integrity(&credentials.into(), IntegrityAlgorithm::Sha1).expect("it fits");
    out.add_fingerprint().expect("it fits");
    out.finish()
}

/// A request without credentials.
pub(crate) fn bare(method: Method, transaction: TransactionId) -> Vec<u8> {
    let kind = MessageType::from_class_method(MessageClass::Request, method);
    let mut out = Message::builder(kind, transaction, MessageWriteVec::new());
    if method == ALLOCATE {
        out.add_attribute(&RequestedTransport::new(RequestedTransport::UDP)).expect("it fits");
    }
    out.finish()
}

/// Reads an answer.
pub(crate) fn read(bytes: &[u8]) -> Reply {
    let message = Message::from_bytes(bytes).expect("a STUN message");
    let transaction = message.transaction_id();
    let code = message
        .has_class(MessageClass::Error)
        .then(|| message.attribute::<ErrorCode>().expect("an error has a code").code());
    let relayed = (0..)
        .map_while(|n| message.nth_attribute::<XorRelayedAddress>(n).ok())
        .map(|a| a.addr(transaction))
        .collect();
    Reply {
        code,
        nonce: message.attribute::<Nonce>().ok().map(|n| n.nonce().to_owned()),
        relayed,
        mapped: message.attribute::<XorMappedAddress>().ok().map(|a| a.addr(transaction)),
        lifetime_s: message.attribute::<Lifetime>().ok().map(|l| l.seconds()),
        bytes: bytes.to_vec(),
    }
}

/// Who sent the data of a Data indication, and what.
pub(crate) fn data_indication(bytes: &[u8]) -> (SocketAddr, Vec<u8>) {
    let message = Message::from_bytes(bytes).expect("a STUN message");
    assert!(message.has_class(MessageClass::Indication) && message.has_method(DATA));
    let peer = message.attribute::<XorPeerAddress>().expect("a peer");
    let data = message.raw_attribute(Data::TYPE).expect("data");
    (peer.addr(message.transaction_id()), data.value.to_vec())
}
