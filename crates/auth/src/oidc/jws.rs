//! Signed tokens (RFC 7515, compact form) and the keys that sign them (RFC 7517, RFC 7518 §6,
//! RFC 8037). Four algorithms, all asymmetric, each with the one kind of key that it is for. A token
//! cannot choose how it is checked: the algorithm must be among those that the caller allows, and
//! fit the key.

use super::Fault;
use crate::json;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// The longest token, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16_384;
/// The most keys of a provider.
const MAX_KEYS: usize = 64;
/// The shortest and the longest modulus, in bytes.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1_024;

/// How a token may be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// EdDSA; with the only curve that we take, Ed25519.
    EdDsa,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// Every one that is taken.
    pub const ALL: [Self; 4] = [Self::Es256, Self::EdDsa, Self::Ps256, Self::Rs256];

    /// Its registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }

    /// The algorithm of this name. `None` for all others, among them `none` and everything with a
    /// shared secret.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// A public key of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    id: Option<String>,
    /// The only algorithm that it is for, if it says so.
    only: Option<Algorithm>,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    P256([u8; 65]),
    Ed25519([u8; 32]),
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

#[derive(Deserialize)]
struct WireKeys {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct WireKey {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    usage: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
}

/// Reads a set of keys. Keys that we have no use for are left out: providers publish those too.
///
/// # Errors
/// [`Fault::BadAnswer`] when it is no set of keys, or has too many.
pub fn parse_keys(bytes: &[u8]) -> Result<Vec<Key>, Fault> {
    let set: WireKeys = json::read(bytes).ok_or(Fault::BadAnswer)?;
    if set.keys.len() > MAX_KEYS {
        return Err(Fault::BadAnswer);
    }
    Ok(set
        .keys
        .into_iter()
        .filter_map(|key| Key::read(serde_json::from_value(key).ok()?))
        .collect())
}

impl Key {
    fn read(wire: WireKey) -> Option<Self> {
        if wire.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let only = match wire.alg.as_deref() {
            None => None,
            Some(name) => Some(Algorithm::parse(name)?),
        };
        let octets = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        let material = match (wire.kty.as_str(), wire.crv.as_deref()) {
            ("EC", Some("P-256")) => {
                let (x, y) = (octets(&wire.x)?, octets(&wire.y)?);
                let mut point = [4; 65];
                (x.len() == 32 && y.len() == 32).then_some(())?;
                point[1..33].copy_from_slice(&x);
                point[33..].copy_from_slice(&y);
                Material::P256(point)
            }
            ("OKP", Some("Ed25519")) => Material::Ed25519(octets(&wire.x)?.try_into().ok()?),
            ("RSA", _) => {
                let (n, e) = (octets(&wire.n)?, octets(&wire.e)?);
                let fits = MODULUS_BYTES.contains(&n.len())
                    && (1..=8).contains(&e.len())
                    && n[0] != 0
                    && e[0] != 0;
                fits.then_some(Material::Rsa { n, e })?
            }
            _ => return None,
        };
        Some(Self { id: wire.kid, only, material })
    }

    fn fits(&self, algorithm: Algorithm, id: Option<&str>) -> bool {
        let kind = matches!(
            (&self.material, algorithm),
            (Material::P256(_), Algorithm::Es256)
                | (Material::Ed25519(_), Algorithm::EdDsa)
                | (Material::Rsa { .. }, Algorithm::Ps256 | Algorithm::Rs256)
        );
        kind && self.only.is_none_or(|only| only == algorithm)
            && id.is_none_or(|id| self.id.as_deref() == Some(id))
    }

    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Material::Ed25519(key) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature)
            }
            Material::Rsa { n, e } => {
                let how = match algorithm {
                    Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    _ => &RSA_PKCS1_2048_8192_SHA256,
                };
                RsaPublicKeyComponents { n, e }.verify(how, message, signature)
            }
        }
        .is_ok()
    }
}

/// The header of a token. Members that change its meaning are listed so that they are refused.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<serde_json::Value>,
    #[serde(default)]
    b64: Option<serde_json::Value>,
}

/// Checks the signature of a token and gives its payload.
///
/// # Errors
/// [`Fault::BadToken`] when it is none, [`Fault::BadAlgorithm`] when it is not signed as `allowed`,
/// [`Fault::UnknownKey`] when no key fits, [`Fault::BadSignature`].
pub fn verify(token: &str, keys: &[Key], allowed: &[Algorithm]) -> Result<Vec<u8>, Fault> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Fault::BadToken);
    }
    let mut parts = token.split('.');
    let (Some(head), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Fault::BadToken);
    };
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Fault::BadToken);
    let header: Header = json::read(&decode(head)?).ok_or(Fault::BadToken)?;
    let algorithm = Algorithm::parse(&header.alg).filter(|algorithm| allowed.contains(algorithm));
    let algorithm = algorithm.ok_or(Fault::BadAlgorithm)?;
    // RFC 7515 §4.1.11: what is critical and not understood is refused. We understand none.
    if header.crit.is_some() || header.b64.is_some() {
        return Err(Fault::BadToken);
    }
    let (payload_bytes, signature) = (decode(payload)?, decode(signature)?);
    let signed = format!("{head}.{payload}");
    let mut fitting = keys.iter().filter(|key| key.fits(algorithm, header.kid.as_deref()));
    let Some(key) = fitting.next() else { return Err(Fault::UnknownKey) };
    // Without an id there must be no doubt which key is meant.
    if fitting.next().is_some() {
        return Err(Fault::UnknownKey);
    }
    if key.verify(algorithm, signed.as_bytes(), &signature) {
        Ok(payload_bytes)
    } else {
        Err(Fault::BadSignature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515 appendix A.2.
    const RS256_KEY: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
    const RS256_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    /// Appendix A.3.
    const ES256_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    const ES256_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    /// RFC 8037 appendix A.2 and A.4.
    const EDDSA_KEY: &str =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    const EDDSA_TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    fn keys(of: &[&str]) -> Vec<Key> {
        parse_keys(format!(r#"{{"keys":[{}]}}"#, of.join(",")).as_bytes()).expect("keys")
    }

    #[test]
    fn the_examples_of_the_standards_verify() {
        let all = keys(&[RS256_KEY, ES256_KEY, EDDSA_KEY]);
        assert_eq!(all.len(), 3);
        for token in [RS256_TOKEN, ES256_TOKEN, EDDSA_TOKEN] {
            let payload = verify(token, &all, &Algorithm::ALL).expect("a good signature");
            assert!(payload.starts_with(b"{\"iss\":\"joe\"") || payload.starts_with(b"Example"));
            // One bit of the payload, one of the signature.
            let (head, rest) = token.split_once('.').expect("a dot");
            let (body, signature) = rest.split_once('.').expect("a dot");
            let flip = |text: &str| {
                let first = if text.starts_with('e') { "f" } else { "e" };
                format!("{first}{}", &text[1..])
            };
            for bad in [
                format!("{head}.{}.{signature}", flip(body)),
                format!("{head}.{body}.{}", flip(signature)),
            ] {
                assert_eq!(verify(&bad, &all, &Algorithm::ALL), Err(Fault::BadSignature));
            }
        }
    }

    #[test]
    fn a_token_cannot_choose_how_it_is_checked() {
        let all = keys(&[RS256_KEY, ES256_KEY, EDDSA_KEY]);
        let with_head = |head: &str, token: &str| {
            let rest = token.split_once('.').expect("a dot").1;
            format!("{}.{rest}", URL_SAFE_NO_PAD.encode(head))
        };
        for head in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"None"}"#,
            r#"{"alg":""}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"RS1"}"#,
            r#"{"alg":"es256"}"#,
        ] {
            let token = with_head(head, RS256_TOKEN);
            assert_eq!(verify(&token, &all, &Algorithm::ALL), Err(Fault::BadAlgorithm), "{head}");
        }
        // Not what the provider said it would use.
        assert_eq!(verify(RS256_TOKEN, &all, &[Algorithm::Es256]), Err(Fault::BadAlgorithm));
        // The right kind of key, the other padding.
        let token = with_head(r#"{"alg":"PS256"}"#, RS256_TOKEN);
        assert_eq!(verify(&token, &all, &Algorithm::ALL), Err(Fault::BadSignature));
        // A key that says what it is for is used for nothing else.
        let ps_only = RS256_KEY.replace("\"e\":", "\"alg\":\"PS256\",\"e\":");
        assert_eq!(
            verify(RS256_TOKEN, &keys(&[&ps_only]), &Algorithm::ALL),
            Err(Fault::UnknownKey)
        );
        for head in [
            r#"{"alg":"RS256","crit":["exp"]}"#,
            r#"{"alg":"RS256","b64":false,"crit":["b64"]}"#,
            r#"{"alg":"RS256","alg":"none"}"#,
            "[]",
        ] {
            let token = with_head(head, RS256_TOKEN);
            assert_eq!(verify(&token, &all, &Algorithm::ALL), Err(Fault::BadToken), "{head}");
        }
    }

    #[test]
    fn the_key_is_the_one_that_is_named() {
        let named = |id: &str| RS256_KEY.replace("\"e\":", &format!("\"kid\":\"{id}\",\"e\":"));
        let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"b"}"#);
        let token = format!("{head}.{}", RS256_TOKEN.split_once('.').expect("a dot").1);
        let other = keys(&[&named("a")]);
        assert_eq!(verify(&token, &other, &Algorithm::ALL), Err(Fault::UnknownKey));
        // Named and found: then the head that was changed no longer fits the signature.
        let right = keys(&[&named("a"), &named("b")]);
        assert_eq!(verify(&token, &right, &Algorithm::ALL), Err(Fault::BadSignature));
        // Unnamed, and two could be meant.
        assert_eq!(verify(RS256_TOKEN, &right, &Algorithm::ALL), Err(Fault::UnknownKey));
        assert_eq!(verify(RS256_TOKEN, &[], &Algorithm::ALL), Err(Fault::UnknownKey));
    }

    #[test]
    fn keys_without_use_are_left_out_and_nonsense_is_refused() {
        let odd = keys(&[
            r#"{"kty":"oct","k":"c2VjcmV0"}"#,
            r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
            r#"{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}"#,
            &RS256_KEY.replace("\"e\":", "\"use\":\"enc\",\"e\":"),
            &RS256_KEY.replace("\"e\":", "\"alg\":\"RSA-OAEP\",\"e\":"),
            r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#,
            "7",
        ]);
        assert_eq!(odd, []);
        for bad in ["", "{}", "[]", r#"{"keys":7}"#] {
            assert_eq!(parse_keys(bad.as_bytes()), Err(Fault::BadAnswer), "{bad}");
        }
        let many = format!(r#"{{"keys":[{}]}}"#, vec!["{}"; 65].join(","));
        assert_eq!(parse_keys(many.as_bytes()), Err(Fault::BadAnswer));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let all = keys(&[RS256_KEY]);
        for bad in ["", ".", "..", "a.b", "a.b.c.d", "!.!.!", &"a".repeat(MAX_TOKEN_BYTES + 1)] {
            assert_eq!(verify(bad, &all, &Algorithm::ALL), Err(Fault::BadToken));
        }
        let padded = format!("{RS256_TOKEN}=");
        assert_eq!(verify(&padded, &all, &Algorithm::ALL), Err(Fault::BadToken));
    }
}
