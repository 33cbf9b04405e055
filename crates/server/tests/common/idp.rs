//! An identity provider for tests, in this process and on loopback. It is strict as a real one is
//! (OpenID Connect Core 1.0, RFC 6749, RFC 7636): it knows its client's secret and where its client's
//! people come back to, takes S256 only, and lets a code be used once, for its verifier. It lies only
//! where a test tells it to.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use server::Clock;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use url::form_urlencoded;

pub const CLIENT: &str = "bedside";
pub const CLIENT_SECRET: &str = "a secret & more";

/// What a lie changes.
type Twist = Box<dyn Fn(&mut Value) + Send>;

/// A provider with one person, who agrees to everything.
pub struct Idp {
    pub issuer: String,
    pub redirect_uri: String,
    /// Its clock.
    pub clock: Clock,
    /// What it says about its person.
    pub person: Mutex<Value>,
    /// How it lies in its tokens.
    pub twist: Mutex<Option<Twist>>,
    /// How it lies about itself.
    pub twist_description: Mutex<Option<Twist>>,
    /// What it answers instead of a token.
    pub instead: Mutex<Option<fn() -> Response>>,
    key: Mutex<(String, EcdsaKeyPair)>,
    /// What it publishes; a new key is used before it is published, if a test says so.
    published: Mutex<Vec<Value>>,
    codes: Mutex<HashMap<String, Asked>>,
    pub keys_asked: AtomicUsize,
}

struct Asked {
    challenge: String,
    nonce: String,
}

fn new_key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key pair")
}

fn published(id: &str, key: &EcdsaKeyPair) -> Value {
    let point = key.public_key().as_ref();
    let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
    json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id, "x": part(1..33), "y": part(33..65)})
}

fn form(text: &str) -> HashMap<String, String> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

impl Idp {
    /// Listens, and serves until the test is over.
    pub async fn start(redirect_uri: &str, clock: Clock) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}/realm", listener.local_addr().expect("an address"));
        let key = new_key();
        let idp = Arc::new(Self {
            issuer,
            redirect_uri: redirect_uri.to_owned(),
            clock,
            person: Mutex::new(json!({
                "sub": "u-17", "email": "gray@clinic.example", "email_verified": true,
            })),
            twist: Mutex::default(),
            twist_description: Mutex::default(),
            instead: Mutex::default(),
            published: Mutex::new(vec![published("k1", &key)]),
            key: Mutex::new(("k1".to_owned(), key)),
            codes: Mutex::default(),
            keys_asked: AtomicUsize::new(0),
        });
        let router = Router::new()
            .route("/realm/.well-known/openid-configuration", get(description))
            .route("/realm/jwks", get(keys))
            .route("/realm/authorize", get(authorize))
            .route("/realm/token", post(token))
            .with_state(Arc::clone(&idp));
        tokio::spawn(async move { axum::serve(listener, router).await });
        idp
    }

    /// Signs with a new key from now on, and publishes it, or keeps it to itself.
    pub fn rotate(&self, id: &str, publish: bool) {
        let key = new_key();
        if publish {
            *self.published.lock().expect("no panic") = vec![published(id, &key)];
        }
        *self.key.lock().expect("no panic") = (id.to_owned(), key);
    }

    /// The person presses "Agree": where the provider sends the browser, by its address.
    pub async fn agree(&self, url: &str) -> HashMap<String, String> {
        let url = url::Url::parse(url).expect("a URL");
        let answer = self.authorize(url.query().unwrap_or_default());
        let back = answer.unwrap_or_else(|why| panic!("the provider refuses: {why}"));
        let back = url::Url::parse(&back).expect("a URL");
        assert_eq!(&back.as_str()[..self.redirect_uri.len()], self.redirect_uri);
        form(back.query().unwrap_or_default())
    }

    fn authorize(&self, query: &str) -> Result<String, &'static str> {
        let asked = form(query);
        let is = |name: &str, value: &str| asked.get(name).is_some_and(|v| v == value);
        if !is("client_id", CLIENT) || !is("redirect_uri", &self.redirect_uri) {
            return Err("unknown client, or another way back");
        }
        if !is("response_type", "code") || !is("code_challenge_method", "S256") {
            return Err("not the code flow with S256");
        }
        let scopes = asked.get("scope").map(String::as_str).unwrap_or_default();
        if !scopes.split(' ').any(|scope| scope == "openid") {
            return Err("no openid");
        }
        let (Some(challenge), Some(nonce), Some(state)) =
            (asked.get("code_challenge"), asked.get("nonce"), asked.get("state"))
        else {
            return Err("challenge, nonce or state is missing");
        };
        let mut bytes = [0; 24];
        aws_lc_rs::rand::fill(&mut bytes).expect("random");
        let code = URL_SAFE_NO_PAD.encode(bytes);
        let kept = Asked { challenge: challenge.clone(), nonce: nonce.clone() };
        self.codes.lock().expect("no panic").insert(code.clone(), kept);
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &code)
            .append_pair("state", state)
            .append_pair("iss", &self.issuer)
            .finish();
        Ok(format!("{}?{query}", self.redirect_uri))
    }

    fn exchange(&self, headers: &HeaderMap, body: &str) -> Result<Value, &'static str> {
        let asked = form(body);
        let basic = headers
            .get(header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.strip_prefix("Basic "))
            .and_then(|v| STANDARD.decode(v).ok())
            .and_then(|v| String::from_utf8(v).ok());
        let pair = basic.as_deref().and_then(|v| v.split_once(':')).ok_or("invalid_client")?;
        let plain = |text: &str| {
            form_urlencoded::parse(format!("x={text}").as_bytes())
                .next()
                .map(|(_, v)| v.into_owned())
        };
        if plain(pair.0).as_deref() != Some(CLIENT)
            || plain(pair.1).as_deref() != Some(CLIENT_SECRET)
        {
            return Err("invalid_client");
        }
        let of = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
        if of("grant_type") != "authorization_code" || of("redirect_uri") != self.redirect_uri {
            return Err("invalid_grant");
        }
        let kept = self.codes.lock().expect("no panic").remove(of("code"));
        let kept = kept.ok_or("invalid_grant")?;
        let hash =
            aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, of("code_verifier").as_bytes());
        if URL_SAFE_NO_PAD.encode(hash.as_ref()) != kept.challenge {
            return Err("invalid_grant");
        }
        let second = self.clock.now().0 / 1_000_000;
        let mut claims = self.person.lock().expect("no panic").clone();
        claims["iss"] = json!(self.issuer);
        claims["aud"] = json!(CLIENT);
        claims["nonce"] = json!(kept.nonce);
        claims["iat"] = json!(second);
        claims["exp"] = json!(second + 300);
        let key = self.key.lock().expect("no panic");
        let mut whole = json!({ "head": {"alg": "ES256", "kid": key.0}, "claims": claims });
        if let Some(twist) = &*self.twist.lock().expect("no panic") {
            twist(&mut whole);
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&whole["head"]), part(&whole["claims"]));
        let signature = key.1.sign(&SystemRandom::new(), signed.as_bytes()).expect("signs");
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()));
        Ok(json!({"token_type": "Bearer", "access_token": "unused", "id_token": token}))
    }
}

async fn description(State(idp): State<Arc<Idp>>) -> String {
    let of = |path: &str| format!("{}/{path}", idp.issuer);
    let mut description = json!({
        "issuer": idp.issuer,
        "authorization_endpoint": of("authorize"),
        "token_endpoint": of("token"),
        "jwks_uri": of("jwks"),
        "end_session_endpoint": of("logout"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    if let Some(twist) = &*idp.twist_description.lock().expect("no panic") {
        twist(&mut description);
    }
    description.to_string()
}

async fn keys(State(idp): State<Arc<Idp>>) -> String {
    idp.keys_asked.fetch_add(1, Ordering::SeqCst);
    json!({ "keys": *idp.published.lock().expect("no panic") }).to_string()
}

async fn authorize(State(idp): State<Arc<Idp>>, RawQuery(query): RawQuery) -> Response {
    match idp.authorize(&query.unwrap_or_default()) {
        Ok(back) => (StatusCode::FOUND, [(header::LOCATION, back)]).into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, why).into_response(),
    }
}

async fn token(State(idp): State<Arc<Idp>>, headers: HeaderMap, body: String) -> Response {
    if let Some(instead) = *idp.instead.lock().expect("no panic") {
        return instead();
    }
    match idp.exchange(&headers, &body) {
        Ok(answer) => answer.to_string().into_response(),
        Err(error) => {
            (StatusCode::BAD_REQUEST, json!({ "error": error }).to_string()).into_response()
        }
    }
}
