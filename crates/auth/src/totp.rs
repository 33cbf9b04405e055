//! The second factor: codes of an authenticator app, RFC 6238 with SHA-1, six digits and steps of
//! 30 seconds, which is what every app understands. SHA-1 is not weak here: HMAC does not rest on
//! collision resistance (RFC 4226 appendix B.2).
//!
//! A code is good for its step and one step to either side, for clocks that are off. Each step is
//! good once: the caller stores the step of an accepted code and passes it to the next check.

use crate::{AuthError, Entropy, Result};
use subtle::ConstantTimeEq as _;
use visit::Timestamp;
use zeroize::Zeroizing;

/// Bytes in a new secret: 160 bits, as RFC 4226 §4 recommends.
pub const TOTP_SECRET_BYTES: usize = 20;
/// Seconds in a step.
pub const STEP_S: u64 = 30;
/// Digits in a code.
pub const CODE_DIGITS: usize = 6;
/// Steps before and after the present one that are accepted.
const SKEW_STEPS: u64 = 1;

/// The secret shared with an authenticator app. No `Debug`.
pub struct TotpSecret(Zeroizing<[u8; TOTP_SECRET_BYTES]>);

impl TotpSecret {
    /// Draws a new one.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when there are no random numbers.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self> {
        let mut bytes = Zeroizing::new([0; TOTP_SECRET_BYTES]);
        entropy.fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// Takes the stored bytes.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when they are not 20.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let bytes = bytes.try_into().map_err(|_| AuthError::Internal("stored TOTP secret"))?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// The bytes to store, sealed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The secret in base 32 (RFC 4648 §6, no padding), for typing.
    #[must_use]
    pub fn to_base32(&self) -> Zeroizing<String> {
        base32(self.0.as_slice())
    }

    /// The address that goes into the QR code:
    /// `otpauth://totp/<clinic>:<account>?secret=…&issuer=<clinic>`.
    #[must_use]
    pub fn uri(&self, clinic: &str, account: &str) -> Zeroizing<String> {
        let clinic = percent_encode(clinic);
        let account = percent_encode(account);
        let secret = self.to_base32();
        Zeroizing::new(format!(
            "otpauth://totp/{clinic}:{account}?secret={}&issuer={clinic}\
             &algorithm=SHA1&digits={CODE_DIGITS}&period={STEP_S}",
            secret.as_str()
        ))
    }

    /// The step that `code` belongs to, when it is a code of now (or one step off) and later than
    /// `last_step`. The caller stores the step; it is spent.
    #[must_use]
    pub fn check(&self, code: &str, last_step: Option<u64>, now: Timestamp) -> Option<u64> {
        let code = normalise(code)?;
        let current = now.unix_ms() / 1_000 / STEP_S;
        let mut found = None;
        // Every step is computed and compared, whatever the others gave.
        for step in current.saturating_sub(SKEW_STEPS)..=current + SKEW_STEPS {
            let same = bool::from(self.code(step).as_bytes().ct_eq(&code));
            let unspent = last_step.is_none_or(|last| step > last);
            if same & unspent {
                found = found.or(Some(step));
            }
        }
        found
    }

    /// The code of a step.
    pub(crate) fn code(&self, step: u64) -> Zeroizing<String> {
        let totp = totp_rs::Builder::new()
            .with_algorithm(totp_rs::Algorithm::SHA1)
            .with_digits(CODE_DIGITS as u8)
            .with_step_duration(STEP_S)
            .with_secret(*self.0)
            .build_noncompliant();
        Zeroizing::new(totp.generate(step.saturating_mul(STEP_S)).to_string())
    }
}

/// Six digits, with the spaces that apps show and people type left out.
fn normalise(code: &str) -> Option<[u8; CODE_DIGITS]> {
    if code.len() > 4 * CODE_DIGITS {
        return None;
    }
    let mut digits = [0; CODE_DIGITS];
    let mut count = 0;
    for byte in code.bytes().filter(|b| !matches!(b, b' ' | b'-')) {
        *digits.get_mut(count)? = byte;
        count += 1;
        if !byte.is_ascii_digit() {
            return None;
        }
    }
    (count == CODE_DIGITS).then_some(digits)
}

/// RFC 4648 §6 without padding.
fn base32(bytes: &[u8]) -> Zeroizing<String> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut out = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(5) * 8));
    for chunk in bytes.chunks(5) {
        let mut group = [0; 8];
        group[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(group);
        let chars = (chunk.len() * 8).div_ceil(5);
        for i in 0..chars {
            let index = (bits >> (35 - 5 * i)) & 31;
            out.push(char::from(ALPHABET[index as usize]));
        }
    }
    out
}

/// Leaves the unreserved characters of RFC 3986 §2.3 and encodes all others.
fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238 appendix B for SHA-1.
    fn rfc_secret() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890").unwrap()
    }

    fn at(unix_s: i64) -> Timestamp {
        Timestamp(unix_s * 1_000_000)
    }

    #[test]
    fn rfc_6238_appendix_b() {
        // The table has eight digits; six-digit codes are their last six (RFC 4226 §5.3).
        for (unix_s, eight) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let step = unix_s as u64 / STEP_S;
            assert_eq!(rfc_secret().code(step).as_str(), &eight[2..], "{unix_s}");
            assert_eq!(rfc_secret().check(&eight[2..], None, at(unix_s)), Some(step));
        }
    }

    #[test]
    fn a_code_is_good_one_step_to_either_side_and_no_further() {
        let secret = rfc_secret();
        let now = 1_750_000_000;
        let step = now as u64 / STEP_S;
        for (offset, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let code = secret.code(step.wrapping_add_signed(offset));
            assert_eq!(secret.check(&code, None, at(now)).is_some(), good, "{offset}");
        }
    }

    #[test]
    fn a_step_and_all_before_it_are_good_once() {
        let secret = rfc_secret();
        let step = 1_000_000;
        let now = at((step * STEP_S) as i64);
        let code = secret.code(step);
        assert_eq!(secret.check(&code, Some(step - 1), now), Some(step));
        assert_eq!(secret.check(&code, Some(step), now), None);
        assert_eq!(secret.check(&secret.code(step - 1), Some(step), now), None);
        assert_eq!(secret.check(&secret.code(step + 1), Some(step), now), Some(step + 1));
    }

    #[test]
    fn codes_are_read_as_people_type_them_and_nothing_else() {
        let secret = rfc_secret();
        let now = at(59);
        for good in ["287082", "287 082", " 287-082 "] {
            assert!(secret.check(good, None, now).is_some(), "{good}");
        }
        for bad in
            ["", "28708", "2870822", "94287082", "+28708", "28708x", "２８７０８２", "0x2870"]
        {
            assert!(secret.check(bad, None, now).is_none(), "{bad}");
        }
        assert!(secret.check(&" ".repeat(1 << 20), None, now).is_none());
    }

    #[test]
    fn times_at_the_edges_do_not_panic() {
        for now in [Timestamp(i64::MIN), Timestamp(0), Timestamp(i64::MAX)] {
            let _ = rfc_secret().check("000000", None, now);
        }
    }

    #[test]
    fn base32_vectors_of_rfc_4648() {
        for (plain, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(plain.as_bytes()).as_str(), text);
        }
    }

    #[test]
    fn the_address_is_escaped() {
        let uri = rfc_secret().uri("Praxis Müller & Co: Nord", "a+b@example.org");
        assert_eq!(
            uri.as_str(),
            "otpauth://totp/Praxis%20M%C3%BCller%20%26%20Co%3A%20Nord:a%2Bb%40example.org\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Praxis%20M%C3%BCller%20%26%20Co%3A%20Nord&algorithm=SHA1&digits=6&period=30"
        );
    }
}
