//! A certificate authority for tests.
//!
//! [`AuthorityDouble`] stands for the authorities on the internet, which cannot be asked from a test.
//! It speaks RFC 8555 over HTTPS under a root of its own, looks at servers as RFC 8737 says, and
//! refuses what they refuse. It differs from them in this: it looks at the address that the test gives
//! it, where they take port 443 of the name in DNS; it knows P-256 keys and the challenge tls-alpn-01
//! only; it neither changes keys nor revokes; and it forgets everything at its end.

mod book;
mod certs;
pub mod jws;
mod look;
mod problem;
mod reply;

pub use problem::Problem;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use book::Book;
use certs::Certs;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, LINK, LOCATION};
use hyper::{HeaderMap, Method, Response, Uri};
use reply::{Answer, Look};
use rustls::pki_types::CertificateDer;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use time::{Duration, OffsetDateTime};
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// See the module's head.
pub struct AuthorityDouble {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// Bound, and not listening: whoever connects is refused.
    door: Option<TcpSocket>,
    serving: Option<JoinHandle<()>>,
}

struct Shared {
    certs: Certs,
    book: Mutex<Book>,
    /// Where every name resolves to.
    names_at: watch::Sender<Option<SocketAddr>>,
    looks: watch::Sender<usize>,
}

impl AuthorityDouble {
    /// At work.
    pub fn open() -> Self {
        let mut this = Self::closed();
        this.open_now();
        this
    }

    /// With an address at which nobody answers yet.
    pub fn closed() -> Self {
        let door = TcpSocket::new_v4().expect("a socket");
        door.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let address = door.local_addr().expect("it is bound");
        let until = OffsetDateTime::now_utc() + Duration::days(7);
        let (year, month, day) = until.to_calendar_date();
        let expires = format!("{year:04}-{:02}-{day:02}T00:00:00Z", u8::from(month));
        let shared = Arc::new(Shared {
            certs: Certs::new(),
            book: Mutex::new(Book::new(format!("https://{address}"), expires, 8_555)),
            names_at: watch::channel(None).0,
            looks: watch::channel(0).0,
        });
        Self { shared, address, door: Some(door), serving: None }
    }

    /// Opens the door of [`Self::closed`].
    pub fn open_now(&mut self) {
        let door = self.door.take().expect("the door was closed");
        let listener = door.listen(64).expect("it may listen");
        let incoming = server::Incoming::tls(listener, self.shared.certs.https());
        let incoming = incoming.expect("the listener has an address");
        let router = Router::new().fallback(answer).with_state(Arc::clone(&self.shared));
        self.serving = Some(tokio::spawn(async move {
            axum::serve(incoming, router).await.expect("it serves");
        }));
    }

    /// The address for `web.certificate.directory`.
    pub fn directory(&self) -> String {
        format!("https://{}/directory", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What clients of this authority have to trust, PEM.
    pub fn root_pem(&self) -> String {
        self.shared.certs.root_pem()
    }

    pub fn root(&self) -> CertificateDer<'static> {
        self.shared.certs.root()
    }

    /// Where servers are looked at from now on, whatever their name. Looks wait for the first address.
    pub fn names_are_at(&self, address: SocketAddr) {
        self.shared.names_at.send_replace(Some(address));
    }

    /// Answers new orders with this, once there are `after` of them.
    pub fn refuse_orders_after(&self, after: usize, refusal: Problem) {
        self.shared.book().refusal = Some((after, refusal));
    }

    /// Takes all orders again.
    pub fn take_orders(&self) {
        self.shared.book().refusal = None;
    }

    /// Gives certificates out as if 80 of their 90 days were over.
    pub fn give_aged_certificates(&self, aged: bool) {
        self.shared.book().aged = aged;
    }

    /// Waits until this many looks at servers are done, since the beginning.
    pub async fn looks_done(&self, wanted: usize) {
        let mut looks = self.shared.looks.subscribe();
        let reached = looks.wait_for(|done| *done >= wanted);
        let reached = tokio::time::timeout(crate::common::PATIENCE, reached).await;
        reached.expect("the look is done in time").expect("the authority is there");
    }

    pub fn accounts(&self) -> usize {
        self.shared.book().accounts()
    }

    pub fn orders(&self) -> usize {
        self.shared.book().orders()
    }
}

impl Drop for AuthorityDouble {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("nobody panicked with it")
    }

    async fn look(self: Arc<Self>, look: Look) {
        let mut names_at = self.names_at.subscribe();
        let address = *names_at.wait_for(Option::is_some).await.expect("we hold the other end");
        let address = address.expect("that was waited for");
        let result = look::look(address, &look.name, look.proof).await;
        self.book().looked(look.authorization, result);
        self.looks.send_modify(|done| *done += 1);
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let result = match (method, uri.path()) {
        (Method::GET, "/directory") => Ok(shared.book().directory()),
        (Method::HEAD, "/new-nonce") => Ok(Answer::empty(200)),
        (Method::GET, "/new-nonce") => Ok(Answer::empty(204)),
        (Method::POST, path) => {
            let content_type = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
            shared.book().post(&shared.certs, path, content_type, &body)
        }
        _ => Err(Problem::new(405, "malformed", "this method is not for this address")),
    };
    let nonce = shared.book().nonce();
    let mut response = Response::builder()
        .header(HeaderName::from_static("replay-nonce"), nonce)
        .header(CACHE_CONTROL, "no-store")
        .header(LINK, format!("<https://{}/directory>;rel=\"index\"", host(&headers)));
    let body = match result {
        Ok(answer) => {
            response = response.status(answer.status);
            if let Some(location) = answer.location {
                response = response.header(LOCATION, location);
            }
            if let Some(look) = answer.look {
                tokio::spawn(Arc::clone(&shared).look(look));
            }
            match answer.body {
                reply::Body::None => Body::empty(),
                reply::Body::Json(value) => {
                    response = response.header(CONTENT_TYPE, "application/json");
                    Body::from(value.to_string())
                }
                reply::Body::Chain(pem) => {
                    response = response.header(CONTENT_TYPE, "application/pem-certificate-chain");
                    Body::from(pem)
                }
            }
        }
        Err(problem) => {
            response =
                response.status(problem.status).header(CONTENT_TYPE, "application/problem+json");
            Body::from(problem.document().to_string())
        }
    };
    response.body(body).expect("all headers are plain")
}

fn host(headers: &HeaderMap) -> &str {
    headers.get("host").and_then(|v| v.to_str().ok()).unwrap_or_default()
}
