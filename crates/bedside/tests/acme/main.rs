//! The program gets its certificate from an authority by itself, keeps it, and renews it; and it goes
//! on without one as long as it must. The program is the real one; the authority is a double that
//! refuses what real ones refuse ([`authority`], [`refusals`]).

mod authority;
mod client;
#[path = "../common/mod.rs"]
mod common;
mod refusals;

use authority::{AuthorityDouble, Problem};
use common::clinic::{ADMIN, Clinic, DOMAIN};
use common::https::{connect, get, trusting};
use hyper::StatusCode;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use tokio::net::TcpSocket;

/// A clinic that orders from this authority.
fn clinic_of(authority: &AuthorityDouble) -> Clinic {
    let clinic = Clinic::init();
    let root = clinic.path("authority.pem");
    std::fs::write(&root, authority.root_pem()).expect("a file");
    clinic.edit(
        "# directory = \"https://ca.example.org/acme/acme/directory\"",
        &directory(authority),
    );
    clinic.edit(
        "# authority_root = \"/etc/bedside/authority.pem\"",
        &format!("authority_root = {root:?}"),
    );
    clinic
}

fn directory(authority: &AuthorityDouble) -> String {
    format!("directory = \"{}\"", authority.directory())
}

#[tokio::test]
async fn the_program_orders_its_certificate_serves_with_it_and_keeps_it() {
    let authority = AuthorityDouble::open();
    let clinic = clinic_of(&authority);
    let trust = trusting(&[authority.root()]);
    let (mut program, address) = clinic.serve().await;
    authority.names_are_at(address);
    program.says("a new certificate is in use").await;
    program.says("the certificate is kept for the next start").await;
    let first = get(address, DOMAIN, &trust, "/healthz").await.expect("the certificate holds");
    assert_eq!((first.status, &first.body[..]), (StatusCode::OK, &b"ok\n"[..]));
    let page = get(address, DOMAIN, &trust, "/clinic").await.expect("the certificate holds");
    assert_eq!(page.status, StatusCode::OK);
    assert!(String::from_utf8_lossy(&page.body).contains("<html"));
    assert!(get(address, "other.test", &trust, "/healthz").await.is_err(), "no other name");
    program.terminate();
    let (code, said) = program.ended().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains(ADMIN) && !said.contains("Auth {") && !said.contains("ERROR"), "{said}");
    let folder = clinic.data().join("certificates");
    let mode = std::fs::metadata(folder).expect("the folder of certificates").permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "the keys in it are for nobody else");

    let (mut program, address) = clinic.serve().await;
    program.says("the kept certificate is in use").await;
    let again = get(address, DOMAIN, &trust, "/healthz").await.expect("the certificate holds");
    assert_eq!(again.certificate, first.certificate);
    assert_eq!((authority.accounts(), authority.orders()), (1, 1), "nothing was ordered anew");
}

#[tokio::test]
async fn an_authority_that_is_down_is_asked_again() {
    let mut authority = AuthorityDouble::closed();
    let clinic = clinic_of(&authority);
    let trust = trusting(&[authority.root()]);
    let (mut program, address) = clinic.serve().await;
    authority.names_are_at(address);
    let line = program.says("no certificate yet").await;
    for part in ["ERROR", "acme_unreachable", "cannot be reached. Check", "again_in_s=1"] {
        assert!(line.contains(part), "{line}");
    }
    // It takes connections, and has nothing to show on them.
    assert!(connect(address, DOMAIN, &trust).await.is_err());
    authority.open_now();
    program.says("a new certificate is in use").await;
    let answer = get(address, DOMAIN, &trust, "/healthz").await.expect("the certificate holds");
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_refusal_is_said_in_plain_words_and_nobody_is_named() {
    let authority = AuthorityDouble::open();
    let detail = format!("too many certificates for {ADMIN}");
    authority.refuse_orders_after(0, Problem::new(429, "rateLimited", detail));
    let clinic = clinic_of(&authority);
    let (mut program, address) = clinic.serve().await;
    authority.names_are_at(address);
    let line = program.says("no certificate yet").await;
    for part in ["acme_refused", "rateLimited", "too many orders. Wait as long as its rules say"] {
        assert!(line.contains(part), "{line}");
    }
    authority.take_orders();
    program.says("a new certificate is in use").await;
    program.terminate();
    let (_, said) = program.ended().await;
    assert!(!said.contains(ADMIN) && !said.contains("too many certificates"), "{said}");
}

#[tokio::test]
async fn a_server_that_the_authority_cannot_see_is_told_so() {
    let authority = AuthorityDouble::open();
    let clinic = clinic_of(&authority);
    let closed = TcpSocket::new_v4().expect("a socket");
    closed.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
    authority.names_are_at(closed.local_addr().expect("it is bound"));
    let (mut program, address) = clinic.serve().await;
    let line = program.says("no certificate yet").await;
    for part in ["acme_unproven", "\"connection\"", "Open port 443"] {
        assert!(line.contains(part), "{line}");
    }
    authority.names_are_at(address);
    program.says("a new certificate is in use").await;
    let trust = trusting(&[authority.root()]);
    let answer = get(address, DOMAIN, &trust, "/healthz").await.expect("the certificate holds");
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_certificate_is_renewed_in_time_and_stays_in_use_until_then() {
    let authority = AuthorityDouble::open();
    authority.give_aged_certificates(true);
    authority.refuse_orders_after(1, Problem::new(500, "serverInternal", "come back later"));
    let clinic = clinic_of(&authority);
    let trust = trusting(&[authority.root()]);
    let (mut program, address) = clinic.serve().await;
    authority.names_are_at(address);
    program.says("a new certificate is in use").await;
    let line = program.says("the certificate was not renewed").await;
    for part in ["acme_refused", "serverInternal", "Nothing to do here"] {
        assert!(line.contains(part), "{line}");
    }
    let old = get(address, DOMAIN, &trust, "/healthz").await.expect("the old one still holds");
    assert_eq!(old.status, StatusCode::OK);
    authority.give_aged_certificates(false);
    authority.take_orders();
    program.says("a new certificate is in use").await;
    let new = get(address, DOMAIN, &trust, "/healthz").await.expect("the new one holds");
    assert_ne!(new.certificate, old.certificate);
    assert_eq!((authority.accounts(), authority.orders()), (1, 2));
}

#[tokio::test]
async fn an_authority_is_trusted_by_its_root_only() {
    let authority = AuthorityDouble::open();
    let clinic = Clinic::init();
    clinic.edit(
        "# directory = \"https://ca.example.org/acme/acme/directory\"",
        &directory(&authority),
    );
    let (mut program, _) = clinic.serve().await;
    let line = program.says("no certificate yet").await;
    for part in ["acme_untrusted", "set web.certificate.authority_root"] {
        assert!(line.contains(part), "{line}");
    }
    assert_eq!((authority.accounts(), authority.orders()), (0, 0));
}

#[tokio::test]
async fn a_root_file_without_a_root_is_refused_at_the_start() {
    let authority = AuthorityDouble::closed();
    let clinic = clinic_of(&authority);
    let root = clinic.path("authority.pem");
    std::fs::write(&root, "no certificate").expect("a file");
    let (code, said) = clinic.start().ended().await;
    assert_eq!(code, Some(1));
    assert!(said.contains("holds no certificate of an authority in PEM"), "{said}");
    std::fs::remove_file(&root).expect("it was there");
    let (code, said) = clinic.start().ended().await;
    assert_eq!(code, Some(1));
    assert!(
        said.contains("the certificate cannot be used") && said.contains("authority.pem"),
        "{said}"
    );
}
