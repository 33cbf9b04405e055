//! One HTTP request of the audit log: a file of it, or a checkpoint to a witness. What is asked and
//! answered is public; who vouches for it is a signature, not the connection.

use egress::header::{CONTENT_TYPE, HeaderValue};
use egress::{Bytes, Client, Method, Request, Url, public_roots};
use std::io;

/// A bundle of 256 entries of the largest size.
const MAX_BYTES: usize = 256 * (65_535 + 2);

/// Where a log or a witness is: `http://…` or `https://…`.
#[derive(Clone)]
pub struct Place {
    client: Client,
    /// Ends with a `/`, so that files are below it.
    url: Url,
}

impl Place {
    /// Reads an address. `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.starts_with("https://") && !text.starts_with("http://") {
            return None;
        }
        let url = Url::parse(&format!("{}/", text.trim_end_matches('/'))).ok()?;
        let more = url.query().is_some() || url.fragment().is_some();
        if more || !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        Some(Self { client: Client::new(public_roots()).max_answer_bytes(MAX_BYTES), url })
    }

    /// `GET` of a file below the place; status and body.
    ///
    /// # Errors
    /// What stood in the way.
    pub async fn get(&self, file: &str) -> io::Result<(u16, Bytes)> {
        self.call(Method::GET, file, Bytes::new()).await
    }

    /// `POST` of a text below the place; status and body.
    ///
    /// # Errors
    /// What stood in the way.
    pub async fn post(&self, file: &str, text: String) -> io::Result<(u16, Bytes)> {
        self.call(Method::POST, file, text.into()).await
    }

    async fn call(&self, method: Method, file: &str, body: Bytes) -> io::Result<(u16, Bytes)> {
        let url = self.url.join(file).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut request = Request::new(body);
        *request.method_mut() = method;
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        request.headers_mut().insert(CONTENT_TYPE, text);
        let answer = self.client.send(&url, request).await.map_err(io::Error::other)?;
        Ok((answer.status.as_u16(), answer.body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let below = |place: &str| {
            let place = Place::parse(place).expect("an address");
            place.url.join("tile/0/000").expect("a file").to_string()
        };
        assert_eq!(below("https://witness.example/a/"), "https://witness.example/a/tile/0/000");
        assert_eq!(below("http://[::1]:8080"), "http://[::1]:8080/tile/0/000");
        assert_eq!(below("http://127.0.0.1:9/x/y"), "http://127.0.0.1:9/x/y/tile/0/000");
        for bad in ["", "witness.example", "ftp://a", "http://", "http://a:b", "http://a b"] {
            assert!(Place::parse(bad).is_none(), "{bad}");
        }
        for bad in ["http://u@a", "http://u:p@a", "http://a/?b", "http://a#b"] {
            assert!(Place::parse(bad).is_none(), "{bad}");
        }
    }
}
