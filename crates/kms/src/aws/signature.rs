//! AWS Signature Version 4, for requests to `/` without a query, which is all that KMS has.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use super::credentials::Credentials;
use aws_lc_rs::{digest, hmac};
use std::fmt::Write as _;
use time::OffsetDateTime;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Where a signature is good.
pub(super) struct Scope<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// What is signed.
pub(super) struct Unsigned<'a> {
    pub(super) method: &'a str,
    /// All headers that are signed, names in lower case. They are brought into order here.
    pub(super) headers: Vec<(&'a str, &'a str)>,
    pub(super) body: &'a [u8],
}

/// The value of `x-amz-date`: `20150830T123600Z`.
pub(super) fn amz_date(unix_ms: u64) -> String {
    let seconds = i64::try_from(unix_ms / 1_000).unwrap_or(i64::MAX);
    let t = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        t.year(),
        u8::from(t.month()),
        t.day(),
        t.hour(),
        t.minute(),
        t.second()
    )
}

/// The value of `authorization`. `date` is that of `x-amz-date`.
pub(super) fn authorization(
    credentials: &Credentials,
    scope: &Scope<'_>,
    date: &str,
    request: Unsigned<'_>,
) -> String {
    let Unsigned { method, mut headers, body } = request;
    headers.sort_unstable();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let mut canonical = format!("{method}\n/\n\n");
    for (name, value) in headers {
        // Spaces around a value go away, those in it become one.
        let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
        let _ = writeln!(canonical, "{name}:{}", words.join(" "));
    }
    let _ = write!(canonical, "\n{names}\n{}", hex(digest::digest(&digest::SHA256, body).as_ref()));

    let day = date.split('T').next().unwrap_or_default();
    let Scope { region, service } = scope;
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let canonical = digest::digest(&digest::SHA256, canonical.as_bytes());
    let to_sign = format!("{ALGORITHM}\n{date}\n{scope}\n{}", hex(canonical.as_ref()));
    let secret = keys::Zeroizing::new(format!("AWS4{}", credentials.secret.as_str()));
    let mut key = mac(secret.as_bytes(), day);
    for part in [region, service, "aws4_request"] {
        key = mac(key.as_ref(), part);
    }
    let signature = hex(mac(key.as_ref(), &to_sign).as_ref());
    let id = &credentials.access_key_id;
    format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use keys::Zeroizing;

    type Headers<'a> = &'a [(&'a str, &'a str)];

    const DATE: &str = "20150830T123600Z";
    const HOST: (&str, &str) = ("host", "example.amazonaws.com");
    const AT: (&str, &str) = ("x-amz-date", DATE);
    /// Of the suite's case with a session token.
    const TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

    fn sign(method: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret: Zeroizing::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned()),
            session_token: None,
        };
        let scope = Scope { region: "us-east-1", service: "service" };
        let unsigned = Unsigned { method, headers: headers.to_vec(), body };
        authorization(&credentials, &scope, DATE, unsigned)
    }

    /// The cases of AWS's published suite (`aws-sig-v4-test-suite`) that have no query and no path.
    #[test]
    fn the_published_vectors_hold() {
        let get = sign("GET", &[HOST, AT], b"");
        assert_eq!(
            get,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        let form = ("content-type", "application/x-www-form-urlencoded");
        let sorted = [("my-header1", "value1"), AT, HOST];
        let spaces = [HOST, ("my-header1", " value1 "), ("my-header2", " \"a   b   c\" "), AT];
        let cases: [(&str, Headers<'_>, &[u8], &str); 5] = [
            (
                "POST",
                &[HOST, AT],
                b"",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "POST",
                &[form, HOST, AT],
                b"Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
            (
                "POST",
                &sorted,
                b"",
                "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
            ),
            (
                "GET",
                &spaces,
                b"",
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            ),
            (
                "POST",
                &[HOST, AT, ("x-amz-security-token", TOKEN)],
                b"",
                "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
            ),
        ];
        for (method, headers, body, signature) in cases {
            let signed = sign(method, headers, body);
            assert!(signed.ends_with(&format!("Signature={signature}")), "{headers:?}: {signed}");
        }
    }

    #[test]
    fn dates_are_written_as_aws_wants_them() {
        assert_eq!(amz_date(1_440_938_160_999), DATE);
        assert_eq!(amz_date(0), "19700101T000000Z");
        assert_eq!(amz_date(1_709_164_799_000), "20240228T235959Z");
        assert_eq!(amz_date(1_709_164_800_000), "20240229T000000Z");
    }
}
