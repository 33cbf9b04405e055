//! What every answer carries.

use crate::common::browser::Browser;
use crate::common::people::Staff;
use crate::common::{Clinic, METRICS_TOKEN, TLS_HOST};
use serde_json::json;

const GET: [&str; 16] = [
    "/",
    "/v",
    "/check",
    "/clinic",
    "/assets/app.js",
    "/assets/missing.js",
    "/icon.svg",
    "/favicon.ico",
    "/healthz",
    "/metrics",
    "/api/me",
    "/api/clinic",
    "/api/clinicians",
    "/api/net/echo",
    "/api/net/blob",
    "/ws",
];
const POST: [&str; 19] = [
    "/api/net/probe",
    "/api/net/probe/answer",
    "/api/link/look",
    "/api/link/open",
    "/api/seat/mine",
    "/api/seat/token",
    "/api/seat/rate",
    "/api/signin",
    "/api/signin/code",
    "/api/signin/link",
    "/api/signout",
    "/api/signout/everywhere",
    "/api/mfa/start",
    "/api/mfa/finish",
    "/api/board/token",
    "/api/visits",
    "/api/visits/x/invite",
    "/api/visits/x/colleague",
    "/api/visits/x/outcome",
];

fn assert_secure(answer: &crate::common::browser::Answer, host: &str, what: &str) {
    let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
    let policy = header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("script-src 'self';"),
        "{what}"
    );
    assert!(policy.contains("frame-ancestors 'none'"), "{what}");
    assert!(!policy.contains("unsafe-") && !policy.contains('*'), "{what}: {policy}");
    // Nothing but this very host is named.
    for place in policy.split([' ', ';']).filter(|word| word.contains("://")) {
        assert_eq!(place, format!("wss://{host}"), "{what}");
    }
    assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{what}");
    assert_eq!(header("cross-origin-embedder-policy"), "require-corp", "{what}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(header("referrer-policy"), "no-referrer", "{what}");
    assert!(header("permissions-policy").contains("camera=(self)"), "{what}");
    assert!(!header("cache-control").is_empty(), "{what}");
    assert_eq!(answer.header("access-control-allow-origin"), None, "{what}");
    let tls = host == TLS_HOST;
    assert_eq!(answer.header("strict-transport-security").is_some(), tls, "{what}");
}

#[tokio::test]
async fn every_route_answers_with_the_security_headers() {
    let clinic = Clinic::sqlite().await;
    for host in [clinic.address.to_string(), TLS_HOST.to_owned()] {
        let scheme = if host == TLS_HOST { "https" } else { "http" };
        let mut browser = Browser::new(&clinic);
        browser.origin = Some(format!("{scheme}://{host}"));
        browser.host.clone_from(&host);
        for path in GET {
            assert_secure(&browser.get(path).await, &host, path);
        }
        for path in POST {
            let answer = browser.post(path, &json!({})).await;
            assert_secure(&answer, &host, path);
            assert_ne!(answer.status, 500, "{path}");
        }
        for (method, path) in [("PUT", "/v"), ("DELETE", "/api/visits"), ("POST", "/nowhere")] {
            assert_secure(&browser.request(method, path, &[], "").await, &host, path);
        }
    }
}

#[tokio::test]
async fn a_post_from_elsewhere_is_refused_before_anything_else() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    for origin in [None, Some("https://evil.example"), Some("null")] {
        gray.browser.origin = origin.map(str::to_owned);
        for path in POST {
            let answer = gray.browser.post(path, &json!({})).await;
            assert_eq!((answer.status, answer.code().as_str()), (403, "bad_origin"), "{path}");
        }
    }
}

#[tokio::test]
async fn cookies_are_bound_to_the_host_and_hidden_from_scripts() {
    let clinic = Clinic::sqlite().await;
    let mut gray = Staff::clinician(&clinic).await;
    let booked = gray.book(json!({})).await;
    for (host, prefix, secure) in [
        (clinic.address.to_string(), "bedside-device=", false),
        (TLS_HOST.to_owned(), "__Host-bedside-device=", true),
    ] {
        let mut browser = Browser::new(&clinic);
        let scheme = if secure { "https" } else { "http" };
        browser.origin = Some(format!("{scheme}://{host}"));
        browser.host = host;
        let answer = browser.post("/api/link/open", &json!({ "secret": booked.secret })).await;
        let cookie = answer.header("set-cookie").expect("a cookie");
        assert!(cookie.starts_with(prefix) && cookie.contains("; Path=/"));
        assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict"));
        assert_eq!(cookie.contains("; Secure"), secure);
        assert!(!cookie.contains("Domain"));
    }
}

#[tokio::test]
async fn metrics_need_their_token() {
    let clinic = Clinic::sqlite().await;
    let mut browser = Browser::new(&clinic);
    for token in ["", "Bearer ", "Bearer wrong", METRICS_TOKEN] {
        let answer = browser.request("GET", "/metrics", &[("authorization", token)], "").await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
    }
    let token = format!("Bearer {METRICS_TOKEN}");
    let answer = browser.request("GET", "/metrics", &[("authorization", &token)], "").await;
    assert_eq!(answer.status, 200);
    assert!(String::from_utf8_lossy(&answer.body).contains("bedside_sockets"));
}
