//! A web server on loopback for the doubles of key services: reads whole requests, answers what it is
//! told to, also things that are no answer.

use rustls::{ServerConnection, StreamOwned};
use std::collections::HashMap;
use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request, whole.
pub struct Asked {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

/// What comes back.
pub enum Reply {
    Json(u16, String),
    /// A status with a header.
    With(u16, &'static str, String),
    /// JSON with the server's time.
    Dated(u16, String, String),
    /// These bytes, whatever they are, and the end.
    Raw(Vec<u8>),
    /// Nothing, until the client leaves.
    Silence,
}

type Answerer = Arc<dyn Fn(Asked) -> Reply + Send + Sync>;

pub struct Host {
    address: SocketAddr,
    scheme: &'static str,
    closed: Arc<AtomicBool>,
}

impl Host {
    pub fn start(
        tls: Option<Arc<rustls::ServerConfig>>,
        answer: impl Fn(Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let closed = Arc::new(AtomicBool::new(false));
        let (answer, ended): (Answerer, _) = (Arc::new(answer), Arc::clone(&closed));
        let scheme = if tls.is_some() { "https" } else { "http" };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(stream), answer, tls) = (stream, Arc::clone(&answer), tls.clone()) else {
                    continue;
                };
                std::thread::spawn(move || match tls {
                    None => serve(stream, &answer),
                    Some(tls) => {
                        let tls = ServerConnection::new(tls).expect("a connection");
                        serve(StreamOwned::new(tls, stream), &answer);
                    }
                });
            }
        });
        Self { address, scheme, closed }
    }

    pub fn url(&self) -> String {
        format!("{}://localhost:{}", self.scheme, self.address.port())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        // Wakes the thread, so that it sees it.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: impl Read + Write, answer: &Answerer) {
    let mut stream = BufReader::new(stream);
    let Some(asked) = read(&mut stream) else { return };
    let (status, header, body) = match answer(asked) {
        Reply::Json(status, body) => {
            (status, ("content-type", "application/json".to_owned()), body)
        }
        Reply::With(status, name, value) => (status, (name, value), String::new()),
        Reply::Dated(status, date, body) => (status, ("date", date), body),
        Reply::Raw(bytes) => {
            let _ = stream.get_mut().write_all(&bytes);
            return;
        }
        Reply::Silence => {
            let _ = stream.read(&mut [0]);
            return;
        }
    };
    let (name, value) = header;
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} S\r\n{name}: {value}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    // A client that has left is no trouble of this one.
    let _ = stream.get_mut().write_all(text.as_bytes());
    let _ = stream.get_mut().flush();
}

fn read(stream: &mut impl std::io::BufRead) -> Option<Asked> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Asked { method, path, headers, body })
}

/// What goes wrong with the next requests.
#[derive(Clone, Copy)]
pub enum Fault {
    Status(u16),
    NotHttp,
    /// The connection ends without an answer.
    BreaksOff,
    NotJson,
    /// JSON of another kind.
    OtherJson,
    Huge,
}

impl Fault {
    pub fn reply(self) -> Reply {
        match self {
            Self::Status(status) => Reply::Json(status, r#"{"errors":["double"]}"#.to_owned()),
            Self::NotHttp => Reply::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
            Self::BreaksOff => Reply::Raw(Vec::new()),
            Self::NotJson => Reply::Json(200, "<html>".to_owned()),
            Self::OtherJson => Reply::Json(200, r#"{"data":{"plaintext":"AAAA"}}"#.to_owned()),
            Self::Huge => Reply::Json(200, format!("{{\"data\":\"{}\"}}", "x".repeat(200_000))),
        }
    }
}
