//! What authenticators and identity providers send at a sign-in: keys in CBOR, tokens, sets of keys, and
//! what a provider says about itself.

use auth::oidc::jws::{self, Algorithm};
use auth::oidc::{Fault, OidcSettings, Provider};
use auth::webauthn::{
    Assertion, Known, MAX_CREDENTIAL_ID_BYTES, PublicKey, Registration, RelyingParty,
    check_assertion, check_registration,
};

use crate::input::Input;

const CHALLENGE: [u8; 32] = [0; 32];

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

/// What a provider says about itself: nobody is sent, and nothing is asked, anywhere but at its own
/// host or at one that the settings name, over TLS.
pub fn provider(data: &[u8]) {
    let settings = OidcSettings {
        issuer: "https://id.example.org/realm".to_owned(),
        client_id: "bedside".to_owned(),
        client_secret: "secret".to_owned().into(),
        redirect_uri: "https://clinic.example/signin/back".to_owned(),
        hosts: vec!["keys.example.org".to_owned()],
        email_domains: Vec::new(),
        second_factor_acr: Vec::new(),
        second_factor_amr: Vec::new(),
    };
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
