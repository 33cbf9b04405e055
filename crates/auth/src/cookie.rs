//! The cookies: one for a staff session, one for a browser that holds seats, and one for a browser
//! that is on its way to the identity provider and back.
//!
//! Over TLS their names start with `__Host-` (RFC 6265bis §4.1.3.2): the browser then takes them
//! only with `Secure`, `Path=/` and no `Domain`, so no neighbouring subdomain can plant one. Over
//! plain HTTP on the same machine, where browsers disagree about `Secure`, the names are plain.
//!
//! All are `HttpOnly` (no script reads them) and `SameSite=Strict`. Strict costs nothing here:
//! the pages themselves need no cookie, and every call is made by our own page, which is same-site
//! even when the page was reached from a mail. It spares us every cross-site request with a cookie.

use crate::secret::Secret;

/// How the browser reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// HTTPS.
    Tls,
    /// Plain HTTP on a loopback address.
    Loopback,
}

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cookie {
    /// A staff session. Lasts until the browser is closed; the server ends it sooner.
    Session,
    /// A browser that holds seats. Lasts 30 days; each link ends sooner by itself.
    Device,
    /// A browser on its way to the identity provider and back. Lasts as long as the way.
    Way,
}

/// How long a browser keeps the device cookie.
const DEVICE_MAX_AGE_S: u32 = 30 * 24 * 3600;
/// How long a browser keeps the cookie of a way, as long as the server does.
const WAY_MAX_AGE_S: i64 = crate::outside::WAY_LIFE.0 / 1_000_000;

impl Cookie {
    /// The name that the browser knows it by.
    #[must_use]
    pub const fn name(self, transport: Transport) -> &'static str {
        match (self, transport) {
            (Self::Session, Transport::Tls) => "__Host-bedside-session",
            (Self::Session, Transport::Loopback) => "bedside-session",
            (Self::Device, Transport::Tls) => "__Host-bedside-device",
            (Self::Device, Transport::Loopback) => "bedside-device",
            (Self::Way, Transport::Tls) => "__Host-bedside-way",
            (Self::Way, Transport::Loopback) => "bedside-way",
        }
    }

    /// The value of a `Set-Cookie` header that gives `secret` to the browser.
    #[must_use]
    pub fn set(self, transport: Transport, secret: &Secret) -> String {
        let age = match self {
            Self::Session => String::new(),
            Self::Device => format!("; Max-Age={DEVICE_MAX_AGE_S}"),
            Self::Way => format!("; Max-Age={WAY_MAX_AGE_S}"),
        };
        self.header(transport, &secret.to_text(), &age)
    }

    /// The value of a `Set-Cookie` header that takes the cookie away.
    #[must_use]
    pub fn clear(self, transport: Transport) -> String {
        self.header(transport, "", "; Max-Age=0")
    }

    /// Finds the cookie in the values of the `Cookie` headers of a request. `None` when it is
    /// missing or malformed, and when it is there twice with different values: then somebody
    /// planted one of them, and nobody can tell which.
    #[must_use]
    pub fn read<'h>(
        self,
        transport: Transport,
        headers: impl IntoIterator<Item = &'h str>,
    ) -> Option<Secret> {
        let name = self.name(transport);
        let mut values = headers
            .into_iter()
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value);
        let first = values.next()?;
        if values.any(|other| other != first) {
            return None;
        }
        Secret::parse(first)
    }

    fn header(self, transport: Transport, value: &str, age: &str) -> String {
        let name = self.name(transport);
        let secure = match transport {
            Transport::Tls => "; Secure",
            Transport::Loopback => "",
        };
        format!("{name}={value}; Path=/; HttpOnly{secure}; SameSite=Strict{age}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;
    use crate::secret::SecretKind;

    const ALL: [(Cookie, Transport); 6] = [
        (Cookie::Way, Transport::Tls),
        (Cookie::Way, Transport::Loopback),
        (Cookie::Session, Transport::Tls),
        (Cookie::Session, Transport::Loopback),
        (Cookie::Device, Transport::Tls),
        (Cookie::Device, Transport::Loopback),
    ];

    #[test]
    fn what_is_set_is_read_back() {
        for (cookie, transport) in ALL {
            let secret = Secret::generate(&SystemEntropy).unwrap();
            let set = cookie.set(transport, &secret);
            let pair = set.split(';').next().unwrap();
            let header = format!("theme=dark; {pair}; x=y=z");
            let back = cookie.read(transport, [header.as_str()]).unwrap();
            assert!(back.hash(SecretKind::Session) == secret.hash(SecretKind::Session));
        }
    }

    #[test]
    fn tls_cookies_meet_the_rules_of_the_host_prefix() {
        let secret = Secret::generate(&SystemEntropy).unwrap();
        for (cookie, transport) in ALL {
            for header in [cookie.set(transport, &secret), cookie.clear(transport)] {
                assert!(header.contains("; Path=/;") && header.contains("; HttpOnly"));
                assert!(header.contains("; SameSite=Strict") && !header.contains("Domain"));
                let tls = transport == Transport::Tls;
                assert_eq!(header.starts_with("__Host-"), tls);
                assert_eq!(header.contains("; Secure"), tls);
            }
        }
        assert!(Cookie::Session.clear(Transport::Tls).contains("Max-Age=0"));
        assert!(!Cookie::Session.set(Transport::Tls, &secret).contains("Max-Age"));
    }

    #[test]
    fn a_planted_second_cookie_is_refused() {
        let mine = Secret::generate(&SystemEntropy).unwrap().to_text();
        let other = Secret::generate(&SystemEntropy).unwrap().to_text();
        let name = Cookie::Session.name(Transport::Loopback);
        let read = |headers: &[&str]| {
            Cookie::Session.read(Transport::Loopback, headers.iter().copied()).is_some()
        };
        let (a, b) = (format!("{name}={}", mine.as_str()), format!("{name}={}", other.as_str()));
        assert!(read(&[&a]));
        assert!(read(&[&format!("{a}; {a}")]));
        assert!(!read(&[&format!("{a}; {b}")]));
        assert!(!read(&[&a, &b]));
    }

    #[test]
    fn names_of_the_other_transport_and_rubbish_are_ignored() {
        let text = Secret::generate(&SystemEntropy).unwrap().to_text();
        let plain = format!("bedside-session={}", text.as_str());
        assert!(Cookie::Session.read(Transport::Tls, [plain.as_str()]).is_none());
        assert!(Cookie::Device.read(Transport::Loopback, [plain.as_str()]).is_none());
        for header in
            ["", ";", "=", ";;;=;", "bedside-session", "bedside-session=", "bedside-session=x"]
        {
            assert!(Cookie::Session.read(Transport::Loopback, [header]).is_none());
        }
    }
}
