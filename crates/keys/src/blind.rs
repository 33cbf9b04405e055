//! Looking up a sealed e-mail address without opening every row.

use aws_lc_rs::hmac;

/// A keyed one-way index. The same address gives the same 32 bytes under one key; without the key
/// nobody can test a guess against the stored index.
pub struct BlindIndex(hmac::Key);

impl BlindIndex {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// The index of an e-mail address: HMAC-SHA256 over the normalised address (white space around
    /// it removed, lower case), since people do not keep to one spelling.
    #[must_use]
    pub fn email(&self, address: &str) -> [u8; 32] {
        self.tagged(b"email", address.trim().to_lowercase().as_bytes())
    }

    /// The index of anything else that is looked up but not shown, such as the account name or
    /// network prefix of a sign-in attempt. Different kinds never collide.
    #[must_use]
    pub fn other(&self, kind: &'static str, value: &[u8]) -> [u8; 32] {
        let mut label = b"other/".to_vec();
        label.extend_from_slice(kind.as_bytes());
        self.tagged(&label, value)
    }

    fn tagged(&self, label: &[u8], value: &[u8]) -> [u8; 32] {
        let mut input = Vec::with_capacity(label.len() + value.len() + 8);
        crate::push_field(&mut input, label);
        crate::push_field(&mut input, value);
        let tag = hmac::sign(&self.0, &input);
        let mut out = [0; 32];
        out.copy_from_slice(tag.as_ref());
        out
    }
}
