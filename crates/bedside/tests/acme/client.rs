//! An ACME client that a test leads by the hand, so that each field of a request can be wrong.

use crate::authority::AuthorityDouble;
use crate::common::https::{self, trusting};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, LOCATION};
use rustls::ClientConfig;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;

pub struct Client {
    pub key: EcdsaKeyPair,
    /// The address of the account, once there is one.
    pub account: Option<String>,
    base: String,
    address: SocketAddr,
    trust: Arc<ClientConfig>,
}

/// A request before it is signed.
pub struct Draft {
    pub path: String,
    pub content_type: &'static str,
    pub protected: Value,
    pub payload: String,
}

pub struct Reply {
    pub status: u16,
    pub location: String,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("JSON, not {}", self.text))
    }

    /// Status and kind of a refusal.
    pub fn refusal(&self) -> (u16, String) {
        let kind = self.json()["type"].as_str().unwrap_or_default().to_owned();
        (self.status, kind.replace("urn:ietf:params:acme:error:", ""))
    }
}

impl Client {
    pub fn new(authority: &AuthorityDouble) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let address = authority.address();
        let trust = trusting(&[authority.root()]);
        Self { key, account: None, base: format!("https://{address}"), address, trust }
    }

    /// With an account.
    pub async fn registered(authority: &AuthorityDouble) -> Self {
        let mut this = Self::new(authority);
        let reply = this.post("/new-account", r#"{"termsOfServiceAgreed":true}"#).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        this.account = Some(reply.location);
        this
    }

    /// Places an order, and gives the addresses of the order and its first authorization.
    pub async fn order(&self, name: &str) -> (String, String) {
        let wanted = json!({ "identifiers": [{ "type": "dns", "value": name }] });
        let reply = self.post("/new-order", &wanted.to_string()).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let authorization = reply.json()["authorizations"][0].as_str().map(str::to_owned);
        (reply.location, authorization.expect("an order has an authorization"))
    }

    /// The challenge tls-alpn-01 of an authorization: its address, and the proof for it.
    pub async fn challenge(&self, authorization: &str) -> (String, [u8; 32]) {
        let reply = self.get(authorization).await.json();
        let challenges = reply["challenges"].as_array().expect("challenges are a list");
        let challenge = challenges.iter().find(|c| c["type"] == "tls-alpn-01");
        let challenge = challenge.expect("the challenge is offered");
        let text = |field: &str| challenge[field].as_str().expect("a text").to_owned();
        let jwk = self.jwk();
        let canonical =
            format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
        let proof = digest(&SHA256, format!("{}.{thumbprint}", text("token")).as_bytes());
        (text("url"), proof.as_ref().try_into().expect("32 bytes"))
    }

    /// POST-as-GET.
    pub async fn get(&self, url: &str) -> Reply {
        self.post(url, "").await
    }

    /// A request without a mistake. `to` is a path or a whole address.
    pub async fn post(&self, to: &str, payload: &str) -> Reply {
        let draft = self.draft(to, payload).await;
        self.send(&draft).await
    }

    pub async fn draft(&self, to: &str, payload: &str) -> Draft {
        let path = to.strip_prefix(&self.base).unwrap_or(to).to_owned();
        let mut protected = json!({
            "alg": "ES256",
            "nonce": self.nonce().await,
            "url": format!("{}{path}", self.base),
        });
        match &self.account {
            Some(account) => protected["kid"] = account.as_str().into(),
            None => protected["jwk"] = self.jwk(),
        }
        let content_type = "application/jose+json";
        Draft { path, content_type, protected, payload: payload.to_owned() }
    }

    pub async fn send(&self, draft: &Draft) -> Reply {
        self.send_signed_by(&self.key, draft).await
    }

    pub async fn send_signed_by(&self, key: &EcdsaKeyPair, draft: &Draft) -> Reply {
        let protected = BASE64_URL_SAFE_NO_PAD.encode(draft.protected.to_string());
        let payload = BASE64_URL_SAFE_NO_PAD.encode(&draft.payload);
        let signature = key.sign(&SystemRandom::new(), format!("{protected}.{payload}").as_bytes());
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature.expect("it signs"));
        let body = json!({ "protected": protected, "payload": payload, "signature": signature });
        let request = Request::post(draft.path.as_str())
            .header(CONTENT_TYPE, draft.content_type)
            .body(Full::from(body.to_string()))
            .expect("a plain request");
        self.exchange(request).await
    }

    pub async fn nonce(&self) -> String {
        let request = Request::head("/new-nonce").body(Full::default()).expect("a plain request");
        let answer = https::send(self.address, "127.0.0.1", &self.trust, request).await;
        let answer = answer.expect("the authority answers");
        assert_eq!(answer.status, 200);
        let nonce = answer.headers.get("replay-nonce").and_then(|v| v.to_str().ok());
        nonce.expect("a nonce comes").to_owned()
    }

    pub fn jwk(&self) -> Value {
        let point = self.key.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]]
            .map(|coordinate| BASE64_URL_SAFE_NO_PAD.encode(coordinate));
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Reply {
        let answer = https::send(self.address, "127.0.0.1", &self.trust, request).await;
        let answer = answer.expect("the authority answers");
        let location =
            answer.headers.get(LOCATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
        assert!(answer.headers.contains_key("replay-nonce"), "each answer brings a nonce");
        Reply {
            status: answer.status.as_u16(),
            location: location.to_owned(),
            text: String::from_utf8(answer.body.to_vec()).expect("UTF-8"),
        }
    }
}
