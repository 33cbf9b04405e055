//! The authority double refuses what real ones refuse: a client that passes it has done the work.

use crate::authority::AuthorityDouble;
use crate::client::Client;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::TlsAcceptor;

const NAME: &str = "clinic.test";
const ACME: &[u8] = b"acme-tls/1";

fn refusal(status: u16, kind: &str) -> (u16, String) {
    (status, kind.to_owned())
}

#[tokio::test]
async fn a_nonce_is_good_once() {
    let authority = AuthorityDouble::open();
    let client = Client::registered(&authority).await;
    let draft =
        client.draft("/new-order", r#"{"identifiers":[{"type":"dns","value":"a.test"}]}"#).await;
    assert_eq!(client.send(&draft).await.status, 201);
    assert_eq!(client.send(&draft).await.refusal(), refusal(400, "badNonce"));
    let mut invented = client.draft("/new-order", "{}").await;
    invented.protected["nonce"] = "bm90IG9uZSBvZiB5b3Vycw".into();
    assert_eq!(client.send(&invented).await.refusal(), refusal(400, "badNonce"));
    invented.protected.as_object_mut().expect("an object").remove("nonce");
    assert_eq!(client.send(&invented).await.refusal(), refusal(400, "badNonce"));
    assert_eq!(authority.orders(), 1);
}

#[tokio::test]
async fn a_wrong_signature_is_refused_and_uses_nothing_up() {
    let authority = AuthorityDouble::open();
    let (client, other) = (Client::registered(&authority).await, Client::new(&authority));
    let draft =
        client.draft("/new-order", r#"{"identifiers":[{"type":"dns","value":"a.test"}]}"#).await;
    let forged = client.send_signed_by(&other.key, &draft).await;
    assert_eq!(forged.refusal(), refusal(400, "malformed"));
    // The same for a key that comes along.
    let account = other.draft("/new-account", r#"{"termsOfServiceAgreed":true}"#).await;
    let forged = other.send_signed_by(&client.key, &account).await;
    assert_eq!(forged.refusal(), refusal(400, "malformed"));
    assert_eq!((authority.accounts(), authority.orders()), (1, 0));
    assert_eq!(client.send(&draft).await.status, 201);
}

#[tokio::test]
async fn a_request_is_signed_by_the_right_one_for_this_address() {
    let authority = AuthorityDouble::open();
    let (client, other) =
        (Client::registered(&authority).await, Client::registered(&authority).await);
    let (order, authorization) = client.order(NAME).await;

    let mut unknown = client.draft(&order, "").await;
    unknown.protected["kid"] = format!("https://{}/account/7", authority.address()).into();
    assert_eq!(client.send(&unknown).await.refusal(), refusal(400, "accountDoesNotExist"));
    let mut borrowed = client.draft(&order, "").await;
    borrowed.protected["kid"] = other.account.clone().into();
    assert_eq!(client.send(&borrowed).await.refusal(), refusal(400, "malformed"));
    for foreign in [&order, &authorization] {
        assert_eq!(other.get(foreign).await.refusal(), refusal(403, "unauthorized"));
    }

    let mut with_key = client.draft(&order, "").await;
    with_key.protected["jwk"] = client.jwk();
    assert_eq!(client.send(&with_key).await.refusal(), refusal(400, "malformed"), "both");
    with_key.protected.as_object_mut().expect("an object").remove("kid");
    assert_eq!(client.send(&with_key).await.refusal(), refusal(400, "malformed"), "a key");
    let account = client.draft("/new-account", "{}").await;
    assert_eq!(client.send(&account).await.refusal(), refusal(400, "malformed"), "an account");

    let mut moved = client.draft(&order, "").await;
    moved.path = "/new-order".to_owned();
    assert_eq!(client.send(&moved).await.refusal(), refusal(403, "unauthorized"));
    let mut other_algorithm = client.draft(&order, "").await;
    other_algorithm.protected["alg"] = "none".into();
    let refused = client.send(&other_algorithm).await.refusal();
    assert_eq!(refused, refusal(400, "badSignatureAlgorithm"));
    let mut untyped = client.draft(&order, "").await;
    untyped.content_type = "application/json";
    assert_eq!(client.send(&untyped).await.refusal(), refusal(415, "malformed"));
    assert_eq!(client.post(&order, "{}").await.refusal(), refusal(400, "malformed"), "not empty");
    assert_eq!(client.get(&order).await.json()["status"], "pending");
}

#[tokio::test]
async fn an_account_is_made_once_and_wants_the_terms() {
    let authority = AuthorityDouble::open();
    let client = Client::new(&authority);
    let refused = client.post("/new-account", r#"{"onlyReturnExisting":true}"#).await;
    assert_eq!(refused.refusal(), refusal(400, "accountDoesNotExist"));
    assert_eq!(client.post("/new-account", "{}").await.refusal(), refusal(400, "malformed"));
    for (contact, kind) in [("tel:112", "unsupportedContact"), ("mailto:nobody", "invalidContact")]
    {
        let wanted = json!({ "termsOfServiceAgreed": true, "contact": [contact] });
        let refused = client.post("/new-account", &wanted.to_string()).await;
        assert_eq!(refused.refusal(), refusal(400, kind));
    }
    let wanted = r#"{"termsOfServiceAgreed":true,"contact":["mailto:it@clinic.test"]}"#;
    let made = client.post("/new-account", wanted).await;
    let again = client.post("/new-account", wanted).await;
    assert_eq!((made.status, again.status, authority.accounts()), (201, 200, 1));
    assert_eq!(made.location, again.location);
}

#[tokio::test]
async fn names_that_are_none_get_no_order() {
    let authority = AuthorityDouble::open();
    let client = Client::registered(&authority).await;
    let cases = [
        (json!([{ "type": "ip", "value": "127.0.0.1" }]), "unsupportedIdentifier"),
        (json!([{ "type": "dns", "value": "localhost" }]), "rejectedIdentifier"),
        (json!([{ "type": "dns", "value": "a b.test" }]), "rejectedIdentifier"),
        (json!([]), "malformed"),
    ];
    for (identifiers, kind) in cases {
        let wanted = json!({ "identifiers": identifiers }).to_string();
        assert_eq!(
            client.post("/new-order", &wanted).await.refusal(),
            refusal(400, kind),
            "{wanted}"
        );
    }
    assert_eq!(authority.orders(), 0);
}

#[tokio::test]
async fn a_server_that_shows_no_proof_gets_nothing() {
    let authority = AuthorityDouble::open();
    let client = Client::registered(&authority).await;
    let closed = TcpSocket::new_v4().expect("a socket");
    closed.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
    let nobody = closed.local_addr().expect("it is bound");

    type Show = fn([u8; 32]) -> (Vec<String>, Option<CustomExtension>, &'static [u8]);
    let cases: [(&str, Option<Show>, &str); 7] = [
        ("nobody listens", None, "connection"),
        ("another protocol", Some(|p| (vec![NAME.to_owned()], good_proof(p), b"h2")), "tls"),
        ("an everyday certificate", Some(|_| (vec![NAME.to_owned()], None, ACME)), "unauthorized"),
        (
            "a proof of another account",
            Some(|_| (vec![NAME.to_owned()], good_proof([7; 32]), ACME)),
            "unauthorized",
        ),
        (
            "another name",
            Some(|p| (vec!["other.test".to_owned()], good_proof(p), ACME)),
            "unauthorized",
        ),
        (
            "one name more",
            Some(|p| (vec![NAME.to_owned(), "other.test".to_owned()], good_proof(p), ACME)),
            "unauthorized",
        ),
        (
            "a proof that may be overlooked",
            Some(|p| {
                let mut extension = CustomExtension::new_acme_identifier(&p);
                extension.set_criticality(false);
                (vec![NAME.to_owned()], Some(extension), ACME)
            }),
            "unauthorized",
        ),
    ];
    for (n, (what, show, kind)) in cases.into_iter().enumerate() {
        let (order, authorization) = client.order(NAME).await;
        let (challenge, proof) = client.challenge(&authorization).await;
        let at = match show {
            None => nobody,
            Some(show) => {
                let (names, extension, protocol) = show(proof);
                serve_certificate(names, extension, protocol).await
            }
        };
        authority.names_are_at(at);
        // Only read: nothing is looked at yet.
        assert_eq!(client.get(&challenge).await.json()["status"], "pending");
        assert_eq!(client.post(&challenge, "{}").await.status, 200);
        authority.looks_done(n + 1).await;
        let authorization = client.get(&authorization).await.json();
        assert_eq!(authorization["status"], "invalid", "{what}");
        let order_now = client.get(&order).await.json();
        assert_eq!(order_now["status"], "invalid", "{what}");
        let wanted = format!("urn:ietf:params:acme:error:{kind}");
        assert_eq!(order_now["error"]["type"], wanted, "{what}");
        let refused = client.post(&format!("{order}/finalize"), &csr(&[NAME])).await;
        assert_eq!(refused.refusal(), refusal(403, "orderNotReady"), "{what}");
    }

    // The other challenges are offered and not looked at.
    let (_, authorization) = client.order(NAME).await;
    let (challenge, _) = client.challenge(&authorization).await;
    let other = challenge.replace("tls-alpn-01", "http-01");
    assert_eq!(client.post(&other, "{}").await.refusal(), refusal(400, "malformed"));
}

#[tokio::test]
async fn a_certificate_needs_the_proof_and_a_request_for_the_same_names() {
    let authority = AuthorityDouble::open();
    let client = Client::registered(&authority).await;
    let (order, authorization) = client.order(NAME).await;
    let finalize = format!("{order}/finalize");
    let early = client.post(&finalize, &csr(&[NAME])).await;
    assert_eq!(early.refusal(), refusal(403, "orderNotReady"));

    let (challenge, proof) = client.challenge(&authorization).await;
    let extension = CustomExtension::new_acme_identifier(&proof);
    authority.names_are_at(serve_certificate(vec![NAME.to_owned()], Some(extension), ACME).await);
    assert_eq!(client.post(&challenge, "{}").await.json()["status"], "processing");
    authority.looks_done(1).await;
    assert_eq!(client.get(&order).await.json()["status"], "ready");

    let mut flipped = request(&[NAME], &KeyPair::generate().expect("a key"));
    *flipped.last_mut().expect("not empty") ^= 1;
    let account_key = client.key.to_pkcs8v1().expect("a key can be written");
    let account_key = PrivatePkcs8KeyDer::from(account_key.as_ref().to_vec());
    let account_key =
        KeyPair::from_pkcs8_der_and_sign_algo(&account_key, &rcgen::PKCS_ECDSA_P256_SHA256);
    let cases = [
        ("another name", csr(&["other.test"])),
        ("one name more", csr(&[NAME, "other.test"])),
        ("no name", csr(&[])),
        ("a wrong signature", as_payload(&flipped)),
        ("nonsense", as_payload(b"certificate, please")),
        ("the account's key", as_payload(&request(&[NAME], &account_key.expect("the same key")))),
    ];
    for (what, payload) in cases {
        let refused = client.post(&finalize, &payload).await;
        assert_eq!(refused.refusal(), refusal(400, "badCSR"), "{what}");
    }
    let done = client.post(&finalize, &csr(&[NAME])).await.json();
    assert_eq!(done["status"], "valid");
    let certificate = done["certificate"].as_str().expect("an address");
    let other = Client::registered(&authority).await;
    assert_eq!(other.get(certificate).await.refusal(), refusal(403, "unauthorized"));
    let chain = client.get(certificate).await.text;
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2, "leaf and intermediate");
    let twice = client.post(&finalize, &csr(&[NAME])).await;
    assert_eq!(twice.refusal(), refusal(403, "orderNotReady"));
}

fn good_proof(proof: [u8; 32]) -> Option<CustomExtension> {
    Some(CustomExtension::new_acme_identifier(&proof))
}

/// A server that shows a certificate signed by itself to whoever comes.
async fn serve_certificate(
    names: Vec<String>,
    extension: Option<CustomExtension>,
    protocol: &[u8],
) -> SocketAddr {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(names).expect("names");
    params.custom_extensions.extend(extension);
    let certificate = params.self_signed(&key).expect("it signs itself");
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let key = provider.key_provider.load_private_key(key).expect("a key that can be used");
    // Taken as it is: the usual way refuses critical extensions that it does not know.
    let shown = CertifiedKey::new(vec![certificate.der().clone()], key);
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("the usual versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)));
    config.alpn_protocols = vec![protocol.to_vec()];
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Who breaks off has seen enough.
            let _ = acceptor.accept(stream).await;
        }
    });
    address
}

/// The payload of a finalize request with a new key.
fn csr(names: &[&str]) -> String {
    as_payload(&request(names, &KeyPair::generate().expect("a key")))
}

fn as_payload(der: &[u8]) -> String {
    json!({ "csr": BASE64_URL_SAFE_NO_PAD.encode(der) }).to_string()
}

fn request(names: &[&str], key: &KeyPair) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(|n| (*n).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.serialize_request(key).expect("a request").der().to_vec()
}
