//! A participant who may be in the room and means harm. It is a real str0m client whose keys are
//! laid open, so that packets which no honest stack would send arrive correctly encrypted: any RTP,
//! any RTCP, any SCTP. What the forwarding unit refuses of a client it refuses of this one.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use sfu::{Command, Direction, Sources, TransportId};
use str0m::bwe::Bitrate;
use str0m::channel::{ChannelConfig, Reliability};
use str0m::config::{CryptoProvider, DtlsCert, DtlsVersion, KeyingMaterial};
use str0m::crypto::dtls::{
    DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion, SrtpProfile,
};
use str0m::crypto::{AeadAes256Gcm, AeadAes256GcmCipher, CryptoError};
use str0m::media::Mid;
use str0m::{Candidate, Rtc};

use super::common::{Client, Net, seat, server, visit};

/// Labels of the key derivation (RFC 3711 §4.3.2).
const RTP_KEY: u8 = 0;
const RTP_SALT: u8 = 2;
const RTCP_KEY: u8 = 3;
const RTCP_SALT: u8 = 5;
const TAG_BYTES: usize = AeadAes256Gcm::TAG_LEN;

/// The hostile participant of a [`Net`].
pub struct Hostile {
    n: u8,
    tap: Arc<Mutex<Tap>>,
    srtcp_index: u32,
}

/// What passes between str0m and its DTLS.
struct Tap {
    dtls: Box<dyn DtlsInstance>,
    keys: Option<KeyingMaterial>,
    sctp: Option<Vec<u8>>,
}

impl Hostile {
    /// Joins the seat `n`. Wait for the connection before sending anything.
    pub fn join(net: &mut Net, n: u8) -> Self {
        let transport = TransportId(10_000 + u64::from(n));
        let address = SocketAddr::from(([198, 51, 100, n], 6_000));
        let mut client = Client::new(net.now, n, transport, address);
        client.rtc = Rtc::builder()
            .set_crypto_provider(Arc::new(tapped()))
            .set_rtp_mode(true)
            .enable_bwe(Some(Bitrate::mbps(5)))
            .build(net.now);
        let tap = LAST.take().expect("the instance was made just now");
        client.rtc.add_local_candidate(Candidate::host(address, "udp").expect("an address"));
        client.rtc.direct_api().create_data_channel(ChannelConfig {
            label: "bedside".to_owned(),
            ordered: false,
            reliability: Reliability::MaxRetransmits { retransmits: 0 },
            negotiated: Some(0),
            protocol: String::new(),
        });
        net.clients.insert(n, client);
        net.command(Command::Join {
            visit: visit(),
            seat: seat(n),
            transport,
            rights: Sources::ALL,
            muted: Sources::NONE,
        });
        Self { n, tap, srtcp_index: 1_000_000 }
    }

    /// Where its datagrams come from.
    pub fn address(&self, net: &mut Net) -> SocketAddr {
        net.client(self.n).address
    }

    /// Sends a datagram as it is.
    pub fn send_raw(&self, net: &mut Net, datagram: Vec<u8>) {
        let from = self.address(net);
        net.launch(from, server(), datagram);
    }

    /// Encrypts an RTP packet (RFC 7714 §8) and sends it. What is too short for a header goes out as
    /// it is.
    pub fn send_rtp(&self, net: &mut Net, packet: &[u8]) {
        self.send_rtp_at(net, packet, 0);
    }

    /// The same with this rollover counter (RFC 3711 §3.3.1).
    pub fn send_rtp_at(&self, net: &mut Net, packet: &[u8], roc: u32) {
        let Some(header_bytes) = rtp_header_bytes(packet) else {
            return self.send_raw(net, packet.to_vec());
        };
        let (mut cipher, salt) = self.cipher(RTP_KEY, RTP_SALT, true);
        let iv = AeadAes256Gcm::rtp_iv(salt, be32(packet, 8), roc, be16(packet, 2));
        let (header, payload) = packet.split_at(header_bytes);
        let mut out = header.to_vec();
        out.resize(packet.len() + TAG_BYTES, 0);
        cipher.encrypt(&iv, header, payload, &mut out[header_bytes..]).expect("encrypts");
        self.send_raw(net, out);
    }

    /// Encrypts a compound RTCP packet (RFC 7714 §9) and sends it. What is shorter than a header
    /// goes out as it is.
    pub fn send_rtcp(&mut self, net: &mut Net, packet: &[u8]) {
        if packet.len() < 8 {
            return self.send_raw(net, packet.to_vec());
        }
        self.srtcp_index += 1;
        let (mut cipher, salt) = self.cipher(RTCP_KEY, RTCP_SALT, true);
        let iv = AeadAes256Gcm::rtcp_iv(salt, be32(packet, 4), self.srtcp_index);
        let index = (0x8000_0000 | self.srtcp_index).to_be_bytes();
        let aad = [&packet[..8], &index].concat();
        let mut out = packet[..8].to_vec();
        out.resize(packet.len() + TAG_BYTES, 0);
        cipher.encrypt(&iv, &aad, &packet[8..], &mut out[8..]).expect("encrypts");
        out.extend(index);
        self.send_raw(net, out);
    }

    /// Sends bytes in the place of an SCTP packet (RFC 8261).
    pub fn send_sctp(&self, net: &mut Net, packet: &[u8]) {
        let _ = lock(&self.tap).dtls.send_application_data(packet);
        let now = net.now;
        net.client(self.n).run(now);
    }

    /// The last SCTP packet that the honest stack sent.
    pub fn last_sctp(&self) -> Option<Vec<u8>> {
        lock(&self.tap).sctp.clone()
    }

    /// The last RTP packet that the honest stack sent, in the clear.
    pub fn last_rtp(&self, net: &mut Net) -> Option<Vec<u8>> {
        let packet = net.client(self.n).last_media_sent.clone()?;
        let header_bytes = rtp_header_bytes(&packet)?;
        if (192..=223).contains(&packet[1]) || packet.len() < header_bytes + TAG_BYTES {
            return None;
        }
        let (mut cipher, salt) = self.cipher(RTP_KEY, RTP_SALT, false);
        let (header, sealed) = packet.split_at(header_bytes);
        let mut out = header.to_vec();
        out.resize(packet.len() - TAG_BYTES, 0);
        // The honest stack's numbers start at 60,000 and roll over once in a few minutes.
        (0..2).find_map(|roc| {
            let iv = AeadAes256Gcm::rtp_iv(salt, be32(&packet, 8), roc, be16(&packet, 2));
            cipher.decrypt(&iv, &[header], sealed, &mut out[header_bytes..]).ok()?;
            Some(out.clone())
        })
    }

    /// Every SSRC that it sends or receives on.
    pub fn ssrcs(&self, net: &mut Net) -> Vec<u32> {
        let client = net.client(self.n);
        let lines: Vec<_> = client.tracks.iter().map(|t| (t.mid.clone(), t.direction)).collect();
        let mut ssrcs = Vec::new();
        for (mid, direction) in lines {
            let mid = Mid::from(mid.as_str());
            let mut api = client.rtc.direct_api();
            if direction == Direction::Receive {
                ssrcs.extend(api.stream_rx_by_mid(mid, None).map(|s| *s.ssrc()));
                continue;
            }
            let rids = [None, Some("q"), Some("h"), Some("f")];
            for rid in rids.map(|r| r.map(str0m::media::Rid::from)) {
                ssrcs.extend(api.stream_tx_by_mid(mid, rid).map(|s| *s.ssrc()));
            }
        }
        ssrcs.sort_unstable();
        ssrcs.dedup();
        ssrcs
    }

    /// Cipher and salt of one direction; ours is that of the DTLS client or server, as it came out.
    fn cipher(
        &self,
        key: u8,
        salt: u8,
        encrypt: bool,
    ) -> (Box<dyn AeadAes256GcmCipher>, [u8; AeadAes256Gcm::SALT_LEN]) {
        let tap = lock(&self.tap);
        let keys = tap.keys.as_ref().expect("a finished handshake");
        // client key | server key | client salt | server salt (RFC 5764 §4.2).
        let (key_bytes, salt_bytes) = (AeadAes256Gcm::KEY_LEN, AeadAes256Gcm::SALT_LEN);
        let ours = usize::from(!tap.dtls.is_active());
        let master = &keys[ours * key_bytes..][..key_bytes];
        let master_salt = &keys[2 * key_bytes + ours * salt_bytes..][..salt_bytes];
        let derive = |label: u8, out: &mut [u8]| {
            // AES in counter mode (RFC 3711 §4.3.3, RFC 6188 §2).
            for (block, part) in out.chunks_mut(16).enumerate() {
                let (mut input, mut stream) = ([0; 16], [0; 32]);
                input[..salt_bytes].copy_from_slice(master_salt);
                input[7] ^= label;
                input[15] = block as u8;
                real().srtp_provider.srtp_aes_256_ecb_round(master, &input, &mut stream);
                part.copy_from_slice(&stream[..part.len()]);
            }
        };
        let (mut session_key, mut session_salt) = ([0; 32], [0; 12]);
        derive(key, &mut session_key);
        derive(salt, &mut session_salt);
        let factory = real().srtp_provider.aead_aes_256_gcm();
        (factory.create_cipher(session_key, encrypt), session_salt)
    }
}

/// The CRC-32C of an SCTP packet put in its place (RFC 9260 appendix A), so that what is behind it is
/// looked at.
pub fn fix_sctp_checksum(packet: &mut [u8]) {
    if packet.len() < 12 {
        return;
    }
    packet[8..12].fill(0);
    let mut crc = u32::MAX;
    for byte in packet.iter() {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    packet[8..12].copy_from_slice(&(!crc).to_le_bytes());
}

/// Length of the RTP header as the receiver reads it (RFC 3550 §5.1), at most the packet's.
fn rtp_header_bytes(packet: &[u8]) -> Option<usize> {
    let first = *packet.first().filter(|_| packet.len() >= 12)?;
    let mut bytes = 12 + 4 * usize::from(first & 0x0f);
    if first & 0x10 != 0 && packet.len() >= bytes + 4 {
        bytes += 4 + 4 * usize::from(be16(packet, bytes + 2));
    }
    Some(bytes.min(packet.len()))
}

fn be16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn lock(tap: &Mutex<Tap>) -> MutexGuard<'_, Tap> {
    tap.lock().unwrap_or_else(PoisonError::into_inner)
}

// --- The tap: str0m takes its cryptography from outside, so its DTLS can be listened to. ---

thread_local! {
    /// The instance made last on this thread.
    static LAST: RefCell<Option<Arc<Mutex<Tap>>>> = const { RefCell::new(None) };
}

fn real() -> &'static CryptoProvider {
    static REAL: OnceLock<CryptoProvider> = OnceLock::new();
    REAL.get_or_init(str0m::crypto::from_feature_flags)
}

fn tapped() -> CryptoProvider {
    CryptoProvider { dtls_provider: &TapProvider, ..real().clone() }
}

#[derive(Debug)]
struct TapProvider;

struct TappedDtls(Arc<Mutex<Tap>>);

impl std::fmt::Debug for TappedDtls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TappedDtls")
    }
}

impl DtlsProvider for TapProvider {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        real().dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let dtls = real().dtls_provider.new_dtls(cert, now, version, mtu)?;
        let tap = Arc::new(Mutex::new(Tap { dtls, keys: None, sctp: None }));
        LAST.set(Some(Arc::clone(&tap)));
        Ok(Box::new(TappedDtls(tap)))
    }
}

impl DtlsInstance for TappedDtls {
    fn set_active(&mut self, active: bool) {
        lock(&self.0).dtls.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        lock(&self.0).dtls.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let mut tap = lock(&self.0);
        let output = tap.dtls.poll_output(buf);
        if let DtlsOutput::KeyingMaterial(keys, profile) = &output {
            assert!(*profile == SrtpProfile::AEAD_AES_256_GCM, "the only one known here");
            tap.keys = Some(KeyingMaterial::new(keys));
        }
        output
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        lock(&self.0).dtls.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        let mut tap = lock(&self.0);
        tap.sctp = Some(data.to_vec());
        tap.dtls.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        lock(&self.0).dtls.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        lock(&self.0).dtls.protocol_version()
    }

    fn is_closing(&self) -> bool {
        lock(&self.0).dtls.is_closing()
    }

    fn is_closed(&self) -> bool {
        lock(&self.0).dtls.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        lock(&self.0).dtls.close()
    }
}
