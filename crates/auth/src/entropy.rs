//! Where random bytes come from. Passed in, so that tests can seed it.

use crate::AuthError;

/// A source of unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills `out`.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when the source has failed. Nobody goes on without it.
    fn fill(&self, out: &mut [u8]) -> Result<(), AuthError>;
}

/// The operating system's random number generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, out: &mut [u8]) -> Result<(), AuthError> {
        aws_lc_rs::rand::fill(out).map_err(|_| AuthError::Internal("no random numbers"))
    }
}

/// 128 random bits, for a new id.
pub(crate) fn random_u128(entropy: &dyn Entropy) -> Result<u128, AuthError> {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes)?;
    Ok(u128::from_be_bytes(bytes))
}
