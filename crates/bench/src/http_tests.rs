use super::*;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[test]
fn addresses_are_taken_apart() {
    let cases = [
        ("http://127.0.0.1:8080/v#abc", "http://127.0.0.1:8080", Some("abc")),
        ("https://clinic.example/clinic#in=x#y", "https://clinic.example", Some("in=x#y")),
        ("https://clinic.example:443", "https://clinic.example", None),
        ("http://localhost?x=1", "http://localhost", None),
        ("https://[::1]:8443/", "https://[::1]:8443", None),
        ("http://[fe80::1]", "http://[fe80::1]", None),
    ];
    for (url, origin, fragment) in cases {
        let (base, found) = BaseUrl::parse(url).map_err(|e| e.to_string()).unwrap();
        assert_eq!((base.origin().as_str(), found), (origin, fragment), "{url}");
    }
    for bad in [
        "",
        "ftp://x",
        "http://",
        "http://:80",
        "http://x:y",
        "http://x:99999",
        "http://[::1",
        "http://[::1]x",
        "http://a b",
        "http://u@x",
    ] {
        assert!(matches!(BaseUrl::parse(bad), Err(BenchError::Url(_))), "{bad}");
    }
}

#[test]
fn cookies_are_read_and_deleted() {
    assert_eq!(parse_cookie("a=b; Path=/; HttpOnly"), Some(("a", "b", false)));
    assert_eq!(parse_cookie("__Host-d=x=y; Max-Age=600"), Some(("__Host-d", "x=y", false)));
    assert_eq!(parse_cookie("a=; max-age=0"), Some(("a", "", true)));
    assert_eq!(parse_cookie("nonsense"), None);
    assert_eq!(parse_cookie("=b"), None);
}

#[test]
fn https_needs_a_root_that_is_a_certificate() {
    let (base, _) = BaseUrl::parse("https://clinic.example").map_err(|e| e.to_string()).unwrap();
    assert!(matches!(Http::new(base, None), Err(BenchError::TlsRoot)));
    assert!(matches!(TlsRoot::from_pem(b""), Err(BenchError::TlsRoot)));
    let junk = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(TlsRoot::from_pem(junk), Err(BenchError::TlsRoot)));
}

/// Answers each request on one listener with the next of `answers` and keeps what came. Each answer
/// ends its connection if it says so.
async fn serve(listener: TcpListener, answers: Vec<&'static str>, seen: Arc<Mutex<Vec<String>>>) {
    let mut answers = answers.into_iter().peekable();
    while answers.peek().is_some() {
        let (mut stream, _) = listener.accept().await.unwrap();
        loop {
            let mut request = Vec::new();
            let mut byte = [0; 1];
            while !request.ends_with(b"}") && stream.read(&mut byte).await.unwrap_or(0) == 1 {
                request.push(byte[0]);
            }
            if request.is_empty() {
                break;
            }
            seen.lock().unwrap().push(String::from_utf8(request).unwrap());
            let answer = answers.next().unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            if answer.contains("connection: close") || answers.peek().is_none() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn calls_carry_cookies_and_origin_survive_a_closed_connection_and_give_codes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let answers = vec![
        "HTTP/1.1 200 OK\r\nset-cookie: dev=1; Path=/\r\nset-cookie: b=2\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 204 No Content\r\nset-cookie: b=; Max-Age=0\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\ncontent-length: 41\r\n\r\n{\"code\":\"no_such_visit\",\"message\":\"text\"}",
        "HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\n{}",
    ];
    let server = tokio::spawn(serve(listener, answers, seen.clone()));

    let (base, _) =
        BaseUrl::parse(&format!("http://{address}")).map_err(|e| e.to_string()).unwrap();
    let mut http = Http::new(base, None).map_err(|e| e.to_string()).unwrap();
    let body = serde_json::json!({"x": 1});
    assert!(http.post::<serde_json::Value>("/api/a", &body).await.is_ok());
    assert!(http.post::<()>("/api/b", &body).await.is_ok());
    let refused = http.post::<()>("/api/c", &body).await;
    assert!(matches!(refused, Err(BenchError::Refused(protocol::ErrorCode::NoSuchVisit))));
    assert!(matches!(http.post::<()>("/api/d", &body).await, Err(BenchError::Answer(_))));
    server.await.unwrap();

    let seen = seen.lock().unwrap();
    assert!(seen[0].starts_with("POST /api/a HTTP/1.1\r\n"));
    assert!(seen[0].contains(&format!("origin: http://{address}\r\n")));
    assert!(seen[1].contains("cookie: b=2; dev=1\r\n"));
    assert!(seen[2].contains("cookie: dev=1\r\n"));
}
