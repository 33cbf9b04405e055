//! What authenticators and identity providers send at a sign-in: keys in CBOR, tokens, sets of keys, and
//! what a provider says about itself.

use auth::Secret;
use auth::oidc::jws::{self, Algorithm};
use auth::oidc::{Fault, OidcSettings, Provider};
use auth::webauthn::{
    Assertion, Known, MAX_CREDENTIAL_ID_BYTES, PublicKey, Registration, RelyingParty,
    check_assertion, check_registration,
};
use serde_json::{Value, json};
use visit::Timestamp;

use crate::input::Input;

const CHALLENGE: [u8; 32] = [0; 32];
/// 43 characters of base64url.
const NONCE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// The time of a sign-in, seconds since the Unix epoch.
const NOW_S: i64 = 1_800_000_000;

/// Client data of a good ceremony with that challenge.
fn client_data(ceremony: &str) -> Vec<u8> {
    let challenge = "A".repeat(43);
    format!(
        r#"{{"type":"{ceremony}","challenge":"{challenge}","origin":"https://example.org","crossOrigin":false}}"#
    )
    .into_bytes()
}

/// An attestation object: what is taken of it stands in it, can be used later, and opens nothing
/// without a signature.
pub fn passkey(data: &[u8]) {
    let Some(party) = RelyingParty::of("https://example.org") else { panic!("a name") };
    let created = client_data("webauthn.create");
    let new = Registration { client_data: &created, attestation: data };
    let made = check_registration(&party, &CHALLENGE, new);
    assert!(check_registration(&party, &CHALLENGE, new) == made, "the same twice");
    assert!(check_registration(&party, &[1; 32], new).is_err(), "another challenge");
    let Ok(made) = made else { return };
    assert!((1..=MAX_CREDENTIAL_ID_BYTES).contains(&made.credential.len()));
    let holds = |part: &[u8]| data.windows(part.len()).any(|window| window == part);
    assert!(holds(&made.credential) && holds(&made.public_key));
    assert!(PublicKey::parse(&made.public_key).is_ok(), "a key that cannot be used");
    let got = client_data("webauthn.get");
    let known = Known {
        public_key: &made.public_key,
        sign_count: made.sign_count,
        backup_eligible: made.backup_eligible,
    };
    let used = Assertion {
        credential: &made.credential,
        client_data: &got,
        authenticator_data: data,
        signature: data,
        user_handle: None,
    };
    assert!(check_assertion(&party, &CHALLENGE, used, known, false).is_err(), "nothing is signed");
}

/// A set of keys in the first line, a token in the second: one algorithm and one key fit, or none.
pub fn id_token(data: &[u8]) {
    let mut input = Input::new(data);
    let (set, token) = (input.line(), input.line());
    let keys = match jws::parse_keys(set.as_bytes()) {
        Ok(keys) => keys,
        Err(fault) => return assert!(fault == Fault::BadAnswer),
    };
    let Ok(payload) = jws::verify(&token, &keys, &Algorithm::ALL) else { return };
    assert!(payload.len() < token.len());
    let alone = |algorithm: &&Algorithm| jws::verify(&token, &keys, &[**algorithm]).is_ok();
    assert!(Algorithm::ALL.iter().filter(alone).count() == 1, "a token chose how it is checked");
    assert!(jws::verify(&token, &keys, &[]) == Err(Fault::BadAlgorithm));
    assert!(jws::verify(&token, &[], &Algorithm::ALL) == Err(Fault::UnknownKey));
    // The last character of the payload's part, changed.
    let Some((signed, signature)) = token.rsplit_once('.') else { panic!("three parts") };
    for other in ['A', 'Q', 'g', 'w'] {
        let changed = format!("{}{other}.{signature}", &signed[..signed.len() - 1]);
        if changed != token {
            assert!(jws::verify(&changed, &keys, &Algorithm::ALL).is_err(), "a changed payload");
        }
    }
}

/// What a signed token says: whoever is let in by it, it was made by our provider, for us alone, for this
/// way and at this time; an address counts only if the provider has verified it.
pub fn id_claims(data: &[u8]) {
    let Some(nonce) = Secret::parse(NONCE) else { panic!("a secret") };
    let now = Timestamp(NOW_S * 1_000_000);
    let settings = settings();
    let Ok(who) = settings.check_claims(data, &nonce, now) else { return };
    let Ok(said) = serde_json::from_slice::<Value>(data) else { panic!("no JSON was taken") };
    assert!(said["iss"] == settings.issuer && said["sub"] == who.subject);
    assert!(said["nonce"] == NONCE, "another way's token");
    assert!(said["aud"] == settings.client_id || said["aud"] == json!([settings.client_id]));
    assert!(said["azp"].is_null() || said["azp"] == settings.client_id);
    // One minute of clocks that differ, ten of age.
    assert!(said["exp"].as_i64().is_some_and(|exp| exp > NOW_S - 60));
    let age_s = said["iat"].as_i64().map(|iat| NOW_S.saturating_sub(iat));
    assert!(age_s.is_some_and(|age| (-60..=600).contains(&age)));
    if let Some(email) = who.email {
        assert!(said["email"] == email && email.to_lowercase().ends_with("@clinic.example"));
        let true_words = [json!(true), json!("true")];
        let verified = ["email_verified", "xms_edov"].map(|name| true_words.contains(&said[name]));
        assert!(verified[0] || (said["email_verified"].is_null() && verified[1]));
    }
    let method = said["amr"].as_array().is_some_and(|amr| amr.contains(&json!("hwk")));
    assert!(who.second_factor == (said["acr"] == "two" || method));
    // The same token on another way, and after its time.
    let Some(other) = Secret::parse(&format!("B{}", &NONCE[1..])) else { panic!("a secret") };
    assert!(settings.check_claims(data, &other, now).is_err());
    let late = Timestamp((NOW_S + 1_000) * 1_000_000);
    assert!(settings.check_claims(data, &nonce, late).is_err());
}

/// What a provider says about itself: nobody is sent, and nothing is asked, anywhere but at its own
/// host or at one that the settings name, over TLS.
pub fn provider(data: &[u8]) {
    let settings = settings();
    let Ok(provider) = Provider::parse(data, &settings) else { return };
    let asked = [&provider.authorization_endpoint, &provider.token_endpoint, &provider.jwks_uri];
    for url in asked.into_iter().chain(&provider.end_session_endpoint) {
        let at = (url.scheme(), url.host_str(), url.port());
        assert!(matches!(at, ("https", Some("id.example.org" | "keys.example.org"), None)));
        assert!(url.username().is_empty() && url.password().is_none());
    }
    assert!(
        provider.check_back(&settings, Some("https://evil.example")) == Err(Fault::WrongIssuer)
    );
}

fn settings() -> OidcSettings {
    OidcSettings {
        issuer: "https://id.example.org/realm".to_owned(),
        client_id: "bedside".to_owned(),
        client_secret: "secret".to_owned().into(),
        redirect_uri: "https://clinic.example/signin/back".to_owned(),
        hosts: vec!["keys.example.org".to_owned()],
        email_domains: vec!["clinic.example".to_owned()],
        second_factor_acr: vec!["two".to_owned()],
        second_factor_amr: vec!["hwk".to_owned()],
    }
}
