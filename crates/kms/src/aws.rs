//! Keys in AWS KMS: symmetric keys that never leave it, by its JSON API.
//!
//! KMS has no versions that can be destroyed one by one, so each version is a key of its own. Which one it is says
//! an alias, `alias/<prefix>-v<version>`: KMS itself is the only place that holds it, and an alias that exists is
//! never made over. A key that was made and has no alias yet, because the program was killed between the two,
//! wraps nothing; its description says what it was for.
//!
//! A wrapped key is `format 4 | key version | what KMS gave (up to 6,144 bytes)`. The place of a data key is bound
//! as encryption context. KMS logs that in the clear, so it is a hash.
//!
//! A destroyed version waits for its deletion at KMS, 7 to 30 days, and refuses everything meanwhile; its alias
//! goes with it.

mod credentials;
mod service;
mod signature;
mod wire;

pub use credentials::{AwsLogin, Credentials as AwsCredentials};
pub(crate) use service::{again, kind};
pub(crate) use wire::{key_in, sealed_in};

use crate::ask::{Asker, Repeat, base};
use crate::beside::Beside;
use crate::pace::Pace;
use crate::place::{Places, hash_of};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use credentials::Session;
use egress::Answer;
use keys::{KEY_BYTES, Kek, KeyContext, KeyError, WrapHeader, Zeroizing};
use service::{Fault, Service};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use wire::{
    Aliases, Context, CreateAlias, CreateKey, Decrypt, Described, Encrypt, ListAliases, Metadata,
    OfKey, ReEncrypt, ScheduleKeyDeletion,
};

const NAME: &str = "aws-kms";
const FORMAT: u8 = 4;
/// As KMS limits it, bytes.
const MAX_CIPHERTEXT_BYTES: usize = 6_144;
/// Versions that others may have made since we looked last.
const MAX_AHEAD: usize = 10_000;
/// More pages of aliases than an account may have.
const MAX_PAGES: u32 = 200;
/// A new alias is seen everywhere a little later: how often and how long that is waited for.
const LOOKS: u32 = 20;
const LOOK_MS: u64 = 500;
/// The place of the key that is tried at the start.
const TRIAL: [u8; 32] = [0; 32];

/// Which account and region, and which keys in it.
#[derive(Clone)]
pub struct AwsKmsSettings {
    /// Such as `eu-central-1`.
    pub region: String,
    /// Another address than the region's, such as a VPC endpoint.
    pub endpoint: Option<String>,
    /// What the aliases begin with, such as `bedside`.
    pub alias_prefix: String,
    /// How long a destroyed version waits for its deletion, 7 to 30 days.
    pub deletion_days: u32,
    /// The authorities (PEM) of the endpoint's certificate; `None`: the public ones.
    pub authority: Option<Vec<u8>>,
    /// Who asks.
    pub login: AwsLogin,
    /// How long one answer may take.
    pub within: Duration,
}

/// Key-encryption keys in AWS KMS.
pub struct AwsKmsKek {
    inner: Arc<Inner>,
    beside: Beside,
}

struct Inner {
    service: Service,
    prefix: String,
    deletion_days: u32,
    /// The newest version that was seen; 0 before there is one.
    newest: AtomicU32,
}

impl AwsKmsKek {
    /// Looks for the keys and tries the newest.
    ///
    /// # Errors
    /// [`KeyError::Setup`] when something in the settings or at KMS is not there, [`KeyError::Refused`] when
    /// the access key or its policy is not enough; otherwise what stands in the way.
    pub fn open(settings: &AwsKmsSettings, pace: Arc<dyn Pace>) -> Result<Self, KeyError> {
        let kek = Self::connect(settings, pace)?;
        kek.run(|kms| async move { kms.try_key().await })?;
        Ok(kek)
    }

    /// As [`Self::open`], but makes the first key when there is none.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn create_or_open(
        settings: &AwsKmsSettings,
        pace: Arc<dyn Pace>,
    ) -> Result<Self, KeyError> {
        let kek = Self::connect(settings, pace)?;
        kek.run(|kms| async move {
            if kms.list().await?.is_empty() {
                kms.create().await?;
            }
            kms.try_key().await
        })?;
        Ok(kek)
    }

    fn connect(settings: &AwsKmsSettings, pace: Arc<dyn Pace>) -> Result<Self, KeyError> {
        let setup = |what: &str| KeyError::Setup { provider: NAME, what: what.to_owned() };
        let plain = |text: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/');
            !text.is_empty() && text.len() <= 200 && text.chars().all(fits)
        };
        let region = &settings.region;
        if !plain(region) || region.contains(['/', '_']) {
            return Err(setup("its region is a name such as \"eu-central-1\""));
        }
        // AWS keeps names that begin so for itself.
        if !plain(&settings.alias_prefix) || settings.alias_prefix.starts_with("aws/") {
            return Err(setup("its alias_prefix is a plain name, such as \"bedside\""));
        }
        if !(7..=30).contains(&settings.deletion_days) {
            return Err(setup("its deletion_days are 7 to 30"));
        }
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let regional = format!("https://kms.{region}.{suffix}");
        let url = base(NAME, settings.endpoint.as_deref().unwrap_or(&regional))?;
        let asker = Asker::new(NAME, settings.authority.as_deref(), settings.within, pace)?;
        let session = Session::new(settings.login.clone());
        let inner = Arc::new(Inner {
            service: Service { asker, url, region: region.clone(), session },
            prefix: settings.alias_prefix.clone(),
            deletion_days: settings.deletion_days,
            newest: AtomicU32::new(0),
        });
        Ok(Self { inner, beside: Beside::start(NAME)? })
    }

    fn run<T, F>(&self, work: impl FnOnce(Arc<Inner>) -> F) -> Result<T, KeyError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, KeyError>> + Send + 'static,
    {
        self.beside.wait_for(work(Arc::clone(&self.inner)))
    }
}

impl Kek for AwsKmsKek {
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
        self.run(|kms| async move {
            let mut versions = Vec::new();
            for version in kms.list().await? {
                if kms.describe(version).await?.is_some_and(|key| !key.is_going()) {
                    versions.push(version);
                }
            }
            Ok(versions)
        })
    }

    fn wrap(&self, context: KeyContext<'_>, key: &[u8; KEY_BYTES]) -> Result<Vec<u8>, KeyError> {
        let (places, key) = (Places::of(context), Zeroizing::new(*key));
        self.run(|kms| async move {
            let version = kms.look_ahead().await?;
            kms.wrap(version, &key, &places.at(version)).await
        })
    }

    fn unwrap(
        &self,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
        let version = self.version_of(wrapped)?;
        let (sealed, place) = (wrapped[WrapHeader::BYTES..].to_vec(), hash_of(context, version));
        self.run(|kms| async move { kms.unwrap(version, &sealed, &place).await })
    }

    /// Inside KMS: the data key is not seen here.
    fn rewrap(&self, context: KeyContext<'_>, wrapped: &[u8]) -> Result<Vec<u8>, KeyError> {
        let old = self.version_of(wrapped)?;
        let (sealed, places) = (wrapped[WrapHeader::BYTES..].to_vec(), Places::of(context));
        self.run(|kms| async move { kms.rewrap(old, &sealed, &places).await })
    }

    fn create(&self) -> Result<u32, KeyError> {
        self.run(|kms| async move { kms.create().await })
    }

    fn destroy(&self, version: u32) -> Result<(), KeyError> {
        self.run(|kms| async move { kms.destroy(version).await })
    }

    fn health(&self) -> Result<(), KeyError> {
        self.run(|kms| async move {
            let version = kms.look_ahead().await?;
            let key = kms.describe(version).await?.ok_or_else(|| kms.no_key())?;
            match key.key_state.as_str() {
                "Enabled" => Ok(()),
                state => Err(unusable(version, state)),
            }
        })
    }

    fn version_of(&self, wrapped: &[u8]) -> Result<u32, KeyError> {
        let (version, body) = WrapHeader::read(wrapped, FORMAT)?;
        let fits = (1..=MAX_CIPHERTEXT_BYTES).contains(&body.len());
        if version > 0 && fits { Ok(version) } else { Err(KeyError::Open) }
    }
}

impl Inner {
    fn alias(&self, version: u32) -> String {
        format!("alias/{}-v{version}", self.prefix)
    }

    fn no_key(&self) -> KeyError {
        let what = format!(
            "there is no {} in {}; look at region and alias_prefix. For the first key: name the provider \
             that has the keys now as keys.previous and run: bedside keys rotate",
            self.alias(1),
            self.service.region
        );
        KeyError::Setup { provider: NAME, what }
    }

    fn odd(&self) -> KeyError {
        self.service.asker.odd("of another form")
    }

    /// Every version that has an alias, in rising order.
    async fn list(&self) -> Result<Vec<u32>, KeyError> {
        let (begin, mut marker, mut versions) = (self.alias(0), None::<String>, Vec::new());
        let begin = begin.trim_end_matches('0');
        for _ in 0..MAX_PAGES {
            let page = ListAliases { limit: 100, marker: marker.as_deref() };
            let answer = self.service.call("ListAliases", &page, Repeat::Harmless).await?;
            let page: Aliases = self.service.read(&answer.map_err(|_| self.odd())?)?;
            versions.extend(page.aliases.iter().filter_map(|alias| {
                let text = alias.alias_name.strip_prefix(begin)?;
                let version = text.parse::<u32>().ok()?;
                (version > 0 && version.to_string() == text).then_some(version)
            }));
            match page.next_marker.filter(|_| page.truncated) {
                Some(next) => marker = Some(next),
                None => {
                    versions.sort_unstable();
                    let newest = versions.last().copied().unwrap_or(0);
                    self.newest.fetch_max(newest, Ordering::Relaxed);
                    return Ok(versions);
                }
            }
        }
        Err(self.odd())
    }

    /// The key of a version, if there is one.
    async fn describe(&self, version: u32) -> Result<Option<Metadata>, KeyError> {
        let alias = self.alias(version);
        let key = OfKey { key_id: &alias };
        match self.service.call("DescribeKey", &key, Repeat::Harmless).await? {
            Ok(answer) => Ok(Some(self.service.read::<Described>(&answer)?.key_metadata)),
            Err(Fault::NotFound) => Ok(None),
            Err(_) => Err(self.odd()),
        }
    }

    /// The newest version, also when another process made it.
    async fn look_ahead(&self) -> Result<u32, KeyError> {
        let mut version = self.newest.load(Ordering::Relaxed);
        if version == 0 {
            return self.list().await?.last().copied().ok_or_else(|| self.no_key());
        }
        // Others make a version now and then: a service that knows every one that it is asked for is no
        // key service.
        for _ in 0..MAX_AHEAD {
            let Some(next) = version.checked_add(1) else { break };
            if self.describe(next).await?.is_none() {
                return Ok(version);
            }
            version = next;
            self.newest.fetch_max(version, Ordering::Relaxed);
        }
        Err(self.odd())
    }

    /// Whether this access key may encrypt and decrypt, found out before somebody needs it.
    async fn try_key(&self) -> Result<(), KeyError> {
        let version = self.look_ahead().await?;
        let wrapped = self.wrap(version, &Zeroizing::new([0; KEY_BYTES]), &TRIAL).await?;
        self.unwrap(version, &wrapped[WrapHeader::BYTES..], &TRIAL).await.map(drop)
    }

    async fn wrap(
        &self,
        version: u32,
        key: &Zeroizing<[u8; KEY_BYTES]>,
        place: &[u8; 32],
    ) -> Result<Vec<u8>, KeyError> {
        let (alias, place) = (self.alias(version), BASE64.encode(place));
        let plaintext = Zeroizing::new(BASE64.encode(**key));
        let body = Encrypt {
            key_id: &alias,
            plaintext: &plaintext,
            encryption_context: Context { bedside: &place },
        };
        match self.service.call("Encrypt", &body, Repeat::Harmless).await? {
            Ok(answer) => self.wrapped(version, &answer),
            Err(fault) => Err(self.why_not(version, fault).await?),
        }
    }

    fn wrapped(&self, version: u32, answer: &Answer) -> Result<Vec<u8>, KeyError> {
        let sealed = sealed_in(&answer.body).ok_or_else(|| self.odd())?;
        let mut out = Vec::with_capacity(WrapHeader::BYTES + sealed.len());
        WrapHeader { format: FORMAT, version }.write(&mut out);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    async fn unwrap(
        &self,
        version: u32,
        sealed: &[u8],
        place: &[u8; 32],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
        let (alias, place) = (self.alias(version), BASE64.encode(place));
        let body = Decrypt {
            key_id: &alias,
            ciphertext_blob: &BASE64.encode(sealed),
            encryption_context: Context { bedside: &place },
        };
        match self.service.call("Decrypt", &body, Repeat::Harmless).await? {
            Ok(answer) => key_in(answer.body).ok_or_else(|| self.odd()),
            Err(fault) => Err(self.why_not(version, fault).await?),
        }
    }

    async fn rewrap(&self, old: u32, sealed: &[u8], places: &Places) -> Result<Vec<u8>, KeyError> {
        let new = match self.newest.load(Ordering::Relaxed) {
            0 => self.look_ahead().await?,
            newest => newest,
        };
        let (source, destination) = (self.alias(old), self.alias(new));
        let (from, to) = (BASE64.encode(places.at(old)), BASE64.encode(places.at(new)));
        let body = ReEncrypt {
            ciphertext_blob: &BASE64.encode(sealed),
            source_key_id: &source,
            source_encryption_context: Context { bedside: &from },
            destination_key_id: &destination,
            destination_encryption_context: Context { bedside: &to },
        };
        match self.service.call("ReEncrypt", &body, Repeat::Harmless).await? {
            Ok(answer) => self.wrapped(new, &answer),
            Err(Fault::Ciphertext) => Err(KeyError::Open),
            // One of the two keys; KMS does not say which.
            Err(fault) => match self.describe(old).await? {
                Some(key) if key.key_state == "Enabled" => Err(self.why_not(new, fault).await?),
                _ => Err(self.why_not(old, fault).await?),
            },
        }
    }

    async fn why_not(&self, version: u32, fault: Fault) -> Result<KeyError, KeyError> {
        Ok(match fault {
            Fault::Ciphertext => KeyError::Open,
            Fault::NotFound => KeyError::UnknownVersion(version),
            Fault::AlreadyExists => self.odd(),
            Fault::Disabled | Fault::State => match self.describe(version).await? {
                Some(key) => unusable(version, &key.key_state),
                None => KeyError::UnknownVersion(version),
            },
        })
    }

    async fn create(&self) -> Result<u32, KeyError> {
        let version = self.list().await?.last().copied().unwrap_or(0).saturating_add(1);
        let alias = self.alias(version);
        let description = format!("Key-encryption key of Bedside, {alias}");
        let key = CreateKey {
            description: &description,
            key_spec: "SYMMETRIC_DEFAULT",
            key_usage: "ENCRYPT_DECRYPT",
        };
        // Twice would be a key that nobody needs and that costs.
        let answer = self.service.call("CreateKey", &key, Repeat::IfUndone).await?;
        let key: Described = self.service.read(&answer.map_err(|_| self.odd())?)?;
        let key_id = key.key_metadata.key_id;
        let name = CreateAlias { alias_name: &alias, target_key_id: &key_id };
        let named = self.service.call("CreateAlias", &name, Repeat::Harmless).await;
        for _ in 0..LOOKS {
            match self.describe(version).await {
                Ok(Some(there)) => {
                    if there.key_id != key_id {
                        // Another process was faster: its key is this version.
                        self.give_up(&key_id).await;
                    }
                    self.newest.fetch_max(version, Ordering::Relaxed);
                    return Ok(version);
                }
                Ok(None) if named.is_ok() => self.service.asker.pace.wait(LOOK_MS).await,
                _ => break,
            }
        }
        self.give_up(&key_id).await;
        Err(named.err().unwrap_or_else(|| self.odd()))
    }

    /// A key that got no alias. If this fails too, its description says that nothing needs it.
    async fn give_up(&self, key_id: &str) {
        let key = ScheduleKeyDeletion { key_id, pending_window_in_days: 7 };
        let _ = self.service.call("ScheduleKeyDeletion", &key, Repeat::Harmless).await;
    }

    async fn destroy(&self, version: u32) -> Result<(), KeyError> {
        if self.list().await?.last() == Some(&version) {
            return Err(KeyError::InUse(version));
        }
        let key = self.describe(version).await?.filter(|key| !key.is_going());
        let key = key.ok_or(KeyError::UnknownVersion(version))?;
        let deletion =
            ScheduleKeyDeletion { key_id: &key.key_id, pending_window_in_days: self.deletion_days };
        match self.service.call("ScheduleKeyDeletion", &deletion, Repeat::Harmless).await? {
            Ok(_) => Ok(()),
            // A first try did it, though its answer was lost.
            Err(Fault::State) => Ok(()),
            Err(fault) => Err(self.why_not(version, fault).await?),
        }
    }
}

impl Metadata {
    /// Whether it waits for its deletion.
    fn is_going(&self) -> bool {
        matches!(self.key_state.as_str(), "PendingDeletion" | "PendingReplicaDeletion")
    }
}

fn unusable(version: u32, state: &str) -> KeyError {
    let state = match state {
        "PendingDeletion" | "PendingReplicaDeletion" => "pending deletion",
        "Disabled" => "disabled",
        _ => "not ready",
    };
    KeyError::Disabled { provider: NAME, version, state }
}
