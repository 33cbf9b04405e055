//! [`FakeKms`]: a double of AWS KMS, which cannot run here. It really encrypts, computes every signature again from
//! what arrived, and refuses what the service refuses: above all a key that waits for its deletion.

use crate::host::{Asked, Fault, Host, Reply};
use crate::test_pace::TestPace;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use keys::Zeroizing;
use kms::{AwsCredentials, AwsKmsSettings, AwsLogin, Pace as _};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

pub const REGION: &str = "eu-central-1";
const KEY_ID_BYTES: usize = 36;

pub struct FakeKms {
    host: Host,
    state: Arc<Mutex<State>>,
    pub pace: Arc<TestPace>,
}

pub struct State {
    pub keys: HashMap<String, Key>,
    /// Of names to ids.
    pub aliases: BTreeMap<String, String>,
    /// Access keys: secret, and session token.
    pub users: HashMap<String, (String, Option<String>)>,
    /// Actions that nobody may do.
    pub denied: Vec<&'static str>,
    pub faults: VecDeque<Fault>,
    /// These actions fail so, for as long as it is set.
    pub failing: Option<(&'static str, u16, &'static str)>,
    /// How often a new alias is not seen yet.
    pub late_looks: u32,
    /// Makes this alias just before the caller does.
    pub faster: Option<String>,
    pub log: Vec<String>,
    pub bodies: String,
    /// How far the service's clock is ahead, ms.
    pub ahead_ms: u64,
    next: u32,
}

pub struct Key {
    material: [u8; 32],
    pub state: &'static str,
    pub pending_days: Option<u64>,
}

impl FakeKms {
    pub fn start() -> Self {
        let pace = TestPace::new();
        let users = [("AKIADOUBLE".to_owned(), ("secret/of+double".to_owned(), None))];
        let state = Arc::new(Mutex::new(State {
            keys: HashMap::new(),
            aliases: [("alias/aws/s3".to_owned(), "0".repeat(KEY_ID_BYTES))].into(),
            users: users.into(),
            denied: Vec::new(),
            faults: VecDeque::new(),
            failing: None,
            late_looks: 0,
            faster: None,
            log: Vec::new(),
            bodies: String::new(),
            ahead_ms: 0,
            next: 0,
        }));
        let (answering, clock) = (Arc::clone(&state), Arc::clone(&pace));
        let host = Host::start(None, move |asked| {
            let mut state = answering.lock().expect("no panic");
            let now_ms = clock.unix_ms() + state.ahead_ms;
            match state.answer(&asked, now_ms) {
                Ok(reply) => reply,
                Err((status, kind)) => refusal(status, kind, now_ms),
            }
        });
        Self { host, state, pace }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    pub fn credentials(&self) -> AwsCredentials {
        AwsCredentials {
            access_key_id: "AKIADOUBLE".to_owned(),
            secret: Zeroizing::new("secret/of+double".to_owned()),
            session_token: None,
        }
    }

    pub fn settings(&self) -> AwsKmsSettings {
        AwsKmsSettings {
            region: REGION.to_owned(),
            endpoint: Some(self.host.url()),
            alias_prefix: "bedside".to_owned(),
            deletion_days: 7,
            authority: None,
            login: AwsLogin::Given(self.credentials()),
            within: Duration::from_secs(30),
        }
    }

    pub fn count(&self, action: &str) -> usize {
        self.state().log.iter().filter(|asked| *asked == action).count()
    }

    pub fn fail(&self, times: usize, fault: Fault) {
        self.state().faults.extend(std::iter::repeat_n(fault, times));
    }

    /// The key behind an alias, as its operator sees it.
    pub fn change(&self, alias: &str, change: impl FnOnce(&mut Key)) {
        let mut state = self.state();
        let id = state.aliases[alias].clone();
        change(state.keys.get_mut(&id).expect("there"));
    }
}

type Refused = (u16, &'static str);
const INVALID: Refused = (400, "ValidationException");
const NOT_FOUND: Refused = (400, "NotFoundException");
const CIPHERTEXT: Refused = (400, "InvalidCiphertextException");

impl State {
    fn answer(&mut self, asked: &Asked, now_ms: u64) -> Result<Reply, Refused> {
        let target = asked.headers.get("x-amz-target").map(String::as_str).unwrap_or_default();
        let action = target.strip_prefix("TrentService.").unwrap_or_default().to_owned();
        self.log.push(action.clone());
        self.bodies.push_str(&String::from_utf8_lossy(&asked.body));
        if let Some(fault) = self.faults.pop_front() {
            return Ok(fault.reply());
        }
        if let Some((failing, status, kind)) = self.failing
            && failing == action
        {
            return if status == 0 { Ok(Fault::BreaksOff.reply()) } else { Err((status, kind)) };
        }
        self.check_signature(asked, now_ms)?;
        if self.denied.contains(&action.as_str()) {
            return Err((400, "AccessDeniedException"));
        }
        let body: Value =
            serde_json::from_slice(&asked.body).map_err(|_| (400, "SerializationException"))?;
        self.act(&action, &body).map(|answer| Reply::Json(200, answer.to_string()))
    }

    fn act(&mut self, action: &str, body: &Value) -> Result<Value, Refused> {
        match action {
            "Encrypt" => {
                let plain = blob(&body["Plaintext"])?;
                let (id, _) = self.usable(&body["KeyId"])?;
                let sealed = self.seal(&id, plain, &body["EncryptionContext"]);
                Ok(json!({ "CiphertextBlob": sealed, "KeyId": arn(&id) }))
            }
            "Decrypt" => {
                let (id, _) = self.usable(&body["KeyId"])?;
                let plain = self.open(&id, &body["CiphertextBlob"], &body["EncryptionContext"])?;
                Ok(json!({ "Plaintext": BASE64.encode(plain), "KeyId": arn(&id) }))
            }
            "ReEncrypt" => {
                let (from, _) = self.usable(&body["SourceKeyId"])?;
                let (to, _) = self.usable(&body["DestinationKeyId"])?;
                let context = &body["SourceEncryptionContext"];
                let plain = self.open(&from, &body["CiphertextBlob"], context)?;
                let sealed = self.seal(&to, plain, &body["DestinationEncryptionContext"]);
                Ok(
                    json!({ "CiphertextBlob": sealed, "SourceKeyId": arn(&from), "KeyId": arn(&to) }),
                )
            }
            "DescribeKey" => {
                if self.late_looks > 0 {
                    self.late_looks -= 1;
                    return Err(NOT_FOUND);
                }
                let id = self.id(&body["KeyId"])?;
                Ok(self.metadata(&id))
            }
            "CreateKey" => {
                if body["KeySpec"] != "SYMMETRIC_DEFAULT" || body["KeyUsage"] != "ENCRYPT_DECRYPT" {
                    return Err(INVALID);
                }
                let id = self.make_key();
                Ok(self.metadata(&id))
            }
            "CreateAlias" => {
                let name = text(&body["AliasName"])?;
                if let Some(faster) = self.faster.take() {
                    let id = self.make_key();
                    self.aliases.insert(faster, id);
                }
                let target = text(&body["TargetKeyId"])?;
                if !self.keys.contains_key(&target) {
                    return Err(NOT_FOUND);
                }
                if self.aliases.contains_key(&name) {
                    return Err((400, "AlreadyExistsException"));
                }
                self.aliases.insert(name, target);
                Ok(Value::Null)
            }
            "ListAliases" => Ok(self.list(body)),
            "ScheduleKeyDeletion" => {
                let id = text(&body["KeyId"])?;
                // Takes no alias.
                let key = self.keys.get_mut(&id).ok_or(NOT_FOUND)?;
                let days = body["PendingWindowInDays"].as_u64().unwrap_or(30);
                if !(7..=30).contains(&days) {
                    return Err(INVALID);
                }
                if key.state == "PendingDeletion" {
                    return Err((400, "KMSInvalidStateException"));
                }
                (key.state, key.pending_days) = ("PendingDeletion", Some(days));
                Ok(json!({ "KeyId": arn(&id), "KeyState": "PendingDeletion" }))
            }
            _ => Err((400, "UnknownOperationException")),
        }
    }

    /// Two to a page, so that there is always a next one.
    fn list(&self, body: &Value) -> Value {
        let begin: usize = body["Marker"].as_str().and_then(|n| n.parse().ok()).unwrap_or(0);
        let one = |(name, id): (&String, &String)| json!({ "AliasName": name, "AliasArn": format!("arn:aws:kms:{name}"), "TargetKeyId": id });
        let page: Vec<Value> = self.aliases.iter().skip(begin).take(2).map(one).collect();
        let truncated = begin + 2 < self.aliases.len();
        let mut answer = json!({ "Aliases": page, "Truncated": truncated });
        if truncated {
            answer["NextMarker"] = json!((begin + 2).to_string());
        }
        answer
    }

    pub fn make_key(&mut self) -> String {
        self.next += 1;
        let id = format!("{:08x}-1234-1234-1234-123456789012", self.next);
        let mut material = [0; 32];
        rand::fill(&mut material).expect("random");
        self.keys.insert(id.clone(), Key { material, state: "Enabled", pending_days: None });
        id
    }

    fn metadata(&self, id: &str) -> Value {
        json!({ "KeyMetadata": { "KeyId": id, "Arn": arn(id), "KeyState": self.keys[id].state,
                "Enabled": self.keys[id].state == "Enabled", "KeySpec": "SYMMETRIC_DEFAULT" } })
    }

    /// Of an alias, an id or nothing.
    fn id(&self, name: &Value) -> Result<String, Refused> {
        let name = text(name)?;
        let id = self.aliases.get(&name).unwrap_or(&name);
        if self.keys.contains_key(id) { Ok(id.clone()) } else { Err(NOT_FOUND) }
    }

    fn usable(&self, name: &Value) -> Result<(String, &Key), Refused> {
        let id = self.id(name)?;
        let key = &self.keys[&id];
        match key.state {
            "Enabled" => Ok((id, key)),
            "Disabled" => Err((400, "DisabledException")),
            _ => Err((400, "KMSInvalidStateException")),
        }
    }

    fn seal(&self, id: &str, plain: Vec<u8>, context: &Value) -> String {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).expect("random");
        let mut sealed = plain;
        aead(&self.keys[id].material)
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context.to_string()),
                &mut sealed,
            )
            .expect("encrypts");
        BASE64.encode([id.as_bytes(), &nonce, &sealed].concat())
    }

    fn open(&self, id: &str, sealed: &Value, context: &Value) -> Result<Vec<u8>, Refused> {
        let sealed = blob(sealed)?;
        let (of, sealed) = sealed.split_at_checked(KEY_ID_BYTES).ok_or(CIPHERTEXT)?;
        let of = std::str::from_utf8(of).map_err(|_| CIPHERTEXT)?;
        if !self.keys.contains_key(of) {
            return Err(CIPHERTEXT);
        }
        if of != id {
            return Err((400, "IncorrectKeyException"));
        }
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(CIPHERTEXT)?;
        let (nonce, mut sealed) = (Nonce::assume_unique_for_key(*nonce), sealed.to_vec());
        aead(&self.keys[id].material)
            .open_in_place(nonce, Aad::from(context.to_string()), &mut sealed)
            .map(|plain| plain.to_vec())
            .map_err(|_| CIPHERTEXT)
    }

    /// Computes the signature from what arrived, by the headers that it says it covers.
    fn check_signature(&self, asked: &Asked, now_ms: u64) -> Result<(), Refused> {
        const INCOMPLETE: Refused = (400, "IncompleteSignatureException");
        const WRONG: Refused = (400, "InvalidSignatureException");
        let header = |name: &str| asked.headers.get(name).map(String::as_str);
        let text = header("authorization").ok_or((400, "MissingAuthenticationTokenException"))?;
        let text = text.strip_prefix("AWS4-HMAC-SHA256 ").ok_or(INCOMPLETE)?;
        let parts: HashMap<&str, &str> =
            text.split(", ").filter_map(|part| part.split_once('=')).collect();
        let part = |name| parts.get(name).copied().ok_or(INCOMPLETE);
        let (id, scope) = part("Credential")?.split_once('/').ok_or(INCOMPLETE)?;
        let names: Vec<&str> = part("SignedHeaders")?.split(';').collect();
        let (secret, token) = self.users.get(id).ok_or((400, "UnrecognizedClientException"))?;
        if header("x-amz-security-token") != token.as_deref() {
            return Err((400, "UnrecognizedClientException"));
        }
        let must = |name: &&String| *name == "host" || name.starts_with("x-amz-");
        if !names.is_sorted()
            || !asked.headers.keys().filter(must).all(|n| names.contains(&n.as_str()))
        {
            return Err(WRONG);
        }
        let date = header("x-amz-date").ok_or(INCOMPLETE)?;
        let near = [0, 240_000].iter().any(|back| *date == *date_of(now_ms - back))
            || date == date_of(now_ms + 240_000);
        if !near || scope != format!("{}/{REGION}/kms/aws4_request", &date[..8]) {
            return Err(WRONG);
        }
        let lines: String =
            names.iter().map(|n| format!("{n}:{}\n", header(n).unwrap_or_default())).collect();
        let canonical = format!(
            "{}\n{}\n\n{lines}\n{}\n{}",
            asked.method,
            asked.path,
            names.join(";"),
            hex(digest::digest(&digest::SHA256, &asked.body).as_ref())
        );
        let hashed = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashed}");
        let begin = format!("AWS4{secret}").into_bytes();
        let mac = |key: Vec<u8>, text: &str| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes()).as_ref().to_vec()
        };
        let key = scope.split('/').fold(begin, mac);
        if part("Signature")? == hex(&mac(key, &to_sign)) { Ok(()) } else { Err(WRONG) }
    }
}

fn date_of(unix_ms: u64) -> String {
    let seconds = i64::try_from(unix_ms / 1_000).expect("a date");
    let t = time::OffsetDateTime::from_unix_timestamp(seconds).expect("a date");
    let (year, month, day) = t.to_calendar_date();
    let (hour, minute, second) = t.to_hms();
    format!("{year:04}{:02}{day:02}T{hour:02}{minute:02}{second:02}Z", u8::from(month))
}

fn refusal(status: u16, kind: &str, now_ms: u64) -> Reply {
    let date = std::time::UNIX_EPOCH + Duration::from_millis(now_ms);
    let body = json!({ "__type": format!("com.amazonaws.kms#{kind}"), "message": "double" });
    Reply::Dated(status, httpdate::fmt_http_date(date), body.to_string())
}

fn arn(id: &str) -> String {
    format!("arn:aws:kms:{REGION}:111122223333:key/{id}")
}

fn text(value: &Value) -> Result<String, Refused> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned).ok_or(INVALID)
}

fn blob(value: &Value) -> Result<Vec<u8>, Refused> {
    let bytes = BASE64.decode(value.as_str().unwrap_or_default()).map_err(|_| INVALID)?;
    if (1..=6_144).contains(&bytes.len()) { Ok(bytes) } else { Err(INVALID) }
}

fn aead(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
