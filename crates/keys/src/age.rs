//! Files for an offline recipient, in the form of age v1 (<https://c2sp.org/age>, X25519 recipients), so
//! that a backup can be opened with the tool `age` too.
//!
//! Owns the format: header, key agreement, the stream of sealed pieces. Other recipients than X25519 are
//! passed over when reading. It holds one piece of 64 KiB in memory, never a file.

use crate::{KEY_BYTES, KeyError, Zeroizing};
use aws_lc_rs::{aead, agreement, constant_time, hkdf, hmac, rand};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use bech32::{Bech32, Hrp, primitives::decode::CheckedHrpstring};
use std::io::{self, BufRead, Read, Write};

const INTRO: &str = "age-encryption.org/v1";
const X25519_INFO: &[u8] = b"age-encryption.org/v1/X25519";
const PIECE_BYTES: usize = 64 * 1024;
const TAG_BYTES: usize = 16;
const FILE_KEY_BYTES: usize = 16;
const MAX_LINES: usize = 200;
const MAX_LINE_BYTES: u64 = 4_096;

/// To whom a file is sealed. Not secret.
#[derive(Clone, PartialEq, Eq)]
pub struct AgeRecipient([u8; KEY_BYTES]);

impl AgeRecipient {
    /// Reads `age1…`.
    ///
    /// # Errors
    /// [`KeyError::Open`] when it is no X25519 recipient.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        from_bech32("age", text).map(|bytes| Self(*bytes))
    }

    /// As text, `age1…`.
    ///
    /// # Errors
    /// [`KeyError::Crypto`], never for a recipient of this type.
    pub fn to_text(&self) -> Result<String, KeyError> {
        to_bech32("age", &self.0)
    }
}

/// The secret key of a recipient. It belongs on a machine that is not the server. Wiped on drop.
pub struct AgeIdentity(Zeroizing<[u8; KEY_BYTES]>);

impl AgeIdentity {
    /// Draws a new one.
    ///
    /// # Errors
    /// [`KeyError::Crypto`] when the system has no random numbers.
    pub fn generate() -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        rand::fill(bytes.as_mut_slice()).map_err(|_| KeyError::Crypto)?;
        Ok(Self(bytes))
    }

    /// Reads a file of identities: the first line that is one. Lines that begin with `#` are passed over.
    ///
    /// # Errors
    /// [`KeyError::Open`] when there is none.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let line =
            text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        from_bech32("age-secret-key-", line.ok_or(KeyError::Open)?).map(Self)
    }

    /// As text, `AGE-SECRET-KEY-1…`.
    ///
    /// # Errors
    /// [`KeyError::Crypto`], never for an identity of this type.
    pub fn to_text(&self) -> Result<Zeroizing<String>, KeyError> {
        let lower = Zeroizing::new(to_bech32("age-secret-key-", self.0.as_slice())?);
        Ok(Zeroizing::new(lower.to_uppercase()))
    }

    /// To whom files must be sealed that this opens.
    ///
    /// # Errors
    /// [`KeyError::Crypto`] when the key is refused.
    pub fn recipient(&self) -> Result<AgeRecipient, KeyError> {
        let public = self.private()?.compute_public_key().map_err(|_| KeyError::Crypto)?;
        public.as_ref().try_into().map(AgeRecipient).map_err(|_| KeyError::Crypto)
    }

    fn private(&self) -> Result<agreement::PrivateKey, KeyError> {
        agreement::PrivateKey::from_private_key(&agreement::X25519, self.0.as_slice())
            .map_err(|_| KeyError::Crypto)
    }
}

/// Seals what is written to it. Not finished, the file does not open: call [`Self::finish`].
#[must_use = "a file that is not finished does not open"]
pub struct AgeWriter<W: Write> {
    inner: W,
    pieces: Pieces,
    buffer: Zeroizing<Vec<u8>>,
}

impl<W: Write> AgeWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// What `inner` says; `InvalidInput` without a recipient.
    pub fn new(recipients: &[AgeRecipient], mut inner: W) -> io::Result<Self> {
        if recipients.is_empty() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut file_key = Zeroizing::new([0; FILE_KEY_BYTES]);
        fill(file_key.as_mut_slice())?;
        let mut header = format!("{INTRO}\n");
        for recipient in recipients {
            let (share, body) = wrap(recipient, &file_key).map_err(refused)?;
            header.push_str(&format!(
                "-> X25519 {}\n{}\n",
                BASE64.encode(share),
                BASE64.encode(body)
            ));
        }
        header.push_str("---");
        let mac = header_mac(&file_key, header.as_bytes()).map_err(refused)?;
        inner.write_all(format!("{header} {}\n", BASE64.encode(mac)).as_bytes())?;
        let mut nonce = [0; 16];
        fill(&mut nonce)?;
        inner.write_all(&nonce)?;
        let pieces = Pieces::new(&file_key, &nonce).map_err(refused)?;
        let buffer = Zeroizing::new(Vec::with_capacity(PIECE_BYTES + TAG_BYTES));
        Ok(Self { inner, pieces, buffer })
    }

    /// Writes the last piece and gives the inner writer back.
    ///
    /// # Errors
    /// What `inner` says.
    pub fn finish(mut self) -> io::Result<W> {
        self.pieces.seal(true, &mut self.buffer).map_err(refused)?;
        self.inner.write_all(&self.buffer)?;
        self.inner.flush()?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for AgeWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        // A full piece is written only when more follows: the last one may be full.
        if self.buffer.len() == PIECE_BYTES && !data.is_empty() {
            self.pieces.seal(false, &mut self.buffer).map_err(refused)?;
            self.inner.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        let taken = data.len().min(PIECE_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(&data[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Opens a file while reading it. The end is reported only after the last piece was authenticated.
pub struct AgeReader<R: BufRead> {
    inner: R,
    pieces: Pieces,
    buffer: Zeroizing<Vec<u8>>,
    read: usize,
    is_last: bool,
}

impl<R: BufRead> AgeReader<R> {
    /// Reads the header and finds the recipient.
    ///
    /// # Errors
    /// `InvalidData` when it is no age file, was altered, or is for somebody else.
    pub fn new(identity: &AgeIdentity, mut inner: R) -> io::Result<Self> {
        let file_key = read_header(identity, &mut inner)?;
        let mut nonce = [0; 16];
        inner.read_exact(&mut nonce).map_err(|_| refused(KeyError::Open))?;
        let pieces = Pieces::new(&file_key, &nonce).map_err(refused)?;
        let buffer = Zeroizing::new(Vec::with_capacity(PIECE_BYTES + TAG_BYTES));
        Ok(Self { inner, pieces, buffer, read: 0, is_last: false })
    }

    fn next_piece(&mut self) -> io::Result<()> {
        self.buffer.clear();
        self.read = 0;
        let most = (PIECE_BYTES + TAG_BYTES) as u64;
        (&mut self.inner).take(most).read_to_end(&mut self.buffer)?;
        self.is_last = self.inner.fill_buf()?.is_empty();
        let is_first = self.pieces.number == 0;
        let opened = self.pieces.open(self.is_last, &mut self.buffer);
        // Only the piece of an empty file is empty.
        if opened.is_err() || (self.buffer.is_empty() && !is_first) {
            self.buffer.clear();
            self.is_last = false;
            return Err(refused(KeyError::Open));
        }
        Ok(())
    }
}

impl<R: BufRead> Read for AgeReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.read == self.buffer.len() && !self.is_last {
            self.next_piece()?;
        }
        let taken = out.len().min(self.buffer.len() - self.read);
        out[..taken].copy_from_slice(&self.buffer[self.read..self.read + taken]);
        self.read += taken;
        Ok(taken)
    }
}

/// STREAM with ChaCha20-Poly1305: the nonce is a counter of 11 bytes and a flag for the last piece.
struct Pieces {
    key: aead::LessSafeKey,
    number: u64,
}

impl Pieces {
    fn new(file_key: &[u8; FILE_KEY_BYTES], nonce: &[u8; 16]) -> Result<Self, KeyError> {
        let key = derive(file_key, nonce, b"payload")?;
        Ok(Self { key: cipher(&key)?, number: 0 })
    }

    fn nonce(&mut self, last: bool) -> Result<aead::Nonce, KeyError> {
        let mut nonce = [0; aead::NONCE_LEN];
        nonce[3..11].copy_from_slice(&self.number.to_be_bytes());
        nonce[11] = u8::from(last);
        self.number = self.number.checked_add(1).ok_or(KeyError::Crypto)?;
        Ok(aead::Nonce::assume_unique_for_key(nonce))
    }

    fn seal(&mut self, last: bool, piece: &mut Vec<u8>) -> Result<(), KeyError> {
        let nonce = self.nonce(last)?;
        self.key
            .seal_in_place_append_tag(nonce, aead::Aad::empty(), piece)
            .map_err(|_| KeyError::Crypto)
    }

    fn open(&mut self, last: bool, piece: &mut Vec<u8>) -> Result<(), KeyError> {
        let nonce = self.nonce(last)?;
        let plain = self.key.open_in_place(nonce, aead::Aad::empty(), piece);
        let length = plain.map_err(|_| KeyError::Open)?.len();
        piece.truncate(length);
        Ok(())
    }
}

/// The ephemeral share and the wrapped file key.
fn wrap(
    recipient: &AgeRecipient,
    file_key: &[u8; FILE_KEY_BYTES],
) -> Result<([u8; KEY_BYTES], Vec<u8>), KeyError> {
    let ephemeral = AgeIdentity::generate()?;
    let share = ephemeral.recipient()?.0;
    let key = agree(&ephemeral, recipient, &share, recipient)?;
    let mut body = file_key.to_vec();
    let nonce = aead::Nonce::assume_unique_for_key([0; aead::NONCE_LEN]);
    cipher(&key)?
        .seal_in_place_append_tag(nonce, aead::Aad::empty(), &mut body)
        .map_err(|_| KeyError::Crypto)?;
    Ok((share, body))
}

/// "wrap key = HKDF-SHA-256(ikm = shared secret, salt = ephemeral share || recipient, info)".
fn agree(
    own: &AgeIdentity,
    other: &AgeRecipient,
    share: &[u8; KEY_BYTES],
    recipient: &AgeRecipient,
) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
    let salt = [share.as_slice(), recipient.0.as_slice()].concat();
    let peer = agreement::UnparsedPublicKey::new(&agreement::X25519, other.0);
    // The library refuses a shared secret of zeros, as the format demands.
    agreement::agree(&own.private()?, peer, KeyError::Open, |secret| {
        derive(secret, &salt, X25519_INFO)
    })
}

fn read_header(
    identity: &AgeIdentity,
    inner: &mut impl BufRead,
) -> io::Result<Zeroizing<[u8; FILE_KEY_BYTES]>> {
    let bad = || refused(KeyError::Open);
    let mut header = String::new();
    let mut shares = Vec::new();
    let mut share: Option<[u8; KEY_BYTES]> = None;
    for number in 0..MAX_LINES {
        let mut line = String::new();
        inner.take(MAX_LINE_BYTES).read_line(&mut line).map_err(|_| bad())?;
        let Some(text) = line.strip_suffix('\n') else { return Err(bad()) };
        if number == 0 {
            if text != INTRO {
                return Err(bad());
            }
        } else if let Some(mac) = text.strip_prefix("--- ") {
            header.push_str("---");
            let mac = BASE64.decode(mac).map_err(|_| bad())?;
            return find_file_key(identity, &shares, &header, &mac).map_err(refused);
        } else if let Some(stanza) = text.strip_prefix("-> ") {
            let decoded =
                stanza.strip_prefix("X25519 ").map(|s| BASE64.decode(s).map_err(|_| bad()));
            share = decoded.transpose()?.map(|s| s.try_into().map_err(|_| bad())).transpose()?;
        } else if let Some(share) = share.take() {
            shares.push((share, BASE64.decode(text).map_err(|_| bad())?));
        }
        header.push_str(&line);
    }
    Err(bad())
}

fn find_file_key(
    identity: &AgeIdentity,
    shares: &[([u8; KEY_BYTES], Vec<u8>)],
    header: &str,
    mac: &[u8],
) -> Result<Zeroizing<[u8; FILE_KEY_BYTES]>, KeyError> {
    let recipient = identity.recipient()?;
    for (share, body) in shares {
        let key = agree(identity, &AgeRecipient(*share), share, &recipient)?;
        let mut body = Zeroizing::new(body.clone());
        let nonce = aead::Nonce::assume_unique_for_key([0; aead::NONCE_LEN]);
        let Ok(plain) = cipher(&key)?.open_in_place(nonce, aead::Aad::empty(), &mut body) else {
            continue;
        };
        let file_key: [u8; FILE_KEY_BYTES] = (&*plain).try_into().map_err(|_| KeyError::Open)?;
        let file_key = Zeroizing::new(file_key);
        let expected = header_mac(&file_key, header.as_bytes())?;
        constant_time::verify_slices_are_equal(&expected, mac).map_err(|_| KeyError::Open)?;
        return Ok(file_key);
    }
    Err(KeyError::Open)
}

fn header_mac(file_key: &[u8; FILE_KEY_BYTES], header: &[u8]) -> Result<Vec<u8>, KeyError> {
    let key = derive(file_key, &[], b"header")?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_slice());
    Ok(hmac::sign(&key, header).as_ref().to_vec())
}

fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
    let mut out = Zeroizing::new([0; KEY_BYTES]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[info], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(out.as_mut_slice()))
        .map_err(|_| KeyError::Crypto)?;
    Ok(out)
}

fn cipher(key: &[u8; KEY_BYTES]) -> Result<aead::LessSafeKey, KeyError> {
    let key = aead::UnboundKey::new(&aead::CHACHA20_POLY1305, key).map_err(|_| KeyError::Crypto)?;
    Ok(aead::LessSafeKey::new(key))
}

fn to_bech32(prefix: &str, bytes: &[u8]) -> Result<String, KeyError> {
    let prefix = Hrp::parse(prefix).map_err(|_| KeyError::Crypto)?;
    bech32::encode::<Bech32>(prefix, bytes).map_err(|_| KeyError::Crypto)
}

fn from_bech32(prefix: &str, text: &str) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
    let checked = CheckedHrpstring::new::<Bech32>(text).map_err(|_| KeyError::Open)?;
    if !checked.hrp().as_str().eq_ignore_ascii_case(prefix) {
        return Err(KeyError::Open);
    }
    let bytes = Zeroizing::new(checked.byte_iter().collect::<Vec<u8>>());
    bytes.as_slice().try_into().map(Zeroizing::new).map_err(|_| KeyError::Open)
}

fn fill(bytes: &mut [u8]) -> io::Result<()> {
    rand::fill(bytes).map_err(|_| refused(KeyError::Crypto))
}

fn refused(error: KeyError) -> io::Error {
    let kind = match error {
        KeyError::Open => io::ErrorKind::InvalidData,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

#[cfg(test)]
#[path = "age_tests.rs"]
mod tests;
