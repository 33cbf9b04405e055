//! Keys in HashiCorp Vault or OpenBao, by the transit engine: AES-256-GCM keys that never leave it.
//! Versions are the transit key's own.
//!
//! A wrapped key is `format 3 | key version | nonce (12) | ciphertext (32) | tag (16)`; the last three are
//! what Vault writes as base64 behind `vault:v<version>:`.
//!
//! The place of a data key is bound as `associated_data`, and only its hash is sent. The engine's `context` would be
//! no binding of that kind: it is for derived keys, where it chooses the key, and a derived key cannot be
//! looked at for what it is bound to. The engine's `rewrap` takes no associated data, so a data key is
//! unwrapped and wrapped again here.
//!
//! When a version is made, older ones are closed for encryption (`min_encryption_version`). So no process
//! that has not heard of the new one wraps anything under the old one any more, and a count of what an
//! old version still wraps stays true.

mod login;
mod server;
mod wire;

pub use login::VaultLogin;
pub(crate) use login::life_in;
pub(crate) use wire::{key_in, sealed_in};

use crate::ask::{Asker, Repeat, base, to_json};
use crate::beside::Beside;
use crate::pace::Pace;
use crate::place::{Places, hash_of};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use egress::header::HeaderValue;
use egress::{Answer, Method};
use keys::{KEY_BYTES, Kek, KeyContext, KeyError, WrapHeader, Zeroizing};
use login::{Session, look_up};
use server::Place;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use wire::{Data, Decrypt, Encrypt, KeyConfig, KeyKind, KeyRing, NewKey, Trim};

const NAME: &str = "vault";
const FORMAT: u8 = 3;
/// One a day for 270 years.
const MOST_VERSIONS: u32 = 100_000;
const KIND: &str = "aes256-gcm96";
/// Nonce, ciphertext and tag.
const SEALED_BYTES: usize = 12 + KEY_BYTES + 16;
const FORBIDDEN_TOKEN: &str =
    "the token is not good any more; put a new one into token_file, or look at the role";

/// Which Vault, which key in it, and how to sign in.
#[derive(Clone)]
pub struct VaultSettings {
    /// Such as `https://vault.example.org:8200`.
    pub address: String,
    /// The namespace, if Vault has them.
    pub namespace: Option<String>,
    /// Where the transit engine is mounted, such as `transit`.
    pub mount: String,
    /// The name of the transit key, such as `bedside`.
    pub key: String,
    /// The authorities (PEM) that its certificate is signed by; `None`: the public ones.
    pub authority: Option<Vec<u8>>,
    /// How to sign in.
    pub login: VaultLogin,
    /// How long one answer may take.
    pub within: Duration,
}

/// Key-encryption keys in Vault.
pub struct VaultKek {
    inner: Arc<Inner>,
    beside: Beside,
}

struct Inner {
    place: Place,
    session: Session,
    mount: String,
    key: String,
    /// The newest version that was seen; 0 before there is one.
    newest: AtomicU32,
}

impl VaultKek {
    /// Signs in, looks for the key and tries it.
    ///
    /// # Errors
    /// [`KeyError::Setup`] when something in the settings or in Vault is not there,
    /// [`KeyError::Refused`] when the token or its policy is not enough; otherwise what stands in the way.
    pub fn open(settings: &VaultSettings, pace: Arc<dyn Pace>) -> Result<Self, KeyError> {
        let kek = Self::connect(settings, pace)?;
        kek.run(|vault| async move {
            vault.look().await?;
            vault.try_key().await
        })?;
        Ok(kek)
    }

    /// As [`Self::open`], but makes the key when there is none.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn create_or_open(settings: &VaultSettings, pace: Arc<dyn Pace>) -> Result<Self, KeyError> {
        let kek = Self::connect(settings, pace)?;
        kek.run(|vault| async move {
            if vault.find().await?.is_none() {
                vault.make_key().await?;
            }
            vault.look().await?;
            vault.try_key().await
        })?;
        Ok(kek)
    }

    fn connect(settings: &VaultSettings, pace: Arc<dyn Pace>) -> Result<Self, KeyError> {
        let setup = |what: &str| KeyError::Setup { provider: NAME, what: what.to_owned() };
        if !is_name(&settings.key) {
            return Err(setup("its key is a plain name, such as \"bedside\""));
        }
        let mounts = match &settings.login {
            VaultLogin::AppRole { mount, .. } => vec![mount, &settings.mount],
            VaultLogin::TokenFile(_) => vec![&settings.mount],
        };
        if !mounts.into_iter().all(|mount| is_path(mount)) {
            return Err(setup("mount and approle_mount are plain paths, such as \"transit\""));
        }
        let namespace = match &settings.namespace {
            None => None,
            Some(name) if is_path(name.trim_end_matches('/')) => HeaderValue::from_str(name).ok(),
            Some(_) => return Err(setup("its namespace is a plain path, such as \"clinic\"")),
        };
        let asker = Asker::new(NAME, settings.authority.as_deref(), settings.within, pace)?;
        let place = Place { asker, base: base(NAME, &settings.address)?, namespace };
        let inner = Arc::new(Inner {
            place,
            session: Session::new(settings.login.clone()),
            mount: settings.mount.clone(),
            key: settings.key.clone(),
            newest: AtomicU32::new(0),
        });
        let beside = Beside::start(NAME)?;
        let kept = Arc::clone(&inner);
        beside.keep_doing(async move { kept.session.stay_good(&kept.place).await });
        Ok(Self { inner, beside })
    }

    fn run<T, F>(&self, work: impl FnOnce(Arc<Inner>) -> F) -> Result<T, KeyError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, KeyError>> + Send + 'static,
    {
        self.beside.wait_for(work(Arc::clone(&self.inner)))
    }
}

impl Kek for VaultKek {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn waits(&self) -> bool {
        true
    }

    fn current_version(&self) -> u32 {
        self.inner.newest.load(Ordering::Relaxed)
    }

    fn versions(&self) -> Result<Vec<u32>, KeyError> {
        let ring = self.run(|vault| async move { vault.look().await })?;
        Ok((ring.first()..=ring.latest_version).collect())
    }

    fn wrap(&self, context: KeyContext<'_>, key: &[u8; KEY_BYTES]) -> Result<Vec<u8>, KeyError> {
        let places = Places::of(context);
        let key = Zeroizing::new(*key);
        self.run(|vault| async move { vault.wrap(&places, &key).await })
    }

    fn unwrap(
        &self,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
        let version = self.version_of(wrapped)?;
        let sealed = wrapped[WrapHeader::BYTES..].to_vec();
        let place = hash_of(context, version);
        self.run(|vault| async move { vault.unwrap(version, &sealed, &place).await })
    }

    fn create(&self) -> Result<u32, KeyError> {
        self.run(|vault| async move { vault.create().await })
    }

    fn destroy(&self, version: u32) -> Result<(), KeyError> {
        self.run(|vault| async move { vault.destroy(version).await })
    }

    fn health(&self) -> Result<(), KeyError> {
        self.run(|vault| async move { vault.look().await }).map(drop)
    }

    fn version_of(&self, wrapped: &[u8]) -> Result<u32, KeyError> {
        let (version, body) = WrapHeader::read(wrapped, FORMAT)?;
        // Vault takes version 0 for 1.
        if version > 0 && body.len() == SEALED_BYTES { Ok(version) } else { Err(KeyError::Open) }
    }
}

impl Inner {
    /// Asks with the token, and once more with another one when this one is refused.
    async fn ask(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&[u8]>,
        repeat: Repeat,
    ) -> Result<Answer, KeyError> {
        let token = self.session.token(&self.place).await?;
        let answer = self.place.send(method.clone(), path, Some(&token), body, repeat).await?;
        if answer.status.as_u16() != 403 {
            return Ok(answer);
        }
        if let Some(other) = self.session.instead_of(&token, &self.place).await? {
            let answer = self.place.send(method, path, Some(&other), body, repeat).await?;
            if answer.status.as_u16() != 403 {
                return Ok(answer);
            }
        }
        // Vault says the same of a bad token and of a policy that does not allow it.
        let token = self.session.token(&self.place).await?;
        look_up(&self.place, &token).await?;
        let what = "the token's policy does not allow it; docs/keys.md has the policy";
        Err(KeyError::Refused { provider: NAME, what })
    }

    /// `POST` of `body` to a path of the engine.
    async fn post<T: serde::Serialize>(
        &self,
        path: &[&str],
        body: &T,
        repeat: Repeat,
    ) -> Result<Answer, KeyError> {
        let path = [&[self.mount.as_str()], path].concat();
        self.ask(Method::POST, &path, Some(&to_json(body)?), repeat).await
    }

    /// The key as it is now, if there is one.
    async fn find(&self) -> Result<Option<KeyRing>, KeyError> {
        let path = [self.mount.as_str(), "keys", &self.key];
        let answer = self.ask(Method::GET, &path, None, Repeat::Harmless).await?;
        match answer.status.as_u16() {
            200 => {}
            404 => return Ok(None),
            _ => return Err(self.place.asker.odd("about the key")),
        }
        let body = answer.body.clone();
        let ring = self.place.read::<Data<KeyRing>>(answer, "about the key")?.data;
        let kind = serde_json::from_slice::<Data<KeyKind>>(&body);
        let kind = kind.map_err(|_| self.place.asker.odd("about the key"))?.data;
        if kind.kind != KIND || kind.derived {
            let what = format!(
                "the key {:?} must be of the type {KIND} and not derived; name another one as key",
                self.key
            );
            return Err(KeyError::Setup { provider: NAME, what });
        }
        // Nobody turns a key so often: a list of them would only fill the memory.
        if !(1..=MOST_VERSIONS).contains(&ring.latest_version) {
            return Err(self.place.asker.odd("about the key"));
        }
        self.newest.store(ring.latest_version, Ordering::Relaxed);
        Ok(Some(ring))
    }

    async fn look(&self) -> Result<KeyRing, KeyError> {
        self.find().await?.ok_or_else(|| self.no_key())
    }

    fn no_key(&self) -> KeyError {
        let what = format!(
            "there is no key {:?} in the transit engine at {:?}; look at key, mount and namespace, or \
             make it: vault write -f {}/keys/{} type={KIND}",
            self.key, self.mount, self.mount, self.key
        );
        KeyError::Setup { provider: NAME, what }
    }

    /// Whether the token may encrypt and decrypt, found out before somebody needs it.
    async fn try_key(&self) -> Result<(), KeyError> {
        let version = self.newest.load(Ordering::Relaxed);
        let key = Zeroizing::new([0; KEY_BYTES]);
        let sealed = self.encrypt(version, &key, &[0; 32]).await?.ok_or_else(|| self.no_key())?;
        self.unwrap(version, &sealed, &[0; 32]).await.map(drop)
    }

    async fn wrap(
        &self,
        places: &Places,
        key: &Zeroizing<[u8; KEY_BYTES]>,
    ) -> Result<Vec<u8>, KeyError> {
        // A version that was closed meanwhile is refused once; then the newest is known.
        for _ in 0..2 {
            let version = match self.newest.load(Ordering::Relaxed) {
                0 => self.look().await?.latest_version,
                version => version,
            };
            if let Some(sealed) = self.encrypt(version, key, &places.at(version)).await? {
                let mut out = Vec::with_capacity(WrapHeader::BYTES + SEALED_BYTES);
                WrapHeader { format: FORMAT, version }.write(&mut out);
                out.extend_from_slice(&sealed);
                return Ok(out);
            }
            self.look().await?;
        }
        let what = "it does not encrypt under its newest version; look at min_encryption_version";
        Err(KeyError::Refused { provider: NAME, what })
    }

    /// `None` when Vault does not encrypt under this version.
    async fn encrypt(
        &self,
        version: u32,
        key: &Zeroizing<[u8; KEY_BYTES]>,
        place: &[u8; 32],
    ) -> Result<Option<Vec<u8>>, KeyError> {
        let plaintext = Zeroizing::new(BASE64.encode(**key));
        let associated_data = BASE64.encode(place);
        let body = Encrypt {
            plaintext: &plaintext,
            associated_data: &associated_data,
            key_version: version,
        };
        let answer = self.post(&["encrypt", &self.key], &body, Repeat::Harmless).await?;
        match answer.status.as_u16() {
            200 => {}
            400 => return Ok(None),
            404 => return Err(self.no_key()),
            _ => return Err(self.place.asker.odd("to an encryption")),
        }
        let sealed = sealed_in(&answer.body, version);
        sealed.map(Some).ok_or_else(|| self.place.asker.odd("to an encryption"))
    }

    async fn unwrap(
        &self,
        version: u32,
        sealed: &[u8],
        place: &[u8; 32],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
        let ciphertext = format!("vault:v{version}:{}", BASE64.encode(sealed));
        let associated_data = BASE64.encode(place);
        let body = Decrypt { ciphertext: &ciphertext, associated_data: &associated_data };
        let answer = self.post(&["decrypt", &self.key], &body, Repeat::Harmless).await?;
        match answer.status.as_u16() {
            200 => {}
            400 => return Err(self.why_not(version).await?),
            404 => return Err(self.no_key()),
            _ => return Err(self.place.asker.odd("to a decryption")),
        }
        key_in(answer.body).ok_or_else(|| self.place.asker.odd("to a decryption"))
    }

    /// Vault says 400 for everything that is wrong with a ciphertext, in words that change. So the reason is
    /// looked for.
    async fn why_not(&self, version: u32) -> Result<KeyError, KeyError> {
        let ring = self.look().await?;
        Ok(if version > ring.latest_version || version < ring.min_available_version {
            KeyError::UnknownVersion(version)
        } else if version < ring.min_decryption_version {
            KeyError::Disabled { provider: NAME, version, state: "below min_decryption_version" }
        } else {
            KeyError::Open
        })
    }

    async fn make_key(&self) -> Result<(), KeyError> {
        let key =
            NewKey { kind: KIND, derived: false, exportable: false, allow_plaintext_backup: false };
        // Made twice it is still one.
        let answer = self.post(&["keys", &self.key], &key, Repeat::Harmless).await?;
        match answer.status.as_u16() {
            200 | 204 => Ok(()),
            404 => Err(self.no_key()),
            _ => Err(self.place.asker.odd("to a new key")),
        }
    }

    async fn create(&self) -> Result<u32, KeyError> {
        if self.find().await?.is_none() {
            self.make_key().await?;
        } else {
            let path = ["keys", &self.key, "rotate"];
            let answer = self.post(&path, &serde_json::json!({}), Repeat::IfUndone).await?;
            if !matches!(answer.status.as_u16(), 200 | 204) {
                return Err(self.place.asker.odd("to a rotation"));
            }
        }
        let newest = self.look().await?.latest_version;
        self.close_older(newest).await?;
        Ok(newest)
    }

    /// From now on nothing is encrypted under versions before `newest`.
    async fn close_older(&self, newest: u32) -> Result<(), KeyError> {
        let config = KeyConfig { min_encryption_version: Some(newest), ..KeyConfig::default() };
        self.configure(&config).await
    }

    async fn configure(&self, config: &KeyConfig) -> Result<(), KeyError> {
        let answer = self.post(&["keys", &self.key, "config"], config, Repeat::Harmless).await?;
        if matches!(answer.status.as_u16(), 200 | 204) {
            return Ok(());
        }
        Err(self.place.asker.odd("to a change of the key"))
    }

    /// Vault destroys from the oldest on: first it refuses to decrypt, then the material is trimmed. Stopped
    /// between the two, it can be called again.
    async fn destroy(&self, version: u32) -> Result<(), KeyError> {
        let ring = self.look().await?;
        let refused = |what| KeyError::Refused { provider: NAME, what };
        if version == ring.latest_version {
            return Err(KeyError::InUse(version));
        }
        if version > ring.latest_version || version < ring.min_available_version.max(1) {
            return Err(KeyError::UnknownVersion(version));
        }
        if version > ring.first() {
            return Err(refused("it destroys the oldest version first; retire that one before"));
        }
        if ring.min_encryption_version <= version {
            // Somebody may have wrapped something under it since the caller counted.
            self.close_older(ring.latest_version).await?;
            return Err(refused(
                "this version could still wrap; it is closed now. Run: bedside keys rotate --resume, and \
                 then retire it again",
            ));
        }
        let least = version + 1;
        if ring.min_decryption_version < least {
            let config = KeyConfig { min_decryption_version: Some(least), ..KeyConfig::default() };
            self.configure(&config).await?;
        }
        let trim = Trim { min_available_version: least };
        let answer = self.post(&["keys", &self.key, "trim"], &trim, Repeat::Harmless).await?;
        if matches!(answer.status.as_u16(), 200 | 204) {
            return Ok(());
        }
        Err(self.place.asker.odd("to the destruction of a version"))
    }
}

impl KeyRing {
    /// The oldest version that decrypts.
    fn first(self) -> u32 {
        self.min_decryption_version.max(self.min_available_version).max(1)
    }
}

/// As the engine wants names.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !text.is_empty() && text.len() <= 128 && text.chars().all(plain) && !text.starts_with('.')
}

fn is_path(text: &str) -> bool {
    !text.is_empty() && text.split('/').all(is_name)
}
