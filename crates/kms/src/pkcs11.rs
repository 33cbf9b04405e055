//! Keys in a PKCS#11 token (OASIS PKCS #11 v2.40 and later): AES-256 keys that the token made and never
//! lets out. All versions have one label; `CKA_ID` is the version, four bytes, big-endian.
//!
//! A wrapped key is `format 2 | key version | IV (12) | ciphertext (32) | tag (16)`, AES-GCM inside
//! the token. The IV is drawn by the operating system.

use aws_lc_rs::rand;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Function, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use keys::{KEY_BYTES, Kek, KeyContext, KeyError, WrapHeader, Zeroizing};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

const NAME: &str = "pkcs11";
const FORMAT: u8 = 2;
const IV_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// Which token, and which keys in it.
pub struct Pkcs11Settings {
    /// The module of the token's maker, such as `/usr/lib/softhsm/libsofthsm2.so`.
    pub library: PathBuf,
    /// The label of the token.
    pub token: String,
    /// The label of the keys.
    pub label: String,
    /// The user PIN.
    pub pin: Zeroizing<String>,
}

/// Key-encryption keys in a token. One session, used by one call at a time.
pub struct Pkcs11Kek {
    context: Pkcs11,
    token: String,
    label: Vec<u8>,
    pin: AuthPin,
    session: Mutex<Option<Session>>,
    /// The newest version that was seen; 0 before there is one.
    newest: AtomicU32,
}

impl Pkcs11Kek {
    /// Loads the module, finds the token and signs in.
    ///
    /// # Errors
    /// [`KeyError::Setup`] when module, token or key are not there, [`KeyError::Refused`] for a wrong
    /// PIN.
    pub fn open(settings: &Pkcs11Settings) -> Result<Self, KeyError> {
        let kek = Self::connect(settings)?;
        kek.health()?;
        Ok(kek)
    }

    /// As [`Self::open`], but makes the first key when the token has none.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn create_or_open(settings: &Pkcs11Settings) -> Result<Self, KeyError> {
        let kek = Self::connect(settings)?;
        if kek.versions()?.is_empty() {
            kek.create()?;
        }
        Ok(kek)
    }

    fn connect(settings: &Pkcs11Settings) -> Result<Self, KeyError> {
        let kek = Self {
            context: library(&settings.library)?,
            token: settings.token.clone(),
            label: settings.label.clone().into_bytes(),
            pin: AuthPin::new(settings.pin.as_str().into()),
            session: Mutex::new(None),
            newest: AtomicU32::new(0),
        };
        kek.with(|_| Ok(()))?;
        Ok(kek)
    }

    /// Runs `work` in the session, and once more in a new one when the token went away meanwhile.
    fn with<T>(&self, work: impl Fn(&Session) -> Result<T, Error>) -> Result<T, KeyError> {
        let mut held = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..2 {
            let session = match held.take() {
                Some(session) => session,
                None => self.sign_in()?,
            };
            match work(&session) {
                Err(error) if is_gone(&error) => {}
                done => {
                    *held = Some(session);
                    return done.map_err(|error| explain(&error));
                }
            }
        }
        Err(KeyError::Unreachable { provider: NAME, what: "the token is not there" })
    }

    fn sign_in(&self) -> Result<Session, KeyError> {
        let slot = self.slot()?;
        let session = self.context.open_rw_session(slot).map_err(|error| explain(&error))?;
        match session.login(UserType::User, Some(&self.pin)) {
            // All sessions of a process with a token are signed in together.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, Function::Login)) => {
                Ok(session)
            }
            Err(error) => Err(explain(&error)),
        }
    }

    fn slot(&self) -> Result<Slot, KeyError> {
        let slots = self.context.get_slots_with_initialized_token();
        for slot in slots.map_err(|error| explain(&error))? {
            let token = self.context.get_token_info(slot).map_err(|error| explain(&error))?;
            if token.label().trim_end() == self.token {
                return Ok(slot);
            }
        }
        let what =
            format!("no token has the label {:?}; look with pkcs11-tool --list-slots", self.token);
        Err(KeyError::Setup { provider: NAME, what })
    }

    fn all(&self) -> [Attribute; 2] {
        [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Label(self.label.clone())]
    }

    fn key(&self, session: &Session, version: u32) -> Result<Option<ObjectHandle>, Error> {
        let [class, label] = self.all();
        let id = Attribute::Id(version.to_be_bytes().to_vec());
        Ok(session.find_objects(&[class, label, id])?.into_iter().next())
    }

    fn find_versions(&self, session: &Session) -> Result<Vec<u32>, Error> {
        let mut versions = Vec::new();
        for key in session.find_objects(&self.all())? {
            let found = session.get_attributes(key, &[AttributeType::Id])?;
            if let Some(Attribute::Id(id)) = found.first()
                && let Ok(bytes) = <[u8; 4]>::try_from(id.as_slice())
            {
                versions.push(u32::from_be_bytes(bytes));
            }
        }
        versions.sort_unstable();
        versions.dedup();
        self.newest.store(versions.last().copied().unwrap_or(0), Ordering::Relaxed);
        Ok(versions)
    }

    fn newest(&self, session: &Session) -> Result<u32, Error> {
        Ok(self.find_versions(session)?.last().copied().unwrap_or(0))
    }

    fn no_key(&self) -> KeyError {
        let label = String::from_utf8_lossy(&self.label);
        let what =
            format!("the token has no key with the label {label:?}; make one: bedside keys rotate");
        KeyError::Setup { provider: NAME, what }
    }
}

impl Kek for Pkcs11Kek {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn waits(&self) -> bool {
        true
    }

    fn current_version(&self) -> u32 {
        self.newest.load(Ordering::Relaxed)
    }

    fn versions(&self) -> Result<Vec<u32>, KeyError> {
        self.with(|session| self.find_versions(session))
    }

    fn wrap(&self, context: KeyContext<'_>, key: &[u8; KEY_BYTES]) -> Result<Vec<u8>, KeyError> {
        let mut iv = [0; IV_BYTES];
        rand::fill(&mut iv).map_err(|_| KeyError::Crypto)?;
        let made = self.with(|session| {
            let version = self.newest(session)?;
            let Some(handle) = self.key(session, version)? else { return Ok(None) };
            let (mut iv, aad) = (iv, context.to_bytes(version));
            let sealed = session.encrypt(&gcm(&mut iv, &aad)?, handle, key)?;
            Ok(Some((version, sealed)))
        })?;
        let (version, sealed) = made.ok_or_else(|| self.no_key())?;
        if sealed.len() != KEY_BYTES + TAG_BYTES {
            return Err(KeyError::BadAnswer {
                provider: NAME,
                what: "a ciphertext of another length",
            });
        }
        let mut out = Vec::with_capacity(WrapHeader::BYTES + IV_BYTES + sealed.len());
        WrapHeader { format: FORMAT, version }.write(&mut out);
        out.extend_from_slice(&iv);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    fn unwrap(
        &self,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
        let version = self.version_of(wrapped)?;
        let (iv, sealed) = wrapped[WrapHeader::BYTES..].split_at(IV_BYTES);
        let iv: [u8; IV_BYTES] = iv.try_into().map_err(|_| KeyError::Open)?;
        let aad = context.to_bytes(version);
        let opened = self.with(|session| {
            let Some(handle) = self.key(session, version)? else {
                return Ok(Err(KeyError::UnknownVersion(version)));
            };
            let mut iv = iv;
            match session.decrypt(&gcm(&mut iv, &aad)?, handle, sealed) {
                Ok(plain) => Ok(Ok(Zeroizing::new(plain))),
                Err(Error::Pkcs11(RvError::KeyFunctionNotPermitted, _)) => {
                    let state = "disabled";
                    Ok(Err(KeyError::Disabled { provider: NAME, version, state }))
                }
                // Tokens say in different ways that a tag is wrong; what is no trouble of the token
                // itself is taken for that.
                Err(error) if is_gone(&error) || is_trouble(&error) => Err(error),
                Err(_) => Ok(Err(KeyError::Open)),
            }
        })??;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        if opened.len() != KEY_BYTES {
            return Err(KeyError::Open);
        }
        key.copy_from_slice(&opened);
        Ok(key)
    }

    fn create(&self) -> Result<u32, KeyError> {
        self.with(|session| {
            let version = self.newest(session)?.saturating_add(1);
            let [class, label] = self.all();
            let template = [
                class,
                label,
                Attribute::Id(version.to_be_bytes().to_vec()),
                Attribute::KeyType(KeyType::AES),
                Attribute::ValueLen((KEY_BYTES as u64).into()),
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
                Attribute::Wrap(false),
                Attribute::Unwrap(false),
            ];
            session.generate_key(&Mechanism::AesKeyGen, &template)?;
            self.newest.store(version, Ordering::Relaxed);
            Ok(version)
        })
    }

    fn destroy(&self, version: u32) -> Result<(), KeyError> {
        self.with(|session| {
            if self.newest(session)? == version {
                return Ok(Err(KeyError::InUse(version)));
            }
            match self.key(session, version)? {
                Some(key) => session.destroy_object(key).map(Ok),
                None => Ok(Err(KeyError::UnknownVersion(version))),
            }
        })?
    }

    fn health(&self) -> Result<(), KeyError> {
        let newest = self.with(|session| {
            let newest = self.newest(session)?;
            Ok(self.key(session, newest)?.is_some())
        })?;
        if newest { Ok(()) } else { Err(self.no_key()) }
    }

    fn version_of(&self, wrapped: &[u8]) -> Result<u32, KeyError> {
        let (version, body) = WrapHeader::read(wrapped, FORMAT)?;
        if body.len() == IV_BYTES + KEY_BYTES + TAG_BYTES {
            Ok(version)
        } else {
            Err(KeyError::Open)
        }
    }
}

fn gcm<'a>(iv: &'a mut [u8], aad: &'a [u8]) -> Result<Mechanism<'a>, Error> {
    Ok(Mechanism::AesGcm(GcmParams::new(iv, aad, ((TAG_BYTES * 8) as u64).into())?))
}

/// The module, loaded and initialised once in a process and never taken away: a module counts its
/// users by process, so the last one to leave would end it for all.
fn library(path: &Path) -> Result<Pkcs11, KeyError> {
    static LOADED: Mutex<Option<HashMap<PathBuf, Pkcs11>>> = Mutex::new(None);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let loaded = loaded.get_or_insert_default();
    if let Some(context) = loaded.get(path) {
        return Ok(context.clone());
    }
    let context = Pkcs11::new(path).map_err(|_| {
        let what = format!("{} is no PKCS#11 module that can be loaded", path.display());
        KeyError::Setup { provider: NAME, what }
    })?;
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(explain(&error)),
    }
    loaded.insert(path.to_owned(), context.clone());
    Ok(context)
}

/// The session does not exist any more; another one may work.
fn is_gone(error: &Error) -> bool {
    use RvError as R;
    matches!(
        error,
        Error::Pkcs11(
            R::SessionHandleInvalid
                | R::SessionClosed
                | R::DeviceRemoved
                | R::TokenNotPresent
                | R::UserNotLoggedIn
                | R::SlotIdInvalid
                // The key was replaced or deleted between finding and using it.
                | R::KeyHandleInvalid
                | R::ObjectHandleInvalid,
            _
        )
    )
}

/// The token itself has trouble; it says nothing about the value.
fn is_trouble(error: &Error) -> bool {
    use RvError as R;
    matches!(
        error,
        Error::Pkcs11(
            R::DeviceError
                | R::DeviceMemory
                | R::HostMemory
                | R::MechanismInvalid
                | R::FunctionNotSupported
                | R::OperationActive,
            _
        )
    )
}

fn explain(error: &Error) -> KeyError {
    use RvError as R;
    let refused = |what| KeyError::Refused { provider: NAME, what };
    match error {
        Error::Pkcs11(R::PinIncorrect | R::PinInvalid | R::PinLenRange, _) => {
            refused("the PIN is wrong; look at pin_file before a few more tries lock the token")
        }
        Error::Pkcs11(R::PinLocked, _) => refused(
            "the PIN is locked after too many wrong tries; unlock it as its security officer",
        ),
        Error::Pkcs11(R::PinExpired | R::UserPinNotInitialized, _) => {
            refused("the PIN must be set anew; set it with the tools of the token's maker")
        }
        Error::Pkcs11(R::TokenWriteProtected | R::SessionReadOnly | R::ActionProhibited, _) => {
            refused("the token takes no change; allow this user to make and delete keys")
        }
        Error::Pkcs11(R::MechanismInvalid | R::FunctionNotSupported, _) => {
            refused("the token has no AES-GCM; use another token")
        }
        Error::Pkcs11(R::DeviceMemory, _) => refused("the token is full; delete keys of no use"),
        error if is_gone(error) => {
            KeyError::Unreachable { provider: NAME, what: "the token is not there" }
        }
        _ => KeyError::Unreachable { provider: NAME, what: "the token reports trouble" },
    }
}
