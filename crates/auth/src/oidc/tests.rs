use super::*;
use crate::SystemEntropy;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

const ISSUER: &str = "https://id.clinic.example/realms/staff";
const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

fn settings() -> OidcSettings {
    OidcSettings {
        issuer: ISSUER.to_owned(),
        client_id: "bedside".to_owned(),
        client_secret: Zeroizing::new("a secret & more".to_owned()),
        redirect_uri: "https://visits.clinic.example/signin/back".to_owned(),
        hosts: vec!["keys.clinic.example".to_owned()],
        email_domains: vec!["clinic.example".to_owned()],
        second_factor_acr: vec!["mfa".to_owned()],
        second_factor_amr: vec!["hwk".to_owned()],
    }
}

fn description() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{ISSUER}/auth?tenant=1"),
        "token_endpoint": format!("{ISSUER}/token"),
        "jwks_uri": "https://keys.clinic.example/jwks",
        "end_session_endpoint": format!("{ISSUER}/logout"),
        "response_types_supported": ["code", "id_token"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
        "code_challenge_methods_supported": ["plain", "S256"],
    })
}

fn parse(description: &Value) -> Result<Provider, Fault> {
    Provider::parse(description.to_string().as_bytes(), &settings())
}

fn with(change: impl FnOnce(&mut Value)) -> Result<Provider, Fault> {
    let mut changed = description();
    change(&mut changed);
    parse(&changed)
}

struct Signer(EcdsaKeyPair);

impl Signer {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        Self(pair.expect("a key pair"))
    }

    fn keys(&self) -> Vec<Key> {
        let point = self.0.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        let set = json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "k1", "x": x, "y": y}]});
        jws::parse_keys(set.to_string().as_bytes()).expect("keys")
    }

    fn sign(&self, claims: &Value) -> String {
        let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"k1"}"#);
        let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).expect("signs");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

#[test]
fn a_description_is_taken_and_a_browser_sent_there() {
    let provider = parse(&description()).expect("suits");
    assert_eq!(provider.algorithms, [Algorithm::Rs256, Algorithm::Es256]);
    let secret = || Secret::generate(&SystemEntropy).expect("random");
    let way = Way { state: secret(), nonce: secret(), verifier: secret() };
    let url = Url::parse(&provider.authorization_url(&settings(), &way)).expect("a URL");
    assert!(url.as_str().starts_with(&format!("{ISSUER}/auth?tenant=1&")));
    let asked = |name: &str| {
        let found: Vec<String> =
            url.query_pairs().filter(|(n, _)| n == name).map(|(_, v)| v.into_owned()).collect();
        assert_eq!(found.len(), 1, "{name}");
        found[0].clone()
    };
    assert_eq!(asked("response_type"), "code");
    assert_eq!(asked("scope"), "openid email");
    assert_eq!(asked("redirect_uri"), settings().redirect_uri);
    assert_eq!(asked("code_challenge_method"), "S256");
    assert_eq!(asked("acr_values"), "mfa");
    assert_eq!(asked("state"), way.state.to_text().as_str());
    let hash = SecretHash::of(way.verifier.to_text().as_bytes());
    assert_eq!(asked("code_challenge"), URL_SAFE_NO_PAD.encode(hash.as_bytes()));
    assert!(!url.as_str().contains(way.verifier.to_text().as_str()));

    let request = provider.token_request(&settings(), "the code", &way.verifier).expect("asks");
    assert!(request.body.contains("code=the+code&") && !request.body.contains("secret"));
    let basic = request.authorization.expect("a header");
    let pair = STANDARD.decode(basic.strip_prefix("Basic ").expect("basic")).expect("base64");
    assert_eq!(pair, b"bedside:a+secret+%26+more");
    let posted =
        with(|d| d["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]));
    let request = posted.expect("suits").token_request(&settings(), "c", &way.verifier);
    let request = request.expect("asks");
    assert!(request.authorization.is_none());
    assert!(request.body.ends_with("client_id=bedside&client_secret=a+secret+%26+more"));
    for code in ["", &"x".repeat(4_097)] {
        let asked = provider.token_request(&settings(), code, &way.verifier);
        assert_eq!(asked.err(), Some(Fault::BadState));
    }
}

#[test]
fn rfc_7636_appendix_b() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let hash = SecretHash::of(verifier.as_bytes());
    let challenge = URL_SAFE_NO_PAD.encode(hash.as_bytes());
    assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

#[test]
fn a_description_that_leads_elsewhere_is_refused() {
    for (field, value) in [
        ("issuer", "https://id.clinic.example/realms/staff/"),
        ("issuer", "https://id.clinic.example/realms/other"),
        ("token_endpoint", "https://evil.example/token"),
        ("token_endpoint", "https://id.clinic.example:8443/token"),
        ("token_endpoint", "https://id.clinic.example.evil.example/token"),
        ("token_endpoint", "https://id.clinic.example@evil.example/token"),
        ("token_endpoint", "https://user:password@id.clinic.example/token"),
        ("token_endpoint", "http://id.clinic.example/realms/staff/token"),
        ("token_endpoint", "https://keys.clinic.example:9000/token"),
        ("jwks_uri", "http://127.0.0.1/jwks"),
        ("jwks_uri", "file:///etc/passwd"),
        ("jwks_uri", "http://169.254.169.254/latest"),
        ("authorization_endpoint", "javascript:alert(1)"),
        ("authorization_endpoint", "https://evil.example/auth"),
        ("end_session_endpoint", "https://evil.example/logout"),
    ] {
        let refused = with(|d| d[field] = json!(value)).err();
        assert_eq!(refused, Some(Fault::WrongProvider), "{field} {value}");
    }
    for (field, value) in [
        ("id_token_signing_alg_values_supported", json!(["HS256", "none", "RS512"])),
        ("response_types_supported", json!(["id_token"])),
        ("code_challenge_methods_supported", json!(["plain"])),
        ("token_endpoint_auth_methods_supported", json!(["private_key_jwt"])),
    ] {
        let refused = with(|d| d[field] = value.clone()).err();
        assert_eq!(refused, Some(Fault::Unsuitable), "{field} {value}");
    }
    assert_eq!(Provider::parse(b"<html>", &settings()), Err(Fault::BadAnswer));
    assert_eq!(with(|d| d["jwks_uri"] = Value::Null).err(), Some(Fault::BadAnswer));
}

#[test]
fn only_addresses_that_may_be_asked_are_issuers() {
    assert_eq!(
        discovery_url("https://id.example/x/").map(String::from),
        Ok("https://id.example/x/.well-known/openid-configuration".to_owned())
    );
    assert!(
        discovery_url("http://127.0.0.1:9/").is_ok() && discovery_url("http://[::1]:9").is_ok()
    );
    for bad in ["http://id.example", "ftp://id.example", "id.example", "", "https://a@id.example"] {
        assert_eq!(discovery_url(bad), Err(Fault::WrongProvider), "{bad}");
    }
}

#[test]
fn who_answers_for_another_issuer_is_refused() {
    let quiet = parse(&description()).expect("suits");
    let settings = settings();
    assert_eq!(quiet.check_back(&settings, None), Ok(()));
    assert_eq!(quiet.check_back(&settings, Some(ISSUER)), Ok(()));
    let evil = Some("https://evil.example");
    assert_eq!(quiet.check_back(&settings, evil), Err(Fault::WrongIssuer));
    let named = with(|d| d["authorization_response_iss_parameter_supported"] = json!(true));
    assert_eq!(named.expect("suits").check_back(&settings, None), Err(Fault::WrongIssuer));
}

fn claims(nonce: &Secret) -> Value {
    json!({
        "iss": ISSUER, "sub": "u-17", "aud": "bedside", "nonce": nonce.to_text().as_str(),
        "iat": NOW.0 / 1_000_000 - 2, "exp": NOW.0 / 1_000_000 + 300,
        "email": "Ana.Castro@Clinic.example", "email_verified": true,
    })
}

#[test]
fn a_token_says_who_somebody_is() {
    let (signer, provider) = (Signer::new(), parse(&description()).expect("suits"));
    let nonce = Secret::generate(&SystemEntropy).expect("random");
    let check = |change: &dyn Fn(&mut Value)| {
        let mut claims = claims(&nonce);
        change(&mut claims);
        let token = signer.sign(&claims);
        provider.check_id_token(&settings(), &token, &signer.keys(), &nonce, NOW)
    };
    let identity = check(&|_| {}).unwrap_or_else(|fault| panic!("{fault:?}"));
    assert_eq!(identity.subject, "u-17");
    assert_eq!(identity.email.as_deref(), Some("Ana.Castro@Clinic.example"));
    assert!(!identity.second_factor);

    // Whom to believe that there was a second factor is the clinic's choice, by exact words.
    let factor = |change: &dyn Fn(&mut Value)| check(change).is_ok_and(|who| who.second_factor);
    assert!(factor(&|c| c["acr"] = json!("mfa")));
    assert!(factor(&|c| c["amr"] = json!(["pwd", "hwk"])));
    assert!(!factor(&|c| c["acr"] = json!("MFA")));
    assert!(!factor(&|c| c["amr"] = json!(["pwd", "mfa"])));
    // An address counts when it was verified, and is one of the clinic's.
    let email = |change: &dyn Fn(&mut Value)| check(change).ok().and_then(|who| who.email);
    assert!(email(&|c| c["email_verified"] = json!("true")).is_some());
    let edov = |value: Value| {
        email(&|c| {
            c.as_object_mut().expect("claims").remove("email_verified");
            c["xms_edov"] = value.clone();
        })
    };
    assert!(edov(json!(true)).is_some());
    assert_eq!((edov(json!(false)), edov(Value::Null)), (None, None));
    // Who says both, and no by the standard's word, says no.
    assert_eq!(
        email(&|c| (c["email_verified"], c["xms_edov"]) = (json!(false), json!(true))),
        None
    );
    for unverified in [json!(false), json!("yes"), json!(1), Value::Null] {
        assert_eq!(email(&|c| c["email_verified"] = unverified.clone()), None);
    }
    for foreign in ["ana@evil.example", "ana@clinic.example.evil.example", "clinic.example", ""] {
        assert_eq!(email(&|c| c["email"] = json!(foreign)), None, "{foreign}");
    }
}

#[test]
fn a_token_that_is_not_for_this_sign_in_is_refused() {
    let (signer, provider) = (Signer::new(), parse(&description()).expect("suits"));
    let nonce = Secret::generate(&SystemEntropy).expect("random");
    let second = NOW.0 / 1_000_000;
    let cases: [(&str, Value, Fault); 20] = [
        ("iss", json!("https://evil.example"), Fault::WrongIssuer),
        ("iss", json!(format!("{ISSUER}/")), Fault::WrongIssuer),
        ("aud", json!("other"), Fault::WrongAudience),
        ("aud", json!([]), Fault::WrongAudience),
        ("aud", json!(["bedside", "other"]), Fault::WrongAudience),
        ("azp", json!("other"), Fault::WrongAudience),
        ("nonce", json!("other"), Fault::WrongNonce),
        ("nonce", Value::Null, Fault::WrongNonce),
        ("exp", json!(second - 60), Fault::Expired),
        ("iat", json!(second + 61), Fault::Expired),
        ("iat", json!(second - 601), Fault::Expired),
        ("nbf", json!(second + 61), Fault::Expired),
        ("exp", json!(i64::MIN), Fault::Expired),
        ("iat", json!(i64::MAX), Fault::Expired),
        ("exp", json!("soon"), Fault::BadToken),
        ("exp", json!(1e30), Fault::BadToken),
        ("sub", json!(""), Fault::BadToken),
        ("sub", json!("x".repeat(256)), Fault::BadToken),
        ("sub", json!("a\nb"), Fault::BadToken),
        ("sub", json!(7), Fault::BadToken),
    ];
    for (claim, value, expected) in cases {
        let mut claims = claims(&nonce);
        claims[claim] = value.clone();
        let token = signer.sign(&claims);
        let checked = provider.check_id_token(&settings(), &token, &signer.keys(), &nonce, NOW);
        assert_eq!(checked.err(), Some(expected), "{claim} {value}");
    }
    let token = signer.sign(&claims(&nonce));
    let stranger = Signer::new().keys();
    let checked = provider.check_id_token(&settings(), &token, &stranger, &nonce, NOW);
    assert_eq!(checked.err(), Some(Fault::BadSignature));
    // A provider that promised RS256 only is held to it.
    let rsa = with(|d| d["id_token_signing_alg_values_supported"] = json!(["RS256"]));
    let checked =
        rsa.expect("suits").check_id_token(&settings(), &token, &signer.keys(), &nonce, NOW);
    assert_eq!(checked.err(), Some(Fault::BadAlgorithm));
}

#[test]
fn the_token_is_found_in_the_answer() {
    let good = br#"{"access_token":"x","token_type":"Bearer","id_token":"a.b.c"}"#;
    assert_eq!(id_token_of(good), Ok("a.b.c".to_owned()));
    for bad in [
        &b"{}"[..],
        br#"{"token_type":"mac","id_token":"a"}"#,
        br#"{"error":"invalid_grant"}"#,
        b"<html>",
    ] {
        assert_eq!(id_token_of(bad), Err(Fault::BadAnswer));
    }
}
