//! Recovery codes: ten single-use codes for the day on which the phone is lost.
//!
//! A code is 50 random bits as ten characters of Crockford's base 32
//! (<https://www.crockford.com/base32.html>), written `AB3DE-FGH7J`. That is short enough to type
//! and far beyond guessing at the door, where failures lock. It is not beyond guessing for somebody
//! who holds a copy of the database, so what is stored is a **keyed** hash: without the clinic's
//! key the copy tells nothing.

use crate::{Entropy, Result};
use visit::UserId;
use zeroize::Zeroizing;

/// Codes that a person gets at once.
pub const RECOVERY_CODES: usize = 10;
/// Characters in a code, the hyphen not counted.
const CODE_CHARS: usize = 10;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// One code in its only spelling: ten characters, no hyphen. Wiped on drop; no `Debug`.
#[derive(PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<[u8; CODE_CHARS]>);

impl RecoveryCode {
    /// Draws a new one.
    ///
    /// # Errors
    /// [`crate::AuthError::Internal`] when there are no random numbers.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self> {
        let mut bytes = Zeroizing::new([0; CODE_CHARS]);
        entropy.fill(bytes.as_mut_slice())?;
        for byte in bytes.iter_mut() {
            // 256 is a multiple of 32, so every character is equally likely.
            *byte = ALPHABET[usize::from(*byte % 32)];
        }
        Ok(Self(bytes))
    }

    /// Reads what a person typed: any case, spaces and hyphens anywhere, and O for 0, I or L for 1.
    /// `None` when it is not ten characters of the alphabet.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 4 * CODE_CHARS {
            return None;
        }
        let mut chars = Zeroizing::new([0; CODE_CHARS]);
        let mut count = 0;
        for byte in text.bytes().filter(|b| !matches!(b, b' ' | b'-')) {
            let byte = match byte.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            if !ALPHABET.contains(&byte) {
                return None;
            }
            *chars.get_mut(count)? = byte;
            count += 1;
        }
        (count == CODE_CHARS).then_some(Self(chars))
    }

    /// The code as shown to the person, once: `AB3DE-FGH7J`.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(CODE_CHARS + 1));
        for (i, byte) in self.0.iter().enumerate() {
            if i == CODE_CHARS / 2 {
                text.push('-');
            }
            text.push(char::from(*byte));
        }
        text
    }

    /// What goes into the keyed hash: the code and whose it is.
    pub(crate) fn hash_input(&self, user: UserId) -> Zeroizing<Vec<u8>> {
        let mut input = Zeroizing::new(Vec::with_capacity(16 + CODE_CHARS));
        input.extend_from_slice(&user.to_u128().to_be_bytes());
        input.extend_from_slice(self.0.as_slice());
        input
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    struct Bytes(u8);

    impl Entropy for Bytes {
        fn fill(&self, out: &mut [u8]) -> Result<()> {
            out.iter_mut().zip(self.0..).for_each(|(o, b)| *o = b);
            Ok(())
        }
    }

    #[test]
    fn the_text_form_is_two_groups_of_five_and_reads_back() {
        assert_eq!(RecoveryCode::generate(&Bytes(0)).unwrap().to_text().as_str(), "01234-56789");
        assert_eq!(RecoveryCode::generate(&Bytes(22)).unwrap().to_text().as_str(), "PQRST-VWXYZ");
        let code = RecoveryCode::generate(&SystemEntropy).unwrap();
        assert!(RecoveryCode::parse(&code.to_text()).is_some_and(|back| back == code));
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        let code = RecoveryCode::parse("01101-ABCDE").unwrap();
        for text in ["01101abcde", "o1LOi-aBcDe", " 0110 1ABC-DE", "--01101--ABCDE--"] {
            assert!(RecoveryCode::parse(text).is_some_and(|c| c == code), "{text}");
        }
        for text in ["", "01101-ABCD", "01101-ABCDEF", "01101-ABCDU", "01101_ABCDE", "123456", "é"]
        {
            assert!(RecoveryCode::parse(text).is_none(), "{text}");
        }
        assert!(RecoveryCode::parse(&"-".repeat(1 << 20)).is_none());
    }

    #[test]
    fn the_same_code_of_two_people_is_hashed_apart() {
        let code = RecoveryCode::parse("01101-ABCDE").unwrap();
        let (a, b) = (UserId::new(1, 1), UserId::new(1, 2));
        assert!(code.hash_input(a) != code.hash_input(b));
    }
}
