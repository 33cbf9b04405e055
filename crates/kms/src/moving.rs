//! From one provider to another: new keys are wrapped by the one, old ones still unwrap by the other.

use keys::{KEY_BYTES, Kek, KeyContext, KeyError, Zeroizing};

/// Two providers for as long as the data keys move. Versions and health are the new one's.
pub struct Moving {
    new: Box<dyn Kek>,
    old: Box<dyn Kek>,
}

impl Moving {
    /// Moves from `old` to `new`, which must be of another kind.
    ///
    /// # Errors
    /// [`KeyError::Setup`] when both are of one kind: a wrapped key could not say whose it is.
    pub fn new(new: Box<dyn Kek>, old: Box<dyn Kek>) -> Result<Self, KeyError> {
        if new.provider() == old.provider() {
            let what = "keys.previous is the same as keys.provider; take it out".to_owned();
            return Err(KeyError::Setup { provider: new.provider(), what });
        }
        Ok(Self { new, old })
    }
}

impl Kek for Moving {
    fn provider(&self) -> &'static str {
        self.new.provider()
    }

    fn waits(&self) -> bool {
        self.new.waits() || self.old.waits()
    }

    fn current_version(&self) -> u32 {
        self.new.current_version()
    }

    fn versions(&self) -> Result<Vec<u32>, KeyError> {
        self.new.versions()
    }

    fn wrap(&self, context: KeyContext<'_>, key: &[u8; KEY_BYTES]) -> Result<Vec<u8>, KeyError> {
        self.new.wrap(context, key)
    }

    fn unwrap(
        &self,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
        match self.new.unwrap(context, wrapped) {
            Err(KeyError::OtherProvider(name)) if name == self.old.provider() => {
                self.old.unwrap(context, wrapped)
            }
            done => done,
        }
    }

    fn rewrap(&self, context: KeyContext<'_>, wrapped: &[u8]) -> Result<Vec<u8>, KeyError> {
        match self.new.rewrap(context, wrapped) {
            Err(KeyError::OtherProvider(name)) if name == self.old.provider() => {
                self.new.wrap(context, &*self.old.unwrap(context, wrapped)?)
            }
            done => done,
        }
    }

    fn create(&self) -> Result<u32, KeyError> {
        self.new.create()
    }

    fn destroy(&self, version: u32) -> Result<(), KeyError> {
        self.new.destroy(version)
    }

    fn health(&self) -> Result<(), KeyError> {
        self.new.health()?;
        self.old.health()
    }

    fn version_of(&self, wrapped: &[u8]) -> Result<u32, KeyError> {
        self.new.version_of(wrapped)
    }
}
