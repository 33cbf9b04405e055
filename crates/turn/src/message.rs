//! STUN messages as the relay needs them: read in one pass, answered in one place.
//!
//! Only the first attribute of a kind counts, and only what stands before the integrity
//! (RFC 8489 §14 and §14.5); `stun-types` holds both. Never decides what an answer says.

use std::net::SocketAddr;

use stun_types::AddressFamily;
use stun_types::attribute::{
    Attribute, AttributeFromRaw, AttributeStaticType, AttributeType, ErrorCode, Fingerprint,
    MessageIntegrity, MessageIntegritySha256, Nonce, RawAttribute, Realm, UnknownAttributes,
    Username, XorMappedAddress,
};
use stun_types::message::{
    IntegrityAlgorithm, IntegrityKey, Message, MessageClass, MessageHeader, MessageType,
    MessageWrite, MessageWriteExt, MessageWriteMutSlice, MessageWriteVec, StunWriteError,
    TransactionId,
};
use turn_types::attribute::{
    AdditionalAddressFamily, AddressErrorCode, ChannelNumber, Data, EvenPort, Lifetime,
    RequestedAddressFamily, RequestedTransport, ReservationToken, XorPeerAddress,
    XorRelayedAddress,
};
use turn_types::message::DATA;

use crate::stats::Refused;

/// Most peers in one request; more would not fit the permissions of an allocation.
const MAX_PEERS: usize = 64;

/// A whole STUN message, or `None`. The length in its header must be that of `bytes`.
pub(crate) fn parse(bytes: &[u8]) -> Option<Message<'_>> {
    let header = MessageHeader::from_bytes(bytes).ok()?;
    if MessageHeader::LENGTH + usize::from(header.data_length()) != bytes.len() {
        return None;
    }
    Message::from_bytes(bytes).ok()
}

/// What a request carries. Holds a user name: no `Debug`.
#[derive(Default)]
pub(crate) struct Request {
    pub username: Option<Username>,
    pub realm: Option<Realm>,
    pub nonce: Option<Nonce>,
    pub has_integrity: bool,
    pub has_fingerprint: bool,
    pub transport: Option<u8>,
    pub lifetime_s: Option<u32>,
    pub family: Option<AddressFamily>,
    pub additional_family: Option<AddressFamily>,
    pub even_port: Option<EvenPort>,
    pub has_reservation: bool,
    pub channel: Option<u16>,
    pub peers: Vec<SocketAddr>,
    /// Attributes that must be understood and are not (RFC 8489 §14.13).
    pub unknown: Vec<AttributeType>,
    /// An attribute could not be read.
    pub malformed: bool,
    /// A family that does not exist was asked for (RFC 8656 §7.2: 440).
    pub bad_family: bool,
}

impl Request {
    pub(crate) fn read(message: &Message<'_>) -> Self {
        let mut request = Self::default();
        for (_, raw) in message.iter_attributes() {
            request.take(&raw, message.transaction_id());
        }
        request
    }

    fn take(&mut self, raw: &RawAttribute<'_>, transaction: TransactionId) {
        let bad = &mut self.malformed;
        match raw.get_type() {
            Username::TYPE => first(&mut self.username, raw, bad),
            Realm::TYPE => first(&mut self.realm, raw, bad),
            Nonce::TYPE => first(&mut self.nonce, raw, bad),
            MessageIntegrity::TYPE => self.has_integrity = true,
            MessageIntegritySha256::TYPE => {}
            Fingerprint::TYPE => self.has_fingerprint = true,
            RequestedTransport::TYPE => {
                first_of(&mut self.transport, raw, bad, |t: RequestedTransport| t.protocol());
            }
            Lifetime::TYPE => first_of(&mut self.lifetime_s, raw, bad, |l: Lifetime| l.seconds()),
            ChannelNumber::TYPE => {
                first_of(&mut self.channel, raw, bad, |c: ChannelNumber| c.channel());
            }
            EvenPort::TYPE => first(&mut self.even_port, raw, bad),
            ReservationToken::TYPE => self.has_reservation = true,
            RequestedAddressFamily::TYPE => {
                let family = |f: RequestedAddressFamily| f.family();
                first_of(&mut self.family, raw, &mut self.bad_family, family);
            }
            AdditionalAddressFamily::TYPE => {
                let family = |f: AdditionalAddressFamily| f.family();
                first_of(&mut self.additional_family, raw, bad, family);
            }
            XorPeerAddress::TYPE if self.peers.len() < MAX_PEERS => {
                match XorPeerAddress::from_raw_ref(raw) {
                    Ok(peer) => self.peers.push(peer.addr(transaction)),
                    Err(_) => self.malformed = true,
                }
            }
            XorPeerAddress::TYPE => self.malformed = true,
            other if other.comprehension_required() && !self.unknown.contains(&other) => {
                self.unknown.push(other);
            }
            _ => {}
        }
    }
}

fn first<A: for<'a> AttributeFromRaw<'a>>(
    held: &mut Option<A>,
    raw: &RawAttribute<'_>,
    bad: &mut bool,
) {
    first_of(held, raw, bad, |attribute: A| attribute);
}

fn first_of<A: for<'a> AttributeFromRaw<'a>, T>(
    held: &mut Option<T>,
    raw: &RawAttribute<'_>,
    bad: &mut bool,
    value: impl FnOnce(A) -> T,
) {
    if held.is_none() {
        match A::from_raw_ref(raw) {
            Ok(attribute) => *held = Some(value(attribute)),
            Err(_) => *bad = true,
        }
    }
}

/// Peer and data of a Send indication, handed to `f` (RFC 8656 §11.2). `None`: something is missing,
/// cannot be read, or is not understood, so the indication is dropped.
pub(crate) fn with_send<T>(
    message: &Message<'_>,
    f: impl FnOnce(SocketAddr, &[u8]) -> T,
) -> Option<T> {
    let (mut peer, mut data) = (None, None);
    for (_, raw) in message.iter_attributes() {
        match raw.get_type() {
            XorPeerAddress::TYPE if peer.is_none() => {
                peer = Some(XorPeerAddress::from_raw_ref(&raw).ok()?);
            }
            Data::TYPE if data.is_none() => data = Some(raw),
            XorPeerAddress::TYPE | Data::TYPE | Fingerprint::TYPE => {}
            MessageIntegrity::TYPE | MessageIntegritySha256::TYPE => {}
            other if other.comprehension_required() => return None,
            _ => {}
        }
    }
    Some(f(peer?.addr(message.transaction_id()), &data?.value))
}

/// What a good answer carries.
pub(crate) enum Answer {
    Binding,
    Allocate {
        relayed: Vec<SocketAddr>,
        lifetime_s: u32,
        /// The second family could not be had (RFC 8656 §7.2: ADDRESS-ERROR-CODE).
        failed: Option<(AddressFamily, Refused)>,
    },
    Refresh {
        lifetime_s: u32,
    },
    Done,
}

/// A request that is refused, and what the answer must carry besides the code.
pub(crate) enum Refusal {
    Plain(Refused),
    /// With a new nonce, so that the client can try again (RFC 8489 §9.2.4).
    Challenge(Refused, String),
    /// With the attributes that were not understood.
    Unknown(Vec<AttributeType>),
}

impl Refusal {
    pub(crate) const fn reason(&self) -> Refused {
        match self {
            Self::Plain(refused) | Self::Challenge(refused, _) => *refused,
            Self::Unknown(_) => Refused::UnknownAttribute,
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self::Plain(refused)
    }
}

/// Writes answers.
pub(crate) struct Writer<'a> {
    pub message: &'a Message<'a>,
    pub request: &'a Request,
    pub remote: SocketAddr,
    pub realm: &'a str,
    /// The key of the client, once it has proved that it has it.
    pub key: Option<&'a IntegrityKey>,
}

impl Writer<'_> {
    pub(crate) fn success(&self, answer: &Answer) -> Result<Vec<u8>, StunWriteError> {
        let transaction = self.message.transaction_id();
        let mut out = self.start(MessageClass::Success);
        match answer {
            Answer::Binding => {
                out.add_attribute(&XorMappedAddress::new(self.remote, transaction))?
            }
            Answer::Allocate { relayed, lifetime_s, failed } => {
                for address in relayed {
                    out.add_attribute(&XorRelayedAddress::new(*address, transaction))?;
                }
                out.add_attribute(&Lifetime::new(*lifetime_s))?;
                out.add_attribute(&XorMappedAddress::new(self.remote, transaction))?;
                if let Some((family, refused)) = failed {
                    let error = ErrorCode::builder(refused.code()).build()?;
                    out.add_attribute(&AddressErrorCode::new(*family, error))?;
                }
            }
            Answer::Refresh { lifetime_s } => out.add_attribute(&Lifetime::new(*lifetime_s))?,
            Answer::Done => {}
        }
        self.finish(out)
    }

    pub(crate) fn error(&self, refusal: &Refusal) -> Result<Vec<u8>, StunWriteError> {
        let mut out = self.start(MessageClass::Error);
        out.add_attribute(&ErrorCode::builder(refusal.reason().code()).build()?)?;
        match refusal {
            Refusal::Plain(_) => {}
            Refusal::Challenge(_, nonce) => {
                out.add_attribute(&Realm::new(self.realm)?)?;
                out.add_attribute(&Nonce::new(nonce)?)?;
            }
            Refusal::Unknown(types) => out.add_attribute(&UnknownAttributes::new(types))?,
        }
        self.finish(out)
    }

    fn start(&self, class: MessageClass) -> MessageWriteVec {
        let kind = MessageType::from_class_method(class, self.message.method());
        Message::builder(kind, self.message.transaction_id(), MessageWriteVec::with_capacity(160))
    }

    fn finish(&self, mut out: MessageWriteVec) -> Result<Vec<u8>, StunWriteError> {
        if let Some(key) = self.key {
            out.add_message_integrity_with_key(key, IntegrityAlgorithm::Sha1)?;
        }
        if self.request.has_fingerprint {
            out.add_fingerprint()?;
        }
        Ok(out.finish())
    }
}

/// Bytes of a Data indication beside its data, with an IPv6 peer and padding.
pub(crate) const DATA_INDICATION_BYTES: usize = MessageHeader::LENGTH + 24 + 4 + 3;

/// Writes a Data indication (RFC 8656 §11.3) into `room`, which has [`DATA_INDICATION_BYTES`] more
/// than `data`. Gives its length.
pub(crate) fn write_data(
    room: &mut [u8],
    transaction: TransactionId,
    peer: SocketAddr,
    data: &[u8],
) -> Result<usize, StunWriteError> {
    let kind = MessageType::from_class_method(MessageClass::Indication, DATA);
    let mut out = Message::builder(kind, transaction, MessageWriteMutSlice::new(room));
    out.add_attribute(&XorPeerAddress::new(peer, transaction))?;
    out.add_attribute(&Data::new(data))?;
    Ok(out.finish())
}
