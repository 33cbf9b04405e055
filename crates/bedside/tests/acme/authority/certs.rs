//! The authority's keys and certificates: a root, an intermediate that signs, and what it signs.

use super::jws::PublicKey;
use super::problem::Problem;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PublicKeyData, SignatureAlgorithm,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::collections::BTreeSet;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer as _;

pub struct Certs {
    root: Certificate,
    intermediate: Certificate,
    signer: Issuer<'static, KeyPair>,
    https: Arc<ServerConfig>,
}

impl Certs {
    pub fn new() -> Self {
        let root_key = KeyPair::generate().expect("a key");
        let root_params = ca_params("Root of the authority double", 1);
        let root = root_params.self_signed(&root_key).expect("it signs itself");
        let root_issuer = Issuer::new(root_params, root_key);
        let key = KeyPair::generate().expect("a key");
        let params = ca_params("Intermediate of the authority double", 0);
        let intermediate = params.signed_by(&key, &root_issuer).expect("the root signs");
        let signer = Issuer::new(params, key);

        let own_key = KeyPair::generate().expect("a key");
        let own = leaf_params(&["127.0.0.1".to_owned()]);
        let own = own.signed_by(&own_key, &root_issuer).expect("the root signs");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let https = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has the usual versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![own.der().clone()],
                PrivatePkcs8KeyDer::from(own_key.serialize_der()).into(),
            )
            .expect("certificate and key belong together");
        Self { root, intermediate, signer, https: Arc::new(https) }
    }

    pub fn root_pem(&self) -> String {
        self.root.pem()
    }

    pub fn root(&self) -> CertificateDer<'static> {
        self.root.der().clone()
    }

    /// For the authority's own address.
    pub fn https(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.https)
    }

    /// The chain, PEM, without the root (RFC 8555 §9.1). Good for 90 days; if `aged`, 80 are over.
    pub fn issue(&self, key: &RequestedKey, names: &BTreeSet<String>, aged: bool) -> String {
        let names: Vec<_> = names.iter().cloned().collect();
        let mut params = leaf_params(&names);
        if aged {
            params.not_before -= Duration::days(80);
            params.not_after -= Duration::days(80);
        }
        let leaf = params.signed_by(key, &self.signer).expect("the request was checked");
        leaf.pem() + &self.intermediate.pem()
    }
}

fn ca_params(name: &str, below: u8) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf_params(names: &[String]) -> CertificateParams {
    let mut params = CertificateParams::new(names).expect("the names were checked");
    params.distinguished_name = DistinguishedName::new();
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::hours(1);
    params.not_after = now + Duration::days(90);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

/// The key of a request that was checked: a point on P-256.
#[derive(Debug)]
pub struct RequestedKey(Vec<u8>);

impl PublicKeyData for RequestedKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// Checks a certificate request (RFC 2986, RFC 8555 §7.4): signed by its own key, for exactly the names
/// of the order, for no authority, and not with the key of the account (RFC 8555 §11.1).
pub fn check_request(
    der: &[u8],
    names: &BTreeSet<String>,
    account: &PublicKey,
) -> Result<RequestedKey, Problem> {
    let bad = |detail: &str| Problem::new(400, "badCSR", detail);
    let (rest, request) = X509CertificationRequest::from_der(der)
        .map_err(|_| bad("the request is not a PKCS #10 structure"))?;
    if !rest.is_empty() {
        return Err(bad("something follows the request"));
    }
    let info = &request.certification_request_info;
    if request.signature_algorithm.algorithm.to_id_string() != "1.2.840.10045.4.3.2" {
        return Err(bad("the request is signed with ECDSA and SHA-256"));
    }
    let key = info.subject_pki.subject_public_key.data.to_vec();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key)
        .verify(info.raw, &request.signature_value.data)
        .map_err(|_| bad("the request is not signed by its own key"))?;
    if key == account.point() {
        return Err(bad("the key of the account is not the key of a certificate"));
    }

    let mut asked = BTreeSet::new();
    for common in info.subject.iter_common_name() {
        asked.insert(common.as_str().map_err(|_| bad("the common name is text"))?.to_lowercase());
    }
    for extension in request.requested_extensions().into_iter().flatten() {
        match extension {
            ParsedExtension::SubjectAlternativeName(alternatives) => {
                for name in &alternatives.general_names {
                    let GeneralName::DNSName(name) = name else {
                        return Err(bad("all names are names of hosts"));
                    };
                    asked.insert(name.to_lowercase());
                }
            }
            ParsedExtension::BasicConstraints(basic) if basic.ca => {
                return Err(bad("nobody becomes an authority here"));
            }
            _ => {}
        }
    }
    if asked != *names {
        return Err(bad("the names of the request are not those of the order"));
    }
    Ok(RequestedKey(key))
}
