//! [`FakeVault`]: a double of Vault's transit engine, tokens and AppRole, since neither Vault nor OpenBao
//! can run here. It really encrypts, and refuses what `builtin/logical/transit` refuses, in its order.

use crate::host::{Asked, Fault, Host, Reply};
use crate::test_pace::TestPace;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kms::{Pace as _, VaultLogin, VaultSettings};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

pub const ROLE: &str = "role-id-of-bedside";

/// Longest time that a test waits for a request.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct FakeVault {
    host: Host,
    shared: Arc<Shared>,
    pub pace: Arc<TestPace>,
    folder: tempfile::TempDir,
    authority: Option<Vec<u8>>,
}

struct Shared {
    state: Mutex<State>,
    asked: Condvar,
}

pub struct State {
    pub keys: HashMap<String, Ring>,
    pub tokens: HashMap<String, GivenToken>,
    pub secret_id: String,
    /// What a login gives, seconds.
    pub lease_s: u64,
    pub namespace: Option<String>,
    pub faults: VecDeque<Fault>,
    /// Requests whose path ends so fail.
    failing: Option<(&'static str, Fault)>,
    /// `METHOD path` of every request.
    pub log: Vec<String>,
    /// Everything that was sent, for a look at what leaves the program.
    pub bodies: String,
    next_token: u32,
}

pub struct GivenToken {
    /// By the test's clock.
    pub ends_ms: Option<u64>,
    /// No renewal goes beyond it.
    pub last_ms: u64,
    pub renewable: bool,
    /// Whether its policy lets it use the engine.
    pub allowed: bool,
}

#[derive(Default)]
pub struct Ring {
    pub versions: BTreeMap<u32, [u8; 32]>,
    pub kind: String,
    pub derived: bool,
    pub min_decryption: u32,
    pub min_encryption: u32,
    pub min_available: u32,
}

impl Ring {
    pub fn new(kind: &str) -> Self {
        let mut ring = Self { kind: kind.to_owned(), min_decryption: 1, ..Self::default() };
        ring.rotate();
        ring
    }

    pub fn latest(&self) -> u32 {
        self.versions.last_key_value().map_or(0, |(version, _)| *version)
    }

    pub fn rotate(&mut self) {
        let mut key = [0; 32];
        rand::fill(&mut key).expect("random");
        self.versions.insert(self.latest() + 1, key);
    }
}

impl FakeVault {
    pub fn start() -> Self {
        Self::start_with(false)
    }

    /// With TLS by an authority of its own.
    pub fn start_with(tls: bool) -> Self {
        let pace = TestPace::new();
        let state = State {
            keys: HashMap::new(),
            tokens: HashMap::new(),
            secret_id: "secret-id-of-bedside".to_owned(),
            lease_s: 3_600,
            namespace: None,
            faults: VecDeque::new(),
            failing: None,
            log: Vec::new(),
            bodies: String::new(),
            next_token: 0,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), asked: Condvar::new() });
        let (answering, clock) = (Arc::clone(&shared), Arc::clone(&pace));
        let (config, authority) = if tls { certificate() } else { (None, None) };
        let host = Host::start(config, move |asked| {
            let mut state = answering.state.lock().expect("no panic");
            let reply = state.answer(&asked, clock.now_ms());
            drop(state);
            answering.asked.notify_all();
            reply
        });
        let folder = tempfile::tempdir().expect("a folder");
        let this = Self { host, shared, pace, folder, authority };
        let token = this.give_token(None, true);
        this.write("token", &token);
        this.write("secret-id", "secret-id-of-bedside");
        this
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("no panic")
    }

    /// A new token with this life in seconds.
    pub fn give_token(&self, ttl_s: Option<u64>, renewable: bool) -> String {
        let now_ms = self.pace.now_ms();
        self.state().give_token(now_ms, ttl_s, renewable)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, format!("{text}\n")).expect("writes");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("chmod");
        path
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn settings(&self) -> VaultSettings {
        VaultSettings {
            address: self.host.url(),
            namespace: None,
            mount: "transit".to_owned(),
            key: "bedside".to_owned(),
            authority: self.authority.clone(),
            login: VaultLogin::TokenFile(self.path("token")),
            within: Duration::from_secs(30),
        }
    }

    pub fn by_role(&self) -> VaultSettings {
        let login = VaultLogin::AppRole {
            mount: "approle".to_owned(),
            role_id: ROLE.to_owned(),
            secret_id_file: self.path("secret-id"),
        };
        VaultSettings { login, ..self.settings() }
    }

    /// The next so many requests fail.
    pub fn fail(&self, times: usize, fault: Fault) {
        self.state().faults.extend(std::iter::repeat_n(fault, times));
    }

    /// How often this was asked.
    pub fn count(&self, path: &str) -> usize {
        self.state().count(path)
    }

    /// Waits until this was asked so often.
    pub fn wait_for(&self, path: &str, times: usize) {
        let state = self.state();
        let waiting = |state: &mut State| state.count(path) < times;
        let (state, timeout) =
            self.shared.asked.wait_timeout_while(state, PATIENCE, waiting).expect("no panic");
        drop(state);
        assert!(!timeout.timed_out(), "{path} was not asked {times} times");
    }
}

impl State {
    fn count(&self, path: &str) -> usize {
        self.log.iter().filter(|line| line.ends_with(path)).count()
    }

    pub fn fail_only(&mut self, end: &'static str, fault: Fault) {
        self.failing = Some((end, fault));
    }

    pub fn fail_nothing(&mut self) {
        self.failing = None;
    }

    fn give_token(&mut self, now_ms: u64, ttl_s: Option<u64>, renewable: bool) -> String {
        self.next_token += 1;
        let token = format!("hvs.double{}", self.next_token);
        let ends_ms = ttl_s.map(|ttl_s| now_ms + ttl_s * 1_000);
        let last_ms = now_ms + 4 * 3_600_000;
        self.tokens
            .insert(token.clone(), GivenToken { ends_ms, last_ms, renewable, allowed: true });
        token
    }

    fn answer(&mut self, asked: &Asked, now_ms: u64) -> Reply {
        self.log.push(format!("{} {}", asked.method, asked.path));
        self.bodies.push_str(&String::from_utf8_lossy(&asked.body));
        if let Some(fault) = self.faults.pop_front() {
            return fault.reply();
        }
        if let Some((end, fault)) = self.failing
            && asked.path.ends_with(end)
        {
            return fault.reply();
        }
        if asked.headers.get("x-vault-namespace") != self.namespace.as_ref() {
            return errors(403, "permission denied");
        }
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or(Value::Null);
        let path: Vec<&str> = asked.path.trim_start_matches("/v1/").split('/').collect();
        if path == ["auth", "approle", "login"] {
            return self.log_in(&body, now_ms);
        }
        let Some(name) = asked.headers.get("x-vault-token") else {
            return errors(400, "missing client token");
        };
        let Some(token) = self.tokens.get_mut(name) else {
            return errors(403, "permission denied");
        };
        if token.ends_ms.is_some_and(|ends_ms| now_ms >= ends_ms) {
            self.tokens.remove(name);
            return errors(403, "permission denied");
        }
        if path[0] == "auth" {
            return of_token(token, name, path[path.len() - 1], now_ms);
        }
        if path[0] != "transit" {
            return errors(404, "no handler for route");
        }
        if !token.allowed {
            return errors(403, "permission denied");
        }
        self.transit(&asked.method, &path[1..], &body)
    }

    fn log_in(&mut self, body: &Value, now_ms: u64) -> Reply {
        if body["role_id"] != ROLE || body["secret_id"] != self.secret_id.as_str() {
            return errors(400, "invalid role or secret ID");
        }
        let (lease_s, renewable) = (self.lease_s, true);
        let token = self.give_token(now_ms, Some(lease_s), renewable);
        auth(&token, lease_s, renewable)
    }

    fn transit(&mut self, method: &str, path: &[&str], body: &Value) -> Reply {
        match (method, path) {
            ("GET", ["keys", name]) => match self.keys.get(*name) {
                Some(ring) => ring.formatted(),
                None => Reply::Json(404, r#"{"errors":[]}"#.to_owned()),
            },
            ("POST", ["keys", name]) => {
                let kind = body["type"].as_str().unwrap_or("aes256-gcm96");
                self.keys.entry((*name).to_owned()).or_insert_with(|| Ring::new(kind)).formatted()
            }
            ("POST", [action @ ("encrypt" | "decrypt"), name]) => match self.keys.get(*name) {
                Some(ring) if *action == "encrypt" => ring.encrypt(body),
                Some(ring) => ring.decrypt(body),
                // To make one by encrypting takes the capability "create", which ours has not.
                None if *action == "encrypt" => errors(403, "permission denied"),
                None => errors(400, "encryption key not found"),
            },
            ("POST", ["keys", name, action]) => match (self.keys.get_mut(*name), *action) {
                (None, _) => errors(400, "no existing key"),
                (Some(ring), "rotate") => {
                    ring.rotate();
                    ring.formatted()
                }
                (Some(ring), "config") => ring.configure(body),
                (Some(ring), "trim") => ring.trim(body),
                _ => errors(404, "unsupported path"),
            },
            _ => errors(405, "unsupported operation"),
        }
    }
}

impl Ring {
    fn formatted(&self) -> Reply {
        let created = |(version, _): (&u32, _)| (version.to_string(), json!(1_442_851_412));
        let keys: serde_json::Map<_, _> =
            self.versions.range(self.min_decryption..).map(created).collect();
        data(&json!({
            "type": self.kind,
            "derived": self.derived,
            "exportable": false,
            "latest_version": self.latest(),
            "min_available_version": self.min_available,
            "min_decryption_version": self.min_decryption,
            "min_encryption_version": self.min_encryption,
            "keys": keys,
            "name": "bedside",
            "supports_encryption": true,
        }))
    }

    fn encrypt(&self, body: &Value) -> Reply {
        let Some(plain) = decode(&body["plaintext"]) else { return errors(400, "illegal base64") };
        let asked = number(&body["key_version"]);
        let version = if asked == 0 { self.latest() } else { asked };
        if version > self.latest() {
            return errors(400, "requested version for encryption is higher than the latest");
        }
        if version < self.min_encryption {
            return errors(400, "requested version for encryption is less than the minimum");
        }
        let Some(aad) = decode(&body["associated_data"]) else {
            return errors(400, "illegal base64");
        };
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).expect("random");
        let mut sealed = plain;
        let key = aead(&self.versions[&version]);
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut sealed,
        )
        .expect("encrypts");
        let text = BASE64.encode([nonce.as_slice(), &sealed].concat());
        data(&json!({ "ciphertext": format!("vault:v{version}:{text}"), "key_version": version }))
    }

    fn decrypt(&self, body: &Value) -> Reply {
        let text = body["ciphertext"].as_str().unwrap_or_default();
        let Some((version, sealed)) =
            text.strip_prefix("vault:v").and_then(|text| text.split_once(':'))
        else {
            return errors(400, "invalid ciphertext: no prefix");
        };
        let Ok(version) = version.parse::<u32>() else {
            return errors(400, "invalid ciphertext: version number could not be decoded");
        };
        // As the first Vaults counted.
        let version = version.max(1);
        if version > self.latest() {
            return errors(400, "invalid ciphertext: version is too new");
        }
        if version < self.min_decryption {
            return errors(
                400,
                "ciphertext or signature version is disallowed by policy (too old)",
            );
        }
        let (Ok(sealed), Some(aad)) = (BASE64.decode(sealed), decode(&body["associated_data"]))
        else {
            return errors(400, "invalid ciphertext: could not decode base64");
        };
        let Some((nonce, sealed)) = sealed.split_first_chunk::<NONCE_LEN>() else {
            return errors(400, "invalid ciphertext length");
        };
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        match aead(&self.versions[&version]).open_in_place(nonce, Aad::from(aad), &mut sealed) {
            Ok(plain) => data(&json!({ "plaintext": BASE64.encode(plain) })),
            Err(_) => errors(400, "cipher: message authentication failed"),
        }
    }

    fn configure(&mut self, body: &Value) -> Reply {
        let or = |value: &Value, old: u32| if value.is_null() { old } else { number(value) };
        let decryption = or(&body["min_decryption_version"], self.min_decryption).max(1);
        let encryption = or(&body["min_encryption_version"], self.min_encryption);
        if decryption > self.latest() || encryption > self.latest() {
            return errors(400, "latest key version is lower");
        }
        if encryption > 0 && encryption < decryption {
            return errors(400, "cannot set min encryption/decryption values");
        }
        if self.min_available > encryption || self.min_available > decryption {
            return errors(400, "should not be less than min available version");
        }
        (self.min_decryption, self.min_encryption) = (decryption, encryption);
        self.formatted()
    }

    fn trim(&mut self, body: &Value) -> Reply {
        let least = number(&body["min_available_version"]);
        if least == 0
            || least < self.min_available
            || self.min_encryption == 0
            || self.min_decryption == 0
            || least > self.min_encryption
            || least > self.min_decryption
        {
            return errors(400, "minimum available version cannot be that");
        }
        self.min_available = least;
        self.versions.retain(|version, _| *version >= least);
        self.formatted()
    }
}

fn of_token(token: &mut GivenToken, name: &str, action: &str, now_ms: u64) -> Reply {
    match action {
        "lookup-self" => {
            let ttl_s = token.ends_ms.map_or(0, |ends_ms| (ends_ms - now_ms) / 1_000);
            data(&json!({ "id": name, "ttl": ttl_s, "renewable": token.renewable }))
        }
        "renew-self" if !token.renewable => errors(400, "lease is not renewable"),
        "renew-self" => {
            let ends_ms = (now_ms + 3_600_000).min(token.last_ms);
            token.ends_ms = Some(ends_ms);
            auth(name, (ends_ms - now_ms) / 1_000, true)
        }
        _ => errors(404, "unsupported path"),
    }
}

fn auth(token: &str, lease_s: u64, renewable: bool) -> Reply {
    let auth = json!({ "client_token": token, "lease_duration": lease_s, "renewable": renewable, "policies": [] });
    Reply::Json(200, json!({ "auth": auth, "data": null }).to_string())
}

fn data(data: &Value) -> Reply {
    Reply::Json(200, json!({ "request_id": "double", "lease_id": "", "data": data }).to_string())
}

fn errors(status: u16, what: &str) -> Reply {
    Reply::Json(status, json!({ "errors": [what] }).to_string())
}

fn decode(value: &Value) -> Option<Vec<u8>> {
    BASE64.decode(value.as_str().unwrap_or_default()).ok()
}

fn number(value: &Value) -> u32 {
    value.as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
}

fn aead(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes"))
}

type Tls = (Option<Arc<rustls::ServerConfig>>, Option<Vec<u8>>);

/// A certificate for `localhost` that signs itself, and it as an authority.
pub fn certificate() -> Tls {
    let ours = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("one");
    let key = rustls::pki_types::PrivateKeyDer::try_from(ours.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![ours.cert.der().clone()], key.expect("a key"))
        .expect("a configuration");
    (Some(Arc::new(config)), Some(ours.cert.pem().into_bytes()))
}
