//! The file keyring, in the clear and sealed.

use crate::suite::{Bench, conforms};
use keys::{FileKeyring, Kek, KeyError, Unlock, Zeroizing};

struct Ring {
    folder: tempfile::TempDir,
    credential: Option<[u8; 32]>,
}

impl Ring {
    fn new(credential: Option<[u8; 32]>) -> Self {
        let ring = Self { folder: tempfile::tempdir().expect("a folder"), credential };
        let path = ring.folder.path().join("keyring.json");
        FileKeyring::create_or_open_sealed(path, ring.unlock()).expect("creates");
        ring
    }

    fn unlock(&self) -> Option<Unlock> {
        self.credential.map(|bytes| Unlock::Credential(Zeroizing::new(bytes.to_vec())))
    }
}

impl Bench for Ring {
    fn open(&self) -> Result<Box<dyn Kek>, KeyError> {
        let path = self.folder.path().join("keyring.json");
        Ok(Box::new(FileKeyring::open_sealed(path, self.unlock())?))
    }

    fn set_enabled(&self, _: u32, _: bool) -> bool {
        false
    }
}

#[test]
fn the_file_keyring_conforms() {
    conforms(&Ring::new(None));
}

#[test]
fn the_sealed_file_keyring_conforms() {
    conforms(&Ring::new(Some([7; 32])));
}
