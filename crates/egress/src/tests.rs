use super::*;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A host on loopback that answers each connection with these bytes, and keeps what it was sent.
struct Host {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Host {
    async fn plain(answer: Vec<u8>) -> Self {
        Self::start(answer, None).await
    }

    async fn start(answer: Vec<u8>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, kept) = (answer.clone(), Arc::clone(&kept));
                match tls.clone() {
                    None => drop(tokio::spawn(serve(stream, answer, kept))),
                    Some(tls) => drop(tokio::spawn(async move {
                        if let Ok(stream) = tls.accept(stream).await {
                            serve(stream, answer, kept).await;
                        }
                    })),
                }
            }
        });
        Self { port, asked }
    }

    fn url(&self, scheme: &str, path: &str) -> Url {
        Url::parse(&format!("{scheme}://localhost:{}{path}", self.port)).expect("an address")
    }
}

async fn serve<S>(mut stream: S, answer: Vec<u8>, kept: Arc<Mutex<Vec<String>>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    kept.lock().expect("no panic").push(String::from_utf8_lossy(&head).into_owned());
    if answer.is_empty() {
        // Says nothing until the client leaves.
        let _ = stream.read_u8().await;
    }
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
}

fn ask() -> Request<Bytes> {
    Request::get("/").body(Bytes::new()).expect("a request")
}

fn client() -> Client {
    Client::new(public_roots())
}

#[tokio::test]
async fn an_answer_comes_whole_and_the_host_is_named() {
    let host =
        Host::plain(b"HTTP/1.1 404 Not Found\r\nX-A: b\r\nContent-Length: 3\r\n\r\nno!".into());
    let host = host.await;
    let answer = client().send(&host.url("http", "/a/b?c=d"), ask()).await.expect("an answer");
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (404, &b"no!"[..]));
    assert_eq!(answer.headers["x-a"], "b");
    let asked = host.asked.lock().expect("no panic")[0].to_lowercase();
    assert!(asked.starts_with("get /a/b?c=d http/1.1\r\n"), "{asked}");
    assert!(asked.contains(&format!("host: localhost:{}\r\n", host.port)), "{asked}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let other = Host::plain(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()).await;
    let to = other.url("http", "/");
    let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    let host = Host::plain(redirect.into_bytes()).await;
    let answer = client().send(&host.url("http", "/"), ask()).await.expect("an answer");
    assert_eq!(answer.status, StatusCode::FOUND);
    assert!(other.asked.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn a_long_answer_is_refused_whether_it_says_so_or_not() {
    let mut said = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n".to_vec();
    said.resize(said.len() + 2000, b'x');
    let mut unsaid = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    unsaid.resize(unsaid.len() + 2000, b'x');
    for answer in [said, unsaid] {
        let host = Host::plain(answer).await;
        let url = host.url("http", "/");
        let short = client().max_answer_bytes(1999).send(&url, ask()).await;
        assert_eq!(short.err(), Some(NoAnswer::TooLong));
        let long = client().max_answer_bytes(2000).send(&url, ask()).await.expect("an answer");
        assert_eq!(long.body.len(), 2000);
    }
}

#[tokio::test]
async fn a_silent_host_is_given_up() {
    let host = Host::plain(Vec::new()).await;
    let answer =
        client().within(Duration::from_millis(50)).send(&host.url("http", "/"), ask()).await;
    assert_eq!(answer.err(), Some(NoAnswer::Slow));
}

#[tokio::test]
async fn what_is_no_web_server_is_named_so() {
    let host = Host::plain(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()).await;
    let answer = client().send(&host.url("http", "/"), ask()).await;
    assert_eq!(answer.err(), Some(NoAnswer::NotHttp));
    let answer = client().send(&Url::parse("mailto:a@example.org").expect("one"), ask()).await;
    assert_eq!(answer.err(), Some(NoAnswer::Address));

    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let nobody = Url::parse(&format!("http://127.0.0.1:{port}/")).expect("an address");
    assert_eq!(client().send(&nobody, ask()).await.err(), Some(NoAnswer::Refused));
}

#[tokio::test]
async fn only_the_named_authority_and_the_right_name_are_trusted() {
    let ours = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("one");
    let key = rustls::pki_types::PrivateKeyDer::try_from(ours.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![ours.cert.der().clone()], key.expect("a key"))
        .expect("a configuration");
    let tls = TlsAcceptor::from(Arc::new(config));
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec();
    let host = Host::start(answer, Some(tls)).await;
    let url = host.url("https", "/");

    assert_eq!(client().send(&url, ask()).await.err(), Some(NoAnswer::Untrusted));
    let trusting = Client::new(roots_of(ours.cert.pem().as_bytes()).expect("roots"));
    assert_eq!(&trusting.send(&url, ask()).await.expect("an answer").body[..], b"ok");
    let other_name = Url::parse(&format!("https://127.0.0.1:{}/", host.port)).expect("one");
    assert_eq!(trusting.send(&other_name, ask()).await.err(), Some(NoAnswer::Untrusted));
    let odd = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = odd.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = odd.accept().await {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await;
        }
    });
    let odd = Url::parse(&format!("https://localhost:{port}/")).expect("an address");
    assert_eq!(trusting.send(&odd, ask()).await.err(), Some(NoAnswer::NotTls));
    assert!(roots_of(b"no certificate").is_err());
}
